"""Who is at work in a store is seen by others, for as long as it lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from whet.data.durable import write_json
from whet.data.errors import StoreError
from whet.running.at_work import FOLDER, at_work, others_at_work
from whet.running.store import Store

HOLDER = """
import sys, time
from pathlib import Path
from whet.running.at_work import at_work
with at_work(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""


def test_one_that_is_killed_is_at_work_no_more(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "in\n"
        (said,) = others_at_work(tmp_path)
        assert said.startswith(f"process {holder.pid} on ")
        holder.send_signal(signal.SIGKILL)
    assert not others_at_work(tmp_path)
    with at_work(tmp_path):  # which also takes away what the dead one left
        assert [path.name.split("-")[-2] for path in (tmp_path / FOLDER).iterdir()] == [str(os.getpid())]
    assert not list((tmp_path / FOLDER).iterdir())


@pytest.mark.parametrize("word", ["moving_to", "moving_from"])
def test_a_store_that_is_being_moved_takes_nothing(tmp_path: Path, word: str) -> None:
    store = Store(tmp_path)
    store.prepare()
    write_json(tmp_path / "store.json", {"format": 2, word: "/elsewhere"})
    with pytest.raises(StoreError, match="being moved"), store.at_work():
        pytest.fail("it was let in")
    assert not others_at_work(tmp_path)
