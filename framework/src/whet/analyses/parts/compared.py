"""Compared: two strategies of one potential on one set in one quantity, and what may be said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whet.contracts.findings import LEAST_UNITS
from whet.contracts.ports import Predictions
from whet.contracts.ref import LABELER, RATTLE, Ref
from whet.data.errors import FrameError
from whet.data.numbers import decimals_for, shown

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
    p: float | None = None

    @property
    def may_decide(self) -> bool:
        """Whether the set favors neither side: no potential of the study sampled or relaxed it."""
        return self.kind not in (SELF, SELF_RELAXED)

    @property
    def is_claimed(self) -> bool:
        """Whether one of them is better."""
        return self.p is not None and self.p < LEVEL

    @property
    def better(self) -> str:
        """The one with the smaller error."""
        return self.second if (self.contrast.change.value or 0) < 0 else self.first

    @property
    def maes_shown(self) -> str:
        """`0.0351 → 0.0310 eV/Å`."""
        decimals = decimals_for(self.maes)
        first, second = (shown(one, decimals) for one in self.maes)
        return f"{first} → {second} {self.unit}"

    @property
    def reading(self) -> str:
        """`periodic is better`, `not resolved`, `undecided: 2 trajectories`, `decides nothing`."""
        if not self.may_decide:
            return "decides nothing"
        if self.units < LEAST_UNITS:
            return too_few(self.units, self.of)
        return f"{self.better} is better" if self.is_claimed else "not resolved"


def too_few(units: int, of: str) -> str:
    """`undecided: 2 trajectories`."""
    return f"undecided: {units} {of if units > 1 else of.removesuffix('s')}" if of else "undecided: units not known"


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
