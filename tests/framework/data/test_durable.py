"""Locks: one at a time, in threads and processes; never the contents of a file, never past a process's end."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from whet.data.durable import locked
from whet.data.errors import StoreError

BUSY = StoreError("another process has it")


def test_who_comes_second_waits_or_is_told(tmp_path: Path) -> None:
    came = threading.Event()

    def second() -> None:
        with locked(tmp_path / "it.lock"):
            came.set()

    with locked(tmp_path / "it.lock"):
        with pytest.raises(StoreError, match="another process has it"), locked(tmp_path / "it.lock", busy=BUSY):
            pass
        thread = threading.Thread(target=second)
        thread.start()
        assert not came.wait(0.3)
    assert came.wait(5)
    thread.join()


def test_a_killed_process_leaves_it_free(tmp_path: Path) -> None:
    code = "import sys, time; from pathlib import Path; from whet.data.durable import locked\n"
    code += "with locked(Path(sys.argv[1])): print('has it', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, tmp_path / "it.lock"], stdout=subprocess.PIPE)
    assert holder.stdout and holder.stdout.readline() == b"has it\n"
    with pytest.raises(StoreError, match="another process has it"), locked(tmp_path / "it.lock", busy=BUSY):
        pass
    holder.kill()
    holder.communicate()
    with locked(tmp_path / "it.lock", busy=BUSY):
        pass


def test_a_file_in_the_way_keeps_its_content_and_a_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("my notes")
    (tmp_path / "folder").mkdir()
    with locked(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine").read_text() == "my notes"
    with pytest.raises(StoreError, match="a folder is where a file should be"), locked(tmp_path / "folder"):
        pass
