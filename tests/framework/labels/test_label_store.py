"""The label store: labels survive bit for bit, damage is found, several processes write at once."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from whet import Failure, FrameError, InputError, Labels, LevelOfTheory, UnknownName, frame_key
from whet.data.errors import StoreError
from whet.labels.label_store import LabelStore
from whet.labels.stored_label import unpack_label

THEORY = LevelOfTheory("PBE", code="test", settings={"cutoff": 520.0})
floats = st.floats(allow_nan=False, allow_infinity=False, width=64)


def frame(x: float = 0.0) -> Atoms:
    return Atoms("Ar2", [[x, 0, 0], [2, 0, 0]], cell=[5, 5, 5], pbc=True)


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


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"labels\.sqlite") as caught:
        LabelStore(path).get(frame(), THEORY)
    assert "\n" not in str(caught.value)
    assert path.read_bytes().startswith(b"no database")


def _put_many(path: Path, start: int) -> None:
    label_store = LabelStore(path)
    for i in range(start, start + 20):
        label_store.put(frame(i / 100), THEORY, Labels(float(i), np.zeros((2, 3))))


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
    assert LabelStore(path).counts() == [(THEORY, 50)]


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


def test_a_theory_is_found_by_its_name_or_fingerprint(tmp_path: Path) -> None:
    label_store = LabelStore(tmp_path / "labels.sqlite")
    others = [LevelOfTheory("r2SCAN", code="VASP"), LevelOfTheory("PBE", code="other")]
    for theory in (THEORY, *others):
        label_store.put(frame(), theory, Labels(1.0, np.zeros((2, 3))))
    assert label_store.theory("r2SCAN") == others[0]
    assert label_store.theory("PBE (other)") == others[1]
    assert label_store.theory(THEORY.fingerprint[:6]) == THEORY
    with pytest.raises(InputError, match=r"'PBE' is not one level of theory\. Give a fingerprint: ") as caught:
        label_store.theory("PBE")
    assert THEORY.fingerprint[:8] in str(caught.value)
    with pytest.raises(UnknownName, match=r"no labels of a theory 'r2SCAM'\. Did you mean 'r2SCAN'\?"):
        label_store.theory("r2SCAM")


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


def test_labels_lie_under_what_moves_their_frame(tmp_path: Path) -> None:
    """A theory that learns of one more element finds its labels; one that differs for an element of theirs does not."""
    label_store = LabelStore(tmp_path / "labels.sqlite")
    basis = {"Fe": "f", "O": "o", "Li": "l"}
    first = LevelOfTheory("PBE", code="test", hubbard_u={"Fe": 4.0}, by_element={"basis": basis})
    frames = [Atoms(symbols, positions=np.eye(len(symbols), 3) * 2) for symbols in (["Fe", "O"], ["Li", "O"], ["Li"])]
    label_store.put_many([(atoms, Labels(1.0, np.zeros((len(atoms), 3)))) for atoms in frames], first)
    assert label_store.counts() == [(first.of(basis), 3)]
    assert label_store.theory(first.fingerprint[:8]).fingerprint == first.fingerprint
    assert label_store.theory("PBE+U(Fe 4) (test)") == first.of(basis)
    values = {"Fe": 4.0, "Mn": 5.0}
    more = LevelOfTheory("PBE", "test", hubbard_u=values, by_element={"basis": {**basis, "Mn": "m"}})
    assert more.fingerprint != first.fingerprint
    assert len(label_store.keys(more)) == len(list(label_store.recorded(more))) == 3
    assert [labels is not None for labels in label_store.get_many(frames, more)] == [True] * 3
    other = LevelOfTheory("PBE", "test", hubbard_u={"Fe": 5.0}, by_element=first.by_element)
    assert [labels is not None for labels in label_store.get_many(frames, other)] == [False, True, True]
    plain = LevelOfTheory("PBE", code="test")
    assert [labels is not None for labels in label_store.get_many(frames, plain)] == [False] * 3
    label_store.put(frames[2], plain, Labels(2.0, np.zeros((1, 3))))
    assert sorted(count for _, count in label_store.counts()) == [1, 3]
    assert len(label_store.keys(first)) == 3


def test_parts_of_one_theory_are_listed_together(tmp_path: Path) -> None:
    """Calculations state a theory each, narrowed to their elements."""
    label_store = LabelStore(tmp_path / "labels.sqlite")
    whole = LevelOfTheory("PBE", code="test", by_element={"basis": {"Fe": "f", "O": "o", "Li": "l"}})
    other = LevelOfTheory("PBE", code="test", by_element={"basis": {"Li": "L", "O": "O"}})
    for theory, symbols in ((whole, ["Fe", "O"]), (whole, ["Li", "O"]), (other, ["Li", "O"])):
        atoms = Atoms(symbols, positions=np.eye(len(symbols), 3) * 2)
        label_store.put(atoms, theory.of(symbols), Labels(1.0, np.zeros((len(atoms), 3))))
    assert {theory.elements: count for theory, count in label_store.counts()} == {("Fe", "Li", "O"): 2, ("Li", "O"): 1}
    for theory, count in label_store.counts():
        assert len(label_store.keys(theory)) == len(label_store.frames(theory)) == count


def test_calculations_of_different_elements_are_one_theory(tmp_path: Path) -> None:
    """Also where a labeler knows more elements, and had nothing to compute: the name that it says is known."""
    label_store = LabelStore(tmp_path / "labels.sqlite")
    labeler = LevelOfTheory("PBE", code="test", by_element={"basis": {"Na": "n", "Cl": "c", "K": "k", "O": "o"}})
    for symbols in (["Na", "Cl"], ["K", "Cl"]):
        atoms = Atoms(symbols, positions=np.eye(2, 3) * 2)
        label_store.put(atoms, labeler.of(symbols), Labels(1.0, np.zeros((2, 3))))
    ((joined, count),) = label_store.counts()
    assert count == 2 and joined.elements == ("Cl", "K", "Na")
    label_store.describe(labeler)
    assert len(label_store.keys(label_store.theory(labeler.fingerprint[:8]))) == 2
    assert [theory.elements for theory, _ in label_store.counts()] == [("Cl", "K", "Na")]


def test_a_stress_is_added_to_a_label_that_has_none(tmp_path: Path) -> None:
    label_store, atoms = LabelStore(tmp_path / "labels.sqlite"), Atoms("Li", cell=[3, 3, 3], pbc=True)
    label_store.put(atoms, THEORY, Labels(1.0, np.zeros((1, 3))))
    label_store.complete(atoms, THEORY, np.eye(3))
    label_store.complete(atoms, THEORY, 2 * np.eye(3))  # one that is there stays
    found = label_store.get(atoms, THEORY)
    assert found is not None and found.energy == 1.0
    np.testing.assert_array_equal(found.stress, np.eye(3))


@pytest.fixture
def may_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A label store where nothing may be written: root, who may write everywhere, is asked to look away."""
    path = tmp_path / "labels.sqlite"
    LabelStore(path).put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    return path


def journal_mode(path: Path) -> str:
    with sqlite3.connect(path) as database:
        return database.execute("pragma journal_mode").fetchone()[0]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_label_store_that_may_only_be_read_is_read(may_only_read: Path, mode: str) -> None:
    with sqlite3.connect(may_only_read) as database:
        database.execute(f"pragma journal_mode = {mode}")
    before = may_only_read.read_bytes()
    label_store = LabelStore(may_only_read)
    assert label_store.get(frame(), THEORY) is not None and label_store.counts()[0][1] == 1
    with pytest.raises(StoreError, match="no permission to write"):
        label_store.put(frame(1e-3), THEORY, Labels(1.0, np.zeros((len(frame()), 3))))
    assert may_only_read.read_bytes() == before
    assert [path.name for path in may_only_read.parent.iterdir()] == ["labels.sqlite"]


def test_who_may_only_read_is_told_of_a_write_that_was_broken_off(may_only_read: Path) -> None:
    break_a_write_off(may_only_read)
    if os.geteuid() != 0:
        may_only_read.parent.chmod(0o555)
    with pytest.raises(StoreError, match="broken off") as caught:
        LabelStore(may_only_read).counts()
    assert "whet labels list" in str(caught.value)
    may_only_read.parent.chmod(0o755)


def test_a_write_that_was_broken_off_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    LabelStore(path).put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    break_a_write_off(path)
    assert LabelStore(path).counts() == [(THEORY, 1)]
    assert [entry.name for entry in tmp_path.iterdir()] == ["labels.sqlite"]


def break_a_write_off(path: Path) -> None:
    """Leaves what a process leaves that is killed in the middle of a commit: its journal, and half of its pages."""
    script = (
        "import os, sqlite3, sys; database = sqlite3.connect(sys.argv[1]); database.execute('pragma cache_size = 1'); "
        "database.execute('begin'); "
        "[database.execute('insert into labels values (?, ?, ?, ?)', ('x', str(i), bytes(9000), '')) "
        "for i in range(50)]; os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert path.with_name(f"{path.name}-journal").stat().st_size > 0


def test_the_journal_needs_no_shared_memory(tmp_path: Path) -> None:
    """SQLite's WAL does, and network file systems have none; a store that had one is converted, with all its labels."""
    path = tmp_path / "labels.sqlite"
    LabelStore(path).put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    assert journal_mode(path) == "delete"
    former = sqlite3.connect(path)
    former.execute("pragma journal_mode = wal")
    former.execute("delete from labels where false")
    copy = tmp_path / "copy" / path.name
    copy.parent.mkdir()
    for entry in tmp_path.glob("labels.sqlite*"):  # as a crash leaves it, its WAL beside it
        copy.with_name(entry.name).write_bytes(entry.read_bytes())
    former.close()
    assert LabelStore(copy).counts() == [(THEORY, 1)]
    assert journal_mode(copy) == "delete"
    assert [entry.name for entry in copy.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("age", [0, 3600])
def test_a_file_that_was_cut_to_nothing_is_no_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: int
) -> None:
    monkeypatch.setattr("whet.labels.sqlite_file.YOUNG", 0.1)
    path = tmp_path / "labels.sqlite"
    LabelStore(path).put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    os.truncate(path, 0)
    made = path.stat().st_mtime - age
    os.utime(path, (made, made))
    for ask in (
        LabelStore(path).counts,
        lambda: LabelStore(path).get(frame(), THEORY),
        lambda: LabelStore(path).put(frame(), THEORY, Labels(1.0, np.zeros((2, 3)))),
    ):
        with pytest.raises(StoreError, match=r"labels\.sqlite: the file is empty: .* Restore it from a copy"):
            ask()
    assert path.stat().st_size == 0


def test_a_disk_without_hard_links_has_label_stores_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setattr(os, "link", unsupported)
    path = tmp_path / "labels.sqlite"
    LabelStore(path).put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    assert LabelStore(path).counts() == [(THEORY, 1)]
    assert [entry.name for entry in tmp_path.iterdir()] == ["labels.sqlite"]


def test_a_file_of_a_newer_whet_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    LabelStore(path).put(frame(), THEORY, Labels(1.0, np.zeros((2, 3))))
    with sqlite3.connect(path) as database:
        database.execute("pragma user_version = 99")
    with pytest.raises(StoreError, match="has the format 99"):
        LabelStore(path).counts()
