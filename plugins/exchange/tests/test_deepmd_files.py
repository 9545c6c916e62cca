"""DeePMD's folders: written as DeePMD reads them, read back bit for bit, and refused frame by frame."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whet import Failure, FrameError, InputError, Labels, UnitSystem, export_frames, frame_key, read_labeled
from whet_exchange.deepmd_files import DeepmdSystem

OWN = UnitSystem()

floats = st.floats(-1e3, 1e3, allow_nan=False, width=64)


@st.composite
def labeled(draw: st.DrawFn) -> Atoms:
    """A frame of a few elements in any order, periodic or open, with stress or without."""
    symbols = draw(st.lists(st.sampled_from(["Li", "P", "S", "H"]), min_size=1, max_size=4))
    n, periodic = len(symbols), draw(st.booleans())
    cell = np.diag(draw(hnp.arrays(np.float64, 3, elements=st.floats(2, 20))))
    cell[1, 0] = draw(st.floats(-1, 1))
    positions = draw(hnp.arrays(np.float64, (n, 3), elements=floats))
    atoms = Atoms(symbols, positions=positions, cell=cell if periodic or draw(st.booleans()) else None, pbc=periodic)
    triangle = np.triu(draw(hnp.arrays(np.float64, (3, 3), elements=st.floats(-1, 1))))
    stress = triangle + np.triu(triangle, 1).T if periodic and draw(st.booleans()) else None
    return Labels(draw(floats), draw(hnp.arrays(np.float64, (n, 3), elements=floats)), stress).attach(atoms)


def systems(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if (path / "type.raw").is_file())


@settings(max_examples=60, deadline=None)
@given(st.lists(labeled(), min_size=1, max_size=6))
def test_frames_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, frames: list[Atoms]) -> None:
    folder = tmp_path_factory.mktemp("deepmd") / "x.deepmd"
    export_frames(folder, frames)
    back = [record for system in systems(folder) for record in DeepmdSystem().records(system, {}, OWN)]
    assert len(back) == len(frames)
    known: dict[str, list[Labels]] = {}
    for frame in frames:
        known.setdefault(frame_key(frame), []).append(Labels.of(frame))
    for record in back:
        assert record.frame is not None and isinstance(record.answer, Labels)
        same = known[frame_key(record.frame)]
        exact = [
            labels
            for labels in same
            if labels.energy == record.answer.energy and labels.forces.tobytes() == record.answer.forces.tobytes()
        ]
        assert exact
        if record.answer.stress is None:
            assert any(labels.stress is None for labels in exact)
        else:
            stresses = [labels.stress for labels in exact if labels.stress is not None]
            assert any(np.allclose(record.answer.stress, stress, rtol=1e-14, atol=1e-18) for stress in stresses)


def strained(pull: float) -> tuple[Atoms, float]:
    """A crystal and an energy that grows where it is pulled along x, eV: (a − 4)²."""
    atoms = bulk("Ar", "sc", a=4.0)
    atoms.set_cell([4 + pull, 4, 4], scale_atoms=True)
    return atoms, float(atoms.cell.array[0, 0] - 4) ** 2


def test_the_virial_is_minus_the_strain_derivative_of_the_energy(tmp_path: Path) -> None:
    """Independently of stress: virial_xx = −dE/dε_xx, so a crystal that is pulled has a negative one (DeePMD's own)."""
    atoms, energy = strained(0.1)
    step = 1e-6
    slope = (strained(0.1 + 4.1 * step)[1] - strained(0.1 - 4.1 * step)[1]) / (2 * step)
    stress = np.zeros((3, 3))
    stress[0, 0] = slope / atoms.cell.volume  # tension positive: it resists being pulled
    export_frames(tmp_path / "x.deepmd", [Labels(energy, np.zeros((1, 3)), stress).attach(atoms)])
    virial = np.load(tmp_path / "x.deepmd" / "Ar" / "set.000" / "virial.npy")
    assert virial.shape == (1, 9)
    assert virial[0, 0] == pytest.approx(-slope, rel=1e-12)
    assert virial[0, 0] < 0
    (frame,) = read_labeled(tmp_path / "x.deepmd" / "Ar")
    assert np.asarray(Labels.of(frame).stress)[0, 0] == pytest.approx(stress[0, 0], rel=1e-12)


def frame(index: int, atoms: int = 2) -> Atoms:
    made = bulk("NaCl", "rocksalt", a=5.6 + index / 1000)
    return Labels(-float(index), np.full((2, 3), float(index)), np.eye(3) * 0.01).attach(made)


def test_files_are_as_deepmd_wants_them(tmp_path: Path) -> None:
    export_frames(tmp_path / "x.deepmd", [frame(0), frame(1), Labels(1.0, np.ones((1, 3))).attach(Atoms("O"))])
    system = tmp_path / "x.deepmd" / "ClNa"
    assert (system / "type.raw").read_text().split() == ["1", "2"]
    assert (system / "type_map.raw").read_text().split() == ["O", "Na", "Cl"]
    assert (tmp_path / "x.deepmd" / "O" / "type_map.raw").read_text().split() == ["O", "Na", "Cl"]
    shapes = {path.stem: np.load(path).shape for path in (system / "set.000").iterdir()}
    assert shapes == {"coord": (2, 6), "box": (2, 9), "energy": (2,), "force": (2, 6), "virial": (2, 9)}
    assert (tmp_path / "x.deepmd" / "O" / "nopbc").is_file()
    assert not (system / "nopbc").exists()
    assert not list(tmp_path.glob(".*"))


def test_what_does_not_fit_leaves_nothing(tmp_path: Path) -> None:
    slab = bulk("Ar", "sc", a=4.0)
    slab.pbc = (True, True, False)
    for bad, what in ((bulk("Ar"), "frame 1: the frame carries no energy"), (slab, "periodic in all directions")):
        labeled = bad if bad.pbc.all() else Labels(0.0, np.zeros((1, 3))).attach(bad)
        with pytest.raises(FrameError, match=what):
            export_frames(tmp_path / "x.deepmd", [frame(0), labeled])
        assert not list(tmp_path.iterdir())
    export_frames(tmp_path / "x.deepmd", [frame(0)])
    with pytest.raises(InputError, match="the folder exists"):
        export_frames(tmp_path / "x.deepmd", [frame(0)])


def written(tmp_path: Path, count: int = 3) -> Path:
    export_frames(tmp_path / "x.deepmd", [frame(index) for index in range(count)])
    return tmp_path / "x.deepmd" / "ClNa"


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("force", np.zeros((3, 5)), "force.npy has 5 numbers a frame, 2 atoms have 6"),
        ("box", np.zeros((3, 6)), "box.npy has 6 numbers a frame, not 9"),
        ("box", np.zeros((3, 9)), "its cell is missing or flat"),
        ("energy", np.array([0, np.nan, 0]), "energy is not finite"),
        ("energy", np.zeros((3, 2)), "energy.npy has 2 numbers a frame, not 1"),
        ("energy", np.zeros(2), "energy.npy has 2 frames, coord.npy has 3"),
        ("coord", np.full((3, 6), np.inf), "positions are not finite"),
        ("virial", np.arange(27.0).reshape(3, 9), "not symmetric"),
        ("force", np.full((3, 6), 1e7), "a force of 1e+07 eV/Å"),
    ],
)
def test_damage_is_refused_frame_by_frame(tmp_path: Path, name: str, value: np.ndarray, what: str) -> None:
    system = written(tmp_path)
    np.save(system / "set.000" / f"{name}.npy", value)
    found = [record.answer for record in DeepmdSystem().records(system, {}, OWN)]
    reasons = [answer.reason for answer in found if isinstance(answer, Failure)]
    assert reasons and all(what in reason for reason in reasons)
    if name == "energy" and value.ndim == 1 and len(value) == 3:
        assert len(reasons) == 1 and len(found) == 3


def test_a_damaged_set_costs_no_other(tmp_path: Path) -> None:
    system = written(tmp_path)
    (system / "set.000").rename(system / "set.001")
    (system / "set.000").mkdir()
    for path in (system / "set.001").iterdir():
        (system / "set.000" / path.name).write_bytes(path.read_bytes()[:150])
    found = list(DeepmdSystem().records(system, {}, OWN))
    assert isinstance(found[0].answer, Failure) and "coord.npy cannot be read" in found[0].answer.reason
    assert [isinstance(record.answer, Labels) for record in found[1:]] == [True] * 3


def test_types_without_names_are_refused(tmp_path: Path) -> None:
    system = written(tmp_path)
    (system / "type_map.raw").write_text("Na\n")
    assert all(
        "type_map.raw has 1" in getattr(record.answer, "reason", "")
        for record in DeepmdSystem().records(system, {}, OWN)
    )
    (system / "type_map.raw").unlink()
    with pytest.raises(InputError, match=r"the elements of the types are not stated. Write .*type_map\.raw"):
        list(DeepmdSystem().records(system, {}, OWN))


def test_frames_of_mixed_types_are_read(tmp_path: Path) -> None:
    """DeePMD's mixed form: the types of each frame, −1 where it has fewer atoms."""
    system = written(tmp_path)
    (system / "type.raw").write_text("0\n0\n")
    np.save(system / "set.000" / "real_atom_types.npy", [[0, 1], [1, 1], [0, -1]])
    frames = read_labeled(system)
    assert [frame.get_chemical_formula() for frame in frames] == ["ClNa", "Cl2", "Na"]


def test_numbers_of_single_precision_and_columns_are_read(tmp_path: Path) -> None:
    system = written(tmp_path)
    for path in (system / "set.000").iterdir():
        np.save(path, np.load(path).astype(np.float32))
    np.save(system / "set.000" / "energy.npy", np.load(system / "set.000" / "energy.npy")[:, None])
    assert [Labels.of(frame).energy for frame in read_labeled(system)] == [0.0, -1.0, -2.0]


def test_no_more_than_a_few_frames_are_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet_exchange.deepmd_files.AT_ONCE", 20_000)

    class Many:
        def __init__(self, count: int) -> None:
            self.count = count

        def __len__(self) -> int:
            return self.count

        def __getitem__(self, index: int) -> Atoms:
            return frame(index)

        def __iter__(self) -> Iterator[Atoms]:
            return (frame(index) for index in range(self.count))

    peaks = []
    export_frames(tmp_path / "warm.deepmd", Many(5))  # pyright: ignore[reportArgumentType]
    for count in (300, 1500):
        tracemalloc.start()
        export_frames(tmp_path / f"{count}.deepmd", Many(count))  # pyright: ignore[reportArgumentType]
        assert sum(1 for _ in DeepmdSystem().records(tmp_path / f"{count}.deepmd" / "ClNa", {}, OWN)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
