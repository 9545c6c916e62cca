"""A run that a signal ends: nothing lives on, what was done is kept, and the same command goes on from there."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from whet import Study
from whet.running.event_log import event_logs, read_events
from whet.running.events import RunEnded, RunInterrupted

STUDY = """\
name: interrupted
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 200, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: {naive: 1}
self_generated: {of: none}
running: {workers: 2}
"""
LINE = [sys.executable, "-m", "whet", "run", "study.yaml"]


def waited(until: Callable[[], bool]) -> None:
    """Until that is so; a minute at the most."""
    deadline = time.monotonic() + 60
    while not until() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert until()


def workers_of(folder: Path) -> list[int]:
    """Processes whose working directory is this folder, other than this one."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int(entry.name) != os.getpid() and (entry / "cwd").resolve() == folder:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("how", "code", "said"), [(signal.SIGTERM, 143, "ended by SIGTERM"), (signal.SIGINT, 130, "interrupted")]
)
def test_a_signal_ends_a_run_in_good_order(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals, code: int, said: str
) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    bought = tmp_path / "bought"
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(bought))
    monkeypatch.setenv("WHET_TOY_WAIT", "0.2")
    process = subprocess.Popen(LINE, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        waited(lambda: bought.is_file() and len(bought.read_text().split()) >= 3)
        assert workers_of(tmp_path), "the workers are there to be ended"
        process.send_signal(how)
        out, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == code and "steps run in" not in out, "the bill, and no account"
    *_, last = error.splitlines()
    kept = re.fullmatch(
        rf"whet: {said}; (\d+) steps? and (\d+) labels? of this run are kept; the same command goes on from here", last
    )
    assert kept, last
    waited(lambda: not workers_of(tmp_path))

    store = Study.load(tmp_path / "study.yaml").store
    done = len(list(store.root.glob("steps/*/result.json")))
    ((_, labels),) = store.labels.counts()
    assert (int(kept[1]), int(kept[2])) == (done, labels), "the line says what is there"
    assert labels >= 2, "labels of a step that was under way are in the label store"
    assert not list(store.root.glob("steps/*/labels.log"))
    events = [one.event for one in read_events(event_logs(store.root)[0])]
    assert isinstance(events[-1], RunEnded) and events[-1].labels == labels and events[-1].ran == done
    (interrupted,) = [one for one in events if isinstance(one, RunInterrupted)]
    assert interrupted.why == ("interrupted" if how == signal.SIGINT else "SIGTERM")

    computed = len(bought.read_text().split())
    again = subprocess.run([*LINE, "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    account = json.loads(again.stdout)
    assert account["complete"] and account["reused"] == done
    # One that was under way when the worker was ended may be computed again.
    assert len(bought.read_text().split()) - computed <= 21 - labels
