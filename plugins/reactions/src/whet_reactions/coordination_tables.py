"""Tables of the analysis coordination: numbers of neighbors, their changes, and both through time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from whet import Column, Estimate, Table
from whet_reactions.drivers import by_driver
from whet_reactions.event_rates import FEWEST, Counts
from whet_reactions.reaction_tables import STATE, seed_column
from whet_reactions.shell_history import ShellHistory

MOST_CHANGES, MOST_RUNS, MOST_LINES = 2000, 6, 4
"""Changes that are listed; trajectories, and centers in each, that the figure shows."""

ALL = "all"


def means_table(found: Sequence[ShellHistory]) -> Table:
    """Mean numbers of neighbors, by who drove the trajectories; intervals are over trajectories."""
    columns = (
        STATE,
        seed_column(one.driver for one in found),
        Column("center", description="The element whose neighbors are counted."),
        Column("neighbors", description="The element of the neighbors, or all that are named."),
        Column("number", description="Of neighbors, mean over time and centers; of trajectories.", interval=True),
        Column("smooth number", description="The same by a smooth cutoff.", interval=True),
        Column("change rate", "1/ps", "Changes of its neighbors that last, for each center.", interval=True),
        Column("changes", description="That last for the dwell time, of all centers."),
        Column("recrossings", description="Neighbors that came or went, and were back within the dwell time."),
        Column("undecided", description="Neighbors that came or went too shortly before the end."),
        Column("trajectories", description="Independent trajectories."),
    )
    rows = []
    for driver, ones in by_driver([(one.driver, one) for one in found]).items():
        for center in dict.fromkeys(center for center, _ in ones[0].shells):
            having = [one for one in ones if (one.symbols == center).any()]
            if not having:
                continue
            kinds = [neighbor for name, neighbor in having[0].shells if name == center]
            for neighbor in kinds if len(kinds) > 1 else ():
                numbers = _mean([one.means[center, neighbor] for one in having])
                smooth = _mean([one.smooth[center, neighbor] for one in having])
                rows.append([*driver, center, neighbor, numbers, smooth, None, None, None, None, len(having)])
            numbers = _mean([number_of(one, center) for one in having])
            smooth = _mean([sum(one.smooth[center, kind] for kind in kinds) for one in having])
            counts = _counts(having, center)
            name = ALL if len(kinds) > 1 else kinds[0]
            rest = [sum(one.pairs.recrossings for one in having), sum(one.pairs.undecided for one in having)]
            rate = Estimate(counts.rate, counts.interval)
            rows.append([*driver, center, name, numbers, smooth, rate, sum(counts.events), *rest, len(having)])
    return Table("coordination", "Numbers of neighbors", columns, rows)


def number_of(one: ShellHistory, center: str) -> float:
    """Of all neighbors of a kind of centers, mean over time and centers."""
    return sum(count for (name, _), count in one.means.items() if name == center)


def shares_table(found: Sequence[ShellHistory]) -> Table:
    """How much of the time centers have how many neighbors."""
    columns = (
        STATE,
        seed_column(one.driver for one in found),
        Column("center", description="The element whose neighbors are counted."),
        Column("number", description="Of neighbors."),
        Column("share", description="Of time, over centers and trajectories.", percent=True, decimals=1),
    )
    rows = []
    for driver, ones in by_driver([(one.driver, one) for one in found]).items():
        for center, number in sorted({key for one in ones for key in one.shares}):
            having = [one for one in ones if (one.symbols == center).any()]
            share = sum(one.shares[center, number] for one in having) / len(having)
            rows.append([*driver, center, number, float(share)])
    return Table("coordination-shares", "Shares of time", columns, rows, folded=len(rows) > 12)


def changes_table(found: Sequence[ShellHistory]) -> Table:
    """Each change that lasts; the first 2,000."""
    columns = (
        STATE,
        seed_column(one.driver for one in found),
        Column("set", description="The frames that the trajectory was sampled for."),
        Column("trajectory", description="Its number there, from 1."),
        Column("time", "fs", "Of the first frame that shows it.", decimals=0),
        Column("frame", description="The number of that frame in the trajectory, from 0."),
        Column("center", description="The atom, by element and number, from 0."),
        Column("before", description="The center with its neighbors."),
        Column("after", description="The center with its neighbors."),
        Column("came", description="Atoms, by element and number, from 0."),
        Column("went", description="Atoms, by element and number, from 0."),
    )
    rows, total = [], 0
    for one in found:
        changes = one.changes()
        total += len(changes)
        for change in changes[: MOST_CHANGES - len(rows)]:
            center = str(one.symbols[change.center])
            shells = _shell(center, change.before), _shell(center, change.after)
            atoms = _atoms([change.center], one), *shells, _atoms(change.came, one), _atoms(change.went, one)
            rows.append([*one.driver, one.of.ref.set, one.of.ref.number, change.time, change.frame, *atoms])
    caption = "Changes" if total == len(rows) else f"The first {len(rows):,} of {total:,} changes"
    return Table("coordination-changes", caption, columns, rows, folded=len(rows) > 30)


def points_table(found: Sequence[ShellHistory]) -> Table:
    """Numbers of neighbors of single centers through time: of the trajectories with the most changes, thinned."""
    columns = (
        STATE,
        seed_column(one.driver for one in found),
        Column("run", description="Set and trajectory."),
        Column("center", description="The atom, by element and number, from 0."),
        Column("time", "ps", "Of the frame."),
        Column("number", description="Of neighbors."),
    )
    order = sorted(range(len(found)), key=lambda place: (-len(found[place].pairs.changes), place))
    rows = []
    for one in (found[place] for place in sorted(order[:MOST_RUNS])):
        often = [change.center for change in one.changes()]
        chosen = sorted(one.centers.tolist(), key=lambda center: (-often.count(center), center))[:MOST_LINES]
        rows += [
            [*one.driver, one.run, _atoms([center], one), time / 1000, number]
            for time, center, number in one.points
            if center in chosen
        ]
    return Table("coordination-numbers", "Neighbors through time", columns, rows, shown=False)


def radii_table(shells: Mapping[tuple[str, str], tuple[float, float]], origin: str) -> Table:
    """Below which distance a neighbor comes, and above which it goes."""
    columns = (
        Column("center", description="Its element."),
        Column("neighbor", description="Its element."),
        Column("comes below", "Å", "A neighbor comes below this distance.", decimals=2),
        Column("goes above", "Å", "And goes above this one.", decimals=2),
        Column("from", description="Where the distance between these two is from."),
    )
    rows = [[*kinds, *limits, origin] for kinds, limits in shells.items()]
    return Table("coordination-radii", "Radii of the first shells", columns, rows)


def _mean(values: Sequence[float]) -> Estimate:
    """The mean over trajectories; 95 % by Student's t, from four trajectories on that are not all the same."""
    import numpy as np
    from scipy.special import stdtrit

    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) >= FEWEST else 0.0
    if error == 0:
        return Estimate(mean)
    reach = float(stdtrit(len(values) - 1, 0.975)) * error
    return Estimate(mean, (mean - reach, mean + reach))


def _counts(ones: Sequence[ShellHistory], center: str) -> Counts:
    """Changes around centers of an element, and the time (ps) times their number."""
    numbers = [int((one.symbols == center).sum()) for one in ones]
    changes = [sum(str(one.symbols[change.center]) == center for change in one.changes()) for one in ones]
    return Counts(changes, [one.span * number for one, number in zip(ones, numbers, strict=True)])


def _shell(center: str, neighbors: Mapping[str, int]) -> str:
    return center + "".join(f"{kind}{count if count > 1 else ''}" for kind, count in neighbors.items())


def _atoms(atoms: Sequence[int], one: ShellHistory) -> str:
    return ", ".join(f"{one.symbols[atom]}{atom}" for atom in atoms)
