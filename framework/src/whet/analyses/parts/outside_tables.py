"""Tables of runs as training data see them: how much lies outside, what is worst, and Q through time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from whet.analyses.parts.null_cells import NullCells, by_element
from whet.analyses.parts.runs_in_space import Run, RunInSpace, RunsInSpace
from whet.bias.held_out import HeldOut
from whet.bias.outlier_test import OutlierTest, environments, share, shares
from whet.bias.q_flags import QFlags
from whet.contracts.findings import LEAST_UNITS, Cell, Column, Table
from whet.data.frame_groups import units_in_words
from whet.data.numbers import shown

MOST_WORST_FRAMES = 10

TRAINING = Column("training data", description="What trajectories are held against.")
SET = Column("set", description="Trajectories that are held against it.")
TRAJECTORY = Column("trajectory", description="Its number in the set, from 1.")
FRAME = Column("frame", description="Its number in the trajectory, from 0.")
TIME = Column("time", "fs", "Of the frame; empty where the frames have no times.", decimals=0)

RULES = (
    ("element", "beyond mean + 2σ", "Share beyond its element's limit of Q."),
    ("jackson_mudholkar", "beyond Jackson–Mudholkar", "Share beyond that limit of Q."),
    ("hotelling", "beyond T²", "Share that is far from the mean inside the space of the components."),
)
NULLS = {
    rule: NullCells(
        f"{name.removeprefix('beyond ')}, held out",
        "The null: that share of each trajectory of the training data, held out and held against the others, weighted "
        "by the set's elements",
    )
    for rule, name, _ in RULES
}
OUTSIDE = (
    TRAINING,
    SET,
    Column("outside?", description="Of the permutation test over trajectories; undecided where there are few."),
    *(
        column
        for rule, name, what in RULES
        for column in (Column(name, percent=True, decimals=1, description=what), *NULLS[rule].columns)
    ),
    Column("trajectories", description="Of the set, or groups of frames; empty where nobody knows them."),
    Column("training trajectories", description="Of the training data; without two there is no null."),
    Column("frames", description="Of the set."),
    Column("environments", description="Number of atoms in all frames of the set."),
    Column("by element", description="Share of Q beyond mean + 2σ; in brackets the mean of held-out trajectories."),
    Column(
        "p of Q", description="Of the test of Q, adjusted for there being two; empty where there was none.", shown=False
    ),
    Column("p of T²", description="The same, of T².", shown=False),
)
IN_TIME = (
    TRAINING,
    SET,
    TRAJECTORY,
    FRAME,
    TIME,
    Column("mean Q", description="Mean Q-residual of the atoms, in the descriptor's unit squared."),
    Column("share flagged", percent=True, description="Share of the atoms beyond their element's limit of Q."),
    Column("largest Q over limit", description="Of any atom, over the limit of its element."),
    Column("mean T²", description="Mean of Hotelling's T² of the atoms."),
    Column("share far", percent=True, description="Share of the atoms beyond the limit of T²."),
)
WORST_FRAMES = (*IN_TIME[:3], *(Column(one.name, one.unit, one.description, 1, one.percent) for one in IN_TIME[3:]))
WORST_ENVIRONMENTS = (
    TRAINING,
    SET,
    TRAJECTORY,
    FRAME,
    TIME,
    Column("atom", description="Its number in the frame, from 0."),
    Column("element", description="Chemical symbol."),
    Column("Q over limit", description="Q over the limit of its element; empty where the training data lack it."),
    Column("Q", description="In the descriptor's unit squared."),
    Column("T²", description="Hotelling's."),
    Column("picture", description="Which of the pictures shows it, if any."),
)
LIMITS = (
    TRAINING,
    Column("element", description="Chemical symbol."),
    Column("mean Q", description="Of the training data."),
    Column("mean + 2σ", description="The limit of the element."),
    Column("Jackson–Mudholkar", description="The limit of all elements."),
    Column("held out, lowest", description="Mean Q of a frame of a training trajectory that was held out: lowest."),
    Column("held out, highest", description="The same: highest."),
    Column("limit of T²", description="Hotelling's, of all elements."),
)


def tested(group: Sequence[RunInSpace], runs: RunsInSpace) -> OutlierTest | None:
    """The test of one set against one training set; None where there are too few trajectories on a side."""
    held_out = runs.spaces[group[0].training.name].held_out
    if not group[0].run.of:
        return None
    weights = environments([one.flags for one in group])
    return OutlierTest.of([one.excess for one in group], [one.excess for one in held_out], weights)


def outside_table(runs: RunsInSpace) -> Table:
    """How much of each set lies outside each training set, beside its null."""
    rows = []
    for training, name, group in runs.pairs():
        flags, test = [one.flags for one in group], tested(group, runs)
        units = len(group) if group[0].run.of else None
        own_units = len(training.units) if training.of else None
        few = min(units or 0, own_units or 0)
        said = f"undecided: {units_in_words(few, group[0].run.of)}" if units and own_units else "undecided: unknown"
        if test is not None:
            said = f"{'yes' if test.found else 'not shown'}, p {shown(min(test.q, test.t_squared), 3)}"
        elif few >= LEAST_UNITS:
            said = "undecided: no element in common"
        row: list[Cell] = [training.name, name, said]
        for rule, _, _ in RULES:
            row += [share(flags, rule), *NULLS[rule].cells(_null(runs, training.name, rule, flags), own_units or 0)]
        total = environments(flags)
        row += [units, own_units, sum(len(one.run.frames) for one in group), sum(total.values())]
        held_out = HeldOut([shares(one.flags, "element") for one in runs.spaces[training.name].held_out])
        row += [by_element(_by_element(flags), held_out)]
        rows.append([*row, test and test.q, test and test.t_squared])
    caption = (
        "Outliers in each set (unlike the training data, not unphysical), beside those in training trajectories that "
        "were held out"
    )
    return Table("outside", caption, OUTSIDE, rows, folded=len(rows) > 16)


def in_time_table(runs: RunsInSpace) -> Table:
    """Q of every frame: what other analyses read."""
    rows = [row for one in runs.found for row in _frames(one, range(len(one.run.frames)))]
    return Table("q-in-time", "Q-residuals and T² through time", IN_TIME, rows, shown=False)


def worst_frames_table(runs: RunsInSpace) -> Table:
    """Of each set the frames in which the largest share of atoms is flagged."""
    rows = []
    for _, _, group in runs.pairs():
        every = [
            (-float(one.by_frame["beyond"][frame]), -float(one.by_frame["q"][frame]), place, frame)
            for place, one in enumerate(group)
            for frame in range(len(one.run.frames))
            if one.by_frame["beyond"][frame] > 0
        ]
        for _, _, place, frame in sorted(every)[:MOST_WORST_FRAMES]:
            rows += _frames(group[place], [frame])
    return Table("worst-frames", "Frames with the largest share of outliers", WORST_FRAMES, rows, folded=True)


def worst_environments(runs: RunsInSpace, most: int) -> list[tuple[RunInSpace, int]]:
    """Of each pair the environments that lie farthest beyond their element's limit: number in `worst` of a run."""
    found = []
    for _, _, group in runs.pairs():
        every = [
            (-outlier.over, -outlier.q, place, number)
            for place, one in enumerate(group)
            for number, outlier in enumerate(one.worst)
        ]
        found += [(group[place], number) for _, _, place, number in sorted(every)[:most]]
    return found


def worst_of_all(worst: Sequence[tuple[RunInSpace, int]], most: int) -> dict[int, int]:
    """Places of the farthest of all of them, an environment once -> their rank, from 1."""
    found: dict[tuple[str, int, int, int], int] = {}
    order = sorted(range(len(worst)), key=lambda place: -worst[place][0].worst[worst[place][1]].over)
    for place in order:
        one, number = worst[place]
        at = one.worst[number]
        if len(found) < most:
            found.setdefault((one.set, one.run.number, at.frame, at.atom), place)
    return {place: rank for rank, place in enumerate(found.values(), start=1)}


def worst_table(worst: Sequence[tuple[RunInSpace, int]], pictures: Sequence[str]) -> Table:
    """pictures: what those of the environments are called; empty without one."""
    rows = []
    for (one, number), picture in zip(worst, pictures, strict=True):
        at = one.worst[number]
        row = [one.training.name, one.set, one.run.number, at.frame, time_of(one.run, at.frame), at.atom, at.symbol]
        rows.append([*row, at.over if math.isfinite(at.over) else None, at.q, at.t_squared, picture])
    caption = "Environments least like the training data, by Q over their element's limit; an atom once, at its worst"
    return Table("worst-environments", caption, WORST_ENVIRONMENTS, rows, folded=len(rows) > 16)


def limits_table(runs: RunsInSpace) -> Table:
    """The band of the training data, by element."""
    rows: list[list[Cell]] = []
    for training in runs.training:
        space = runs.spaces[training.name]
        for symbol, limit in space.limits.by_element.items():
            low, high = held_out_band(runs, training.name, symbol)
            jackson = space.limits.jackson_mudholkar
            row = [training.name, symbol, space.limits.means[symbol], limit, jackson, low, high]
            rows.append([*row, space.t_squared if math.isfinite(space.t_squared) else None])
    return Table("q-limits", "Q-residuals of the training data, and limits", LIMITS, rows, folded=True)


def held_out_band(runs: RunsInSpace, training: str, symbol: str) -> tuple[float | None, float | None]:
    """Lowest and highest mean Q of an element in a frame of a training trajectory that was held out."""
    import numpy as np

    means = [one.by_frame(one.q, one.symbols == symbol) for one in runs.spaces[training].held_out]
    known = np.concatenate([np.zeros(0), *means])
    known = known[np.isfinite(known)]
    return (float(known.min()), float(known.max())) if len(known) else (None, None)


def time_of(run: Run, frame: int) -> float | None:
    """fs; None where frames have no times."""
    return None if run.times is None else float(run.times[frame])


def _frames(one: RunInSpace, numbers: Sequence[int]) -> Iterator[list[Cell]]:
    for frame in numbers:
        values = (float(one.by_frame[name][frame]) for name in ("q", "beyond", "over", "t_squared", "far"))
        finite = [value if math.isfinite(value) else None for value in values]
        yield [one.training.name, one.set, one.run.number, frame, time_of(one.run, frame), *finite]


def _null(runs: RunsInSpace, training: str, rule: str, flags: Sequence[QFlags]) -> list[float]:
    held_out = runs.spaces[training].held_out
    return HeldOut([shares(one.flags, rule) for one in held_out]).weighted(environments(flags))


def _by_element(flags: Sequence[QFlags]) -> dict[str, float | None]:
    total = environments(flags)
    return {symbol: sum(one.element.get(symbol, 0) for one in flags) / number for symbol, number in total.items()}
