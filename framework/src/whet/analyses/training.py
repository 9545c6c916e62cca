"""training: what each fine-tuning had and did, as the upstream package says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from whet.analyses.parts.loss_notes import criterion, loss_notes, share_text, shared, shares
from whet.analyses.parts.naming import state_names
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Figure, Findings, Table
from whet.contracts.ports import FineTuning, Port
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.numbers import duration

LABELS = ("energy", "forces", "stress")

COLUMNS = (
    Column("potential", description="The fine-tuning, by the state that it made."),
    Column("train", description="Number of training frames."),
    Column("valid", description="Number of validation frames."),
    Column("method", description="Which parameters were trained, and how."),
    Column("epochs", description="Number of epochs that ran."),
    Column("batch", description="Frames of one batch."),
    Column("learning rate", description="As the optimizer had it."),
    Column(
        "loss at start",
        description="Shares of energy, forces and stress in the loss on the training frames, before the first step.",
    ),
    Column("criterion", description="What the loss makes of errors; the weighted terms are means of it."),
    Column("replay frames", description="Frames of the foundation model's data that were trained on too."),
    Column("reference energies", description="Where they come from: isolated atoms, the foundation, or a fit."),
    Column("elements aligned", description="How many reference energies are determined, and of how many elements."),
    Column("time", description="How long it took."),
    Column("labels in the loss", description="Which labels it was trained on.", shown=False),
    *(Column(f"{name} weight", description="In the loss.", shown=False) for name in LABELS),
    *(Column(f"{name} share", description="Of the loss at start.", percent=True, shown=False) for name in LABELS),
    Column("stress", description="Why it was trained on stress or not, unless the study says.", shown=False),
    Column("trained parameters", description="Number of parameters with a gradient.", shown=False),
    Column("frozen parameters", description="Number of the others.", shown=False),
    Column("stopped early", description="Whether it ended before its last epoch.", shown=False),
    Column("seconds", description="How long it took; the unit is in its name.", shown=False),
)

LOSSES = (
    Column("potential", description="Its name in the study file."),
    Column("state", description="The fine-tuning, by the state that it made."),
    Column("strategy", description="How it was fine-tuned."),
    Column(
        "series", description="What its color stands for: the strategy, with the potential where there are several."
    ),
    Column("of", description="Training or validation."),
    Column("epoch", description="From 1."),
    Column("loss", description="Mean over batches, with the weights and the criterion of the fine-tuning."),
)


class Training(Analysis):
    """Every fine-tuning: labels, settings read back from upstream, time, curves."""

    name = "training"
    result_version = 4
    place = 80
    by_default = True
    inputs: ClassVar = {"fine-tunings": Port(FineTuning, what="every fine-tuning of the study")}

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        tuned = study.all(FineTuning)
        return [Wanted({"fine-tunings": tuned})] if tuned else []

    def run(self, work: Work) -> Findings:
        tuned = work.all("fine-tunings", FineTuning)
        if not tuned:
            return Findings("Fine-tuning", notes=["there is no fine-tuning"])
        names = state_names(one.ref for one in tuned)
        replayed = any(one.applied["replay_frames"] for one in tuned)
        apart = {"replay frames": replayed, "criterion": len({criterion(one) for one in tuned}) > 1}
        columns = [replace(one, shown=apart.get(one.name, one.shown)) for one in COLUMNS]
        rows, losses = [_row(one, names) for one in tuned], list(_losses(tuned, names))
        return Findings(
            "Fine-tuning",
            tables=(
                Table("fine-tuning", "Every fine-tuning", columns, rows, folded=len(rows) > 12),
                Table("losses", "Loss of each epoch", LOSSES, losses, shown=False),
            ),
            figures=(_curves(losses),) if losses else (),
            definition="Read back from what the upstream package did, not copied from the study file. Aligned "
            "elements: how many reference energies isolated atoms or the compositions determine; the others follow by "
            "minimum norm. "
            "Loss: weighted sum of means over energies per atom, force components and stress components; its shares "
            "are computed here alike for every backend, from the untouched potential's errors and the backend's own "
            "criterion and weights, without replay frames.",
            notes=[*_shared_notes(tuned, names), *_energy_notes(tuned, names), *loss_notes(tuned)],
        )


SOURCES = {"fit": "fitted", "atoms": "isolated atoms", "foundation": "the foundation's", "none": "none"}


def _source(one: FineTuning) -> str:
    energies = one.reference_energies
    return SOURCES[energies.get("source", "fit")] if energies["shift"] or "source" in energies else "none"


def _shared_notes(tuned: Sequence[FineTuning], names: Mapping[Ref, str]) -> Iterator[str]:
    """Rows that are one fine-tuning."""
    for one, others in shared(tuned):
        whose = [names[it.ref.state] for it in (one, *others)]
        yield f"{', '.join(whose[:-1])} and {whose[-1]} are one fine-tuning: their data are the same."


def _energy_notes(tuned: Sequence[FineTuning], names: Mapping[Ref, str]) -> Iterator[str]:
    """What is to be known of reference energies, those fine-tunings together of which the same is to be said."""
    said: dict[str, list[str]] = {}
    for one in tuned:
        energies, what = one.reference_energies, []
        if note := energies.get("note"):
            fitted = ": reference energies were fitted instead" if _source(one) == "fitted" else ""
            what.append(f"{note}{fitted}.")
        if energies["rank"] < len(energies["shift"]):
            elements = f"{len(energies['shift'])} reference energies ({', '.join(sorted(energies['shift']))})"
            what.append(
                f"The compositions determine {energies['rank']} of {elements}: energies at compositions that are no "
                "combination of theirs mean nothing, forces and stresses do. Isolated atoms would determine each "
                "(`fine_tune.reference_energies: atoms`)."
            )
        for sentence in what:
            said.setdefault(sentence, []).append(names[one.ref.state])
    for sentence, whose in said.items():
        more = f" and {len(whose) - 3} more" if len(whose) > 3 else ""
        yield f"{', '.join(whose[:3])}{more}: {sentence[0].lower()}{sentence[1:]}"


def _row(one: FineTuning, names: Mapping[Ref, str]) -> list[Cell]:
    applied, alignment = one.applied, one.reference_energies
    weights, share = (applied.get("loss") or {}).get("weights", {}), shares(one)
    return [
        names[one.ref.state] + (f", first of {one.members}" if one.members > 1 else ""),
        one.train,
        one.valid,
        applied["strategy"],
        applied["epochs"],
        applied["batch_size"],
        f"{applied['learning_rate']:.3g}",
        ", ".join(f"{name} {share_text(share[name])}" for name in LABELS if name in share) or None,
        criterion(one),
        applied["replay_frames"],
        _source(one),
        f"{alignment['rank']} of {len(alignment['shift'])}" if alignment["shift"] else "none",
        None if one.seconds is None else duration(one.seconds),
        ", ".join(applied["labels"]),
        *(weights.get(name) for name in LABELS),
        *(share.get(name) for name in LABELS),
        one.stress,
        applied["trainable_parameters"],
        applied["frozen_parameters"],
        "yes" if applied["stopped_early"] else "no",
        one.seconds,
    ]


def _losses(tuned: Sequence[FineTuning], names: Mapping[Ref, str]) -> list[list[Cell]]:
    several = len({one.ref.potential for one in tuned}) > 1
    return [
        [one.ref.potential, names[one.ref.state], one.ref.strategy, _series(one.ref, several), of, epoch, float(loss)]
        for one in tuned
        for of, curve in (("training", "train_loss"), ("validation", "valid_loss"))
        for epoch, loss in enumerate(one.curves.get(curve) or (), 1)
    ]


def _series(ref: Ref, several: bool) -> str:
    return f"{ref.potential} {ref.strategy}" if several else ref.strategy


def _curves(losses: Sequence[Sequence[Cell]]) -> Figure:
    """Training loss (full) and validation loss (dashed) by epoch, a panel for each potential: their losses differ."""
    panels = []
    for name in dict.fromkeys(row[0] for row in losses):
        own = [row[-1] for row in losses if row[0] == name]
        logarithmic = all(isinstance(loss, float) and loss > 0 for loss in own)
        scale = {"type": "log", "nice": False} if logarithmic else {"zero": False}
        panels.append(
            {
                "title": name,
                "transform": [{"filter": {"field": "potential", "equal": name}}],
                "mark": {"type": "line", "tooltip": {"content": "data"}},
                "encoding": {
                    "x": {"field": "epoch", "type": "quantitative"},
                    "y": {"field": "loss", "type": "quantitative", "scale": scale},
                    "color": {"field": "series", "type": "nominal", "sort": None, "title": None},
                    "strokeDash": {"field": "of", "type": "nominal", "sort": None, "title": None},
                    "detail": {"field": "state", "type": "nominal"},
                },
                "width": 280,
                "height": 180,
            }
        )
    caption = "Loss by epoch, one line for each fine-tuning."
    return Figure("curves", caption, caption, {"data": {"name": "losses"}, "concat": panels, "columns": 2})
