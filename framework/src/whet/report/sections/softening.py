"""Softening: the parity of the forces, the scale by size of the force, and what of it noise explains."""

from __future__ import annotations

from whet.bias.softening_parts import MagnitudeBin, softening_by_magnitude
from whet.contracts.findings import Estimate
from whet.data.numbers import count
from whet.report.arms import Arm
from whet.report.drawing import FAINT, GRAY, canvas, grid, hide, legend_below, plain, titled
from whet.report.findings import Findings
from whet.report.parts import Section, slug
from whet.report.pictures import Picture
from whet.report.tables import Cell, Column, Table
from whet.study.plan import TestSet

MOST_POINTS = 4000
"""Points of a parity plot; more say nothing and make the page heavy."""

MOST_PANELS = 6
MOST_LINES = 10


def softening_section(findings: Findings) -> Section | None:
    """Parity, scale by size of the force and readings, for every independent set."""
    pictures, tables = [], []
    for place, test in enumerate((test for test in findings.tests if test.kind == "independent"), 1):
        arms = findings.arms(test)
        name = f"{place}-{slug(test.name)}".rstrip("-")
        ends = _ends(arms)
        bins = [(arm, softening_by_magnitude(arm.scores[0].comparison)) for arm in ends]
        pictures.append(_parity(f"parity-{name}", findings, ends[:MOST_PANELS], test))
        pictures.append(_by_magnitude(f"magnitude-{name}", findings, bins[:MOST_LINES], test))
        tables.append(_readings(f"softening-{name}", findings, arms, test))
        tables.append(_bins(f"magnitude-{name}", findings, bins, test))
    if not pictures:
        return None
    text = (
        "Noise looks like softness: an imperfect but unbiased predictor has a scale equal to its R², and an "
        "inverse slope "
        "(reference on prediction) of 1. Only where the interval of the inverse slope lies above 1, and that of "
        "the scale "
        "below, is a potential called soft."
    )
    return Section("Softening in detail", [text], pictures, tables)


def _ends(arms: list[Arm]) -> list[Arm]:
    """Untouched potentials and the last state of each strategy."""
    final = {arm.series: arm for arm in arms if not arm.corrected}
    return list(final.values())


def _seed_note(arms: list[Arm]) -> str:
    return " Of several seeds, the first." if any(len(arm.scores) > 1 for arm in arms) else ""


def _parity(name: str, findings: Findings, arms: list[Arm], test: TestSet) -> Picture:
    import numpy as np

    columns, rows = grid(len(arms))
    figure, axes = canvas(columns, rows, width=2.4 * columns + 0.3, height=2.5, sharex=True, sharey=True)
    reach = float(np.quantile(np.abs(arms[0].scores[0].comparison.reference.forces), 0.999)) * 1.05 or 1.0
    for one, arm in zip(axes, arms, strict=False):
        score = arm.scores[0]
        x, y = score.comparison.reference.forces.ravel(), score.comparison.predicted.forces.ravel()
        if len(x) > MOST_POINTS:
            chosen = np.random.default_rng(0).choice(len(x), MOST_POINTS, replace=False)
            x, y = x[chosen], y[chosen]
        one.scatter(x, y, s=3, lw=0, alpha=0.35, color="#3f6690", rasterized=True)
        line = np.array([-reach, reach])
        one.plot(line, line, color=GRAY, lw=0.8, ls="--")
        if (scale := score.softening.slopes.scale) is not None:
            one.plot(line, scale * line, color="#c8553d", lw=1)
        one.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        titled(one, findings.named(arm.potential, arm.state))
    for place, one in enumerate(axes[: len(arms)]):
        one.set_xlabel("reference (eV/Å)" if place + columns >= len(arms) else "")
        one.tick_params(labelbottom=place + columns >= len(arms))
        one.set_ylabel("predicted (eV/Å)" if place % columns == 0 else "")
    hide(axes[len(arms) :])
    caption = f"Force components on “{test.name}”. Dashed: perfect; red: the softening scale.{_seed_note(arms)}"
    return Picture(name, caption, figure, f"Predicted against reference force components of {test.name}.")


def _by_magnitude(
    name: str, findings: Findings, found: list[tuple[Arm, tuple[MagnitudeBin, ...]]], test: TestSet
) -> Picture:
    figure, (axes,) = canvas(width=5.6, height=2.6)
    axes.axhline(1, color=GRAY, lw=0.8, ls="--")
    for arm, bins in found:
        color = findings.styles.color(arm.series)
        known = [one for one in bins if one.scale is not None]
        middles = [(one.low + one.high) / 2 for one in known]
        marker, dash = ("o", "-") if arm.untouched else (findings.styles.marker(arm.series), "--")
        label = plain(findings.named(arm.potential, arm.state))
        axes.plot(middles, [one.scale or 0.0 for one in known], marker=marker, ls=dash, color=color, ms=4, label=label)
        for x, one in zip(middles, known, strict=True):
            if one.scale_interval is not None:
                axes.plot((x, x), one.scale_interval, color=color, lw=2.2, alpha=0.35, solid_capstyle="round")
    axes.set_xlabel("size of the reference force (eV/Å)")
    axes.set_ylabel("softening scale")
    axes.grid(axis="y", color=FAINT, lw=0.5)
    legend_below(figure, [axes], 2)
    caption = (
        f"Softening scale by size of the reference force, on “{test.name}”; bins of equal numbers of atoms."
        f"{_seed_note([arm for arm, _ in found])}"
    )
    return Picture(name, caption, figure, f"Softening scale by size of the reference force on {test.name}.")


def _readings(name: str, findings: Findings, arms: list[Arm], test: TestSet) -> Table:
    several = len(findings.potentials) > 1
    columns = (
        Column("potential", shown=several),
        Column("state"),
        Column("scale", decimals=3, interval=True, spread=True),
        Column("1 − R² (noise)", decimals=3),
        Column("inverse slope", decimals=3, interval=True, spread=True),
        Column("robust scale", decimals=3),
        Column("reading"),
        Column("discounted frames", shown=any(s.softening.discounted_frames for arm in arms for s in arm.scores)),
        Column("seeds", shown=False),
        Column("in words", shown=False),
    )
    rows: list[list[Cell]] = []
    for arm in arms:
        r2 = arm.over_seeds(lambda score: score.softening.slopes.r2).value
        words = " | ".join(score.softening.verdict for score in arm.scores)
        inverse = arm.over_seeds(
            lambda score: score.softening.slopes.inverse_slope,
            lambda score: score.softening.slopes.inverse_slope_interval,
        )
        rows.append(
            [
                arm.potential,
                arm.state,
                arm.scale,
                None if r2 is None else 1 - r2,
                inverse,
                arm.over_seeds(lambda score: score.softening.robust_scale).value,
                arm.readings,
                max(len(score.softening.discounted_frames) for score in arm.scores),
                len(arm.scores),
                words,
            ]
        )
    caption = f"What noise explains, on “{test.name}” ({count(min(arm.frames for arm in arms), 'frame')})"
    return Table(name, caption, columns, rows, folded=True)


def _bins(name: str, findings: Findings, found: list[tuple[Arm, tuple[MagnitudeBin, ...]]], test: TestSet) -> Table:
    columns = (
        Column("potential", shown=len(findings.potentials) > 1),
        Column("state"),
        Column("force from", "eV/Å", decimals=2),
        Column("to", "eV/Å", decimals=2),
        Column("scale", decimals=3, interval=True),
        Column("atoms"),
    )
    rows: list[list[Cell]] = [
        [arm.potential, arm.state, one.low, one.high, Estimate(one.scale, one.scale_interval), one.atoms]
        for arm, bins in found
        for one in bins
    ]
    return Table(name, f"Scale by size of the reference force, on “{test.name}”", columns, rows, folded=True)
