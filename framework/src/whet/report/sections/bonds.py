"""Bond lengths: who sampled which, and whether that differs by more than chance."""

from __future__ import annotations

from itertools import pairwise

from whet.bias.bond_shift import bond_shifts
from whet.bias.bonds import BondLengths, follow
from whet.contracts.findings import Estimate
from whet.data.errors import FrameError
from whet.data.topology import BondTopology
from whet.report.drawing import COLORS, FAINT, canvas, grid, hide, legend_below, plain, titled
from whet.report.findings import Findings
from whet.report.parts import Section
from whet.report.pictures import Picture
from whet.report.tables import Cell, Column, Table
from whet.study.plan import Trajectory
from whet.study.results import Results

REFERENCE = "reference dynamics"
MOST_PANELS = 9

LENGTHS = (
    Column("sampled by"),
    Column("bond"),
    Column("mean", "Å", decimals=3, interval=True),
    Column("width", "Å", decimals=3, interval=True),
    Column("bonds"),
    Column("frames"),
    Column("broken"),
)
SHIFTS = (
    Column("to"),
    Column("bond"),
    Column("mean change", "Å", decimals=3),
    Column("width change", "Å", decimals=3),
    Column("distance", "Å", decimals=3, interval=True),
    Column("noise floor", "Å", decimals=3),
    Column("verdict"),
)


def bonds_section(findings: Findings) -> Section | None:
    """Bond lengths in what each strategy sampled, in each potential's own trajectory, and in reference dynamics."""
    found, skipped = _followed_by_name(findings)
    kinds = sorted({kind for lengths in found.values() for kind in lengths.kinds})
    if not kinds:
        return None
    rows: list[list[Cell]] = []
    for name, lengths in found.items():
        for kind, one in lengths.summary().items():
            mean, width = Estimate(one.mean, one.mean_interval), Estimate(one.width, one.width_interval)
            rows.append([name, kind, mean, width, one.bonds, one.frames, one.broken])
    changes: list[list[Cell]] = []
    for first, second in _pairs(list(found)):
        if not set(found[first].kinds) & set(found[second].kinds):
            continue
        for kind, shift in bond_shifts(found[first], found[second]).items():
            verdict = "different" if shift.beyond_noise else "no difference resolved"
            distance = Estimate(shift.wasserstein, shift.wasserstein_interval)
            changes.append([first, second, kind, shift.mean_change, shift.width_change, distance])
            changes[-1] += [shift.noise_floor, verdict]
    known = REFERENCE in found
    caption = f"Shifts of the distributions from {REFERENCE}" if known else "Shifts of the distributions"
    notes = ["Frames of one trajectory are alike, so with few trajectories the intervals are too narrow."]
    notes += [f"Left out, with other bonds than the first of its group: {', '.join(skipped)}."] if skipped else []
    text = (
        "Bonds are those of each starting structure, followed through its trajectory; the width is the standard "
        "deviation. "
        "The distance is Wasserstein's; below the noise floor (frames dealt out at random) no difference is resolved."
    )
    return Section(
        "Bond lengths",
        [text],
        [_histograms(found, kinds)],
        [
            Table(
                "bond-shifts", caption, (Column("from", shown=not known), *SHIFTS), changes, folded=len(changes) > 12
            ),
            Table("bonds", "Bond lengths by who sampled them", LENGTHS, rows, folded=True),
        ],
        notes,
    )


def _followed_by_name(findings: Findings) -> tuple[dict[str, BondLengths], list[str]]:
    """Bond lengths by who sampled them, and titles of trajectories that could not be put with the others."""
    found, skipped = {}, []
    for name, trajectories in _groups(findings).items():
        lengths, left = _followed(findings.results, trajectories)
        skipped += left
        if lengths is not None:
            found[name] = lengths
    return found, skipped


def _groups(findings: Findings) -> dict[str, list[Trajectory]]:
    """Trajectories by who sampled them: reference dynamics, each strategy's data, each potential's own run."""
    plan = findings.results.plan
    groups: dict[str, list[Trajectory]] = {}
    for one in plan.trajectories:
        if one.driver is None:
            groups.setdefault(REFERENCE, []).append(one)
        elif one.purpose == "self":
            groups.setdefault(f"own run of {findings.shown_member(one.driver)}", []).append(one)
    for acquisition in plan.acquisitions:
        if acquisition.trajectories:
            name = f"data of {findings.named(acquisition.potential, acquisition.strategy)}"
            groups.setdefault(name, []).extend(acquisition.trajectories)
    return groups


def _followed(results: Results, trajectories: list[Trajectory]) -> tuple[BondLengths | None, list[str]]:
    import numpy as np

    store, parts, skipped = results.store, [], []
    for one in trajectories:
        if not (store.is_done(one.md) and store.is_done(one.structure)):
            continue
        try:
            # From the packed structure, where molecules are whole: not from a frame in which a bond may be broken.
            part = follow(BondTopology.of(store.frames(one.structure)[0]), store.frames(one.md))
        except FrameError as error:
            skipped.append(f"{results.plan.steps[one.md].title} ({error.what})")
            continue
        if parts and not np.array_equal(part.topology.kinds, parts[0].topology.kinds):
            skipped.append(results.plan.steps[one.md].title)
            continue
        parts.append(part)
    if not parts:
        return None, skipped
    return BondLengths(parts[0].topology, np.concatenate([part.lengths for part in parts])), skipped


def _pairs(names: list[str]) -> list[tuple[str, str]]:
    """Reference dynamics against everything else; else each against the next."""
    if REFERENCE in names:
        return [(REFERENCE, name) for name in names if name != REFERENCE]
    return list(pairwise(names))


def _histograms(found: dict[str, BondLengths], kinds: list[str]) -> Picture:
    import numpy as np

    drawn = kinds[:MOST_PANELS]
    columns, rows = grid(len(drawn))
    figure, axes = canvas(columns, rows, width=max(2.4 * columns, 4.6), height=2.3)
    others = [name for name in found if name != REFERENCE]
    for place, kind in zip(axes, drawn, strict=False):
        every = {name: one.of_kind(kind) for name, one in found.items() if kind in one.kinds}
        every = {name: lengths[np.isfinite(lengths)] for name, lengths in every.items()}
        pooled = np.concatenate(list(every.values()))
        if not len(pooled):
            titled(place, f"{kind}: all broken")
            continue
        low, high = np.quantile(pooled, (0.002, 0.998)).tolist()
        edges = np.linspace(low, max(high, low + 1e-3), 24).tolist()
        for name, lengths in every.items():
            if not len(lengths):
                continue
            style, color = ("stepfilled", FAINT) if name == REFERENCE else ("step", _color(others, name))
            place.hist(lengths, bins=edges, density=True, histtype=style, color=color, label=plain(name))
        titled(place, kind)
        place.set_yticks([])
        place.set_xlabel("length (Å)")
    hide(axes[len(drawn) :])
    legend_below(figure, axes, 2)
    caption = "Distributions of bond lengths; areas are equal. " + (
        "Filled: reference dynamics." * (REFERENCE in found)
    )
    return Picture("bonds", caption.strip(), figure, f"Distributions of bond lengths of {', '.join(drawn)}.")


def _color(others: list[str], name: str) -> str:
    return COLORS[others.index(name) % len(COLORS)]
