"""Learning curves: softness and error against the number of labels, untouched at the left end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from whet.contracts.findings import Estimate
from whet.data.numbers import count
from whet.report.arms import Arm, Series
from whet.report.drawing import GRAY, Window, canvas, legend_below, plain, titled
from whet.report.findings import Findings
from whet.report.parts import Section, slug
from whet.report.pictures import Picture
from whet.report.tables import Cell, Column, Table
from whet.study.plan import TestSet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_TICKS = 6


def learning_section(findings: Findings) -> Section | None:
    """One figure and one table for each test set on which a strategy has at least two sizes."""
    pictures, tables = [], []
    for place, test in enumerate(findings.tests, 1):
        arms = findings.arms(test)
        tuned: dict[Series, list[Arm]] = {}
        for arm in arms:
            if arm.strategy and _mean_labels(arm) > 0:
                tuned.setdefault(arm.series, []).append(arm)
        if not any(len(found) > 1 for found in tuned.values()):
            continue
        name = f"{place}-{slug(test.name)}".rstrip("-")
        pictures.append(_figure(f"learning-{name}", findings, test, arms, tuned))
        tables.append(_table(f"learning-{name}", test, arms))
    if not pictures:
        return None
    text = [
        "Labels count training and validation frames. Bars: 95 % intervals over frames. An open diamond is the "
        "untouched "
        "potential with one scale factor, from one labeled frame."
        + (" Lines join means over seeds, small dots are single seeds." if _several(findings) else "")
    ]
    return Section("Learning curves", text, pictures, tables)


def _several(findings: Findings) -> bool:
    return any(member.one_of_several for member in findings.results.plan.members)


def softness(found: Estimate) -> Estimate:
    """|1 − scale| with the interval that it takes over from the scale: down to 0 where that covers 1."""
    if found.value is None:
        return found
    interval = None
    if found.interval is not None:
        ends = [abs(1 - end) for end in found.interval]
        covers = found.interval[0] <= 1 <= found.interval[1]
        interval = (0.0 if covers else min(ends), max(ends))
    return Estimate(abs(1 - found.value), interval, found.spread, found.seeds)


def _r2(arm: Arm) -> Estimate:
    return arm.over_seeds(lambda score: score.softening.slopes.r2)


def _mean_labels(arm: Arm) -> float:
    return sum(arm.labels) / len(arm.labels)


PANELS: Sequence[tuple[str, Callable[[Arm], Estimate], float]] = (
    ("|1 − scale|", lambda arm: softness(arm.scale), 0.0),
    ("R²", _r2, 1.0),
    ("force MAE (eV/Å)", lambda arm: arm.mae, 0.0),
)
"""Title, value, and where a perfect potential is."""


def _figure(name: str, findings: Findings, test: TestSet, arms: list[Arm], tuned: dict[Series, list[Arm]]) -> Picture:
    sizes = sorted({_mean_labels(arm) for found in tuned.values() for arm in found})
    low, high = math.log10(sizes[0]), math.log10(sizes[-1])
    step = max(0.22 * (high - low), 0.12)
    zero, once = low - 2 * step, low - step
    figure, axes = canvas(columns=3, width=7.6, height=2.9)
    outside = False
    for one, (title, value, ideal) in zip(axes, PANELS, strict=True):
        window = _window(arms, value, ideal)
        for series, found in tuned.items():
            color = findings.styles.color(series)
            start = [arm for arm in arms if arm.untouched and arm.potential == series[0]]
            drawn = [(zero, arm) for arm in start] + [(math.log10(_mean_labels(arm)), arm) for arm in found]
            points = [(x, window.clipped(made.value)) for x, arm in drawn if (made := value(arm)).value is not None]
            one.plot(
                [x for x, _ in points],
                [y for _, y in points],
                marker=findings.styles.marker(series),
                ls=findings.styles.dash(series),
                color=color,
                ms=4.5,
                lw=1.3,
                label=plain(findings.styles.label(series)),
            )
            for x, arm in drawn:
                _uncertainty(one, x, arm, value, color)
                if (height := value(arm).value) is not None and window.beyond(height):
                    _outside(one, x, height, window, color)
        for arm in (arm for arm in arms if arm.corrected):
            color = findings.styles.color((arm.potential, "")) if len(findings.potentials) > 1 else GRAY
            if (height := value(arm).value) is not None:
                one.plot(once, height, "D", color=color, mfc="w", ms=5)
            _uncertainty(one, once, arm, value, color)
        one.axvline((once + low) / 2, color=GRAY, lw=0.7, ls=":")
        titled(one, title)
        one.set_xlabel("labels")
        chosen = _ticks(sizes)
        one.set_xticks(
            [zero, once, *(math.log10(size) for size in chosen)], ["0", "scale\nonly", *(f"{s:.3g}" for s in chosen)]
        )
        one.set_ylim(*((0, window.high) if ideal == 0 else (window.low, 1 + 0.04 * (1 - window.low))))
        outside |= any(window.beyond(value(arm).value or ideal) for arm in arms)
    legend_below(figure, axes)
    caption = f"“{test.name}” ({count(min(arm.frames for arm in arms), 'frame')}" + (
        ", of the foundation model's training set): what was forgotten." if test.kind == "replay" else ")."
    )
    if outside:
        caption += " Arrows: outside the figure; the table has the number."
    text = f"Softness, R² and force error on {test.name} against the number of labels; the table has the numbers."
    return Picture(name, caption, figure, text)


def _outside(axes: Axes, x: float, height: float, window: Window, color: str) -> None:
    """An arrow at the edge."""
    marker = "^" if window.beyond(height) > 0 else "v"
    axes.plot(x, window.clipped(height), marker, color=color, ms=8, clip_on=False)


def _window(arms: list[Arm], value: Callable[[Arm], Estimate], ideal: float) -> Window:
    """Around the untouched potentials and the ideal."""
    found = {arm: value(arm) for arm in arms}
    anchors = [one.value for arm, one in found.items() if arm.untouched and one.value is not None]
    values = [end for one in found.values() for end in (one.value, *(one.interval or ())) if end is not None]
    return Window.around([ideal, *anchors], values, least=1.0 if ideal else 0.0)


def _ticks(sizes: list[float]) -> list[float]:
    """Few enough sizes, far enough apart on the logarithmic axis, to be readable as labels."""
    room = max(math.log10(sizes[-1] / sizes[0]) / MOST_TICKS, 1e-9)
    chosen = [sizes[0]]
    for size in sizes[1:]:
        if math.log10(size / chosen[-1]) >= room:
            chosen.append(size)
    return chosen


def _uncertainty(axes: Axes, x: float, arm: Arm, value: Callable[[Arm], Estimate], color: str) -> None:
    """The interval as a bar; single seeds as dots."""
    found = value(arm)
    if found.interval is not None:
        axes.plot((x, x), found.interval, color=color, lw=2.2, alpha=0.35, solid_capstyle="round")
    if len(arm.scores) > 1:
        for score in arm.scores:
            one = value(Arm(arm.potential, arm.strategy, arm.state, (score,), arm.labels[:1]))
            if one.value is not None:
                axes.plot(x, one.value, ".", color=color, ms=3, alpha=0.7)


def _table(name: str, test: TestSet, arms: list[Arm]) -> Table:
    columns = (
        Column("potential"),
        Column("state"),
        Column("labels"),
        Column("|1 − scale|", decimals=3, interval=True, spread=True),
        Column("R²", decimals=3, spread=True, brief=True),
        Column("MAE F", "eV/Å", interval=True, spread=True),
        Column("seeds"),
    )
    rows: list[list[Cell]] = [
        [
            arm.potential,
            arm.state,
            int(_mean_labels(arm)) if _mean_labels(arm).is_integer() else _mean_labels(arm),
            softness(arm.scale),
            _r2(arm),
            arm.mae,
            len(arm.scores),
        ]
        for arm in arms
    ]
    return Table(name, f"The numbers of the figure: “{test.name}”", columns, rows, folded=True)
