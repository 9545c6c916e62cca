"""The page for those who have only a file: its commands and its Python, with the toy in the place of CHGNet."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase.build import bulk

import whet
from in_process import whet as program

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "a-labeled-file.md"


def of_toy(text: str) -> str:
    return text.replace("chgnet", "toy").replace("tblite", "toy")


def blocks(kind: str) -> list[str]:
    return [of_toy(one) for one in re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.DOTALL)]


@pytest.fixture
def folder(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the reader has: a labeled file, one with unusual names, a structure."""
    hard, frames = whet.load("toy:hard"), []
    for seed in range(10):
        atoms = bulk("Ar", "fcc", a=4.6, cubic=True)
        atoms.positions += np.random.default_rng(seed).normal(scale=0.2, size=(len(atoms), 3))
        (labels,) = hard.evaluate([atoms])
        frames.append(labels.attach(atoms))
    whet.export_frames(tmp_path / "frames.extxyz", frames)
    text = (tmp_path / "frames.extxyz").read_text()
    (tmp_path / "odd.extxyz").write_text(text.replace(" energy=", " E_tot=").replace(":forces:R", ":F_tot:R"))
    ase.io.write(tmp_path / "structure.cif", bulk("Ar", "fcc", a=4.6, cubic=True))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_of_the_page_runs(folder: Path) -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 7
    for command in commands:
        name, *arguments = shlex.split(command)
        assert name == "whet"
        program(*arguments)
    (frame, *_) = ase.io.iread("predicted.extxyz")
    assert {"toy_energy", "toy_stress"} <= frame.info.keys()
    assert "toy_forces" in frame.arrays
    assert (folder / "tuned" / "study.yaml").is_file()


def test_the_python_of_the_page_runs(folder: Path) -> None:
    (block,) = blocks("python")
    names: dict[str, object] = {}
    exec(compile(block, str(PAGE), "exec"), names)
    found, tuned = names["found"], names["tuned"]
    assert isinstance(found, whet.Evaluation) and isinstance(tuned, whet.FineTunedFile)
    assert list(found.table()["potential"]) == ["toy"]
    assert found.table()["forces.mae"][0] == found[0]["forces"]["mae"]
    assert tuned.before is not None and tuned.after is not None
    assert tuned.after["forces"]["mae"] < tuned.before["forces"]["mae"]
    (frame,) = names["frames"][:1]  # pyright: ignore[reportIndexIssue]
    assert np.isfinite(frame.get_potential_energy())
