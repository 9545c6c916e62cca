"""The shelf: labels survive bit for bit, damage is found, several processes write at once."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whet import Labels, LevelOfTheory
from whet.data.errors import StoreError
from whet.running.shelf import Shelf

THEORY = LevelOfTheory("PBE", code="test", settings={"cutoff": 520.0})
floats = st.floats(allow_nan=False, allow_infinity=False, width=64)


def frame(x: float = 0.0) -> Atoms:
    return Atoms("Ar2", [[x, 0, 0], [2, 0, 0]], cell=[5, 5, 5], pbc=True)


@settings(max_examples=40, deadline=None)
@given(floats, hnp.arrays(np.float64, (2, 3), elements=floats), hnp.arrays(np.float64, (3, 3), elements=floats))
def test_labels_come_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, energy: float, forces: np.ndarray, stress: np.ndarray
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf") / "labels.sqlite")
    shelf.put(frame(), THEORY, Labels(energy, forces, stress, {"charges": np.array([0.5, -0.5])}))
    back = shelf.get(frame(), THEORY)
    assert back is not None
    assert np.float64(back.energy).tobytes() == np.float64(energy).tobytes()
    assert back.forces.tobytes() == forces.tobytes()
    assert np.asarray(back.stress).tobytes() == stress.tobytes()
    assert back.extra["charges"].tolist() == [0.5, -0.5]


def test_theories_do_not_mix(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "labels.sqlite")
    shelf.put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    assert shelf.get(frame(), LevelOfTheory("PBE", code="test", settings={"cutoff": 521.0})) is None
    assert shelf.get(frame(1e-12), THEORY) is None
    assert shelf.counts() == [(THEORY, 1)]


def test_a_label_that_is_there_stays(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "labels.sqlite")
    shelf.put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    shelf.put(frame(), THEORY, Labels(2.0, np.zeros((2, 3))))
    found = shelf.get(frame(), THEORY)
    assert found is not None
    assert found.energy == 1.0


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    shelf = Shelf(path)
    shelf.put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    with sqlite3.connect(path) as database:
        (content,) = database.execute("select content from labels").fetchone()
        damaged = bytearray(content)
        damaged[len(damaged) // 2] ^= 1
        database.execute("update labels set content = ?", (bytes(damaged),))
    with pytest.raises(StoreError, match="damaged"):
        shelf.get(frame(), THEORY)


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"labels\.sqlite") as caught:
        Shelf(path).get(frame(), THEORY)
    assert "\n" not in str(caught.value)
    assert path.read_bytes().startswith(b"no database")


def _put_many(path: Path, start: int) -> None:
    shelf = Shelf(path)
    for i in range(start, start + 20):
        shelf.put(frame(i / 100), THEORY, Labels(float(i), np.zeros((2, 3))))


@pytest.mark.parametrize("attempt", range(8))
def test_processes_make_it_and_write_at_once(tmp_path: Path, attempt: int) -> None:
    path = tmp_path / "labels.sqlite"
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_put_many, args=(path, start)) for start in (0, 10, 40)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert Shelf(path).counts() == [(THEORY, 50)]
