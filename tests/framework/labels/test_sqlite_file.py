"""The file of a label store: several processes write at once, it may be read only, and a write may be broken off."""

from __future__ import annotations

import errno
import multiprocessing
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from label_frames import THEORY, frame
from whet import Labels
from whet.data.errors import StoreError
from whet.labels.label_store import LabelStore


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
