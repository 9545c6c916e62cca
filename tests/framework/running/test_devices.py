"""What is read while a run goes on, where somebody put a device or a pipe: nothing is there, nor waited for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from in_process import alarm
from whet.data.loss_file import NAME as LOSSES
from whet.data.loss_file import LossFile, last_losses
from whet.running.event_log import read_events
from whet.running.progress_file import NAME as PROGRESS
from whet.running.progress_file import read_progress


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("put", [zeros, os.mkfifo, Path.mkdir])
def test_no_file_no_news(tmp_path: Path, put) -> None:
    for name in (LOSSES, PROGRESS, "run.jsonl"):
        put(tmp_path / name)
    with alarm("reading", patience=5):
        assert last_losses(tmp_path) == {}
        assert read_progress(tmp_path) is None
        assert read_events(tmp_path / "run.jsonl") == []
        LossFile(tmp_path / LOSSES)(1, {"train_loss": 1.0})  # costs only the row
