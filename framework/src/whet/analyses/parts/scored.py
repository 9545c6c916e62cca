"""Scored: a score and whose it is; and the untouched potentials with one factor, the cheapest correction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from whet.analyses.parts.series_table import CORRECTED
from whet.contracts.ports import Predictions
from whet.contracts.ref import Ref
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.errors import FrameError

if TYPE_CHECKING:
    from whet.bias.series import Score


@dataclass(frozen=True, eq=False)
class Scored:
    """A score and whose it is.

    label: of the potential, as `scores.json` has it. seconds: of the evaluation of a frame. rule: of the one factor
    that corrects it; empty for predictions as they are. factor_from: the strategies whose data, of that seed, gave it.
    """

    label: str
    state: Ref
    score: Score
    seed: int
    seconds: float | None = None
    rule: str = ""
    factor_from: tuple[str, ...] = ()


def scored(
    found: Sequence[Predictions],
    given: Mapping[str, ReferenceEnergies],
    unscored: list[tuple[str, str]],
    doubt: str = "",
) -> Iterator[Scored]:
    """Every prediction's score. given: potential -> reference energies that align it while it is untouched.

    unscored: takes what gives no score, and why. doubt: why the frames are no ensemble from which a curvature is read.
    """
    from whet.bias.label_doubt import label_doubt
    from whet.bias.pairs import Comparison
    from whet.bias.series import Score

    for one in found:
        state = one.ref.state
        seeds = {other.ref.seed for other in found if other.ref.strategy == state.strategy}
        label = f"{state}{f' (seed {state.seed})' if len(seeds) > 1 else ''}"
        try:
            comparison = Comparison.of_predictions(one)
            score = Score.of(comparison, given.get(state.potential) if state.untouched else None)
            # Integration by parts needs an ensemble of the energy whose gradient the forces are.
            gradient = one.conservative or comparison.sampler != "self"
            score = score.doubted(doubt if gradient else "its forces are no gradient of an energy")
            if state.untouched:  # one that was trained on labels takes them for what they are
                score = score.doubted(label_doubt(score.softening.slopes))
        except FrameError as error:
            unscored.append((f"{label} on {one.ref.set}", str(error)))
            continue
        yield Scored(label, state, score, state.seed, one.seconds_per_frame)


def with_one_factor(
    plain: Sequence[Scored],
    training: Sequence[Predictions],
    given: Mapping[str, ReferenceEnergies],
    unscored: list[tuple[str, str]],
    doubt: str = "",
) -> Iterator[Scored]:
    """The untouched potentials with one factor, from the strongest frame of the first data of each strategy and seed.

    Each twice: times b, which is least squares, and divided by s, as Deng et al. do.
    """
    from whet.bias.force_factor import ForceFactor, strongest_frame
    from whet.bias.pairs import Comparison
    from whet.bias.series import Score

    rules: tuple[Literal["b", "1/s"], ...] = ("b", "1/s")
    corrections: dict[tuple[str, int, ForceFactor], list[str]] = {}
    seeds: dict[str, set[int]] = {}
    for one in training:
        gathered = one.ref.gathered_by or Ref()
        seeds.setdefault(gathered.strategy, set()).add(gathered.seed)
        try:
            pairs = Comparison.of_predictions(one)
            place = list(one.indices).index(pairs.indices[strongest_frame(pairs)])
            found = [ForceFactor.of_frame(one.reference[place], one.predicted[place], rule) for rule in rules]
        except FrameError as error:
            what = f"{one.ref.potential}, one factor from the data of {gathered.strategy}"
            unscored.append((what, str(error)))
            continue
        for correction in found:
            corrections.setdefault((one.ref.potential, gathered.seed, correction), []).append(gathered.strategy)
    for (potential, seed, correction), strategies in corrections.items():
        which = f", seed {seed}" if len(seeds[strategies[0]]) > 1 else ""
        label = f"{potential}, {CORRECTED[correction.rule]} ({', '.join(strategies)}{which})"
        for one in (one for one in plain if one.state.untouched and one.state.potential == potential):
            score = Score.of(correction.applied_to(one.score.comparison), given.get(potential)).doubted(doubt)
            yield Scored(label, one.state, score, seed, rule=correction.rule, factor_from=tuple(strategies))
