"""Regions: what each set of gathered data has that another lacks, beside its null, and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

from whet.analyses.parts.described_data import DescribedData, PieceDistances
from whet.analyses.parts.null_cells import NullCells, by_element, spread
from whet.analyses.parts.strategy_data import StrategyData
from whet.bias.held_out import HeldOut
from whet.bias.new_regions import NewRegions
from whet.contracts.findings import LEAST_UNITS, Cell, Column, Verdict
from whet.data.frame_groups import units_in_words
from whet.data.numbers import percent, shown

QUESTION = "New regions?"
LONGER = 2.0
"""Trajectories of one set that have so many times the environments of the other's cannot be exchanged with them."""

NULL = NullCells(
    "B's own, held out", "The null: share of each unit of B that the others of B lack, weighted by A's elements"
)
COLUMNS = (
    Column("set A", description="Data that a strategy gathered."),
    Column("set B", description="Data that it is compared with."),
    Column("new regions?", description="Of the permutation test over the units; undecided where there are too few."),
    Column(
        "share of A not in B",
        percent=True,
        decimals=1,
        description="Share of the environments of A, in frames that B does not have as well.",
    ),
    *NULL.columns,
    Column(
        "units",
        description="What is independent: runs of a strategy that was repeated often enough, else trajectories of one "
        "run; one that was taken up again is one.",
    ),
    Column("units of A", description="How many of them are in A."),
    Column("units of B", description="How many of them are in B; without two there is no null."),
    Column("environments of A", description="Number of atoms in all frames of A that B does not have."),
    Column("not in B", description="Number of environments of A that B lacks.", shown=False),
    Column("by element", description="The share for each element; in brackets the mean of B's, held out."),
    Column("p", description="Of the permutation test; empty where there was none.", shown=False),
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
        """Each round against those before it; each strategy against each other one.

        Runs of strategies that were not repeated often enough to be its units are compared with those of their seed.
        """
        found = cls(data)
        pairs = []
        for group, alone in data.compared:
            distances = data.distances(group)
            found.thinned = max(found.thinned, distances.thinned)
            for one in alone:
                found._rounds(one, distances)
            pairs += [(*pair, distances) for pair in permutations(group, 2) if not set(alone).isdisjoint(pair)]
        for one, other, distances in pairs:
            found._pair(one, other, distances)
        if len(found.verdicts) > 1:
            found.verdicts = [replace(one, limits=f"{LIMITS} {MANY}") for one in found.verdicts]
        found._say_what_is_undecided()
        return found

    def _rounds(self, of: StrategyData, distances: PieceDistances) -> None:
        for number in list(dict.fromkeys(part.round for part in of.parts))[1:]:
            new = replace(of, parts=[part for part in of.parts if part.round == number])
            before = replace(of, parts=[part for part in of.parts if part.round < number])
            if new.trajectories & before.trajectories:
                reading: NewRegions | str = "undecided: same trajectory"
            else:
                ours, theirs = ([distances.numbers(one) for one in side.units] for side in (new, before))
                reading = _test(distances, ours, theirs, of.units_of)
            row, _ = _row(new, before, distances.numbers(new.parts), distances, reading)
            self.rows.append([f"{of.name}, round {number}", "its earlier rounds", *row])

    def _pair(self, one: StrategyData, other: StrategyData, distances: PieceDistances) -> None:
        # Frames of both are nobody's evidence: the first trajectory of `naive` is that of `periodic`.
        ours, theirs = (
            [own for parts in side.units if (own := distances.own(parts, rival.of))]
            for side, rival in ((one, other), (other, one))
        )
        both = sorted(set(distances.numbers(other.parts)) - set(distances.own(other.parts, one.of)))
        reading = _test(distances, ours, theirs, one.units_of, both)
        row, null = _row(one, other, distances.own(one.parts, other.of), distances, reading)
        self.rows.append([one.name, other.name, *row])
        if isinstance(reading, NewRegions):
            self.verdicts.append(_verdict(one, other, row[1], null, reading))
        elif (units := min(len(ours), len(theirs))) >= LEAST_UNITS:
            claim = f"{reading} (A {one.name}, B {other.name})"
            self.verdicts.append(Verdict(QUESTION, claim, units=units, decided=False, prominent=False))
        elif ours or theirs or not (one.units and other.units):  # not the same data for both
            for side, own in ((one, ours), (other, theirs)):
                if len(own) < LEAST_UNITS:
                    self._few[side.name] = min(len(own), self._few.get(side.name, len(own)))

    def _say_what_is_undecided(self) -> None:
        """In one verdict, however many pairs it is of."""
        if self._few:
            few = ", ".join(f"{name} {number}" for name, number in sorted(self._few.items()))
            evidence = f"trajectories with frames that no other set has: {few}; {LEAST_UNITS} on each side are needed"
            fewest = min(self._few.values())
            self.verdicts.append(Verdict.of_units(fewest, QUESTION, "", evidence=evidence, prominent=False))


def _test(
    distances: PieceDistances,
    ours: Sequence[Sequence[int]],
    theirs: Sequence[Sequence[int]],
    of: str,
    both: Sequence[int] = (),
) -> NewRegions | str:
    """Of units as numbers of their pieces: the test, or why they do not allow one. of: what the units are."""
    if (fewest := min(len(ours), len(theirs))) < LEAST_UNITS:
        return f"undecided: {units_in_words(fewest, of)}"
    near = distances.near.joined([*ours, *theirs, *([both] if both else [])])
    sizes = [near.environments(range(len(ours))) / len(ours)]
    sizes += [near.environments(range(len(ours), len(ours) + len(theirs))) / len(theirs)]
    if max(sizes) > LONGER * min(sizes):
        longer, times = "A" if sizes[0] > sizes[1] else "B", shown(max(sizes) / min(sizes), 1)
        return f"undecided: {of} of {longer} are {times} times as long"
    return NewRegions.test(near, len(ours), len(theirs))


def _row(
    a: StrategyData, b: StrategyData, own: Sequence[int], distances: PieceDistances, reading: NewRegions | str
) -> tuple[list[Cell], list[float]]:
    """The cells after the names, and the held-out shares. own: pieces of A that are not in B, too."""
    found = distances.near.unique(own, distances.numbers(b.parts))
    held_out = HeldOut.of_regions(distances.near, [distances.numbers(one) for one in b.units])
    known = {symbol: one for symbol, one in found.by_element.items() if one.share is not None}
    null = held_out.weighted({symbol: one.environments for symbol, one in known.items()})
    shares = by_element({symbol: one.share for symbol, one in found.by_element.items()}, held_out)
    numbers = [len(side.units) or None for side in (a, b)]
    unique = found.unique if known else None
    if isinstance(reading, NewRegions):
        p, said = reading.p, f"{'yes' if reading.found else 'not shown'}, p {shown(reading.p, 3)}"
    else:
        p, said = None, reading
    cells = NULL.cells(null, len(b.units))
    return [said, found.share, *cells, a.units_of, *numbers, found.environments, unique, shares, p], null


def _verdict(a: StrategyData, b: StrategyData, share: Cell, null: Sequence[float], test: NewRegions) -> Verdict:
    one, other = a.name, b.name
    claim = (
        f"{one} reaches regions that {other} lacks" if test.found else f"{one}: no region that {other} lacks is shown"
    )
    p = f"{'p' if test.drawn else 'exact p'} {shown(test.p, 3)}"
    farther = f"{shown(test.ratio, 1)} times as far from it as those; " if test.ratio is not None else ""
    held_out = f"of {other}'s own {b.units_of}, held out, {spread(null)}; " if null else ""
    evidence = (
        f"{percent(share if isinstance(share, float) else None, 1)} of {one} is not in {other}; {held_out}"
        f"{farther}{p} over {test.relabelings} {'random ' if test.drawn else ''}relabelings of {test.a} + {test.b} "
        f"{a.units_of} (least possible {shown(test.least, 3)})"
    )
    units = min(test.a, test.b)
    return Verdict(QUESTION, claim, evidence, units, decided=test.found, limits=LIMITS, prominent=False)
