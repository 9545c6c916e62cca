"""A full disk: one clear line, exit code 2, nothing half-written, and the same command goes on when there is room."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from whet.data import durable
from whet.data.errors import StoreError
from whet.study.study import Study


def test_a_write_is_all_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.json"
    durable.write_json(path, {"old": 1})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="the disk is full"):
        durable.write_json(path, {"new": 2})
    monkeypatch.undo()
    assert durable.read_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_real_full_disk(toy: None, study_file: Path, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 700_000)
    command = [sys.executable, "-m", "whet", "run", str(study_file), "--set", f"store={small_disk}/store"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 2, ended.stderr
    assert "the disk is full" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=60m", small_disk], check=True)
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert Study.load(study_file, [f"store={small_disk}/store"]).stored.complete
