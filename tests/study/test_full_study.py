"""The full study of the reference page has every key of the top level once, and `whet check` finds no fault in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import molecule
from ase.calculators.singlepoint import SinglePointCalculator

from whet.study.schema import StudyFile

FULL = Path(__file__).parents[2] / "docs" / "full-study.yaml"


def test_it_has_every_key_of_the_top_level_once() -> None:
    text = FULL.read_text(encoding="utf-8")
    keys = re.findall(r"(?m)^(\w+):", text)
    assert sorted(keys) == sorted(StudyFile.model_fields)
    assert all("#" in block for block in re.split(r"\n\n", text)), "each part of it has a comment"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The study with the files and the interpreter that it names."""
    (tmp_path / "study.yaml").write_text(FULL.read_text(encoding="utf-8"), encoding="utf-8")
    for number, name in enumerate(files_of(yaml.safe_load(FULL.read_text(encoding="utf-8")))):
        ase.io.write(tmp_path / name, labeled_methanol(number), format="extxyz")
    python = tmp_path / ".envs" / "apart" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return tmp_path


def files_of(study: dict[str, Any]) -> list[str]:
    """The files of frames that the study reads."""
    labeled = [entry["file"] for entry in {**study["data"], **study["tests"]}.values() if "file" in entry]
    return [*labeled, study["materials"]]


def labeled_methanol(seed: int) -> list[Atoms]:
    """Sixteen frames of four trajectories."""
    random = np.random.default_rng(seed)
    frames = []
    for trajectory in np.repeat(range(4), 4):
        frame = molecule("CH3OH", cell=[9.0] * 3, pbc=True, info={"trajectory": int(trajectory)})
        frame.positions += random.normal(scale=0.1, size=(len(frame), 3))
        frame.calc = SinglePointCalculator(
            frame, energy=-300 + random.normal(), forces=random.normal(size=(len(frame), 3))
        )
        frames.append(frame)
    return frames


def test_a_check_finds_no_fault(folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "whet", "check", "study.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "No fault found." in ended.stdout
    assert not list(folder.rglob("result.json")), "nothing was run"


def test_a_misspelled_key_of_it_is_found(folder: Path) -> None:
    study = folder / "study.yaml"
    study.write_text(study.read_text(encoding="utf-8").replace("valid_fraction", "valid_faction"), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "whet", "check", "study.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2 and "valid_faction" in ended.stderr
