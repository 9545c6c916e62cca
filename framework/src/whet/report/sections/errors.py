"""Error tables: independent, what was forgotten, self-generated and crosswise."""

from __future__ import annotations

from whet.report.drawing import canvas, colors
from whet.report.parts import Cell, Picture, Section, Table, with_interval
from whet.study.plan import TestSet
from whet.study.results import Results, Score
from whet.study.study import Study

HEADINGS = (
    "potential",
    "scale [95 %]",
    "R²",
    "inverse slope [95 %]",
    "robust scale",
    "MAE F (eV/Å) [95 %]",
    "RMSE F (eV/Å)",
    "cMAE (eV/Å)",
    "MAE E (meV/atom)",
    "RMSE E (meV/atom)",
    "RMSE E fitted here (meV/atom)",
    "RMSE S (eV/Å³)",
    "frames",
    "left out",
)


def errors_section(study: Study, results: Results) -> Section | None:
    """One table a set."""
    tables = []
    for place, test in enumerate(t for t in results.plan.tests if t.kind != "self"):
        scores = [score for score in results.scores if score.test == test]
        if scores:
            what = (
                "What was forgotten: frames of the foundation model's training set"
                if test.kind == "replay"
                else "Errors"
            )
            tables.append(
                Table(f"errors-{place + 1}", f"{what}: {test.name}", HEADINGS, [_row(score) for score in scores])
            )
    if not tables:
        return None
    return Section(
        "Errors",
        [
            "Energies are compared as predicted; a fine-tuned potential answers on the energy scale of its labels, an "
            "untouched one on its own, which may be far away. “Fitted here” means after adding per-element reference "
            "energies fitted on these very frames, which flatters. Forces and stress need no such thing.",
        ],
        tables,
        notes=[
            "Intervals: percentile bootstrap over frames. Frames of one trajectory are alike, which makes them too narrow."
        ],
    )


def _row(score: Score) -> list[Cell]:
    slopes, found = score.softening.slopes, score.errors
    return [
        score.label,
        with_interval(slopes.scale, slopes.scale_interval),
        slopes.r2,
        with_interval(slopes.inverse_slope, slopes.inverse_slope_interval),
        score.softening.robust_scale,
        with_interval(found.forces.mae, found.forces.mae_interval),
        found.forces.rmse,
        slopes.cmae,
        found.energy_raw.mae,
        found.energy_raw.rmse,
        found.energy_fitted_here.rmse,
        None if found.stress is None else found.stress.rmse,
        found.frames,
        len(found.left_out),
    ]


def cross_section(study: Study, results: Results) -> Section | None:
    """Each potential on its own trajectory and on the others': force RMSE as a matrix, with the energies in the table."""
    own = [test for test in results.plan.tests if test.kind == "self" and test.of is not None]
    scores = {(s.member, s.test): s for s in results.scores if s.test.kind == "self"}
    members = [test.of for test in own if test.of is not None and (test.of, test) in scores]
    if len(members) < 2:
        return None
    tests = [test for test in own if test.of in members]
    names = [member.label for member in members]
    rows: list[list[Cell]] = []
    for member in members:
        values = [scores.get((member, test)) for test in tests]
        rows.append([member.label, *(None if s is None else s.errors.forces.rmse for s in values)])
    energies: list[list[Cell]] = []
    for member in members:
        values = [scores.get((member, test)) for test in tests]
        energies.append([member.label, *(None if s is None else _energy(s) for s in values)])
    counts: list[Cell] = ["frames", *(_frames(scores, test) for test in tests)]
    headings = ["potential ↓, trajectory of →", *names]
    return Section(
        "Own trajectories and cross evaluation",
        [
            "Every potential ran from the same structures; each is evaluated on its own trajectory (the diagonal) and on "
            "those of the others. A potential that is good only where it goes by itself fails off the diagonal."
        ],
        [
            Table("cross-forces", "RMSE of the forces, eV/Å", headings, [*rows, counts]),
            Table(
                "cross-energies",
                "RMSE of the energy, meV/atom (untouched potentials: with the reference energies of the first fine-tuning)",
                headings,
                [*energies, counts],
            ),
        ],
        [_matrix(names, rows)],
    )


def _energy(score: Score) -> float:
    given = score.errors.energy_given
    return (score.errors.energy_raw if given is None else given).rmse


def _frames(scores: dict, test: TestSet) -> int:
    return next((s.errors.frames for (_, other), s in scores.items() if other == test), 0)


def _matrix(names: list[str], rows: list[list[Cell]]) -> Picture:
    import numpy as np

    values = np.array([[np.nan if cell is None else float(cell) for cell in row[1:]] for row in rows])
    figure, (axes,) = canvas(width=5.6, height=0.9 + 0.5 * len(names))
    axes.imshow(values, cmap="YlOrBr", vmin=0, aspect="auto")
    for i in range(len(rows)):
        for j in range(values.shape[1]):
            dark = values[i, j] > 0.65 * np.nanmax(values)
            axes.text(j, i, f"{values[i, j]:.3f}", ha="center", va="center", fontsize=8, color="w" if dark else "k")
    axes.set_xticks(range(len(names)), names, rotation=20, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("frames from the trajectory of")
    axes.set_ylabel("evaluated with")
    return Picture("cross", "RMSE of the forces (eV/Å): rows evaluate, columns sampled.", figure)


def learning_section(study: Study, results: Results) -> Section | None:
    """What each fine-tuning had and did: labels, settings read back from upstream, seconds, curves."""
    tuned = [member for member in results.plan.members if member.step and results.training(member)]
    if not tuned:
        return None
    rows: list[list[Cell]] = []
    figure, (axes,) = canvas(width=6.4, height=2.8)
    palette = colors([member.strategy for member in tuned])
    drawn = False
    for member in tuned:
        found = results.training(member)
        applied, alignment = found["applied"], found["reference_energies"]
        seconds = study.store.result(member.step).provenance.get("seconds")
        rows.append(
            [
                member.label,
                found["train"],
                found["valid"],
                applied["strategy"],
                applied["epochs"],
                applied["batch_size"],
                applied["learning_rate"],
                ", ".join(applied["labels"]),
                applied["trainable_parameters"],
                applied["replay_frames"],
                f"{alignment['rank']} of {len(alignment['shift'])}" if alignment["shift"] else "none",
                seconds,
            ]
        )
        if curve := found["curves"].get("train_loss"):
            drawn = True
            axes.plot(range(1, len(curve) + 1), curve, color=palette[member.strategy], lw=1, label=member.label)
    axes.set_xlabel("epoch")
    axes.set_ylabel("training loss")
    if drawn and min(min(results.training(m)["curves"].get("train_loss") or [1]) for m in tuned) > 0:
        axes.set_yscale("log")
    if len(tuned) <= 8:
        axes.legend(fontsize=7, frameon=False)
    headings = (
        "potential",
        "train",
        "valid",
        "strategy",
        "epochs",
        "batch",
        "learning rate",
        "labels in the loss",
        "trained parameters",
        "replay frames",
        "rank of reference energies",
        "seconds",
    )
    return Section(
        "Fine-tuning and its cost",
        [
            "Read back from what the upstream package did, not copied from the study file. “Rank” says how many elements' "
            "reference energies the compositions determine; the others follow by minimum norm."
        ],
        [Table("fine-tuning", "Every fine-tuning", headings, rows)],
        [Picture("curves", "Training loss by epoch.", figure)] if drawn else [],
    )
