"""Files that users bring and that hold no frame, or one that nobody can work with: every command says so."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

from file_cases import COMMANDS, case, said
from whet import FrameError, export_frames, read_labeled, read_structures, write_frames

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
