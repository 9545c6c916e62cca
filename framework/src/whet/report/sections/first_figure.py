"""The first figure: softening scale and force error of each arm, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet.contracts.findings import Estimate
from whet.data.numbers import count, shown, with_interval
from whet.report.arms import Arm
from whet.report.drawing import GRAY, Window, canvas, plain
from whet.report.findings import Findings
from whet.report.pictures import Picture
from whet.study.plan import TestSet

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def first_figure(findings: Findings, arms: list[Arm], test: TestSet) -> Picture:
    """One row for each arm; potentials set apart by a gap; what lies far outside is an arrow with its number."""
    figure, (left, right) = canvas(columns=2, width=6.0, height=1.0 + 0.29 * len(arms), sharey=True)
    rows, row = [], 0.0
    scales, errors = _window([arm.scale for arm in arms], arms, 1.0), _window([arm.mae for arm in arms], arms, 0.0)
    for place, arm in enumerate(arms):
        row += 0 if place == 0 else 1.6 if arm.potential != arms[place - 1].potential else 1
        rows.append(row)
        color = GRAY if not arm.strategy else findings.styles.color(arm.series)
        r2 = arm.over_seeds(lambda score: score.softening.slopes.r2).value
        if r2 is not None and not scales.beyond(r2):
            left.plot(r2, row, "|", color="k", ms=8)
        _draw(left, scales, arm, arm.scale, [score.softening.slopes.scale for score in arm.scores], row, color)
        _draw(right, errors, arm, arm.mae, [score.errors.forces.mae for score in arm.scores], row, color)
    left.axvline(1, color=GRAY, lw=0.8, ls="--")
    left.set_yticks(rows, [plain(findings.named(arm.potential, arm.state)) for arm in arms])
    left.invert_yaxis()
    left.set_xlim(scales.low, scales.high)
    left.set_xlabel("softening scale (tick: R²)")
    right.set_xlabel("force MAE (eV/Å)")
    right.set_xlim(0, errors.high)
    right.tick_params(left=False)
    seeds = any(len(arm.scores) > 1 for arm in arms)
    clipped = any(scales.beyond(arm.scale.value or 1) or errors.beyond(arm.mae.value or 0) for arm in arms)
    caption = (
        f"“{test.name}”, {count(min(arm.frames for arm in arms), 'frame')}; 95 % intervals over frames. Scale "
        f"1: not soft. "
        "A scale that reaches only the tick may be noise."
        + (" Small dots: seeds." if seeds else "")
        + (" Arrows: outside the figure." if clipped else "")
    )
    said = "; ".join(
        f"{arm.potential} {arm.state}: scale {with_interval(arm.scale, 3)}, force MAE {with_interval(arm.mae, 4)}"
        for arm in arms
    )
    return Picture("in-short", caption, figure, f"Softening scale and force error on {test.name}. {said}.")


def _window(found: list[Estimate], arms: list[Arm], ideal: float) -> Window:
    """Around the untouched potentials and the ideal."""
    anchors = [ideal] + [
        one.value for one, arm in zip(found, arms, strict=True) if arm.untouched and one.value is not None
    ]
    values = [value for one in found for value in (one.value, *(one.interval or ())) if value is not None]
    return Window.around(anchors, values, least=0.1 if ideal else 0.0)


def _draw(
    axes: Axes, window: Window, arm: Arm, found: Estimate, seeds: list[float | None], row: float, color: str
) -> None:
    if found.value is None:
        return
    beyond = window.beyond(found.value)
    if beyond:
        axes.plot(window.clipped(found.value), row, ">" if beyond > 0 else "<", color=color, ms=6, clip_on=False)
        inside = {"ha": "right", "xytext": (-6, 0)} if beyond > 0 else {"ha": "left", "xytext": (6, 0)}
        edge = (window.clipped(found.value), row)
        axes.annotate(
            shown(found.value, 2), edge, textcoords="offset points", va="center", fontsize=8.5, color=color, **inside
        )
        return
    if found.interval is not None:
        axes.plot(found.interval, (row, row), color=color, lw=2.2, solid_capstyle="round", alpha=0.6)
    axes.plot(found.value, row, "D" if arm.corrected else "o", color=color, ms=5, mfc="w" if arm.corrected else color)
    for value in seeds if len(seeds) > 1 else ():
        if value is not None and not window.beyond(value):
            axes.plot(value, row, ".", color=color, ms=3, alpha=0.6)
