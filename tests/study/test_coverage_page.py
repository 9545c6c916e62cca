"""docs/how-to/coverage.md does what it says, with a toy study in the place of the reader's."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

from in_process import whet
from whet import Study
from whet.plugins.registry import registry

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "coverage.md").read_text(encoding="utf-8")
FIRST, AGAINST = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SHELL, FILES = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

pytestmark = pytest.mark.skipif("soap" not in registry().names("descriptors"), reason="whet-soap is not installed")


def test_trajectories_are_followed(
    toy: None, study_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(study_file.parent)
    study = yaml.safe_load(study_file.read_text()) | yaml.safe_load(FIRST)
    study["strategies"] = {"naive": 2}
    study_file.write_text(yaml.safe_dump(study))
    run, analyze = SHELL.strip().splitlines()
    whet(*run.split()[1:])
    said = whet(*analyze.split()[1:]).stdout
    assert "Coverage through time" in said and "undecided: 1 trajectory" in said
    assert "unlike the training data, not unphysical" in said
    exec(compile(PYTHON, "coverage.md", "exec"), {})
    assert re.search(r"^(independent|own trajectory of .*) 1 \d+\.0 fs ", capsys.readouterr().out, re.MULTILINE)


def test_files_are_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, edge in enumerate((5.4, 5.5, 5.0)):
        frames = [bulk("Ar", "fcc", edge, cubic=True) for _ in range(6)]
        for seed, frame in enumerate(frames):
            frame.rattle(0.05, seed=10 * number + seed)
        write(f"run{number}.extxyz", frames)
    said = whet(*FILES.split()[1:]).stdout
    assert "undecided: 1 trajectory" in said and "unlike the training data, not unphysical" in said
    assert re.search(r"known +new +1 +\d +\d+ +\d +Ar", said), "set, trajectory, frame, time, and atom of the worst"
    assert "Coverage through time" in Path("page/index.html").read_text(encoding="utf-8")


def write_argon(path: str, seed: int, edge: float) -> None:
    """Five groups of four labeled frames, with a lattice constant of their own."""
    random = np.random.default_rng(seed)
    edges, frames = edge * (1 + 0.01 * random.normal(size=5)), []
    for number in range(20):
        cell = bulk("Ar", "fcc", edges[number // 4], cubic=True)
        cell.rattle(0.05, seed=100 * seed + number)
        cell.info["run"] = number // 4
        cell.calc = SinglePointCalculator(cell, energy=0.01 * number, forces=random.normal(0, 0.1, (4, 3)))
        frames.append(cell)
    write(path, frames)


def test_a_set_takes_the_place_of_training_data(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_argon("known.extxyz", 1, 5.4)
    write_argon("new.extxyz", 2, 4.8)
    Path("study.yaml").write_text(f"name: files\npotentials: {{main: toy}}\n{AGAINST}")
    whet("run", "study.yaml")
    tables = Study.load("study.yaml").stored.tables("coverage-in-time")
    (row,) = tables["outside"].to_dict("records")
    assert (row["training data"], row["set"], row["trajectories"]) == ("known", "new", 5)
    assert row["outside?"].startswith("yes") and row["beyond mean + 2σ"] > 0.9
    assert set(tables["q-in-time"]["time"]) == {None}, "frames of a file have no times"
