"""training: what each fine-tuning did, in words that upstream's numbers bear out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis_inputs import fine_tuning, found, rows, study
from whet.analyses.training import LABELS, Training
from whet.contracts.component import Component, FileRef
from whet.contracts.loss import Loss
from whet.contracts.ref import Ref

STATE = Ref("main", "periodic", 3, 1, last=True)


def row(tmp_path: Path, **rest: Any) -> dict[str, Any]:
    (one,) = rows(found(Training, tmp_path, fine_tuning(STATE, {"O": 1.0, "H": 2.0}, **rest)), "fine-tuning")
    return one


def test_a_row_says_what_was_done(tmp_path: Path) -> None:
    one = row(tmp_path)
    assert one["potential"] == "periodic 3"
    assert (one["train"], one["valid"], one["epochs"], one["batch"]) == (8, 2, 3, 2)
    assert (one["learning rate"], one["method"]) == ("0.001", "full")
    assert one["elements aligned"] == "2 of 2"
    assert one["time"] == "61\N{NO-BREAK SPACE}s"
    assert one["labels in the loss"] == "energy, forces"


def test_what_is_not_known_stays_empty(tmp_path: Path) -> None:
    one = row(tmp_path, seconds=None, reference_energies={"shift": {}, "rank": 0, "residual": 0.0, "frames": 0})
    assert one["time"] is None
    assert one["seconds"] is None
    assert one["elements aligned"] == "none"


def test_a_committee_is_told(tmp_path: Path) -> None:
    assert row(tmp_path, members=4)["potential"] == "periodic 3, first of 4"


def test_replay_has_a_column_where_there_was_some(tmp_path: Path) -> None:
    def shown(frames: int) -> bool:
        findings = found(Training, tmp_path, fine_tuning(STATE, {}, applied={"replay_frames": frames}))
        (column,) = [one for one in findings.table("fine-tuning").columns if one.name == "replay frames"]
        return column.shown

    assert not shown(0)
    assert shown(5)


def test_losses_stand_by_epoch_and_each_potential_has_a_panel(tmp_path: Path) -> None:
    one = fine_tuning(STATE, {}, curves={"train_loss": [3.0, 2.0], "valid_loss": [4.0]})
    other = fine_tuning(replace(STATE, potential="other"), {}, curves={"train_loss": [0.5, -0.5]})
    findings = found(Training, tmp_path, one, other)
    losses = [(line["state"], line["of"], line["epoch"], line["loss"]) for line in rows(findings, "losses")]
    assert losses == [
        ("main periodic 3", "training", 1, 3.0),
        ("main periodic 3", "training", 2, 2.0),
        ("main periodic 3", "validation", 1, 4.0),
        ("other periodic 3", "training", 1, 0.5),
        ("other periodic 3", "training", 2, -0.5),
    ]
    (figure,) = findings.figures
    assert figure.spec is not None
    scales = [panel["encoding"]["y"]["scale"].get("type") for panel in figure.spec["concat"]]
    assert scales == ["log", None], "a loss below zero has no logarithm"


def test_without_curves_there_is_no_figure(tmp_path: Path) -> None:
    assert not found(Training, tmp_path, fine_tuning(STATE, {})).figures


def test_sizes_and_seeds_tell_fine_tunings_apart(tmp_path: Path) -> None:
    states = [replace(STATE, strategy="few", size=size, seed=seed) for size in (1, 10) for seed in (1, 2)]
    names = [
        one["potential"]
        for one in rows(found(Training, tmp_path, *(fine_tuning(s, {}) for s in states)), "fine-tuning")
    ]
    assert names == ["few, 1 frame, seed 1", "few, 1 frame, seed 2", "few, 10 frames, seed 1", "few, 10 frames, seed 2"]


def test_nothing_is_wanted_without_a_fine_tuning() -> None:
    assert Training(Training.Options()).wants(study()) == []


def loss(weights: tuple[float, float, float], errors: str = "squared", delta: float | None = None) -> dict[str, Any]:
    return {"loss": Loss(errors, dict(zip(LABELS, weights, strict=True)), delta).as_json()}


def terms(*shares: float, weights: tuple[float, float, float] = (1, 10, 0)) -> dict[str, Any]:
    each = zip(LABELS, weights, shares, strict=False)
    return {name: {"weight": weight, "mean": 1.0, "share": share} for name, weight, share in each}


def test_shares_of_the_loss_are_shown(tmp_path: Path) -> None:
    one = row(
        tmp_path, applied=loss((20, 1, 20)), loss_at_start=terms(0.15, 0.84, 0.01), stress="stress trained on: all 8"
    )
    assert one["loss at start"].replace("\N{NO-BREAK SPACE}", " ") == "energy 15 %, forces 84 %, stress 1.0 %"
    assert (one["criterion"], one["energy weight"], one["stress share"]) == ("squared errors", 20, 0.01)
    assert one["stress"] == "stress trained on: all 8"


def notes(tmp_path: Path, *tuned: Any) -> list[str]:
    return [note.replace("\N{NO-BREAK SPACE}", " ") for note in found(Training, tmp_path, *tuned).notes]


def test_a_label_with_hardly_a_share_is_told(tmp_path: Path) -> None:
    low = fine_tuning(STATE, {}, applied=loss((1, 10, 0)), loss_at_start=terms(0.002, 0.998))
    high = fine_tuning(replace(STATE, round=2), {}, applied=loss((20, 1, 0)), loss_at_start=terms(0.2, 0.8))
    (note,) = notes(tmp_path, low, high)
    assert note.startswith("main: before the first step energy has 0.2 % of the loss in 1 of 2 fine-tunings")
    assert "`weights.energy`" in note
    assert notes(tmp_path, high) == []


def test_a_label_without_a_weight_is_told(tmp_path: Path) -> None:
    one = fine_tuning(STATE, {}, applied=loss((20, 1, 0)), loss_at_start=terms(0.2, 0.8, 0.0))
    assert notes(tmp_path, one) == ["main: stress is labeled and has no weight in the loss."]


def test_why_stress_was_left_out_is_told(tmp_path: Path) -> None:
    one = fine_tuning(STATE, {}, stress="stress left out: 12 of 80 frames have none")
    assert notes(tmp_path, one) == ["main: stress left out: 12 of 80 frames have none."]


def test_different_losses_of_one_report_are_named(tmp_path: Path) -> None:
    squared = fine_tuning(STATE, {}, applied=loss((20, 1, 0)))
    huber = fine_tuning(replace(STATE, potential="mace"), {}, applied=loss((20, 1, 0), "Huber", 0.01))
    silent = fine_tuning(replace(STATE, potential="other"), {})
    (note,) = notes(tmp_path, squared, huber, silent)
    assert "the same weights do not mean the same. main: squared errors; mace: Huber, delta 0.01; other: " in note
    assert notes(tmp_path, squared, replace(squared, ref=replace(STATE, potential="mace"))) == []

    def shown(*tuned: Any) -> bool:
        columns = found(Training, tmp_path, *tuned).table("fine-tuning").columns
        return next(one.shown for one in columns if one.name == "criterion")

    assert shown(squared, huber)
    assert not shown(squared)


def test_a_first_round_that_strategies_share_counts_once(tmp_path: Path) -> None:
    """Planted: periodic 1 and naive 1 are one potential, of one checkpoint; periodic 2 is another."""
    made = [Component("potentials", "toy", files={"checkpoint": FileRef(digest, "w")}) for digest in ("a", "a", "b")]
    states = [replace(STATE, round=1), replace(STATE, strategy="naive", round=1), replace(STATE, round=2)]
    low: dict[str, Any] = {"applied": loss((1, 10, 0)), "loss_at_start": terms(0.002, 0.998)}
    tuned = [fine_tuning(state, {}, component=one, **low) for state, one in zip(states, made, strict=True)]
    shared, share = notes(tmp_path, *tuned)
    assert shared == "periodic 1 and naive 1 are one fine-tuning: their data are the same."
    assert "in 2 of 2 fine-tunings" in share
    assert len(rows(found(Training, tmp_path, *tuned), "fine-tuning")) == 3
