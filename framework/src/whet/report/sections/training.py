"""Fine-tuning: what each one had and did, as the upstream package says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet.data.numbers import duration
from whet.report.drawing import Styles, canvas, hide, legend_below, titled
from whet.report.findings import Findings
from whet.report.parts import Section
from whet.report.pictures import Picture
from whet.report.tables import Cell, Column, Table
from whet.study.plan import Member

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = (
    Column("potential"),
    Column("train"),
    Column("valid"),
    Column("method"),
    Column("epochs"),
    Column("batch"),
    Column("learning rate"),
    Column("replay frames"),
    Column("elements aligned"),
    Column("time"),
    Column("labels in the loss", shown=False),
    Column("trained parameters", shown=False),
    Column("frozen parameters", shown=False),
    Column("stopped early", shown=False),
    Column("seconds", shown=False),
)


def training_section(findings: Findings) -> Section | None:
    """Labels, settings read back from upstream, time, curves."""
    tuned = [member for member in findings.results.plan.members if member.step and findings.results.training(member)]
    if not tuned:
        return None
    text = (
        "Read back from what the upstream package did, not copied from the study file. Aligned elements: how "
        "many reference "
        "energies the compositions determine; the others follow by minimum norm."
    )
    columns = [
        Column(c.heading, shown=False) if c.heading == "replay frames" and not _replayed(findings, tuned) else c
        for c in COLUMNS
    ]
    table = Table("fine-tuning", "Every fine-tuning", columns, [_row(findings, one) for one in tuned], len(tuned) > 12)
    return Section("Fine-tuning", [text], _curves(findings, tuned), [table])


def _replayed(findings: Findings, tuned: list[Member]) -> bool:
    return any(findings.results.training(member)["applied"]["replay_frames"] for member in tuned)


def _row(findings: Findings, member: Member) -> list[Cell]:
    found = findings.results.training(member)
    applied, alignment = found["applied"], found["reference_energies"]
    seconds = findings.study.store.result(member.trained[0]).provenance.get("seconds")
    known = isinstance(seconds, int | float)
    return [
        findings.shown_member(member) + (f", first of {len(member.trained)}" if len(member.trained) > 1 else ""),
        found["train"],
        found["valid"],
        applied["strategy"],
        applied["epochs"],
        applied["batch_size"],
        f"{applied['learning_rate']:.3g}",
        applied["replay_frames"],
        f"{alignment['rank']} of {len(alignment['shift'])}" if alignment["shift"] else "none",
        duration(seconds) if known else None,
        ", ".join(applied["labels"]),
        applied["trainable_parameters"],
        applied["frozen_parameters"],
        "yes" if applied["stopped_early"] else "no",
        seconds if known else None,
    ]


def _curves(findings: Findings, tuned: list[Member]) -> list[Picture]:
    """Training loss (full) and validation loss (faint) by epoch, a panel for each potential: their losses differ."""
    curves = {member: findings.results.training(member)["curves"] for member in tuned}
    names = [name for name in findings.potentials if any(m.potential == name and _losses(curves[m]) for m in tuned)]
    if not names:
        return []
    columns = min(len(names), 3)
    figure, axes = canvas(columns, -(-len(names) // columns), width=3.4 + 2.0 * (columns - 1), height=2.5)
    for one, name in zip(axes, names, strict=False):
        lowest = []
        # Each potential has a panel of its own, so colors are free to tell its strategies apart.
        styles = Styles([series for series in findings.series if series[0] == name])
        for member in (member for member in tuned if member.potential == name):
            for key, alpha, style in (("train_loss", 0.9, "-"), ("valid_loss", 0.45, "--")):
                curve = curves[member].get(key) or []
                lowest += curve
                label = f"{member.strategy}, {'training' if style == '-' else 'validation'}"
                color = styles.color((name, member.strategy))
                epochs = range(1, len(curve) + 1)
                one.plot(epochs, curve, color=color, lw=1, alpha=alpha, ls=style, label=label if curve else "")
        titled(one, name)
        one.set_xlabel("epoch")
        one.set_ylabel("loss" if one is axes[0] else "")
        if lowest and min(lowest) > 0:
            _logarithmic(one)
    hide(axes[len(names) :])
    legend_below(figure, axes[: len(names)], 2)
    caption = "Loss by epoch, one line for each fine-tuning."
    return [Picture("curves", caption, figure, caption)]


def _logarithmic(axes: Axes) -> None:
    """A logarithmic axis whose labels do not crowd."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _losses(curves: dict) -> bool:
    return bool(curves.get("train_loss") or curves.get("valid_loss"))
