"""Frames on disk: ours survive bit for bit, the user's are refused with file, line and frame."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whet import (
    FrameError,
    FrameSet,
    InputError,
    Labels,
    frame_key,
    read_frames,
    read_labeled,
    read_structures,
    write_frames,
)
from whet.plugins.frame_files import find_sources
from whet.plugins.registry import registry

GOOD = """\
2
Lattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3:REF_forces:R:3 REF_energy=-1.5 \
REF_stress="1 2 3 2 4 5 3 5 6" pbc="T T T"
Ar 0.0 0.0 0.0 0.1 0.2 0.3
Ar 2.0 0.0 0.0 -0.1 -0.2 -0.3
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "frames.xyz"
    path.write_text(text)
    return path


def test_reads_labels_under_usual_keys(tmp_path: Path) -> None:
    for prefix in ("REF_", "", "dft_"):
        (atoms,) = read_labeled(written(tmp_path, GOOD.replace("REF_", prefix)))
        labels = Labels.of(atoms)
        assert labels.energy == -1.5
        np.testing.assert_array_equal(labels.stress, [[1, 2, 3], [2, 4, 5], [3, 5, 6]])
        np.testing.assert_array_equal(labels.forces[1], [-0.1, -0.2, -0.3])


BAD = [
    ("", "the file is empty"),
    ("\n\n", "there is no frame in it (extended XYZ)"),
    (
        GOOD + "\n".join(GOOD.splitlines()[:3]) + "\n",
        "line 5 (frame 1): the frame is cut off: 2 atoms announced, 1 found",
    ),
    (GOOD.replace(":REF_forces:R:3", "").replace(" 0.1 0.2 0.3", "").replace(" -0.1 -0.2 -0.3", ""), "no forces"),
    (GOOD.replace("REF_energy=-1.5 ", ""), "no energy"),
    (GOOD + GOOD.replace("0.1 0.2 0.3", "nan 0.2 0.3"), "line 5 (frame 1): forces are not finite"),
    (GOOD.replace("REF_energy=-1.5", "REF_energy=nan"), "energy is not finite"),
    (GOOD.replace("Ar 2.0", "Ar nan"), "positions are not finite"),
    (GOOD.replace("1 2 3 2 4 5 3 5 6", "1 2 3 9 4 5 3 5 6"), "not symmetric"),
    (GOOD.replace("2\n", "99999999999\n", 1), "99999999999 atoms announced, 2 found"),
    (GOOD.replace("0.1 0.2 0.3", "1e300 0.2 0.3"), "a force of 1e+300"),
    (GOOD.replace('Lattice="5 0 0 0 5 0 0 0 5" ', ""), "its cell is missing or flat"),
    (GOOD.replace("REF_energy=-1.5", 'REF_energy="1 2 3"'), "the labels cannot be read"),
    ("hello\n" + GOOD, "line 1 (frame 0): expected a number of atoms, found 'hello'"),
    (GOOD.replace("Ar 2.0 0.0", "Ar 2.0 x"), "cannot be read"),
]


@pytest.mark.parametrize(("text", "what"), BAD, ids=[what[:50] for _, what in BAD])
def test_damage_is_named_by_file_line_and_frame(tmp_path: Path, text: str, what: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(FrameError) as caught:
        read_labeled(path)
    assert what in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("root", ["/", "//", "/tmp/.."])
def test_nobody_means_the_whole_file_system(root: str) -> None:
    with pytest.raises(InputError, match=r"this is the whole file system\. Name a folder"):
        read_labeled(root)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_labeled(tmp_path / "none.xyz")


floats = st.floats(-1e6, 1e6, allow_nan=False, width=64)


@st.composite
def labeled_frames(draw: st.DrawFn) -> Atoms:
    n = draw(st.integers(1, 5))
    positions = draw(hnp.arrays(np.float64, (n, 3), elements=floats))
    forces = draw(hnp.arrays(np.float64, (n, 3), elements=floats))
    atoms = Atoms(numbers=draw(st.lists(st.integers(1, 94), min_size=n, max_size=n)), positions=positions)
    atoms.set_cell(draw(hnp.arrays(np.float64, (3, 3), elements=floats)))
    atoms.pbc = draw(st.tuples(st.booleans(), st.booleans(), st.booleans()))
    triangle = np.triu(draw(hnp.arrays(np.float64, (3, 3), elements=floats)))
    stress = triangle + np.triu(triangle, 1).T
    return Labels(draw(floats), forces, stress if draw(st.booleans()) else None).attach(atoms)


@settings(max_examples=60, deadline=None)
@given(st.lists(labeled_frames(), max_size=4))
def test_what_is_written_is_read_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, frames: list[Atoms]) -> None:
    path = tmp_path_factory.mktemp("frames") / "f.frames"
    write_frames(path, frames)
    back = read_frames(path)
    assert back.key == FrameSet(frames).key
    for one, other in zip(frames, back, strict=True):
        a, b = Labels.of(one), Labels.of(other)
        assert a.energy == b.energy
        assert a.forces.tobytes() == b.forces.tobytes()
        assert (a.stress is None) == (b.stress is None)
        assert a.stress is None or np.asarray(a.stress).tobytes() == np.asarray(b.stress).tobytes()


def test_the_same_frames_make_the_same_bytes(tmp_path: Path) -> None:
    (atoms,) = read_labeled(written(tmp_path, GOOD))
    write_frames(tmp_path / "a.frames", [atoms])
    write_frames(tmp_path / "b.frames", [atoms])
    assert (tmp_path / "a.frames").read_bytes() == (tmp_path / "b.frames").read_bytes()


def test_a_damaged_trajectory_is_named(tmp_path: Path) -> None:
    (atoms,) = read_labeled(written(tmp_path, GOOD))
    path = tmp_path / "a.frames"
    write_frames(path, [atoms, atoms])
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FrameError, match=r"a\.frames"):
        read_frames(path)


def test_a_frames_key_is_what_a_labeler_sees() -> None:
    atoms = Atoms("Ar2", [[0, 0, 0], [2, 0, 0]], cell=[5, 5, 5], pbc=True)
    key = frame_key(atoms)
    same = atoms.copy()
    same.set_velocities([[1, 2, 3], [4, 5, 6]])
    same.info["where"] = "elsewhere"
    same.positions[0, 0] = -0.0
    assert frame_key(same) == key
    for change in (
        lambda a: a.positions.__setitem__((0, 0), 1e-15),
        lambda a: a.set_pbc([True, True, False]),
        lambda a: a.set_initial_magnetic_moments([1, 0]),
        lambda a: a.info.__setitem__("charge", 1),
        lambda a: a.info.__setitem__("spin", 3),
        lambda a: a.set_cell([5, 5, 5.0000001]),
        lambda a: a.set_atomic_numbers([18, 10]),
    ):
        other = atoms.copy()
        change(other)
        assert frame_key(other) != key


@given(st.integers(1, 40), st.floats(0, 0.9), st.integers(0, 5))
def test_splits_are_disjoint_and_complete(n: int, fraction: float, seed: int) -> None:
    frames = FrameSet(Atoms("Ar", positions=[[i, 0, 0]]) for i in range(n))
    train, valid = frames.split([1 - fraction, fraction], seed=seed)
    xs = sorted(float(frame.positions[0, 0]) for frame in train + valid)
    assert xs == [float(i) for i in range(n)]
    assert len(train) >= 1
    assert fraction == 0 or n == 1 or len(valid) >= 1


def test_structures_of_a_folder_are_found_and_those_of_calculations_once(tmp_path: Path) -> None:
    """CIF, POSCAR, extended XYZ, frames; of a folder with outputs of a code only these, and no text that is none."""
    deep = tmp_path / "metals" / "fcc"
    deep.mkdir(parents=True)
    ase.io.write(tmp_path / "b.cif", bulk("NaCl", "rocksalt", 5.6))
    ase.io.write(tmp_path / "a.extxyz", bulk("Ar", a=5.3))
    ase.io.write(deep / "POSCAR-1", bulk("Cu", a=3.6), format="vasp")
    ase.io.write(deep / "POSCAR-2", bulk("Ag", a=4.1), format="vasp")
    for name in ("notes.txt", "README.md", "._b.cif", "study.yaml"):
        (tmp_path / name).write_text("no structure")
    found = [str(source.path.relative_to(tmp_path)) for source in find_sources(tmp_path, structures=True)]
    assert found == ["a.extxyz", "b.cif", "metals/fcc/POSCAR-1", "metals/fcc/POSCAR-2"]
    assert [str(frame.symbols) for frame in read_structures(tmp_path)] == ["Ar", "NaCl", "Cu", "Ag"]
    with pytest.raises(InputError, match="nothing in this folder is known"):
        find_sources(tmp_path)  # whoever wants labels wants no structures


def test_beside_an_output_the_input_of_a_calculation_does_not_count(tmp_path: Path) -> None:
    if "vasp" not in registry().names("labelers"):
        pytest.skip("whet-vasp is not installed")
    ase.io.write(tmp_path / "POSCAR", bulk("Cu", a=3.6), format="vasp")
    (tmp_path / "vasprun.xml").write_text("<modeling>")
    assert [source.path.name for source in find_sources(tmp_path, structures=True)] == ["vasprun.xml"]


def test_a_broken_structure_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.cif").write_text("data_x\nloop_\n_atom_site_label\nNa1 Na\n")
    with pytest.raises(FrameError, match=r"broken\.cif"):
        read_structures(tmp_path)
    (tmp_path / "broken.cif").unlink()
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(InputError) as caught:
        read_structures(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: nothing in this folder is known. Looked for ")
    assert "*.cif" in str(caught.value) and "POSCAR*" in str(caught.value)
