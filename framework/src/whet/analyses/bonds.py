"""bonds: lengths of bonds: who sampled which, and whether that differs by more than chance."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from whet.analyses.parts.naming import data_names, state_names
from whet.analyses.parts.structure_picture import INK
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

KIND = (
    "The two elements, each with its number of bonds in the starting structure: C3-O1 is the C=O of an acid, C3-O2 its "
    "other C–O bond, C4-O2 that of an alcohol, H1-O2 the O–H of both."
)

ASPECTS = ("mean", "width", "distance")

LENGTHS = (
    Column("sampled by", description="Who drove the trajectories, or for what they were sampled."),
    Column("bond", description=KIND),
    Column("mean", "Å", "Mean length, broken bonds not counted; each trajectory counts the same.", 3, interval=True),
    Column("width", "Å", "Standard deviation of the length over frames and bonds.", decimals=3, interval=True),
    Column("trajectories", description="Trajectories through which they were followed."),
    Column("bonds", description="Bonds of this kind in the starting structure."),
    Column("frames", description="Frames of these."),
    Column("broken", description="Bonds that were longer by over 0.5 Å in some frame."),
)
SHIFTS = (
    Column("to", description="The second set of trajectories."),
    Column("own run of", description="The untouched potential that drove the second set.", shown=False),
    Column("bond", description=KIND),
    Column("verdict", description="In what the two sets differ (p at most 0.05)."),
    Column("mean change", "Å", "Of the mean length, second minus first.", decimals=3, interval=True),
    Column("width change", "Å", "Of the standard deviation, second minus first.", decimals=3, interval=True),
    Column("distance", "Å", "Wasserstein's, between the two distributions.", decimals=3, interval=True),
    Column(
        "distance by chance", "Å", "The distance that dealing out whole trajectories at random explains.", decimals=3
    ),
    Column("p", description="Chance that dealing sets any bond in any aspect so far apart.", decimals=3),
    *(Column(f"p of the {one}", description=f"The same, of the {one}.", shown=False) for one in ASPECTS),
)

DEFINITION = (
    "Bonds are those of each starting structure, followed through its trajectory. A kind: two elements, each with its "
    "number of bonds: C3-O1 is the C=O of an acid, C4-O2 the C–O bond of an alcohol. A kind may pool bonds that "
    "chemistry tells apart: H1-O2 is the O–H of acids and of alcohols. The width is the standard deviation; a series "
    "that is too short or not settled has none. The distance is Wasserstein's. Whole trajectories are dealt out to the "
    "two sets (in all ways, where these are few; what both have is left out), and all bonds are tested together in "
    "mean, width and distance: where two sets are sampled alike, any of a comparison is called different in at most 5 "
    "% of the cases. Runs of a repeated strategy stand together: what is said is of what these runs sampled. Intervals "
    "are of each number alone. A change of the mean against reference dynamics estimates by how much a minimum is "
    "displaced, independently of the forces."
)
SOURCE = "Wong & Yang: bond lengths; Westfall & Young, Resampling-Based Multiple Testing (1993): the maximum statistic"


class Bonds(Analysis):
    """Bond lengths in what each strategy sampled, in each potential's own trajectory, and in reference dynamics."""

    name = "bonds"
    result_version = 5
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
        groups = _groups(work)
        found, why_not, skipped = _followed_by_name(groups)
        kinds = sorted({kind for lengths in found.values() for kind in lengths.kinds})
        if not kinds:
            return Findings("Bond lengths", notes=["no starting structure has a bond to follow", *skipped])
        rows: list[list[Cell]] = []
        for name, lengths in found.items():
            for kind, one in lengths.summary().items():
                mean, width = Estimate(one.mean, one.mean_interval), Estimate(one.width, one.width_interval)
                own: list[Cell] = [name, kind, mean, None if name in why_not else width]
                rows.append([*own, lengths.trajectories, one.bonds, one.frames, one.broken])
        changes, notes = _changes(found, _drivers(groups), why_not)
        known = REFERENCE in found
        caption = f"Shifts of the distributions from {REFERENCE}" if known else "Shifts of the distributions"
        first = Column("from", description="The first set of trajectories.", shown=not known)
        notes = [*(f"No width of {name}: {reason}." for name, reason in why_not.items()), *notes]
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
            definition=DEFINITION,
            source=SOURCE,
            notes=notes,
        )


def _groups(work: Work) -> dict[str, list[SampledTrajectory]]:
    """Trajectories by who sampled them, each group in an order of its own."""
    groups: dict[str, list[SampledTrajectory]] = {}
    if reference := work.all("reference", SampledTrajectory):
        groups[REFERENCE] = reference
    # Repetitions of a strategy stand together, so that no seed is told.
    own = [
        (one, replace(one.ref.sampled_by, seed=0)) for one in work.all("own", SampledTrajectory) if one.ref.sampled_by
    ]
    states = state_names(state for _, state in own)
    for one, state in own:
        groups.setdefault(f"own run of {states[state.state]}", []).append(one)
    gathered = [(one, one.ref.gathered_by) for one in work.all("gathered", SampledTrajectory) if one.ref.gathered_by]
    names = data_names(replace(state, seed=0) for _, state in gathered)
    for one, state in gathered:
        groups.setdefault(f"data of {names[state.potential, state.strategy, 0]}", []).append(one)
    return {name: sorted(every, key=_order) for name, every in groups.items()}


def _drivers(groups: Mapping[str, Sequence[SampledTrajectory]]) -> dict[str, str]:
    """The untouched potential of each group that is its own run."""
    own = {name: every[0].ref for name, every in groups.items() if every[0].ref.set_kind == "self"}
    return {name: of.sampled_by.potential for name, of in own.items() if of.sampled_by and of.sampled_by.untouched}


def _order(one: SampledTrajectory) -> tuple[str, int, int, int]:
    state = one.ref.gathered_by or one.ref.sampled_by or one.ref
    return one.ref.set, state.seed, state.round, one.ref.trajectory or 0


def _followed_by_name(
    groups: Mapping[str, Sequence[SampledTrajectory]],
) -> tuple[dict[str, BondLengths], dict[str, str], list[str]]:
    """Bond lengths by who sampled them, why some have no width, and titles of what could not be put with the others."""
    from whet.bias.settled import Settled

    found, why_not, skipped = {}, {}, []
    for name, trajectories in groups.items():
        lengths, left = _followed(trajectories)
        skipped += left.values()
        if lengths is not None:
            found[name] = lengths
            reason = Settled.of_trajectories([one for one in trajectories if id(one) not in left]).reason
            if reason and lengths.kinds:
                why_not[name] = reason
    return found, why_not, skipped


def _followed(trajectories: Sequence[SampledTrajectory]) -> tuple[BondLengths | None, dict[int, str]]:
    import numpy as np

    from whet.bias.bonds import BondLengths, follow
    from whet.data.topology import BondTopology

    parts, skipped = [], {}
    for one in trajectories:
        try:
            # From the packed structure, where molecules are whole: not from a frame in which a bond may be broken.
            part = follow(BondTopology.of(one.start), one.frames)
        except FrameError as error:
            skipped[id(one)] = f"{one.title} ({error.what})"
            continue
        if parts and not np.array_equal(part.topology.kinds, parts[0].topology.kinds):
            skipped[id(one)] = one.title
            continue
        parts.append(part)
    if not parts:
        return None, skipped
    units = np.repeat(np.arange(len(parts)), [len(part.lengths) for part in parts])
    return BondLengths(parts[0].topology, np.concatenate([part.lengths for part in parts]), units), skipped


def _changes(
    found: Mapping[str, BondLengths], drivers: Mapping[str, str], why_not: Collection[str]
) -> tuple[list[list[Cell]], list[str]]:
    """Reference dynamics against everything else; else each against the next. And what few trajectories allow."""
    from whet.bias.bond_shift import bond_shifts

    names = list(found)
    pairs = [(REFERENCE, name) for name in names if name != REFERENCE] if REFERENCE in found else pairwise(names)
    rows: list[list[Cell]] = []
    least: dict[str, float] = {}
    for pair in pairs:
        first, second = (found[name] for name in pair)
        if not set(first.kinds) & set(second.kinds):
            continue
        widths = not set(pair) & set(why_not)
        for kind, shift in bond_shifts(first, second, widths=widths).items():
            mean = Estimate(shift.mean_change, shift.mean_change_interval)
            width = Estimate(shift.width_change, shift.width_change_interval) if widths else None
            distance = Estimate(shift.wasserstein, shift.wasserstein_interval)
            known = [mean, width, distance, shift.by_chance, min(shift.p.values(), default=None)]
            driver = drivers.get(pair[1]) if pair[0] == REFERENCE else None
            rows.append([*pair, driver, kind, shift.verdict, *known, *(shift.p.get(aspect) for aspect in ASPECTS)])
            if shift.least_p is not None and shift.least_p > 0.005:
                least["{} against {}".format(*shift.trajectories)] = shift.least_p
    said = [
        f"{many} trajectories can be dealt out in so few ways that no p is below {p:.2g}" for many, p in least.items()
    ]
    return rows, [f"{one}." for one in said]


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
        Column("bond", description=KIND),
        Column("length", "Å", "Where a bin begins."),
        Column("density", "1/Å", "Of the bin that begins there; the areas are equal."),
        Column("drawn", description="How: reference dynamics filled as well, the others as lines."),
    )
    return Table("bond-distributions", "Distributions of bond lengths", columns, rows, shown=False)


def _histograms(kinds: Sequence[str], known: bool) -> Figure:
    x = {"field": "length", "type": "quantitative", "scale": {"zero": False}, "title": "length (Å)"}
    y = {"field": "density", "type": "quantitative", "axis": None}
    color = {"field": "sampled by", "type": "nominal", "sort": None, "title": None}
    steps: dict[str, Any] = {"interpolate": "step-after", "tooltip": {"content": "data"}}
    # Filled without a color of its own: a legend of fills has no dashes.
    reference = {
        "transform": [{"filter": {"field": "drawn", "equal": "filled"}}],
        "mark": {"type": "area", "color": INK, "opacity": 0.35, **steps},
        "encoding": {"x": x, "y": y},
    }
    lines = {"mark": {"type": "line", **steps}, "encoding": {"x": x, "y": y, "color": color}}
    layers = [reference] * known + [lines]
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
