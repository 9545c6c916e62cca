"""Files that Whet writes: every command reads them under any name, with their constraints and no labels of before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixScaled

from file_cases import said
from in_process import whet
from labeled_argon import crystal
from whet import FrameError, Labels, export_frames, read_frames, read_labeled, read_structures, write_frames

ALONG_AXES: dict[str, Callable[[], Atoms]] = {
    "T T F": lambda: bulk("NaCl", "rocksalt", a=5.6, cubic=True),
    "a slab": lambda: bulk("Cu", "fcc", a=3.6, orthorhombic=True),
    "a hexagonal layer, along its axis": lambda: bulk("Mg", "hcp", a=3.2, c=5.2),
}


@pytest.mark.parametrize("name", ALONG_AXES)
@pytest.mark.parametrize("suffix", ["extxyz", "frames", "traj"])
def test_scaled_constraints_of_a_poscar_survive(tmp_path: Path, name: str, suffix: str) -> None:
    atoms = ALONG_AXES[name]()
    atoms.set_constraint(FixScaled([0], [False, False, True]))
    ase.io.write(tmp_path / "POSCAR", atoms, format="vasp", direct=True)
    assert "T   T   F" in (tmp_path / "POSCAR").read_text()
    whet("frames", "convert", "POSCAR", f"a.{suffix}", folder=tmp_path)
    (back,) = read_structures(tmp_path / f"a.{suffix}")
    before = back.positions.copy()
    back.set_positions(before + 0.1)  # what a constraint does to a step
    moved = back.positions - before
    np.testing.assert_allclose(moved[0], [0.1, 0.1, 0.0], atol=1e-9)
    np.testing.assert_allclose(moved[1:], 0.1, atol=1e-9)


def test_constraints_that_extended_xyz_cannot_hold_are_refused(tmp_path: Path) -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.set_constraint(FixScaled([0], [False, False, True]))
    with pytest.raises(FrameError, match="the constraint FixScaled has no place in extended XYZ"):
        export_frames(tmp_path / "a.extxyz", [atoms])
    export_frames(tmp_path / "a.frames", [atoms])
    (back,) = read_frames(tmp_path / "a.frames")
    assert isinstance(back.constraints[0], FixScaled)


NAMES = ["a@1.extxyz", "a@0:1.traj", "a b.extxyz", "$HOME.extxyz", "[a].extxyz", "-a.extxyz", "ä.traj", "a@.frames"]


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("name", NAMES)
def test_a_name_means_the_file_that_is_called_so(tmp_path: Path, name: str) -> None:
    argon = crystal(3)
    labeled = Labels(-1.0, np.random.default_rng(1).normal(size=(4, 3)), np.eye(3) / 100)
    export_frames(tmp_path / name, [labeled.attach(argon)] * 3)
    other = labeled.attach(Atoms("Kr4", positions=argon.positions, cell=argon.cell, pbc=True))
    for wrong in ("a.extxyz", "a.traj", "a.frames"):
        export_frames(tmp_path / wrong, [other])
    path = f"./{name}"
    shown = json.loads(whet("frames", "show", path, "--json", folder=tmp_path).stdout)
    assert (shown["frames"], shown["formulas"]) == (3, {"Ar4": 3})
    scores = json.loads(whet("evaluate", path, "--potential", "toy", "--json", folder=tmp_path).stdout)
    assert scores[0]["frames"] == 3
    said(tmp_path, "check", f"'{path}'", code=0)
    assert "3" in said(tmp_path, "import", path, code=0).stdout


SUFFIXES = ["extxyz", "xyz.gz", "frames", "traj", "db", "json", "deepmd"]
WITHOUT_LABELS = ["lammpstrj", "dump.gz", "data", "lmp", "cif", "pdb", "xsf"]


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("suffix", [*SUFFIXES, *WITHOUT_LABELS])
def test_whatever_whet_writes_every_command_reads(tmp_path: Path, suffix: str) -> None:
    argon = crystal(3)
    labels = Labels(-1.0, np.random.default_rng(1).normal(size=(4, 3)), np.eye(3) / 100)
    export_frames(tmp_path / "a.frames", [labels.attach(argon)])
    file = f"b.{suffix}"
    whet("frames", "convert", "a.frames", file, folder=tmp_path)
    for command in ("show", "label", "check structures"):
        said(tmp_path, command, file, code=0)
    for command in ("evaluate", "import", "check", "run"):
        ended = said(tmp_path, command, file, code=0 if suffix in SUFFIXES else 2)
        if suffix in WITHOUT_LABELS:
            assert re.search("no labels|no energy|labels are left out", ended.stdout + ended.stderr)
    if suffix != "frames":
        whet("frames", "convert", file, "c.frames", folder=tmp_path)
        assert len(read_frames(tmp_path / "c.frames")) == 1


OLD: dict[str, dict[str, Any]] = {
    "REF_": {"REF_energy": -215.015, "REF_forces": np.ones((4, 3)), "REF_stress": np.eye(3).ravel()},
    "dft_": {"dft_energy": -215.015, "dft_force": np.ones((4, 3)), "dft_virial": np.eye(3).ravel()},
    "none": {"energy": -215.015, "forces": np.ones((4, 3)), "stress": np.eye(3).ravel()},
    "energy alone": {"REF_energy": -215.015},
    "forces alone": {"DFT_forces": np.ones((4, 3))},
}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("suffix", ["extxyz", "traj", "frames"])
@pytest.mark.parametrize("name", OLD)
def test_new_labels_stand_alone(tmp_path: Path, name: str, suffix: str) -> None:
    """Of old labels in the structures' file nothing arrives in what is written, by whatever way it goes out."""
    argon = crystal(3)
    for key, value in OLD[name].items():
        (argon.arrays if np.shape(value) == (4, 3) else argon.info)[key] = value
    write_frames(tmp_path / "a.frames", [argon])
    whet("label", "a.frames", "-l", "toy", "--out", f"b.{suffix}", folder=tmp_path)
    whet("labels", "export", "toy-hard", f"c.{suffix}", folder=tmp_path)
    if suffix == "extxyz":
        whet("labels", "export", "toy-hard", "d.extxyz", "--prefix", "REF_", folder=tmp_path)
    energies = set()
    for path in tmp_path.glob(f"[bcd].{suffix}"):
        (frame,) = read_labeled(path)
        assert not {*frame.info, *frame.arrays} & set(OLD[name])
        energies.add(round(Labels.of(frame).energy, 6))
    assert len(energies) == 1 and -215.015 not in energies
    if suffix == "extxyz":
        argued = ("evaluate", "b.extxyz", "--potential", "toy:hard", "--json")
        (score,) = json.loads(whet(*argued, folder=tmp_path).stdout)
        assert score["forces"]["mae"] < 1e-6
