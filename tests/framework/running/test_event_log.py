"""The event log: a line of JSON for each event, and never a reason for a run to end."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from whet.running.event_log import EventLog


def test_each_event_is_a_line_as_it_happens(tmp_path: Path) -> None:
    before = time.time()
    say = EventLog(tmp_path)
    say("run-started", executor="local", room=2)
    say("step-lost", step="md-1", why="a line\nand another")
    say.close("run-ended", ran=1)
    first, second, last = map(json.loads, say.path.read_text().splitlines())
    assert first == {"time": first["time"], "event": "run-started", "executor": "local", "room": 2}
    assert before - 1 <= first["time"] <= second["time"] <= time.time() + 1
    assert second["why"] == "a line\nand another"
    assert (last["event"], last["ran"]) == ("run-ended", 1)


def test_a_run_in_which_nothing_happens_leaves_no_file(tmp_path: Path) -> None:
    EventLog(tmp_path).close("run-ended")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    say = EventLog(tmp_path)
    say("run-started")
    say.close("run-ended")
    (tmp_path / "runs").unlink()
    say("run-ended")
    assert [json.loads(line)["event"] for line in say.path.read_text().splitlines()] == ["run-ended"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_no_fault(tmp_path: Path) -> None:
    say = EventLog(tmp_path)
    say.path.parent.mkdir()
    say.path.symlink_to("/dev/full")
    for _ in range(1000):
        say("step-submitted", step="md-1", title="x" * 100)
    say.close("run-ended")
