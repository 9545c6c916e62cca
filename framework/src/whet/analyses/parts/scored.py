"""Scored: a score and whose it is; and the untouched potentials with one scale, the cheapest correction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.contracts.ports import Predictions
from whet.contracts.ref import Ref
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.errors import FrameError

if TYPE_CHECKING:
    from whet.bias.series import Score


@dataclass(frozen=True, eq=False)
class Scored:
    """A score and whose it is.

    label: of the potential, as `scores.json` has it. seconds: of the evaluation of a frame.
    scaled: the strategies whose data, of that seed, gave the one scale of a correction; empty for predictions as they
    are.
    """

    label: str
    state: Ref
    score: Score
    seed: int
    seconds: float | None = None
    scaled: tuple[str, ...] = ()


def scored(
    found: Sequence[Predictions], given: Mapping[str, ReferenceEnergies], unscored: list[tuple[str, str]]
) -> Iterator[Scored]:
    """Every prediction's score. given: potential -> reference energies that align it while it is untouched.

    unscored: takes what gives no score, and why.
    """
    from whet.bias.pairs import Comparison
    from whet.bias.series import Score

    for one in found:
        state = one.ref.state
        seeds = {other.ref.seed for other in found if other.ref.strategy == state.strategy}
        label = f"{state}{f' (seed {state.seed})' if len(seeds) > 1 else ''}"
        try:
            comparison = Comparison.of_predictions(one)
            score = Score.of(comparison, given.get(state.potential) if state.untouched else None)
        except FrameError as error:
            unscored.append((f"{label} on {one.ref.set}", str(error)))
            continue
        yield Scored(label, state, score, state.seed, one.seconds_per_frame)


def with_one_scale(
    plain: Sequence[Scored],
    training: Sequence[Predictions],
    given: Mapping[str, ReferenceEnergies],
    unscored: list[tuple[str, str]],
) -> Iterator[Scored]:
    """The untouched potentials with one scale, from the strongest frame of the first data of each strategy and seed."""
    from whet.bias.one_scale import OneScale, one_scale_correction, strongest_frame
    from whet.bias.pairs import Comparison
    from whet.bias.series import Score

    corrections: dict[tuple[str, int, OneScale], list[str]] = {}
    seeds: dict[str, set[int]] = {}
    for one in training:
        gathered = one.ref.gathered_by or Ref()
        seeds.setdefault(gathered.strategy, set()).add(gathered.seed)
        try:
            pairs = Comparison.of_predictions(one)
            place = list(one.indices).index(pairs.indices[strongest_frame(pairs)])
            correction = one_scale_correction(one.reference[place], one.predicted[place])
        except FrameError as error:
            what = f"{one.ref.potential}, one scale from the data of {gathered.strategy}"
            unscored.append((what, str(error)))
            continue
        corrections.setdefault((one.ref.potential, gathered.seed, correction), []).append(gathered.strategy)
    for (potential, seed, correction), strategies in corrections.items():
        which = f", seed {seed}" if len(seeds[strategies[0]]) > 1 else ""
        label = f"{potential}, one scale ({', '.join(strategies)}{which})"
        for one in (one for one in plain if one.state.untouched and one.state.potential == potential):
            score = Score.of(correction.applied_to(one.score.comparison), given.get(potential))
            yield Scored(label, one.state, score, seed, scaled=tuple(strategies))
