"""Argon with labels that somebody has, to be labeled, imported and exported."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import Labels

PBE = ("--theory", "PBE", "--units", "eV,Å")


def crystal(index: int) -> Atoms:
    atoms = bulk("Ar", "fcc", a=5.2, cubic=True)
    atoms.positions += np.random.default_rng(index).normal(scale=0.1, size=(4, 3))
    return atoms


def labeled(index: int) -> Atoms:
    random = np.random.default_rng(index)
    return Labels(-1.0 - index / 100, random.normal(size=(4, 3)), np.eye(3) / 100).attach(crystal(index))


def bought(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """A file that gets a line for each label that the toy labeler computes."""
    path = folder / "bought.txt"
    path.touch()
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(path))
    return path


def read_all(path: Path) -> list[Atoms]:
    """What ASE reads."""
    found = ase.io.read(path, index=":")
    assert isinstance(found, list)
    return found
