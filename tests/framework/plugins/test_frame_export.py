"""Frames in the formats of other programs: what the format can hold arrives, and what it cannot is said."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.constraints import FixAtoms, FixCartesian
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whet import FrameError, FrameLog, InputError, Labels, frame_key, read_structures, total_charge, write_frames
from whet.data.errors import StoreError
from whet.data.packed import pack
from whet.plugins.frame_export import export_frames

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


floats = st.floats(allow_nan=False, width=64)
names = st.text("abcdefgh_", min_size=1, max_size=6).map("x_{}".format)
misleading = st.sampled_from(
    [
        "T",
        "false",
        "nan",
        "Inf",
        "12",
        "1e5",
        "1 2",
        "T F",
        "nan 1",
        "_JSON x",
        "a b",
        "a  b",
        "",
        " a",
        "a,b",
        "\\",
        '"',
        "é\n",
    ]
)
plain = st.one_of(st.text(max_size=8), misleading, floats, st.integers(), st.booleans(), st.none())
rectangular = st.one_of(
    plain, st.lists(floats, max_size=4), st.lists(st.text(max_size=4)), st.dictionaries(names, plain)
)


@st.composite
def frames(draw: st.DrawFn) -> Atoms:
    n = draw(st.integers(1, 4))

    def numbers(*shape: int) -> np.ndarray:
        return draw(hnp.arrays(np.float64, shape, elements=floats))

    atoms = Atoms(
        numbers=draw(st.lists(st.integers(0, 118), min_size=n, max_size=n)),
        positions=numbers(n, 3),
        cell=numbers(3, 3),
        pbc=draw(st.tuples(st.booleans(), st.booleans(), st.booleans())),
    )
    if draw(st.booleans()):
        atoms.set_array("momenta", numbers(n, 3))
    if draw(st.booleans()):
        atoms.set_array("masses", numbers(n))
        atoms.set_array("tags", draw(hnp.arrays(np.int32, (n,))))
        atoms.set_array("chosen", draw(hnp.arrays(np.bool_, (n,))))
        atoms.set_array("many", numbers(n, 2))
    if draw(st.booleans()):
        atoms.set_constraint(FixAtoms(draw(st.sets(st.integers(0, n - 1), min_size=1).map(sorted))))
    if draw(st.booleans()):
        labels = Labels(draw(floats), numbers(n, 3), numbers(3, 3), {"energies": numbers(n)})
        constraints = atoms.constraints
        atoms = labels.attach(atoms)
        assert len(atoms.constraints) == len(constraints)
    atoms.info = draw(st.dictionaries(names, rectangular, max_size=3))
    return atoms


@settings(max_examples=150, deadline=None)
@given(frames())
def test_every_number_of_extended_xyz_comes_back_bit_for_bit(tmp_path_factory: Any, atoms: Atoms) -> None:
    (back,) = export(tmp_path_factory.getbasetemp() / "a.extxyz", atoms)
    assert back.numbers.tolist() == atoms.numbers.tolist() and back.pbc.tolist() == atoms.pbc.tolist()
    assert bits(back.cell.array) == bits(atoms.cell.array) or not atoms.cell.array.any()
    assert sorted(back.arrays) == sorted(atoms.arrays)
    for name, array in atoms.arrays.items():
        assert bits(back.arrays[name]) == bits(array), name
    assert (back.calc is None) == (atoms.calc is None)
    if atoms.calc is not None and back.calc is not None:
        assert sorted(back.calc.results) == sorted(atoms.calc.results)
        for name, value in atoms.calc.results.items():
            assert bits(back.calc.results[name]) == bits(value), name
    fixed = [constraint.index.tolist() for constraint in atoms.constraints]
    assert [constraint.index.tolist() for constraint in back.constraints] == fixed
    assert back.info.keys() == atoms.info.keys()
    for key, value in atoms.info.items():
        found = back.info[key]
        found = found.tolist() if isinstance(found, np.ndarray | np.generic) else found
        assert found == value and isinstance(found, type(value)), key


@pytest.mark.parametrize("name", ["a.extxyz", "a.xyz", "a.xyz.gz", "a.traj", "a.frames"])
def test_labels_velocities_and_cell_survive_exactly(name: str, tmp_path: Path) -> None:
    given_frames = [frame(seed, SKEWED) for seed in range(3)]
    found = export(tmp_path / name, *given_frames)
    assert len(found) == 3
    for atoms, back in zip(given_frames, found, strict=True):
        wanted, got = Labels.of(atoms), Labels.of(back)
        assert bits(got.energy) == bits(wanted.energy) and bits(got.forces) == bits(wanted.forces)
        assert got.stress is not None and bits(got.stress) == bits(wanted.stress)
        assert bits(got.extra["magmoms"]) == bits(wanted.extra["magmoms"])
        assert bits(got.extra["dipole"]) == bits(wanted.extra["dipole"])
        assert bits(back.get_velocities()) == bits(atoms.get_velocities())
        assert bits(back.cell.array) == bits(atoms.cell.array)
    if name == "a.frames":
        assert [pack(one) for one in FrameLog(tmp_path / name)] == [pack(one) for one in given_frames]


def test_fixed_directions_and_labels_of_whet_alone_arrive_in_extended_xyz(tmp_path: Path) -> None:
    atoms = frame()
    atoms.set_constraint([FixAtoms([0]), FixCartesian(2, mask=(True, False, True))])
    (back,) = export(tmp_path / "a.xyz", atoms)
    assert {int(one.index[0]): one.mask.tolist() for one in back.constraints if one.mask.any()} == {
        0: [True, True, True],
        2: [True, False, True],
    }
    assert atoms.calc is not None and bits(back.arrays["force_spread"]) == bits(atoms.calc.results["force_spread"])


def test_a_stress_and_virial_in_the_info_keep_their_meaning(tmp_path: Path) -> None:
    atoms = bulk("Ar", "fcc", a=5.0)
    atoms.info |= {
        "stress": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "virial": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]],
    }
    (back,) = export(tmp_path / "a.xyz", atoms)
    assert back.calc is not None and back.calc.results["stress"].tolist() == [1, 2, 3, 4, 5, 6]
    assert back.info["virial"].tolist() == atoms.info["virial"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda atoms: atoms.set_array("species", np.arange(8)), "another meaning for the name 'species'"),
        (lambda atoms: atoms.set_array("z", np.arange(8) * 1j), r"array 'z' \(complex128\) has no place"),
        (lambda atoms: atoms.set_array("big", np.arange(8) + 2**31), r"array 'big' \(int64\) has no place"),
        (lambda atoms: atoms.set_array("word", np.array(["a b"] * 8)), "array 'word' "),
        (lambda atoms: atoms.set_array("a:b", np.arange(8)), "array 'a:b' "),
        (lambda atoms: atoms.set_array("forces", np.zeros((8, 3))), "'forces' is a label of the frame, and something"),
        (lambda atoms: atoms.info.update({"a\nb": 1}), "the key 'a\\\\nb' has no place"),
        (lambda atoms: atoms.info.update({"a": [[1], [1, 2]]}), "has no place in extended XYZ"),
        (lambda atoms: atoms.info.update({"virial": 3.0}), "'virial' has 1 numbers"),
    ],
)
def test_what_extended_xyz_cannot_hold_is_refused_by_name(change: Any, what: str, tmp_path: Path) -> None:
    bad = frame()
    change(bad)
    with pytest.raises(FrameError, match=f"^frame 1: .*{what}"):
        export_frames(tmp_path / "a.extxyz", [frame(), bad])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.cif", "a.pdb", "a.xsf", "XDATCAR", "a.db", "a.json"])
def test_formats_of_ase_take_many_frames(name: str, tmp_path: Path) -> None:
    found = export(tmp_path / name, *(frame(seed) for seed in range(3)))
    assert [len(one) for one in found] == [8, 8, 8]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["POSCAR", "a.vasp"])
def test_formats_of_one_frame_take_one(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds one frame, and 2 are chosen. --last 1 takes the last"):
        export_frames(tmp_path / name, [frame(), frame()])
    export_frames(tmp_path / name, [frame(0), frame(1)], [1])
    back = ase.io.read(tmp_path / name, format="vasp")
    assert isinstance(back, Atoms) and len(back) == 8


@pytest.mark.parametrize("name", ["a.foo", "noname", "a.frames.gz", "a.castep", "a.exe"])
def test_an_unknown_suffix_names_the_known_ones(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the suffix names no format.* Known: .*\.extxyz, .*POSCAR"):
        export_frames(tmp_path / name, [frame()])
    assert not list(tmp_path.iterdir())


def test_a_fault_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    write_frames(path, [frame(index) for index in range(3)])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    for name in ("a.extxyz", "a.traj", "a.cif"):
        (tmp_path / name).write_text("precious")
        with pytest.raises(FrameError, match=r"a\.frames, frame 1: the frame is damaged"):
            export_frames(tmp_path / name, FrameLog(path))
        assert (tmp_path / name).read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 4
    with pytest.raises(FrameError, match="there is no frame to write"):
        export_frames(tmp_path / "b.traj", [])
    with pytest.raises(FrameError, match="ASE cannot write the frames as espresso-in"):
        export_frames(tmp_path / "b.pwi", [frame()])
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        export_frames(tmp_path / "file" / "a.xyz", [frame()])


@pytest.mark.parametrize("name", ["a.extxyz", "a.traj", "a.frames"])
def test_memory_stays_flat_however_long_the_file(name: str, tmp_path: Path) -> None:
    atoms = bulk("Ar", "fcc", a=5.0, cubic=True).repeat(3)
    atoms.set_momenta(np.random.default_rng(0).normal(size=(len(atoms), 3)))
    write_frames(tmp_path / "long.frames", [atoms] * 600)
    log = FrameLog(tmp_path / "long.frames")
    export_frames(tmp_path / name, log, range(2))  # what is imported stays
    peaks = []
    for count in (30, 600):
        tracemalloc.start()
        export_frames(tmp_path / name, log, range(count), overwrite=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (tmp_path / "long.frames").stat().st_size > 3e6
    assert peaks[1] - peaks[0] < 570 * 300  # bytes; where each frame lies is kept, the frames are not: 6 kB each


def test_a_charged_frame_is_the_same_frame_again(tmp_path: Path) -> None:
    """Total charge and multiplicity stand in the comment line; `charge` is taken only as the name of a column."""
    ion = molecule("OH")
    ion.info.update(charge=-1, spin=1)
    export_frames(tmp_path / "ion.extxyz", [ion])
    (back,) = read_structures(tmp_path / "ion.extxyz")
    assert frame_key(back) == frame_key(ion) and total_charge(back) == -1


def test_names_of_several_words_stay_readable(tmp_path: Path) -> None:
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.info["material"] = "NaCl mp-22862"
    (back,) = export(tmp_path / "a.extxyz", atoms)
    assert 'material="NaCl mp-22862"' in (tmp_path / "a.extxyz").read_text()
    assert back.info["material"] == "NaCl mp-22862"
