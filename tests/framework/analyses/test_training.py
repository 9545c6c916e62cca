"""training: what each fine-tuning did, in words that upstream's numbers bear out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from analysis_inputs import fine_tuning, found, rows, study
from whet.analyses.training import Training
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
