"""The file of losses: a row an epoch, readable while it grows; what was cut off goes on; damage is read as nothing."""

from __future__ import annotations

import csv
from pathlib import Path

from whet.data.loss_file import LossFile, last_losses, said_losses


def test_a_row_an_epoch(tmp_path: Path) -> None:
    told = LossFile(path := tmp_path / "loss.csv")
    assert last_losses(tmp_path) == {}
    for epoch in (1, 2, 3):
        told(epoch, {"train_loss": 1 / epoch, "valid_loss": 2 / epoch})
        rows = list(csv.DictReader(path.open()))
        assert [row["epoch"] for row in rows] == [str(n) for n in range(1, epoch + 1)]
        assert list(rows[0]) == ["epoch", "time", "train_loss", "valid_loss"]
    assert said_losses(last_losses(tmp_path)) == "train loss 0.333, valid loss 0.667"


def test_a_training_that_begins_again_goes_on_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "loss.csv"
    first = LossFile(path)
    for epoch in (1, 2, 3):
        first(epoch, {"train_loss": 1.0})
    LossFile(path)(3, {"train_loss": 0.5, "valid_loss": 0.7})
    rows = list(csv.DictReader(path.open()))
    assert [(row["epoch"], row["train_loss"], row["valid_loss"]) for row in rows] == [
        ("1", "1", ""),
        ("2", "1", ""),
        ("3", "0.5", "0.7"),
    ]


def test_a_torn_or_foreign_file_is_nothing(tmp_path: Path) -> None:
    for text in ("", "epoch,time\n", "a,b\n1\n", "epoch,time,train_loss\n1,2,nan\n", "epoch,time,train_loss\n1,2,0.5"):
        (tmp_path / "loss.csv").write_text(text)
        assert last_losses(tmp_path) == {}
    LossFile(tmp_path / "none" / "loss.csv")(1, {"train_loss": 1.0})  # a folder that is gone costs only the rows
