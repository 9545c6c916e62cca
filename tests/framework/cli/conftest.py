"""The folder in which `whet label` and `whet labels` are tried."""

from __future__ import annotations

from pathlib import Path

import pytest

from labeled_argon import crystal, labeled
from whet import export_frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With structures, and with labels that somebody has."""
    export_frames(tmp_path / "structures.extxyz", [crystal(index) for index in range(6)])
    export_frames(tmp_path / "old.extxyz", [labeled(index) for index in range(6)])
    return tmp_path
