"""bonds: lengths of bonds: who sampled which, and whether that differs by more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from whet.analyses.parts.naming import data_names, state_names
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Estimate, Figure, Findings, Table
from whet.contracts.ports import Port, SampledTrajectory
from whet.contracts.ref import LABELER
from whet.contracts.task import Work
from whet.data.errors import FrameError

if TYPE_CHECKING:
    from whet.bias.bonds import BondLengths

REFERENCE = "reference dynamics"
MOST_PANELS = 9
"""Kinds of bonds that the figure shows."""
BINS = 23

LENGTHS = (
    Column("sampled by", description="Who drove the trajectories, or for what they were sampled."),
    Column("bond", description="The two elements of the bond."),
    Column("mean", "Å", "Mean length, broken bonds not counted.", decimals=3, interval=True),
    Column("width", "Å", "Standard deviation of the length over frames and bonds.", decimals=3, interval=True),
    Column("bonds", description="Bonds of this kind in the starting structure."),
    Column("frames", description="Frames through which they were followed."),
    Column("broken", description="Bonds that were longer by over 0.5 Å in some frame."),
)
SHIFTS = (
    Column("to", description="The second set of frames."),
    Column("bond", description="The two elements of the bond."),
    Column("mean change", "Å", "Of the mean length, second minus first.", decimals=3),
    Column("width change", "Å", "Of the standard deviation, second minus first.", decimals=3),
    Column("distance", "Å", "Wasserstein's, between the two distributions.", decimals=3, interval=True),
    Column("noise floor", "Å", "95th percentile of the distance of frames dealt out at random.", decimals=3),
    Column("verdict", description="Whether the distance is beyond the noise floor."),
)


class Bonds(Analysis):
    """Bond lengths in what each strategy sampled, in each potential's own trajectory, and in reference dynamics."""

    name = "bonds"
    place = 60
    by_default = True
    inputs: ClassVar = {
        "reference": Port(SampledTrajectory, what="dynamics of the labeler"),
        "own": Port(SampledTrajectory, what="each potential's own trajectories"),
        "gathered": Port(SampledTrajectory, what="what strategies sampled"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        # A trajectory that two strategies share is one trajectory of the reference dynamics.
        reference = {piece.key: piece for piece in study.all(SampledTrajectory, sampled_by=LABELER)}
        own = study.all(SampledTrajectory, set_kind="self")
        gathered = [piece for piece in study.all(SampledTrajectory, set_kind="training") if piece.ref.gathered_by]
        inputs = {"reference": list(reference.values()), "own": own, "gathered": gathered}
        return [Wanted(inputs)] if any(inputs.values()) else []

    def run(self, work: Work) -> Findings:
        found, skipped = _followed_by_name(_groups(work))
        kinds = sorted({kind for lengths in found.values() for kind in lengths.kinds})
        if not kinds:
            return Findings("Bond lengths", notes=["no starting structure has a bond to follow", *skipped])
        rows: list[list[Cell]] = []
        for name, lengths in found.items():
            for kind, one in lengths.summary().items():
                mean, width = Estimate(one.mean, one.mean_interval), Estimate(one.width, one.width_interval)
                rows.append([name, kind, mean, width, one.bonds, one.frames, one.broken])
        changes = _changes(found)
        known = REFERENCE in found
        caption = f"Shifts of the distributions from {REFERENCE}" if known else "Shifts of the distributions"
        first = Column("from", description="The first set of frames.", shown=not known)
        notes = ["Frames of one trajectory are alike, so with few trajectories the intervals are too narrow."]
        notes += [f"Left out, with other bonds than the first of its group: {', '.join(skipped)}."] * bool(skipped)
        drawn = kinds[:MOST_PANELS]
        return Findings(
            "Bond lengths",
            tables=(
                Table("bond-shifts", caption, (first, *SHIFTS), changes, folded=len(changes) > 12),
                Table("bonds", "Bond lengths by who sampled them", LENGTHS, rows, folded=True),
                _distributions(found, drawn),
            ),
            figures=(_histograms(drawn, known),),
            definition="Bonds are those of each starting structure, followed through its trajectory; the width is the "
            "standard deviation. The distance is Wasserstein's; below the noise floor (frames dealt out at random) no "
            "difference is resolved.",
            notes=notes,
        )


def _groups(work: Work) -> dict[str, list[SampledTrajectory]]:
    """Trajectories by who sampled them, each group in an order of its own."""
    groups: dict[str, list[SampledTrajectory]] = {}
    if reference := work.all("reference", SampledTrajectory):
        groups[REFERENCE] = reference
    own = work.all("own", SampledTrajectory)
    states = state_names(one.ref.sampled_by for one in own if one.ref.sampled_by)
    for one in own:
        if one.ref.sampled_by:
            groups.setdefault(f"own run of {states[one.ref.sampled_by]}", []).append(one)
    gathered = [(one, one.ref.gathered_by) for one in work.all("gathered", SampledTrajectory) if one.ref.gathered_by]
    # Repetitions of a strategy stand together, so that no seed is told.
    names = data_names(replace(state, seed=0) for _, state in gathered)
    for one, state in gathered:
        groups.setdefault(f"data of {names[state.potential, state.strategy, 0]}", []).append(one)
    return {name: sorted(every, key=_order) for name, every in groups.items()}


def _order(one: SampledTrajectory) -> tuple[str, int, int, int]:
    state = one.ref.gathered_by or one.ref
    return one.ref.set, state.seed, state.round, one.ref.trajectory or 0


def _followed_by_name(groups: Mapping[str, Sequence[SampledTrajectory]]) -> tuple[dict[str, BondLengths], list[str]]:
    """Bond lengths by who sampled them, and titles of trajectories that could not be put with the others."""
    found, skipped = {}, []
    for name, trajectories in groups.items():
        lengths, left = _followed(trajectories)
        skipped += left
        if lengths is not None:
            found[name] = lengths
    return found, skipped


def _followed(trajectories: Sequence[SampledTrajectory]) -> tuple[BondLengths | None, list[str]]:
    import numpy as np

    from whet.bias.bonds import BondLengths, follow
    from whet.data.topology import BondTopology

    parts, skipped = [], []
    for one in trajectories:
        try:
            # From the packed structure, where molecules are whole: not from a frame in which a bond may be broken.
            part = follow(BondTopology.of(one.start), one.frames)
        except FrameError as error:
            skipped.append(f"{one.title} ({error.what})")
            continue
        if parts and not np.array_equal(part.topology.kinds, parts[0].topology.kinds):
            skipped.append(one.title)
            continue
        parts.append(part)
    if not parts:
        return None, skipped
    units = np.repeat(np.arange(len(parts)), [len(part.lengths) for part in parts])
    return BondLengths(parts[0].topology, np.concatenate([part.lengths for part in parts]), units), skipped


def _changes(found: Mapping[str, BondLengths]) -> list[list[Cell]]:
    """Reference dynamics against everything else; else each against the next."""
    from whet.bias.bond_shift import bond_shifts

    names = list(found)
    pairs = [(REFERENCE, name) for name in names if name != REFERENCE] if REFERENCE in found else pairwise(names)
    rows: list[list[Cell]] = []
    for first, second in pairs:
        if not set(found[first].kinds) & set(found[second].kinds):
            continue
        for kind, shift in bond_shifts(found[first], found[second]).items():
            verdict = "different" if shift.beyond_noise else "no difference resolved"
            distance = Estimate(shift.wasserstein, shift.wasserstein_interval)
            change = [shift.mean_change, shift.width_change, distance, shift.noise_floor]
            rows.append([first, second, kind, *change, verdict])
    return rows


def _distributions(found: Mapping[str, BondLengths], kinds: Sequence[str]) -> Table:
    """Densities of each kind on bins that all groups share."""
    import numpy as np

    rows: list[list[Cell]] = []
    for kind in kinds:
        every = {name: one.of_kind(kind) for name, one in found.items() if kind in one.kinds}
        every = {name: lengths[np.isfinite(lengths)] for name, lengths in every.items()}
        pooled = np.concatenate(list(every.values()))
        if not len(pooled):
            continue
        low, high = np.quantile(pooled, (0.002, 0.998)).tolist()
        edges = np.linspace(low, max(high, low + 1e-3), BINS + 1)
        for name, lengths in every.items():
            inside = lengths[(lengths >= edges[0]) & (lengths <= edges[-1])]
            if not len(inside):
                continue
            heights = np.histogram(inside, edges, density=True)[0].tolist()
            for edge, height in zip(edges.tolist(), [*heights, 0.0], strict=True):
                rows.append([name, kind, edge, height, "filled" if name == REFERENCE else "line"])
    columns = (
        Column("sampled by", description="Who drove the trajectories, or for what they were sampled."),
        Column("bond", description="The two elements of the bond."),
        Column("length", "Å", "Where a bin begins."),
        Column("density", "1/Å", "Of the bin that begins there; the areas are equal."),
        Column("drawn", description="How: reference dynamics filled, the others as lines."),
    )
    return Table("bond-distributions", "Distributions of bond lengths", columns, rows, shown=False)


def _histograms(kinds: Sequence[str], known: bool) -> Figure:
    color = {"field": "sampled by", "type": "nominal", "sort": None, "title": None}
    across = {
        "x": {"field": "length", "type": "quantitative", "scale": {"zero": False}, "title": "length (Å)"},
        "y": {"field": "density", "type": "quantitative", "axis": None},
        "color": color,
    }

    def drawn(how: str, mark: dict[str, object]) -> dict[str, object]:
        chosen = {"filter": {"field": "drawn", "equal": how}}
        steps = {"interpolate": "step-after", "tooltip": {"content": "data"}}
        return {"transform": [chosen], "mark": {**mark, **steps}, "encoding": across}

    layers = [drawn("filled", {"type": "area", "opacity": 0.35})] * known + [drawn("line", {"type": "line"})]
    spec = {
        "data": {"name": "bond-distributions"},
        "facet": {"field": "bond", "type": "nominal", "title": None},
        "columns": 3,
        "spec": {"layer": layers, "width": 190, "height": 140},
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
    }
    filled = " Filled: reference dynamics." if known else ""
    caption = f"Distributions of bond lengths; areas are equal.{filled}"
    return Figure("bonds", caption, f"Distributions of bond lengths of {', '.join(kinds)}.", spec)
