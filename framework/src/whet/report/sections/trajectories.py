"""Along trajectories: energy residuals and bond lengths."""

from __future__ import annotations

from itertools import pairwise

from whet.bias.bond_shift import bond_shifts
from whet.bias.bonds import BondLengths, BondTopology
from whet.bias.residuals import ResidualTrace, residual_trace
from whet.data.errors import FrameError
from whet.report.drawing import GRAY, canvas, colors
from whet.report.parts import Cell, Picture, Section, Table, with_interval
from whet.study.plan import Trajectory
from whet.study.results import Results
from whet.study.study import Study


def residual_section(study: Study, results: Results) -> Section | None:
    """(E_potential − E_label)/n_atoms along each potential's own trajectory."""
    traces: list[tuple[str, str, ResidualTrace]] = []
    for test in results.plan.tests:
        if test.kind != "self" or test.of is None or (score := results.score(test.of, test)) is None:
            continue
        times = _times(results, [t for t in results.plan.trajectories if t.purpose == "self" and t.driver == test.of])
        given = None if test.of.step else results.reference_energies(test.of.potential)
        traces.append((test.of.label, test.of.strategy, residual_trace(score.comparison, times, given)))
    if not traces:
        return None
    figure, (axes,) = canvas(width=6.6, height=2.8)
    palette = colors([strategy for _, strategy, _ in traces])
    for label, strategy, trace in traces:
        axes.plot(trace.times / 1000, trace.residuals, "o-", ms=3, lw=1, color=palette[strategy], label=label)
    axes.axhline(0, color=GRAY, lw=0.8, ls="--")
    axes.set_xlabel("time (ps)")
    axes.set_ylabel("residual (meV/atom)")
    axes.legend(fontsize=7, frameon=False)
    rows: list[list[Cell]] = [
        [label, with_interval(t.mean, t.mean_interval, 1), t.deviation, t.drift, t.alignment, len(t.times)]
        for label, _, t in traces
    ]
    headings = (
        "potential",
        "mean (meV/atom) [95 %]",
        "deviation (meV/atom)",
        "drift (meV/atom/ps)",
        "alignment",
        "frames",
    )
    return Section(
        "Residual along each own trajectory",
        [
            "The energy of the driving potential minus that of the labels, per atom. An untouched potential is aligned by "
            "the reference energies of the first fine-tuning (“given”), so its mean says how far it drifted from there."
        ],
        [Table("residuals", "Residuals along trajectories", headings, rows)],
        [Picture("residuals", "Energy residual along each potential's own trajectory.", figure)],
    )


def bonds_section(study: Study, results: Results) -> Section | None:
    """Bond lengths in what each strategy sampled, in each potential's own trajectory, and in reference dynamics."""
    groups = _groups(results)
    found: dict[str, BondLengths] = {}
    for name, trajectories in groups.items():
        lengths = _followed(results, trajectories)
        if lengths is not None:
            found[name] = lengths
    kinds = sorted({kind for lengths in found.values() for kind in lengths.kinds})
    if not kinds:
        return None
    rows: list[list[Cell]] = []
    for name, lengths in found.items():
        for kind, one in lengths.summary().items():
            mean, width = with_interval(one.mean, one.mean_interval, 4), with_interval(one.width, one.width_interval, 4)
            rows.append([name, kind, mean, width, one.bonds, one.frames, one.broken])
    shifts: list[list[Cell]] = []
    for (one, first), (other, second) in _compared(found):
        for kind, shift in bond_shifts(first, second).items():
            verdict = "different" if shift.beyond_noise else "no difference resolved"
            interval = with_interval(shift.wasserstein, shift.wasserstein_interval, 4)
            shifts.append(
                [f"{one} → {other}", kind, shift.mean_change, shift.width_change, interval, shift.noise_floor, verdict]
            )
    headings = ("sampled by", "bond", "mean (Å) [95 %]", "width (Å) [95 %]", "bonds", "frames", "broken")
    changed = (
        "from → to",
        "bond",
        "mean change (Å)",
        "width change (Å)",
        "distance (Å) [95 %]",
        "noise floor (Å)",
        "verdict",
    )
    return Section(
        "Bond lengths",
        [
            "Bonds are those of each starting structure, followed through its trajectory; the width is the standard deviation. "
            "The distance is Wasserstein's; below the noise floor (frames dealt out at random) no difference is resolved."
        ],
        [
            Table("bonds", "Bond lengths by who sampled them", headings, rows),
            Table("bond-shifts", "Shifts of the distributions", changed, shifts),
        ],
        [_histograms(found, kinds)],
        notes=["Frames of one trajectory are alike, so with few trajectories the intervals are too narrow."],
    )


def _groups(results: Results) -> dict[str, list[Trajectory]]:
    """Trajectories by who sampled them: reference dynamics, each strategy's data, each potential's own run."""
    groups: dict[str, list[Trajectory]] = {}
    for one in results.plan.trajectories:
        if one.driver is None:
            groups.setdefault("reference dynamics", []).append(one)
        elif one.purpose == "self":
            groups.setdefault(f"own run of {one.driver.label}", []).append(one)
    for acquisition in results.plan.acquisitions:
        if acquisition.trajectories:
            name = f"data of {acquisition.potential} {acquisition.strategy}"
            groups.setdefault(name, []).extend(acquisition.trajectories)
    return groups


def _followed(results: Results, trajectories: list[Trajectory]) -> BondLengths | None:
    import numpy as np

    parts = []
    for one in trajectories:
        store = results.store
        if not (store.is_done(one.md) and store.is_done(one.structure)):
            continue
        frames = store.frames(one.md)
        try:
            # From the packed structure, where molecules are whole: not from a frame in which a bond may be broken.
            parts.append(BondTopology.of(store.frames(one.structure)[0]).follow(frames))
        except FrameError:
            continue
    if not parts:
        return None
    same = [part for part in parts if np.array_equal(part.topology.kinds, parts[0].topology.kinds)]
    return BondLengths(same[0].topology, np.concatenate([part.lengths for part in same]))


def _compared(found: dict[str, BondLengths]):
    """Reference dynamics against everything else; else each against the next."""
    names = list(found)
    if "reference dynamics" in found:
        return [
            (("reference dynamics", found["reference dynamics"]), (n, found[n]))
            for n in names
            if n != "reference dynamics"
        ]
    return [((a, found[a]), (b, found[b])) for a, b in pairwise(names)]


def _histograms(found: dict[str, BondLengths], kinds: list[str]) -> Picture:
    import numpy as np

    columns = min(3, len(kinds))
    figure, axes = canvas(columns=columns, rows=-(-len(kinds) // columns), width=2.5 * columns + 1.2, height=2.3)
    palette = colors([name for name in found if name != "reference dynamics"])
    for place, kind in zip(axes, kinds, strict=False):
        every = {name: one.of_kind(kind) for name, one in found.items() if kind in one.kinds}
        pooled = np.concatenate([lengths[np.isfinite(lengths)] for lengths in every.values()])
        low, high = np.quantile(pooled, (0.002, 0.998)).tolist()
        edges = np.linspace(low, high, 24)
        for name, lengths in every.items():
            reference = name == "reference dynamics"
            place.hist(
                lengths[np.isfinite(lengths)],
                bins=edges.tolist(),
                density=True,
                histtype="stepfilled" if reference else "step",
                color="#d9dbe0" if reference else palette[name],
                label=name,
            )
        place.set(title=kind, yticks=[])
        place.set_xlabel("length (Å)")
    for spare in axes[len(kinds) :]:
        spare.set_visible(False)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=7, frameon=False)
    return Picture("bonds", "Distributions of bond lengths.", figure)


def _times(results: Results, trajectories: list[Trajectory]) -> list[float]:
    """Times (fs) of the labeled frames of the trajectories, one after the other."""
    times: list[float] = []
    for one in trajectories:
        every, kept = results.values(one.md)["times"], results.values(one.labels)["kept"]
        times += [every[index] for index in kept]
    return times
