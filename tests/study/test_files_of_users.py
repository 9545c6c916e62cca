"""Files that users bring: each has one right answer, whichever command it is given to."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixScaled

from in_process import Said, whet
from whet import FrameError, Labels, export_frames, frame_key, read_frames, read_labeled, read_structures, write_frames

STUDY = "name: toy\npotentials: {main: toy}\n"
LABELED = "tests: {given: FILE}\n"
STRUCTURES = """\
structures: {file: FILE}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
tests: {sampled: {trajectories: 1}}
self_generated: {of: none}
"""

COMMANDS: dict[str, Sequence[str]] = {
    "evaluate": ("evaluate", "FILE", "--potential", "toy"),
    "import": ("labels", "import", "FILE", "--theory", "PBE", "--units", "eV,Å", "--store", "s"),
    "label": ("label", "FILE", "--labeler", "toy", "--store", "s"),
    "show": ("frames", "show", "FILE"),
    "convert": ("frames", "convert", "FILE", "converted.extxyz"),
    "check": ("check", "labeled.yaml"),
    "check structures": ("check", "structures.yaml"),
    "run": ("run", "labeled.yaml"),
}


def said(folder: Path, command: str, file: Path | str, code: int | None = 2) -> Said:
    """What a command says of a file."""
    for name, text in {"labeled.yaml": LABELED, "structures.yaml": STRUCTURES}.items():
        (folder / name).write_text(STUDY + text.replace("FILE", str(file)))
    words = [str(file) if word == "FILE" else word for word in COMMANDS[command]]
    return whet(*words, code=code, folder=folder)


def case(reference_data: Path, name: str, folder: Path) -> Path:
    """A copy of a file of the cases."""
    (found,) = (reference_data / "cases").glob(f"*/{name}")
    return Path(shutil.copy(found, folder))


REFUSED = {
    "types-only.lammpstrj": "the dump has type numbers and says no elements",
    "types-labeled.lammpstrj": "the dump has type numbers and says no elements",
    "mixed-site.cif": "the structure is disordered",
    "half-site.cif": "the structure is disordered",
    "unconverged.out": "self-consistency was not reached",
    "cp2k.out": "there is no frame in a log of CP2K",
}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_frame_is_refused_by_every_command(
    reference_data: Path, tmp_path: Path, name: str, command: str
) -> None:
    ended = said(tmp_path, command, case(reference_data, name, tmp_path))
    everything = ended.stdout + ended.stderr
    assert REFUSED[name] in everything
    assert "nobody foresaw" not in everything and "Traceback" not in everything
    assert ended.stderr.count("\n") <= 1
    assert not (tmp_path / "converted.extxyz").exists()


@pytest.mark.parametrize("name", ["renamed.dat", "calculation.log", "pw.out.gz"])
def test_an_unconverged_calculation_is_known_under_any_name(reference_data: Path, tmp_path: Path, name: str) -> None:
    content = case(reference_data, "unconverged.out", tmp_path).read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    with pytest.raises(FrameError, match="self-consistency was not reached"):
        read_labeled(tmp_path / name)
    with pytest.raises(FrameError, match="self-consistency was not reached"):
        read_structures(tmp_path / name)


def test_a_converged_output_of_espresso_has_the_right_units_and_sign(reference_data: Path, tmp_path: Path) -> None:
    from ase.units import Bohr, Ry

    (frame,) = read_labeled(case(reference_data, "scf.out", tmp_path))
    labels = Labels.of(frame)
    assert labels.energy == pytest.approx(-10 * Ry, rel=1e-6)
    assert labels.forces[0, 0] == pytest.approx(0.01 * Ry / Bohr, rel=1e-6)
    np.testing.assert_allclose(np.asarray(labels.stress), -0.0001 * Ry / Bohr**3 * np.eye(3), rtol=1e-6, atol=1e-12)


VASP = {
    "v2o5-unconverged-electronic/vasprun.xml.gz": "self-consistency was not reached",
    "truncated/vasprun.xml": "cut off",
}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kept", [True, False], ids=["own name", "other name"])
@pytest.mark.parametrize("name", VASP)
def test_an_unconverged_run_of_vasp_is_refused_by_every_command(
    reference_data: Path, tmp_path: Path, name: str, kept: bool, command: str
) -> None:
    source = reference_data / "vasp" / name
    copied = tmp_path / (source.name if kept else f"calculation{''.join(source.suffixes[1:])}")
    shutil.copy(source, copied)
    ended = said(tmp_path, command, copied)
    everything = ended.stdout + ended.stderr
    assert "self-consistency was not reached" in everything or "cut off" in everything
    assert "nobody foresaw" not in everything


@pytest.mark.parametrize("name", ["vasprun.xml.relax2.gz", "vasprun.relax1.xml", "calc.dat"])
def test_a_converged_run_of_vasp_is_read_under_any_name(reference_data: Path, tmp_path: Path, name: str) -> None:
    content = (reference_data / "vasp" / "nacl-converged" / "vasprun.xml").read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    (frame,) = read_labeled(tmp_path / name)
    assert Labels.of(frame).energy == pytest.approx(-27.11090125)


@pytest.mark.parametrize("name", ["feo-plus-u", "nacl-converged"])
def test_outcar_and_vasprun_say_the_same(reference_data: Path, name: str) -> None:
    folder = reference_data / "vasp" / name
    one, other = (read_labeled(folder / file) for file in ("vasprun.xml", "OUTCAR"))
    assert len(one) == len(other) > 0
    for a, b in zip(map(Labels.of, one), map(Labels.of, other), strict=True):
        assert a.energy == pytest.approx(b.energy, abs=1e-6)
        np.testing.assert_allclose(a.forces, b.forces, atol=2e-6)
        np.testing.assert_allclose(np.asarray(a.stress), np.asarray(b.stress), atol=1e-5)


def test_steps_of_an_outcar_that_did_not_converge_are_none(reference_data: Path, tmp_path: Path) -> None:
    text = (reference_data / "vasp" / "feo-plus-u" / "OUTCAR").read_text(errors="replace")
    whole = "aborting loop because EDIFF is reached"
    broken = text.replace(whole, "aborting loop EDIFF was not reached (unconverged)", 1)
    (tmp_path / "OUTCAR").write_text(broken)
    with pytest.raises(FrameError, match="ionic step 0: electronic self-consistency was not reached"):
        read_labeled(tmp_path / "OUTCAR")
    first = text.index("- Iteration")
    without = text[:first] + text[first:].replace("- Iteration", "- Learned  ")
    (tmp_path / "OUTCAR").write_text(without)
    with pytest.raises(FrameError, match="there is no electronic step"):
        read_labeled(tmp_path / "OUTCAR")


WATER = """\
3
Properties=species:S:1:pos:R:3:forces:R:3 pbc="F F F" energy=-14.0 ABOUT
O 5.0 5.0 5.0 0.0 0.0 0.1
H 5.76 5.59 5.0 0.0 0.0 -0.05
H 4.24 5.59 5.0 0.0 0.0 -0.05
"""

NO_CHARGES = ["charge=neutral", "charge=None", "charge=1+", 'charge="1 2"', "charge=nan", 'charge=""', "charge=T"]
NO_SPINS = ["spin=singlet", "spin=0", "spin=1.5", "spin=-1", "spin=inf", 'total_spin="1 1"']
CONTRADICTIONS = ["charge=1 total_charge=0", "spin=1 total_spin=3"]


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("about", [*NO_CHARGES, *NO_SPINS, *CONTRADICTIONS])
def test_a_charge_or_spin_that_is_none_costs_its_frame_alone(tmp_path: Path, about: str) -> None:
    good = WATER.replace("ABOUT", "")
    (tmp_path / "many.extxyz").write_text(good + WATER.replace("ABOUT", about) + good.replace("-14.0", "-14.0"))
    for command in ("evaluate", "check", "run"):
        ended = said(tmp_path, command, "many.extxyz")
        assert "line 6 (frame 1)" in ended.stderr and ended.stderr.count("\n") == 1
    ended = said(tmp_path, "import", "many.extxyz")
    assert ended.stdout.count("refused: ") == 1 and "line 6 (frame 1)" in ended.stdout
    found = json.loads(whet("labels", "list", "--store", "s", "--json", folder=tmp_path).stdout)
    assert [one["labels"] for one in found] == [1]
    shown = json.loads(whet("frames", "show", "many.extxyz", "--json", code=2, folder=tmp_path).stdout)
    assert (shown["frames"], len(shown["refused"])) == (2, 1)


@pytest.mark.usefixtures("toy")
def test_frames_that_cannot_be_read_fail_by_themselves_when_labeled(tmp_path: Path) -> None:
    export_frames(tmp_path / "good.extxyz", [bulk("Ar", "fcc", a=5.2, cubic=True)])
    good = (tmp_path / "good.extxyz").read_text()
    (tmp_path / "many.extxyz").write_text(good.replace("pbc=", "charge=neutral pbc=") + good)
    ended = said(tmp_path, "label", "many.extxyz")
    assert "1 of 2 labeled" in ended.stdout
    assert "failed: many.extxyz, line 1 (frame 0): `charge` is 'neutral', no number" in ended.stdout


@pytest.mark.parametrize(
    "charges",
    [
        (-0.834, 0.417, 0.417),
        (-0.1 - 0.2, 0.1, 0.2),
        (-0.333, -0.333, 0.667),
        (np.float32(-0.8), np.float32(0.4), np.float32(0.4)),
        (0.0, 0.0, 0.0),
    ],
)
def test_a_column_of_charges_that_sums_to_nothing_is_a_neutral_frame(charges: Sequence[float]) -> None:
    neutral = molecule("H2O")
    charged = neutral.copy()
    charged.set_initial_charges(charges)
    assert frame_key(charged) == frame_key(neutral)
    from whet import total_charge

    assert total_charge(charged) == 0.0


def test_the_case_of_partial_charges_is_the_neutral_frame(reference_data: Path, tmp_path: Path) -> None:
    (frame,) = read_labeled(case(reference_data, "m-partial.extxyz", tmp_path))
    neutral = frame.copy()
    del neutral.arrays["initial_charges"]
    assert frame_key(frame) == frame_key(neutral)


def test_a_column_of_charges_that_is_far_from_whole_has_to_be_explained() -> None:
    atoms = molecule("H2O")
    atoms.set_initial_charges([0.1, 0.1, 0.1])
    with pytest.raises(FrameError, match=r"the initial charges add up to 0\.3 e"):
        frame_key(atoms)
    atoms.info["charge"] = 0
    assert frame_key(atoms) == frame_key(molecule("H2O"))


@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.float64(2.0), np.array(2)], ids=str)
def test_a_multiplicity_is_one_however_it_is_written(value: Any) -> None:
    one, other = molecule("OH"), molecule("OH")
    one.info["spin"], other.info["total_spin"] = value, value
    stated = molecule("OH")
    stated.info["spin"] = 2
    assert frame_key(one) == frame_key(other) == frame_key(stated)


def test_names_of_mace_are_part_of_what_is_labeled(tmp_path: Path) -> None:
    pytest.importorskip("tblite")
    states: list[dict[str, float]] = [{}, {"charge": 1, "spin": 2}, {"total_charge": 1, "total_spin": 2}]
    frames = [molecule("H2O") for _ in states]
    for frame, state in zip(frames, states, strict=True):
        frame.info.update(state)
    export_frames(tmp_path / "water.extxyz", frames)
    whet("label", "water.extxyz", "-l", "tblite", "--out", "labels.extxyz", folder=tmp_path)
    neutral, cation, named = (Labels.of(frame).energy for frame in read_labeled(tmp_path / "labels.extxyz"))
    assert neutral == pytest.approx(-156.97, abs=0.01)
    assert cation == pytest.approx(-136.37, abs=0.01)
    assert named == cation


DUMP = """\
ITEM: TIMESTEP
0
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp pp pp
0.0 4.0
0.0 4.0
0.0 4.0
ITEM: ATOMS COLUMNS
"""


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ("id type x y z", ["1 1 0 0 0", "2 2 2 2 2"]),
        ("id type xs ys zs fx fy fz", ["1 1 0 0 0 0 0 -1", "2 2 0.5 0.5 0.5 0 0 1"]),
        ("type x y z", ["11 0 0 0", "17 2 2 2"]),
        ("id type mass x y z", ["1 1 22.99 0 0 0", "2 2 35.45 2 2 2"]),
        ("id x y z", ["1 0 0 0", "2 2 2 2"]),
    ],
)
def test_types_are_never_taken_for_elements(tmp_path: Path, columns: str, rows: list[str]) -> None:
    (tmp_path / "a.dump").write_text(DUMP.replace("COLUMNS", columns) + "\n".join(rows) + "\n")
    with pytest.raises(FrameError, match=r"a\.dump, line 9: the dump has type numbers and says no elements"):
        read_structures(tmp_path / "a.dump")
    (tmp_path / "renamed.txt").write_text((tmp_path / "a.dump").read_text())
    with pytest.raises(FrameError, match="says no elements"):
        read_structures(tmp_path / "renamed.txt")


def test_a_dump_has_no_energy(tmp_path: Path) -> None:
    rows = ["1 Na 0 0 0 0 0 -1", "2 Cl 2 2 2 0 0 1"]
    (tmp_path / "a.dump").write_text(DUMP.replace("COLUMNS", "id element x y z fx fy fz") + "\n".join(rows) + "\n")
    (frame,) = read_structures(tmp_path / "a.dump")
    assert str(frame.symbols) == "NaCl"
    assert frame.calc is not None and "energy" not in frame.calc.results
    with pytest.raises(FrameError, match="the frame has 'forces' but no energy"):
        read_labeled(tmp_path / "a.dump")


@pytest.mark.parametrize(
    ("masses", "what"),
    [
        ("", "says no elements"),
        ("Masses\n\n1 15.035\n2 35.45\n\n", "type 1 has the mass 15.035, which is no element's"),
    ],
)
def test_a_data_file_says_its_elements(tmp_path: Path, masses: str, what: str) -> None:
    head = "a crystal\n\n2 atoms\n2 atom types\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n\n"
    (tmp_path / "a.data").write_text(f"{head}{masses}Atoms # atomic\n\n1 1 0 0 0\n2 2 2 2 2\n")
    with pytest.raises(FrameError, match=what):
        read_structures(tmp_path / "a.data")


def partly_occupied() -> list[Atoms]:
    """Five ways in which a structure says that it is disordered."""
    salt = bulk("NaCl", "rocksalt", a=5.6)
    found = [salt.copy() for _ in range(4)]
    found[0].info["occupancy"] = {"0": {"Na": 0.5}, "1": {"Cl": 1}}
    found[1].info["occupancy"] = {"0": {"Na": 0.5, "K": 0.5}, "1": {"Cl": 1}}
    found[2].set_array("occupancy", np.array([1.0, 0.9]))
    found[3].set_array("occupancy", np.array([0.5, 0.5]))
    return found


@pytest.mark.parametrize(("index", "suffix"), [(i, s) for i in range(4) for s in ("extxyz", "frames")] + [(1, "traj")])
def test_disorder_is_refused_in_every_format(tmp_path: Path, index: int, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    export_frames(path, [partly_occupied()[index]])
    with pytest.raises(FrameError, match="the structure is disordered"):
        read_structures(path)


def test_an_ordered_crystal_is_read(reference_data: Path, tmp_path: Path) -> None:
    (frame,) = read_structures(case(reference_data, "ordered.cif", tmp_path))
    assert sorted(frame.get_chemical_symbols()) == ["Cl", "Na"]
    whole = bulk("NaCl", "rocksalt", a=5.6)
    whole.set_array("occupancy", np.ones(2))
    export_frames(tmp_path / "a.traj", [whole])
    assert len(read_structures(tmp_path / "a.traj")) == 1


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("command", ["label", "show", "convert", "check structures"])
@pytest.mark.parametrize("suffix", ["extxyz", "traj", "xyz", "json", "POSCAR"])
def test_dummy_atoms_are_no_atoms(tmp_path: Path, suffix: str, command: str) -> None:
    dummies = Atoms("ArX", positions=[[0, 0, 0], [2, 2, 2]], cell=[4, 4, 4], pbc=True)
    ase.io.write(tmp_path / f"a.{suffix}", dummies, format="vasp" if suffix == "POSCAR" else None)
    ended = said(tmp_path, command, f"a.{suffix}")
    assert "is a dummy (X), no element" in ended.stdout + ended.stderr


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
    argon = bulk("Ar", "fcc", a=5.2, cubic=True)
    argon.positions += np.random.default_rng(3).normal(scale=0.1, size=(4, 3))
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
    argon = bulk("Ar", "fcc", a=5.2, cubic=True)
    argon.positions += np.random.default_rng(3).normal(scale=0.1, size=(4, 3))
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


EMPTY: dict[str, bytes] = {
    "a.extxyz": b"\n\n",
    "a.frames": b"whet-frames 1\n\0\0",
    "a.lammpstrj": b"ITEM: TIMESTEP\n",
    "a.out": b"ENERGY| Total FORCE_EVAL ( QS ) energy [a.u.]: -17.1\n",
    "a.cif": b"data_x\n",
    "a.traj": b"",
    "a.log": b"nothing that is known\n",
}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", EMPTY)
def test_a_file_without_a_frame_is_an_error(tmp_path: Path, name: str, command: str) -> None:
    (tmp_path / name).write_bytes(EMPTY[name])
    ended = said(tmp_path, command, name)
    everything = ended.stdout + ended.stderr
    assert name in everything and "nobody foresaw" not in everything
    assert not (tmp_path / "converted.extxyz").exists()


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
    argon = bulk("Ar", "fcc", a=5.2, cubic=True)
    argon.positions += np.random.default_rng(3).normal(scale=0.1, size=(4, 3))
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


TWO: dict[str, dict[str, Any]] = {
    "energy": {"REF_energy": -2.0, "REF_forces": np.full((4, 3), 0.1)},
    "an energy alone": {"dft_energy": -2.0},
    "forces": {"REF_energy": -1.0, "REF_forces": np.ones((4, 3))},
    "forces alone": {"DFT_force": np.ones((4, 3))},
    "stress": {"REF_energy": -1.0, "REF_forces": np.full((4, 3), 0.1), "REF_stress": np.eye(3).ravel()},
}


def with_two(name: str) -> Atoms:
    argon = bulk("Ar", "fcc", a=5.2, cubic=True)
    frame = Labels(-1.0, np.full((4, 3), 0.1), np.zeros((3, 3))).attach(argon)
    for key, value in TWO[name].items():
        (frame.arrays if np.shape(value) == (4, 3) else frame.info)[key] = value
    return frame


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("name", "suffix"), [(n, s) for n in TWO for s in ("extxyz", "frames")] + [("an energy alone", "traj")]
)
def test_two_different_labels_of_one_frame_are_refused_with_the_way_out(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "frames":
        write_frames(path, [with_two(name)])
    else:
        ase.io.write(path, with_two(name))
    for command in ("evaluate", "import", "check", "run"):
        ended = said(tmp_path, command, path.name)
        assert "two different labels" in ended.stdout + ended.stderr
        assert "--energy-key" in ended.stdout + ended.stderr


@pytest.mark.usefixtures("toy")
def test_naming_the_label_that_counts_is_the_way_out(tmp_path: Path) -> None:
    ase.io.write(tmp_path / "a.extxyz", with_two("energy"))
    named = ("--energy-key", "REF_energy", "--forces-key", "REF_forces", "--stress-key", "stress")
    whet("evaluate", "a.extxyz", "--potential", "toy", *named, folder=tmp_path)
    whet("labels", "import", "a.extxyz", "--theory", "PBE", "--units", "eV,Å", *named, folder=tmp_path)
    keys = "{energy: REF_energy, forces: REF_forces}"
    (tmp_path / "study.yaml").write_text(f"{STUDY}tests: {{given: {{file: a.extxyz, keys: {keys}}}}}\n")
    whet("check", "study.yaml", folder=tmp_path)
    (frame,) = read_labeled(tmp_path / "a.extxyz", {"energy": "REF_energy"})
    assert Labels.of(frame).energy == -2.0


def test_the_same_label_under_two_names_is_one(tmp_path: Path) -> None:
    frame = Labels(-1.23456789, np.zeros((4, 3))).attach(bulk("Ar", "fcc", a=5.2, cubic=True))
    frame.info["REF_energy"], frame.arrays["REF_forces"] = -1.234568, np.zeros((4, 3))
    write_frames(tmp_path / "a.frames", [frame])
    assert len(read_labeled(tmp_path / "a.frames")) == 1


def small_cells() -> list[Atoms]:
    return [
        Atoms("Ar", cell=[0.001, 0.001, 0.001], pbc=True),
        Atoms("Ar", cell=[1e-6, 5, 5], pbc=[True, False, False]),
        Atoms("Ar", cell=[1e-3, 1e-3, 50], pbc=[True, True, False]),
        Atoms("Ar4", positions=np.eye(4, 3), cell=[[0.01, 0, 0], [5, 0.01, 0], [0, 5, 0.01]], pbc=True),
        Atoms("Ar2", positions=[[0, 0, 0], [0, 0, 1e308]]),
        Atoms("Ar2", positions=[[0, 0, 0], [0, 0, 1e7]], cell=[5, 5, 5], pbc=True),
    ]


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("index", range(6))
@pytest.mark.parametrize("command", ["label", "check structures", "evaluate"])
def test_absurd_sizes_are_refused_before_the_work_begins(tmp_path: Path, index: int, command: str) -> None:
    atoms = small_cells()[index]
    atoms.calc = SinglePointCalculator(atoms, energy=-1.0, forces=np.zeros((len(atoms), 3)))
    write_frames(tmp_path / "a.frames", [atoms])
    ended = said(tmp_path, command, "a.frames")
    assert "neighbors within 5 Å" in ended.stderr or "a coordinate of" in ended.stderr


def test_the_limit_of_neighbors_can_be_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_frames(tmp_path / "a.frames", [Atoms("Ar", cell=[0.05, 0.05, 0.05], pbc=True)])
    with pytest.raises(FrameError, match="WHET_MOST_NEIGHBORS raises the limit"):
        read_structures(tmp_path / "a.frames")
    monkeypatch.setenv("WHET_MOST_NEIGHBORS", "1e8")
    assert len(read_structures(tmp_path / "a.frames")) == 1


OUTLIERS = {"none": [], "one": [7], "two": [7, 20], "zero": [5]}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("name", OUTLIERS)
def test_impossible_energies_are_named_and_no_others(reference_data: Path, tmp_path: Path, name: str) -> None:
    file = case(reference_data, f"{name}.extxyz", tmp_path)
    words = ("labels", "import", file, "--theory", "PBE", "--units", "eV,Å", "--dry-run", "--json")
    found = json.loads(whet(*words, folder=tmp_path).stdout)
    places = [place.rpartition("frame ")[2].rstrip(")") for one in found["suspicious"] for place in one["places"]]
    assert sorted(map(int, places)) == OUTLIERS[name]
    ended = said(tmp_path, "check", file, code=0)
    for index in OUTLIERS[name]:
        assert f"frame {index}" in ended.stdout
    assert ended.stdout.count("suspicious:") == bool(OUTLIERS[name])


CONFLICTS = ["conflict-good-first.extxyz", "conflict-bad-first.extxyz"]
TRAINING = """\
name: toy
potentials: {main: toy}
fine_tune: {epochs: 2}
strategies: {few: {preset: subsets, data: given, sizes: [4]}}
data: {given: FILE}
tests: {other: OTHER}
"""


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("name", CONFLICTS)
def test_two_labels_of_one_structure_are_told_whichever_comes_first(
    reference_data: Path, tmp_path: Path, name: str
) -> None:
    file = case(reference_data, name, tmp_path)
    assert "conflict: " in said(tmp_path, "import", file).stdout
    ended = said(tmp_path, "check", file, code=0)
    assert "two labels of one structure differ by 1250 meV/atom" in ended.stdout
    text = TRAINING.replace("FILE", str(file)).replace("OTHER", str(case(reference_data, "test.extxyz", tmp_path)))
    (tmp_path / "training.yaml").write_text(text)
    for command in ("check", "run"):
        ended = whet(command, "training.yaml", code=2, folder=tmp_path)
        assert "two labels of one structure differ by 1250 meV/atom" in ended.stderr
        assert ended.stderr.count("\n") == 1


@pytest.mark.usefixtures("toy")
def test_training_itself_refuses_two_labels_of_one_structure(tmp_path: Path) -> None:
    from whet import Study

    argon = bulk("Ar", "fcc", a=5.2, cubic=True)
    frames = [Labels(energy, np.zeros((4, 3))).attach(argon) for energy in (-1.0, -6.0)]
    export_frames(tmp_path / "data.extxyz", frames)
    export_frames(tmp_path / "test.extxyz", [Labels(-1.0, np.zeros((1, 3))).attach(bulk("Ar", "fcc", a=5.3))])
    text = TRAINING.replace("FILE", "data.extxyz").replace("OTHER", "test.extxyz").replace("[4]", "[1]")
    (tmp_path / "study.yaml").write_text(text)
    account = Study.load(tmp_path / "study.yaml").run(workers=0)
    (fault,) = account.failed.values()
    assert "one structure with two labels" in str(fault)


@pytest.mark.usefixtures("toy")
def test_training_frames_among_those_tested_on_are_told(reference_data: Path, tmp_path: Path) -> None:
    part, test = (case(reference_data, f"{name}.extxyz", tmp_path) for name in ("part", "test"))
    (tmp_path / "study.yaml").write_text(TRAINING.replace("FILE", str(part)).replace("OTHER", str(test)))
    ended = whet("check", "study.yaml", folder=tmp_path)
    assert "3 of its 6 frames are training frames of" in ended.stdout


@pytest.mark.usefixtures("toy")
def test_a_report_tells_what_was_trained_and_tested_on(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frames = []
    for _ in range(6):
        argon = bulk("Ar", "fcc", a=5.2, cubic=True)
        argon.positions += random.normal(scale=0.1, size=(4, 3))
        frames.append(Labels(-1.0, random.normal(size=(4, 3))).attach(argon))
    export_frames(tmp_path / "data.extxyz", frames[:4])
    export_frames(tmp_path / "test.extxyz", frames[2:])
    text = TRAINING.replace("FILE", "data.extxyz").replace("OTHER", "test.extxyz")
    (tmp_path / "study.yaml").write_text(text)
    ended = whet("run", "study.yaml", folder=tmp_path)
    told = "other: 2 of its 4 frames were trained on (main few)"
    assert f"suspicious: {told}" in ended.stdout
    assert told in (tmp_path / "report" / "index.html").read_text()


@pytest.mark.usefixtures("toy")
def test_copies_are_counted(reference_data: Path, tmp_path: Path) -> None:
    file = case(reference_data, "duplicates.extxyz", tmp_path)
    different = len({frame_key(frame) for frame in ase.io.read(file, ":")})  # pyright: ignore[reportArgumentType]
    shown = json.loads(whet("frames", "show", file, "--json", folder=tmp_path).stdout)
    assert (shown["frames"], shown["different"]) == (8, different)
    assert f"8 frames are {different} different structures" in said(tmp_path, "check", file, code=0).stdout
    assert f"{different} new labels" in said(tmp_path, "import", file, code=0).stdout


def test_steps_of_a_vasprun_without_electrons_are_none(reference_data: Path, tmp_path: Path) -> None:
    text = (reference_data / "vasp" / "feo-plus-u" / "vasprun.xml").read_text()
    first = text.index("<calculation>")
    end = text.index("</calculation>")
    learned = re.sub(r"<scstep>.*?</scstep>", "", text[first:end], flags=re.DOTALL)
    (tmp_path / "vasprun.xml").write_text(text[:first] + learned + text[end:])
    with pytest.raises(FrameError, match="ionic step 0: there is no electronic step"):
        read_labeled(tmp_path / "vasprun.xml")
    ended = whet("labels", "import", "vasprun.xml", code=2, folder=tmp_path)
    assert ended.stdout.count("refused: ") == 1
