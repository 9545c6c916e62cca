"""whet labels list, show and export: what is there, and that other programs read what comes out."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from in_process import whet
from labeled_argon import PBE, labeled, read_all
from whet import FrameLog, Labels, export_frames, isolated_atom, read_labeled


def test_what_is_imported_is_listed_shown_and_exported(folder: Path) -> None:
    said = whet("labels", "import", "old.extxyz", *PBE, "--code", "VASP", "--u", "Ar=4", folder=folder).stdout
    assert max(map(len, said.splitlines()[:-1])) <= 80
    assert re.search(r"(?m)^imported +6 +6 with stress", said)
    assert "labels under energy, forces, stress: 6 frames" in said
    text = whet("labels", "list", folder=folder).stdout
    assert max(map(len, text.splitlines())) <= 80
    name = r"PBE\+U\(Ar 4\) \(VASP\)"
    assert re.search(rf"(?m)^([0-9a-f]{{8}})  {name} +6 +6 +0  Ar\s*$", text)
    text = whet("labels", "show", text.splitlines()[1].split()[0], folder=folder).stdout
    assert max(map(len, text.splitlines())) <= 80
    for line in (r'hubbard_u +\{"Ar": 4.0\}', "number +6, 6 with stress", "energy +-0.2625 to -0.2500 eV per atom"):
        assert re.search(rf"(?m)^{line}\s*$", text), line
    (told,) = json.loads(whet("labels", "list", "--json", folder=folder).stdout)
    forces = [np.linalg.norm(Labels.of(labeled(index)).forces, axis=1).max() for index in range(6)]
    assert told["largest_force"] == pytest.approx(max(forces))
    said = whet("labels", "export", "PBE", "a.extxyz", folder=folder).stdout
    assert re.fullmatch(rf"a\.extxyz: 6 frames of {name}, fingerprint [0-9a-f]{{8}}\n", said)
    again = whet("labels", "import", "a.extxyz", *PBE, "--code", "VASP", "--u", "Ar=4", folder=folder).stdout
    assert re.search(r"(?m)^duplicates +6 +skipped", again)


def test_exports_are_what_other_programs_read(folder: Path) -> None:
    whet("labels", "import", "old.extxyz", *PBE, folder=folder)
    known = {round(Labels.of(labeled(index)).energy, 9): Labels.of(labeled(index)) for index in range(6)}
    whet("labels", "export", "PBE", "mace.xyz", "--prefix", "REF_", folder=folder)
    for atoms in read_all(folder / "mace.xyz"):
        assert atoms.calc is None
        labels = known[round(atoms.info["REF_energy"], 9)]
        np.testing.assert_array_equal(atoms.arrays["REF_forces"], labels.forces)
        np.testing.assert_array_equal(np.reshape(atoms.info["REF_stress"], (3, 3)), labels.stress)
    for name in ("a.extxyz", "a.db", "a.traj", "a.frames"):
        whet("labels", "export", "PBE", name, folder=folder)
        for atoms in read_all(folder / name):
            labels = known[round(atoms.get_potential_energy(), 9)]
            np.testing.assert_array_equal(atoms.get_forces(), labels.forces)
            np.testing.assert_array_equal(atoms.get_stress(voigt=False), labels.stress)
    whet("labels", "export", "PBE", "a.deepmd", "--first", "3", folder=folder)
    assert np.load(folder / "a.deepmd" / "Ar4" / "set.000" / "virial.npy").shape == (3, 9)
    whet("frames", "convert", "old.extxyz", "b.deepmd", folder=folder)
    assert np.load(folder / "b.deepmd" / "Ar4" / "set.000" / "coord.npy").shape == (6, 12)
    for name in ("a.db", "a.traj", "a.frames", "a.deepmd", "a.deepmd/Ar4"):
        told = json.loads(whet("labels", "import", name, "--theory", "PBE", "--json", folder=folder).stdout)
        assert (told["imported"], told["conflicts"], told["refused"]) == (0, [], []), name
        assert len(told["duplicates"]) == (3 if "deepmd" in name else 6)


def test_elements_are_chosen(folder: Path) -> None:
    frames = [Labels(-1.0, np.zeros((3, 3))).attach(molecule("H2O")), Labels(0.0, np.zeros((1, 3))).attach(Atoms("O"))]
    export_frames(folder / "water.traj", frames)
    whet("labels", "import", "water.traj", "old.extxyz", *PBE, folder=folder)
    for symbols, count in (("O", 1), ("O,H", 2), ("Ar", 6)):
        said = whet("labels", "export", "PBE", "a.frames", "--elements", symbols, "--overwrite", folder=folder).stdout
        assert f": {count} frames of" in said
    assert {len(atoms) for atoms in FrameLog(folder / "a.frames")} == {4}


def test_a_format_that_drops_the_spin_says_so(folder: Path) -> None:
    ion = molecule("OH")
    ion.info["charge"] = -1
    labeled_frames = [Labels(-1.0, np.zeros((len(frame), 3))).attach(frame) for frame in (ion, isolated_atom("O"))]
    export_frames(folder / "some.frames", labeled_frames)
    whet("labels", "import", "some.frames", "--theory", "PBE", folder=folder)
    said = whet("labels", "export", "PBE", "a.deepmd", folder=folder).stdout
    assert "1 frames of PBE" in said and "1 of them have a charge, spin" in said
    assert "1 isolated atoms are left out: this format has no room for their multiplicity." in said
    assert "no room for all of a label" in whet("labels", "export", "PBE", "a.lammpstrj", folder=folder).stdout
    said = whet("labels", "export", "PBE", "a.extxyz", folder=folder).stdout
    assert "2 frames of PBE" in said and "room" not in said and "spin" not in said


def test_a_damaged_label_is_named(folder: Path) -> None:
    whet("labels", "import", "old.extxyz", *PBE, folder=folder)
    with sqlite3.connect(folder / ".whet" / "labels.sqlite") as database:
        (key,) = database.execute("select min(frame) from labels").fetchone()
        database.execute("update labels set content = x'00' where frame = ?", (key,))
    said = whet("labels", "show", "PBE", code=2, folder=folder).stdout
    assert f"label {key}: the label is damaged" in said
    assert "(1 damaged)" in whet("labels", "list", folder=folder).stdout
    told = whet("labels", "export", "PBE", "a.xyz", code=2, folder=folder).stderr
    assert key in told and len(told.splitlines()) == 1
    assert not (folder / "a.xyz").exists()


def test_a_store_without_labels_is_no_error(folder: Path) -> None:
    (folder / ".whet").mkdir()
    assert whet("labels", "list", folder=folder).stdout == "There are no labels in .whet.\n"
    assert json.loads(whet("labels", "list", "--json", folder=folder).stdout) == []


def test_real_labels_go_through_every_format_and_come_back(reference_data: Path, tmp_path: Path) -> None:
    """1001 frames of DP-GEN data, of which some have no stress; and MPtrj, whose frames state their units."""
    source = reference_data / "lgps" / "train-50.extxyz"
    told = json.loads(whet("labels", "import", source, *PBE, "--json", folder=tmp_path).stdout)
    assert (told["read"], told["imported"], told["with_stress"]) == (1001, 1001, 808)
    assert [finding["kind"] for finding in told["suspicious"]] == ["missing-stress"]
    assert not any(told[kind] for kind in ("duplicates", "conflicts", "refused"))
    for name, units in (("a.extxyz", ("--units", "eV,Å")), ("a.deepmd", ())):
        whet("labels", "export", "PBE", name, folder=tmp_path)
        told = json.loads(whet("labels", "import", name, "--theory", "PBE", *units, "--json", folder=tmp_path).stdout)
        assert (told["imported"], len(told["duplicates"]), told["conflicts"]) == (0, 1001, [])
    systems = sorted((tmp_path / "a.deepmd").iterdir())
    assert [(system / "set.000" / "virial.npy").is_file() for system in systems].count(True) == 1
    energies = sorted(Labels.of(frame).energy for frame in read_labeled(source))
    exported = [np.load(system / "set.000" / "energy.npy") for system in systems]
    np.testing.assert_array_equal(np.sort(np.concatenate(exported)), energies)
    source = reference_data / "mptrj" / "mptrj-random-1k.extxyz"
    told = json.loads(whet("labels", "import", source, "--theory", "PBE+U", "--json", folder=tmp_path).stdout)
    assert (told["imported"], [finding["kind"] for finding in told["suspicious"]]) == (1000, ["large-forces"])
    said = whet("labels", "import", source, "--theory", "PBE+U", "--units", "hartree,bohr", code=2, folder=tmp_path)
    assert "the file states the units eV, Å, not hartree, bohr" in said.stderr
