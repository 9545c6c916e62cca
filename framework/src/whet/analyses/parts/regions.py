"""Regions: what each set of gathered data has that another lacks, beside its null, and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from whet.analyses.parts.described_data import DescribedData, SeedDistances, trajectories
from whet.analyses.parts.null_cells import NullCells, by_element, spread
from whet.bias.held_out import HeldOut
from whet.bias.new_regions import NewRegions
from whet.contracts.findings import LEAST_UNITS, Cell, Column, Verdict
from whet.contracts.ref import Ref
from whet.data.frame_groups import units_in_words
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
    Column("new regions?", description="Of the permutation test over trajectories; undecided where there are too few."),
    Column("share of A not in B", percent=True, decimals=1, description="Share of the environments of A."),
    *NULL.columns,
    Column("trajectories of A", description="Independent trajectories in A; one that was taken up again is one."),
    Column("trajectories of B", description="Independent trajectories in B; without two there is no null."),
    Column("environments of A", description="Number of atoms in all frames of A."),
    Column("not in B", description="Number of environments of A that B lacks.", shown=False),
    Column("by element", description="The share for each element; in brackets the mean of B's held-out trajectories."),
    Column("p", description="Of the permutation test over trajectories; empty where there was none.", shown=False),
)
MANY = "Where there is nothing to find, one in twenty such comparisons claims something."
LIMITS = "New means far from all that the other sampled, not more useful to train on."


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
            distances = data.distances(seed)
            found.thinned = max(found.thinned, distances.thinned)
            series = {of: own for of, own in data.series.items() if of.seed == seed}
            for of in series:
                found._rounds(of, distances)
            pairs += [(one, other, distances) for one in series for other in series if other != one]
        for one, other, distances in pairs:
            found._pair(one, other, distances)
        if len(found.verdicts) > 1:
            found.verdicts = [replace(one, limits=f"{LIMITS} {MANY}") for one in found.verdicts]
        found._say_what_is_undecided()
        return found

    def _rounds(self, of: Ref, distances: SeedDistances) -> None:
        own = self.data.series[of]
        for number in list(dict.fromkeys(part.round for part in own))[1:]:
            new = [part for part in own if part.round == number]
            before = [part for part in own if part.round < number]
            going_on = {part.trajectory for part in new} & {part.trajectory for part in before}
            if going_on - {None}:
                reading: NewRegions | str = "undecided: same trajectory"
            else:
                ours, theirs = ([distances.numbers(one) for one in trajectories(side)] for side in (new, before))
                reading = _test(distances, ours, theirs)
            row, _ = _row(new, before, distances, reading)
            self.rows.append([f"{self.data.names[of]}, round {number}", "its earlier rounds", *row])

    def _pair(self, one: Ref, other: Ref, distances: SeedDistances) -> None:
        names, pair = (self.data.names[one], self.data.names[other]), (self.data.series[one], self.data.series[other])
        # Frames of both are nobody's evidence: the first trajectory of `naive` is that of `periodic`.
        ours, theirs = (
            [own for parts in trajectories(side) if (own := distances.own(parts, rival))]
            for side, rival in zip(pair, (other, one), strict=True)
        )
        both = sorted(set(distances.numbers(pair[1])) - set(distances.own(pair[1], one)))
        reading = _test(distances, ours, theirs, both)
        row, null = _row(*pair, distances, reading)
        self.rows.append([*names, *row])
        if isinstance(reading, NewRegions):
            self.verdicts.append(_verdict(names, row[1], null, reading))
        elif (units := min(len(ours), len(theirs))) >= LEAST_UNITS:
            claim = f"{reading} (A {names[0]}, B {names[1]})"
            self.verdicts.append(Verdict(QUESTION, claim, units=units, decided=False, prominent=False))
        elif ours or theirs or not all(trajectories(side) for side in pair):  # not the same data for both
            for name, side in zip(names, (ours, theirs), strict=True):
                if len(side) < LEAST_UNITS:
                    self._few[name] = min(len(side), self._few.get(name, len(side)))

    def _say_what_is_undecided(self) -> None:
        """In one verdict, however many pairs it is of."""
        if self._few:
            few = ", ".join(f"{name} {number}" for name, number in sorted(self._few.items()))
            evidence = f"trajectories with frames that no other set has: {few}; {LEAST_UNITS} on each side are needed"
            fewest = min(self._few.values())
            self.verdicts.append(Verdict.of_units(fewest, QUESTION, "", evidence=evidence, prominent=False))


def _test(
    distances: SeedDistances, ours: Sequence[Sequence[int]], theirs: Sequence[Sequence[int]], both: Sequence[int] = ()
) -> NewRegions | str:
    """Of trajectories as numbers of their pieces: the test, or why they do not allow one."""
    if (fewest := min(len(ours), len(theirs))) < LEAST_UNITS:
        return f"undecided: {units_in_words(fewest, 'trajectories')}"
    near = distances.near.joined([*ours, *theirs, *([both] if both else [])])
    sizes = [near.environments(range(len(ours))) / len(ours)]
    sizes += [near.environments(range(len(ours), len(ours) + len(theirs))) / len(theirs)]
    if max(sizes) > LONGER * min(sizes):
        longer, times = "A" if sizes[0] > sizes[1] else "B", shown(max(sizes) / min(sizes), 1)
        return f"undecided: trajectories of {longer} are {times} times as long"
    return NewRegions.test(near, len(ours), len(theirs))


def _row(
    a: Sequence[Ref], b: Sequence[Ref], distances: SeedDistances, reading: NewRegions | str
) -> tuple[list[Cell], list[float]]:
    """The cells after the names, and the held-out shares."""
    found = distances.near.unique(distances.numbers(a), distances.numbers(b))
    own = [distances.numbers(one) for one in trajectories(b)]
    held_out = HeldOut.of_regions(distances.near, own)
    known = {symbol: one for symbol, one in found.by_element.items() if one.share is not None}
    null = held_out.weighted({symbol: one.environments for symbol, one in known.items()})
    shares = by_element({symbol: one.share for symbol, one in found.by_element.items()}, held_out)
    units = [len(trajectories(a)) or None, len(own) or None]
    unique = found.unique if known else None
    if isinstance(reading, NewRegions):
        p, said = reading.p, f"{'yes' if reading.found else 'not shown'}, p {shown(reading.p, 3)}"
    else:
        p, said = None, reading
    cells = [said, found.share, *NULL.cells(null, len(own)), *units, found.environments, unique, shares, p]
    return cells, null


def _verdict(names: tuple[str, str], share: Cell, null: Sequence[float], test: NewRegions) -> Verdict:
    one, other = names
    claim = (
        f"{one} reaches regions that {other} lacks" if test.found else f"{one}: no region that {other} lacks is shown"
    )
    p = f"{'p' if test.drawn else 'exact p'} {shown(test.p, 3)}"
    farther = f"{shown(test.ratio, 1)} times as far from it as those; " if test.ratio is not None else ""
    held_out = f"of {other}'s own trajectories, held out, {spread(null)}; " if null else ""
    evidence = (
        f"{percent(share if isinstance(share, float) else None, 1)} of {one} is not in {other}; {held_out}"
        f"{farther}{p} over {test.relabelings} {'random ' if test.drawn else ''}relabelings of {test.a} + {test.b} "
        f"trajectories (least possible {shown(test.least, 3)})"
    )
    units = min(test.a, test.b)
    return Verdict(QUESTION, claim, evidence, units, decided=test.found, limits=LIMITS, prominent=False)
