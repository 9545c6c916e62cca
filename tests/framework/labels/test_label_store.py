"""The label store: labels come back bit for bit, with their frames, one for each frame and theory; damage is found."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from label_frames import THEORY, frame
from whet import Failure, FrameError, Labels, LevelOfTheory, frame_key
from whet.data.errors import StoreError
from whet.labels.label_store import LabelStore
from whet.labels.stored_label import unpack_label

floats = st.floats(allow_nan=False, allow_infinity=False, width=64)


@settings(max_examples=40, deadline=None)
@given(floats, hnp.arrays(np.float64, (2, 3), elements=floats), hnp.arrays(np.float64, (3, 3), elements=floats))
def test_labels_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, energy: float, forces: np.ndarray, stress: np.ndarray
) -> None:
    label_store = LabelStore(tmp_path_factory.mktemp("labels") / "labels.sqlite")
    label_store.put(frame(), THEORY, Labels(energy, forces, stress, {"charges": np.array([0.5, -0.5])}))
    back = label_store.get(frame(), THEORY)
    assert back is not None
    assert np.float64(back.energy).tobytes() == np.float64(energy).tobytes()
    assert back.forces.tobytes() == forces.tobytes()
    assert np.asarray(back.stress).tobytes() == stress.tobytes()
    assert back.extra["charges"].tolist() == [0.5, -0.5]


def test_theories_do_not_mix(tmp_path: Path) -> None:
    label_store = LabelStore(tmp_path / "labels.sqlite")
    label_store.put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    assert label_store.get(frame(), LevelOfTheory("PBE", code="test", settings={"cutoff": 521.0})) is None
    assert label_store.get(frame(1e-12), THEORY) is None
    assert label_store.counts() == [(THEORY, 1)]


def test_a_label_that_is_there_stays(tmp_path: Path) -> None:
    label_store = LabelStore(tmp_path / "labels.sqlite")
    label_store.put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    label_store.put(frame(), THEORY, Labels(2.0, np.zeros((2, 3))))
    found = label_store.get(frame(), THEORY)
    assert found is not None
    assert found.energy == 1.0


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    label_store = LabelStore(path)
    label_store.put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    with sqlite3.connect(path) as database:
        (content,) = database.execute("select content from labels").fetchone()
        damaged = bytearray(content)
        damaged[len(damaged) // 2] ^= 1
        database.execute("update labels set content = ?", (bytes(damaged),))
    with pytest.raises(StoreError, match="damaged"):
        label_store.get(frame(), THEORY)


def test_many_are_kept_at_once_and_what_was_there_is_told(tmp_path: Path) -> None:
    label_store = LabelStore(tmp_path / "labels.sqlite")
    label_store.put(frame(0.0), THEORY, Labels(1.0, np.zeros((2, 3))))
    labeled = [(frame(x), Labels(energy, np.zeros((2, 3)))) for x, energy in ((0.5, 2.0), (0.0, 3.0), (0.5, 4.0))]
    before = label_store.put_many(labeled, THEORY)
    assert [labels and labels.energy for labels in before] == [None, 1.0, 2.0]
    kept = label_store.get_many([frame(0.0), frame(0.5), frame(0.7)], THEORY)
    assert [labels and labels.energy for labels in kept] == [1.0, 2.0, None]
    assert label_store.put_many([], THEORY) == []
    with pytest.raises(FrameError, match="not finite"):
        label_store.put_many(
            [(frame(0.8), Labels(1.0, np.zeros((2, 3)))), (frame(0.9), Labels(np.nan, np.zeros((2, 3))))], THEORY
        )
    assert label_store.counts() == [(THEORY, 2)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 94), min_size=1, max_size=3),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.one_of(st.none(), st.floats(-3, 3), st.integers(-2, 2)),
    st.one_of(st.none(), st.integers(1, 8), st.just(3.0)),
    st.sampled_from(["none", "moments", "vectors", "charges"]),
    st.dictionaries(st.text(max_size=4), st.one_of(st.text(max_size=5), floats, st.booleans(), st.none()), max_size=3),
    st.randoms(use_true_random=False),
)
def test_frames_come_back_with_their_labels(
    tmp_path_factory: pytest.TempPathFactory,
    numbers: list,
    pbc: tuple,
    charge: float,
    spin: float,
    extra: str,
    info: dict,
    random: Any,
) -> None:
    """Whatever enters a frame's key comes back, and plain info besides."""
    values = [[random.uniform(-9, 9) for _ in range(3)] for _ in numbers]
    atoms = Atoms(numbers, positions=values, cell=np.diag([5, 6.5, 7]), pbc=pbc, info=dict(info))
    if charge is not None:
        atoms.info["charge"] = charge
    if spin is not None:
        atoms.info["spin"] = spin
    match extra:
        case "moments":
            atoms.set_initial_magnetic_moments([row[0] for row in values])
        case "vectors":
            atoms.set_initial_magnetic_moments(values)
        case "charges":
            atoms.set_initial_charges([row[0] - sum(row[0] for row in values) / len(values) for row in values])
    label_store = LabelStore(tmp_path_factory.mktemp("labels") / "labels.sqlite")
    label_store.put(atoms, THEORY, Labels(1.5, np.array(values), np.eye(3)))
    (back,) = label_store.frames(THEORY)
    assert frame_key(back) == frame_key(atoms)
    assert Labels.of(back).forces.tobytes() == np.array(values).tobytes()
    ours = {k: v for k, v in info.items() if v is not None and k not in ("charge", "spin")}
    assert {name: back.info[name] for name in ours} == ours


def test_labels_of_early_versions_are_read(tmp_path: Path) -> None:
    """They were kept without the multiplicity, which enters the key: the key says which it was."""
    import io

    label_store = LabelStore(tmp_path / "labels.sqlite")
    for spin in (None, 1, 3):
        atoms = frame()
        if spin:
            atoms.info["spin"] = spin
        label_store.put(atoms, THEORY, Labels(float(spin or 0), np.zeros((2, 3))))
    bare = {
        "numbers": frame().numbers,
        "positions": frame().positions,
        "cell": frame().cell.array,
        "pbc": frame().pbc,
        "charge": np.float64(0),
        "initial_magmoms": np.zeros(2),
    }
    with sqlite3.connect(label_store.path) as database:
        for key, content in database.execute("select frame, content from labels").fetchall():
            buffer = io.BytesIO()
            arrays: dict[str, Any] = {**bare, **unpack_label(content, key)[1].as_arrays()}
            np.savez(buffer, **arrays)
            digest = hashlib.sha256(buffer.getvalue()).hexdigest()
            database.execute(
                "update labels set content = ?, digest = ? where frame = ?", (buffer.getvalue(), digest, key)
            )
    found = {Labels.of(atoms).energy: atoms.info.get("spin") for atoms in label_store.frames(THEORY)}
    assert found == {0.0: None, 1.0: 1, 3.0: 3}


def test_a_damaged_label_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    label_store = LabelStore(tmp_path / "labels.sqlite")
    label_store.put_many([(frame(x), Labels(x, np.zeros((2, 3)))) for x in (0.1, 0.2, 0.3)], THEORY)
    hurt, other = frame_key(frame(0.2)), frame_key(frame(0.3))
    with sqlite3.connect(label_store.path) as database:
        database.execute("update labels set content = substr(content, 1, 100) where frame = ?", (hurt,))
        # A whole label, but of another frame.
        database.execute(
            "update labels set (content, digest) = (select content, digest from labels where frame = ?) "
            "where frame = ?",
            (frame_key(frame(0.1)), other),
        )
    found = {record.place.split()[-1]: record.answer for record in label_store.recorded(THEORY)}
    assert len(found) == 3
    for key in (hurt, other):
        answer = found[key]
        assert isinstance(answer, Failure) and "the label is damaged" in answer.reason
    assert isinstance(found[frame_key(frame(0.1))], Labels)
    with pytest.raises(StoreError, match=f"label {min(hurt, other)}: the label is damaged"):
        list(label_store.frames(THEORY))


def test_frames_are_read_in_blocks_and_in_any_order(tmp_path: Path) -> None:
    label_store = LabelStore(tmp_path / "labels.sqlite")
    count = 450
    label_store.put_many([(frame(x / count), Labels(float(x), np.zeros((2, 3)))) for x in range(count)], THEORY)
    frames = label_store.frames(THEORY)
    assert len(frames) == count
    assert sorted(Labels.of(atoms).energy for atoms in frames) == list(range(count))
    for place in (0, 300, 5, -1, 449):
        assert frame_key(frames[place]) == frames.keys[place]
    assert [frame_key(atoms) for atoms in frames[100:103]] == list(frames.keys[100:103])


def test_a_stress_is_added_to_a_label_that_has_none(tmp_path: Path) -> None:
    label_store, atoms = LabelStore(tmp_path / "labels.sqlite"), Atoms("Li", cell=[3, 3, 3], pbc=True)
    label_store.put(atoms, THEORY, Labels(1.0, np.zeros((1, 3))))
    label_store.complete(atoms, THEORY, np.eye(3))
    label_store.complete(atoms, THEORY, 2 * np.eye(3))  # one that is there stays
    found = label_store.get(atoms, THEORY)
    assert found is not None and found.energy == 1.0
    np.testing.assert_array_equal(found.stress, np.eye(3))
