"""Regions: what each set of gathered data has that another lacks, beside its null, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from whet.analyses.parts.described_data import DescribedData, trajectories
from whet.analyses.parts.null_cells import NullCells, by_element, spread
from whet.bias.coverage import NeighborDistances
from whet.bias.held_out import HeldOut
from whet.bias.new_regions import NewRegions
from whet.contracts.findings import LEAST_UNITS, Cell, Column, Verdict
from whet.contracts.ref import Ref
from whet.data.numbers import percent, shown

QUESTION = "New regions?"
LONGER = 2.0
"""Trajectories of one set that have so many times the environments of the other's cannot be exchanged with them."""

NULL = NullCells(
    "B's own trajectories, held out",
    "The null: share of each trajectory of B that the others of B lack, weighted by A's elements",
)
COLUMNS = (
    Column("set A", description="Data that a strategy gathered."),
    Column("set B", description="Data that it is compared with."),
    Column("share of A not in B", percent=True, decimals=1, description="Share of the environments of A."),
    *NULL.columns,
    Column("trajectories of A", description="Independent trajectories in A; one that was taken up again is one."),
    Column("trajectories of B", description="Independent trajectories in B; without two there is no null."),
    Column("environments of A", description="Number of atoms in all frames of A."),
    Column("not in B", description="Number of environments of A that B lacks.", shown=False),
    Column("by element", description="The share for each element; in brackets the mean of B's held-out trajectories."),
    Column("p", description="Of the permutation test over trajectories; empty where there was none.", shown=False),
)
MANY = "Of several such comparisons, one in twenty claims what is not there."
LIMITS = "Not in B means far from all that B sampled, not more useful to train on."


@dataclass
class Regions:
    """Rows and verdicts over described data. thinned: one in how many atoms was looked at, where not all were."""

    data: DescribedData
    rows: list[list[Cell]] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    thinned: int = 1
    _few: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, data: DescribedData) -> Regions:
        """Each round against those before it; each strategy against each other one of the same seed."""
        found = cls(data)
        pairs = []
        for seed in dict.fromkeys(of.seed for of in data.series):
            parts, distances, thinned = data.distances(seed)
            numbers = {part: number for number, part in enumerate(parts)}
            found.thinned = max(found.thinned, thinned)
            series = {of: own for of, own in data.series.items() if of.seed == seed}
            for of, own in series.items():
                found._rounds(data.names[of], own, numbers, distances)
            for one in series:
                pairs += [(one, other, numbers, distances) for other in series if other != one]
        for one, other, numbers, distances in pairs:
            found._pair(one, other, numbers, distances)
        if len(found.verdicts) > 1:
            found.verdicts = [replace(one, limits=f"{LIMITS} {MANY}") for one in found.verdicts]
        found._say_what_is_undecided()
        return found

    def _rounds(self, name: str, own: Sequence[Ref], numbers: Mapping[Ref, int], distances: NeighborDistances) -> None:
        for number in list(dict.fromkeys(part.round for part in own))[1:]:
            new = [part for part in own if part.round == number]
            before = [part for part in own if part.round < number]
            row, _ = _row(new, before, numbers, distances)
            self.rows.append([f"{name}, round {number}", "its earlier rounds", *row, None])

    def _pair(self, one: Ref, other: Ref, numbers: Mapping[Ref, int], distances: NeighborDistances) -> None:
        names = (self.data.names[one], self.data.names[other])
        a, b = self.data.series[one], self.data.series[other]
        row, null = _row(a, b, numbers, distances)
        test = self._test(names, a, b, numbers, distances)
        self.rows.append([*names, *row, test.p if test else None])
        share = row[0]
        if test and isinstance(share, float):
            self.verdicts.append(_verdict(names, share, null, test))

    def _test(
        self,
        names: tuple[str, str],
        a: Sequence[Ref],
        b: Sequence[Ref],
        numbers: Mapping[Ref, int],
        distances: NeighborDistances,
    ) -> NewRegions | None:
        """None where the trajectories do not allow one; why is kept."""
        ours, theirs = (self._own(one, other) for one, other in ((a, b), (b, a)))
        if not ours and not theirs and trajectories(a) and trajectories(b):
            return None  # the same data for both
        if min(len(ours), len(theirs)) < LEAST_UNITS:
            for name, side in zip(names, (ours, theirs), strict=True):
                if len(side) < LEAST_UNITS:
                    self._few[name] = min(len(side), self._few.get(name, len(side)))
            return None
        mean = [
            sum(len(self.data.projected[part]) for one in side for part in one) / len(side) for side in (ours, theirs)
        ]
        if max(mean) > LONGER * min(mean):
            longer, shorter = names if mean[0] > mean[1] else names[::-1]
            times = shown(max(mean) / min(mean), 1)
            claim = f"undecided: trajectories of {longer} hold {times} times as much as those of {shorter}"
            units = min(len(ours), len(theirs))
            self.verdicts.append(Verdict(QUESTION, claim, units=units, decided=False, prominent=False))
            return None
        units = [[numbers[part] for part in one] for one in (*ours, *theirs)]
        kept = {part for one in theirs for part in one}
        common = [[numbers[part]] for part in b if part not in kept]
        return NewRegions.test(distances.joined([*units, *common]), len(ours), len(theirs))

    def _own(self, one: Sequence[Ref], other: Sequence[Ref]) -> list[list[Ref]]:
        """Trajectories of which the other has no frame: the first of `naive` is that of `periodic`."""
        theirs = frozenset[str]().union(*(self.data.frames[part] for part in other))
        return [parts for parts in trajectories(one) if not any(self.data.frames[part] & theirs for part in parts)]

    def _say_what_is_undecided(self) -> None:
        """In one verdict, however many pairs it is of."""
        if self._few:
            few = ", ".join(f"{name} {number}" for name, number in sorted(self._few.items()))
            evidence = f"trajectories that another set does not have too: {few}; {LEAST_UNITS} on each side are needed"
            fewest = min(self._few.values())
            self.verdicts.append(Verdict.of_units(fewest, QUESTION, "", evidence=evidence, prominent=False))


def _row(
    a: Sequence[Ref], b: Sequence[Ref], numbers: Mapping[Ref, int], distances: NeighborDistances
) -> tuple[list[Cell], list[float]]:
    """The cells between the names and p, and the held-out shares."""
    found = distances.unique([numbers[part] for part in a], [numbers[part] for part in b])
    own = [[numbers[part] for part in one] for one in trajectories(b)]
    held_out = HeldOut.of_regions(distances, own)
    known = {symbol: one for symbol, one in found.by_element.items() if one.share is not None}
    null = held_out.weighted({symbol: one.environments for symbol, one in known.items()})
    shares = by_element({symbol: one.share for symbol, one in found.by_element.items()}, held_out)
    units = [len(trajectories(a)) or None, len(own) or None]
    unique = found.unique if known else None
    return [found.share, *NULL.cells(null, len(own)), *units, found.environments, unique, shares], null


def _verdict(names: tuple[str, str], share: float, null: Sequence[float], test: NewRegions) -> Verdict:
    one, other = names
    claim = (
        f"{one} reaches regions that {other} lacks" if test.found else f"{one}: no region that {other} lacks is shown"
    )
    relabelings = "random relabelings" if test.drawn else "relabelings, exact"
    farther = f"{shown(test.ratio, 1)} times as far away as those; " if test.ratio is not None else ""
    evidence = (
        f"{percent(share, 1)} of {one} is not in {other}; of {other}'s own trajectories, held out, {spread(null)}; "
        f"{farther}p {shown(test.p, 3)} over {test.relabelings} {relabelings} of {test.a} and {test.b} trajectories "
        f"(least possible {shown(test.least, 3)})"
    )
    units = min(test.a, test.b)
    return Verdict(QUESTION, claim, evidence, units, decided=test.found, limits=LIMITS, prominent=False)
