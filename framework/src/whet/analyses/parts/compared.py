"""Compared: two strategies of one potential on one set in one quantity, and what may be said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whet.contracts.findings import LEAST_UNITS
from whet.contracts.ports import Predictions
from whet.contracts.ref import LABELER, RATTLE, Ref
from whet.data.errors import FrameError
from whet.data.frame_groups import FRAMES, units_in_words
from whet.data.numbers import count, decimals_for, percent, shown

if TYPE_CHECKING:
    from whet.bias.contrast import Contrast
    from whet.bias.pairs import Comparison

REFERENCE, RATTLED, RELAXED, GIVEN = "reference dynamics", "rattled", "relaxed structures", "given frames"
SELF, SELF_RELAXED = "a potential's dynamics", "a potential's minima"
"""Kinds of sets: who sampled or relaxed them; given frames are of files that do not say."""

LEVEL = 0.05
"""Of all claims about one pair together."""


@dataclass(frozen=True)
class Compared:
    """The second strategy against the first.

    on: what the set is called; kind: of it, as above. maes: of both, in `unit`. p: Holm's, over all quantities and
    sets of the pair that may decide; None for those that may not. units: independent ones of the set, `of` what.
    offsets: of energies, mean size of the reference energies that were taken out, of both, in `unit`.
    """

    first: str
    second: str
    on: str
    kind: str
    quantity: str
    unit: str
    maes: tuple[float, float]
    contrast: Contrast
    units: int
    of: str
    frames: int
    offsets: tuple[float, float] | None = None
    p: float | None = None

    @property
    def may_decide(self) -> bool:
        """Whether the set favors neither side: no potential of the study sampled or relaxed it."""
        return self.kind not in (SELF, SELF_RELAXED)

    @property
    def is_claimed(self) -> bool:
        """Whether one of the two errs less, by more than the choice of units and seeds explains."""
        return self.p is not None and self.p < LEVEL

    @property
    def better(self) -> str:
        """The one with the smaller error."""
        return self.second if (self.contrast.change.value or 0) < 0 else self.first

    @property
    def maes_shown(self) -> str:
        """`0.0351 → 0.0310 eV/Å`."""
        return " → ".join(_alike(self.maes)) + f" {self.unit}"

    @property
    def offsets_shown(self) -> str:
        """`18 against 28 meV/atom`; empty where nothing was taken out."""
        return "" if self.offsets is None else " against ".join(_alike(self.offsets)) + f" {self.unit}"

    @property
    def change_shown(self) -> str:
        """`−12 % [−15, −8]`: of the error, from the first to the second."""
        change = self.contrast.change
        ends = [shown(100 * end, 0, sign=True, tiny=False) for end in change.interval or ()]
        return percent(change.value, sign=True) + (f" [{', '.join(ends)}]" if ends else "")

    @property
    def size(self) -> str:
        """`6 trajectories, 36 frames`; `6 relaxed structures`."""
        if self.of == FRAMES:
            return f"{self.units} {RELAXED}" if self.kind == RELAXED else units_in_words(self.units, FRAMES)
        return f"{units_in_words(self.units, self.of)}, {count(self.frames, 'frame')}"

    @property
    def reading(self) -> str:
        """`periodic errs less`, `not resolved`, `undecided: 2 trajectories`, `decides nothing`."""
        if not self.may_decide:
            return "decides nothing"
        if self.units < LEAST_UNITS:
            return too_few(self.units, self.of)
        return f"{self.better} errs less" if self.is_claimed else "not resolved"


def _alike(pair: tuple[float, float]) -> list[str]:
    decimals = decimals_for(pair)
    return [shown(one, decimals) for one in pair]


def too_few(units: int, of: str) -> str:
    """`undecided: 2 trajectories`."""
    return f"undecided: {units_in_words(units, of)}" if of else "undecided: units not known"


def kind_of(frames: Ref) -> str:
    """The kind of a set."""
    if frames.minimum_of is not None:
        return RELAXED if frames.minimum_of == LABELER else SELF_RELAXED
    if frames.sampled_by is None:
        return GIVEN
    return {LABELER: REFERENCE, RATTLE: RATTLED}.get(frames.sampled_by, SELF)


def compared(pair: tuple[str, str], found: Sequence[Predictions], names: Mapping[str, str]) -> list[Compared]:
    """Every set and quantity. found: of both, all seeds, any order. names: of sets -> what they are called.

    Left out are the runs of other strategies, and sets on which nothing can be compared: `scores` tells of these.
    """
    from whet.bias.holm import holm

    sets = {one.ref.set: one.ref for one in found if one.ref.set_kind != "self" or _owner(one.ref) in ("", *pair)}
    rows = [row for name in names if name in sets for row in _on(pair, found, sets[name], names[name])]
    deciding = [row for row in rows if row.may_decide and row.contrast.p is not None]
    adjusted = dict(zip(map(id, deciding), holm([row.contrast.p or 0.0 for row in deciding]), strict=True))
    return [replace(row, p=adjusted.get(id(row))) for row in rows]


def _owner(on: Ref) -> str | None:
    """The strategy whose last state ran a trajectory of its own."""
    return None if on.sampled_by is None else on.sampled_by.strategy


def _on(pair: tuple[str, str], found: Sequence[Predictions], on: Ref, name: str) -> Iterator[Compared]:
    from whet.bias.contrast import Contrast
    from whet.bias.paired_errors import UNITS, PairedErrors, common_quantities

    first, second = (_by_seed(found, strategy, on.set) for strategy in pair)
    if not first or not second:
        return
    for quantity in common_quantities([*first.values(), *second.values()]):
        try:
            errors = PairedErrors.of(quantity, first, second)
        except FrameError:
            continue
        yield Compared(
            *pair,
            on=name,
            kind=kind_of(on),
            quantity=quantity,
            unit=UNITS[quantity],
            maes=errors.maes,
            contrast=Contrast.of(errors),
            units=errors.n_units,
            of=errors.units_of,
            frames=errors.frames,
            offsets=errors.offsets,
        )


def _by_seed(found: Sequence[Predictions], strategy: str, on: str) -> dict[int, Comparison]:
    from whet.bias.pairs import Comparison

    result = {}
    for one in found:
        if one.ref.strategy == strategy and one.ref.set == on:
            try:
                result[one.ref.seed] = Comparison.of_predictions(one)
            except FrameError:
                continue
    return result
