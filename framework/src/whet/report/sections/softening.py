"""Softening: the scale before and after, and the parity of the forces."""

from __future__ import annotations

from whet.bias.softening_parts import softening_by_magnitude
from whet.report.drawing import GRAY, canvas, colors
from whet.report.parts import Cell, Picture, Section, Table, with_interval
from whet.study.plan import TestSet
from whet.study.results import Results, Score
from whet.study.study import Study

MOST_POINTS = 4000
"""Points of a parity plot; more say nothing and make the page heavy."""


def softening_section(study: Study, results: Results) -> Section | None:
    """Scale against labels for every independent set, parity before and after, the scale by size of the force."""
    pictures, tables = [], []
    for place, test in enumerate(t for t in results.plan.tests if t.kind == "independent"):
        scores = [score for score in results.scores if score.test == test]
        if not scores:
            continue
        pictures.append(_scales(f"scales-{place + 1}", scores, test))
        shown = [s for s in scores if not s.correction and (not s.member.step or s.member.last)]
        pictures.append(_parity(f"parity-{place + 1}", shown[:6], test))
        tables.append(_readings(f"softening-{place + 1}", scores, test))
        tables.append(_by_magnitude(f"magnitude-{place + 1}", shown, test))
    if not pictures:
        return None
    return Section(
        "Softening",
        [
            "The softening scale is the slope of predicted against reference force components, through the origin; below "
            "1 the potential is soft (Deng et al.). Noise looks like softness: an imperfect but unbiased predictor has a "
            "scale equal to its R². The inverse slope (reference on prediction) is 1 for such a predictor, so only where "
            "its interval lies above 1 is a potential called soft.",
        ],
        tables,
        pictures,
    )


def _scales(name: str, scores: list[Score], test: TestSet) -> Picture:
    figure, (left, right) = canvas(columns=2, height=0.9 + 0.24 * len(scores), sharey=True)
    palette = colors([score.member.strategy for score in scores])
    for row, score in enumerate(scores):
        slopes, forces = score.softening.slopes, score.errors.forces
        color = palette[score.member.strategy]
        marker = "D" if score.correction else "o"
        for axes, value, interval in (
            (left, slopes.scale, slopes.scale_interval),
            (right, forces.mae, forces.mae_interval),
        ):
            if interval is not None:
                axes.plot(interval, (row, row), color=color, lw=2, solid_capstyle="round")
            if value is not None:
                axes.plot(value, row, marker, color=color, ms=5)
        if slopes.r2 is not None:
            left.plot(slopes.r2, row, "|", color="k", ms=8)
    left.axvline(1, color=GRAY, lw=0.8, ls="--")
    left.set_yticks(range(len(scores)), [score.label for score in scores])
    left.invert_yaxis()
    left.set_xlabel("softening scale (bar: R²)")
    right.set_xlabel("force MAE (eV/Å)")
    right.set_xlim(left=0)
    return Picture(
        name,
        f"{test.name}: softening scale and force error of every potential, with 95 % intervals over frames.",
        figure,
    )


def _parity(name: str, scores: list[Score], test: TestSet) -> Picture:
    import numpy as np

    columns = min(3, len(scores))
    rows = -(-len(scores) // columns)
    figure, axes = canvas(columns=columns, rows=rows, width=2.5 * columns + 0.2, height=2.6)
    size = float(np.quantile(np.abs(scores[0].comparison.reference.forces), 0.999)) or 1.0
    for place, score in zip(axes, scores, strict=False):
        x = score.comparison.reference.forces.ravel()
        y = score.comparison.predicted.forces.ravel()
        if len(x) > MOST_POINTS:
            chosen = np.random.default_rng(0).choice(len(x), MOST_POINTS, replace=False)
            x, y = x[chosen], y[chosen]
        place.scatter(x, y, s=2, lw=0, alpha=0.35, color="#4c6a92", rasterized=True)
        line = np.array([-size, size])
        place.plot(line, line, color=GRAY, lw=0.8, ls="--")
        if (scale := score.softening.slopes.scale) is not None:
            place.plot(line, scale * line, color="#c8553d", lw=1)
        place.set(xlim=(-size, size), ylim=(-size, size), aspect="equal", title=score.label)
        place.set_xlabel("reference (eV/Å)")
        place.set_ylabel("predicted (eV/Å)")
    for spare in axes[len(scores) :]:
        spare.set_visible(False)
    return Picture(name, f"{test.name}: force components; dashed: perfect, red: the softening scale.", figure)


def _readings(name: str, scores: list[Score], test: TestSet) -> Table:
    rows: list[list[Cell]] = []
    for score in scores:
        slopes = score.softening.slopes
        short = None if slopes.scale is None else 1 - slopes.scale
        noise = None if slopes.r2 is None else 1 - slopes.r2
        rows.append(
            [
                score.label,
                with_interval(slopes.scale, slopes.scale_interval),
                short,
                noise,
                with_interval(slopes.inverse_slope, slopes.inverse_slope_interval),
                score.softening.reading,
                score.softening.verdict,
                len(score.softening.discounted_frames),
            ]
        )
    headings = (
        "potential",
        "scale [95 %]",
        "1 − scale",
        "1 − R² (noise)",
        "inverse slope [95 %]",
        "reading",
        "in words",
        "discounted frames",
    )
    return Table(name, f"How much of the softness noise explains: {test.name}", headings, rows)


def _by_magnitude(name: str, scores: list[Score], test: TestSet) -> Table:
    rows: list[list[Cell]] = []
    for score in scores:
        for found in softening_by_magnitude(score.comparison):
            scale = with_interval(found.scale, found.scale_interval)
            rows.append([score.label, f"{found.low:.2f} to {found.high:.2f}", scale, found.atoms])
    headings = ("potential", "reference force (eV/Å)", "scale [95 %]", "atoms")
    return Table(name, f"Softening scale by size of the reference force: {test.name}", headings, rows)
