"""The event log: every event has a place in one list, and a log is read while it is written."""

from __future__ import annotations

import json
import time
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from whet.running.event_log import EventLog, EventReader, event_logs, read_events
from whet.running.events import (
    EVENTS,
    Event,
    LabelsKept,
    RunEnded,
    RunStarted,
    StepEnded,
    StepLost,
    StepSubmitted,
    read_event,
)
from whet.running.run_state import RunState, last_run


def made(kind: type[Event]) -> Event:
    """One with something in each field."""
    samples = {"str": "some words", "int": 3, "float": 1.5, "bool": False}
    return kind(**{one.name: samples[str(one.type)] for one in fields(kind)})


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS)
def test_each_event_is_described_and_comes_back_as_it_was(kind: type[Event], tmp_path: Path) -> None:
    said = made(kind)
    log = EventLog(tmp_path)
    log(said)
    log.close()
    (happened,) = read_events(log.path)
    assert happened.event == said and happened.time > 1e9
    assert kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("), "the docstring says when it is said"


def test_no_two_events_have_one_word() -> None:
    assert len(EVENTS) == len(Event.__subclasses__())


def test_a_torn_last_line_waits_for_its_end(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log(RunStarted("local", 2))
    log.close()
    whole = json.dumps({"time": 2.0, **LabelsKept("label-0", 7).as_json()})
    with log.path.open("a") as file:
        file.write(whole[:20])
    reader = EventReader(log.path)
    assert [one.event.name for one in reader.new()] == ["run-started"]
    assert list(reader.new()) == []
    with log.path.open("a") as file:
        file.write(whole[20:] + "\n")
    assert [one.event for one in reader.new()] == [LabelsKept("label-0", 7)]


def test_lines_of_other_versions_and_nonsense_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    known = StepEnded("md-0", 1.0).as_json()
    lines = [
        json.dumps({"time": 1.0, "event": "coffee-made", "cups": 2}),
        "nonsense",
        "[1, 2]",
        json.dumps({"time": 1.0, "event": "step-ended"}),
        json.dumps({"time": 1.0, **known, "added_later": 1}),
    ]
    path.write_bytes("\n".join(lines).encode() + b"\n\xff\xfe\n")
    assert [one.event for one in read_events(path)] == [StepEnded("md-0", 1.0)]
    assert read_events(tmp_path / "none.jsonl") == []


def test_what_has_a_default_may_be_missing() -> None:
    for kind in EVENTS.values():
        needed = {one.name: "x" for one in fields(kind) if one.default is MISSING}
        assert read_event({"event": kind.name, **needed}) is not None
        for name in needed:
            assert read_event({"event": kind.name, **{k: v for k, v in needed.items() if k != name}}) is None


def test_a_state_follows_the_log(tmp_path: Path) -> None:
    assert last_run(tmp_path) is None
    log = EventLog(tmp_path)
    log(RunStarted("local", 2, "here", 1, 10, 4))
    for key in ("md-1", "md-2", "md-3"):
        log(StepSubmitted(key, f"title of {key}", "md-1"))
    log(StepEnded("md-2", 3.0))
    log(LabelsKept("label-9", 5))
    state = RunState.of(log.path)
    assert list(state.submitted) == ["md-1", "md-3"] and state.done == 1 and state.labels == 5
    assert state.jobs["md-3"] == "md-1" and state.ended is None
    log(RunEnded(1, 0))
    log.close()
    last = last_run(tmp_path)
    assert last is not None and last.ended is not None and not last.submitted


def test_a_run_that_only_looked_is_not_the_last_one(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for name, event in (("1-a-1", RunStarted("local", 2)), ("2-a-2", LabelsKept("label-0", 1))):
        line = json.dumps({"time": 1.0, **event.as_json()})
        (tmp_path / "runs" / f"{name}.jsonl").write_text(line + "\n")
    assert [path.stem for path in event_logs(tmp_path)] == ["2-a-2", "1-a-1"]
    last = last_run(tmp_path)
    assert last is not None and last.path is not None and last.path.stem == "1-a-1"


def test_each_event_is_a_line_as_it_happens(tmp_path: Path) -> None:
    before = time.time()
    say = EventLog(tmp_path)
    say(RunStarted("local", 2))
    say(StepLost("md-1", "a line\nand another"))
    say.close(RunEnded(1, 0))
    first, second, last = map(json.loads, say.path.read_text().splitlines())
    assert (first["event"], first["executor"], first["room"]) == ("run-started", "local", 2)
    assert before - 1 <= first["time"] <= second["time"] <= time.time() + 1
    assert second["why"] == "a line\nand another"
    assert (last["event"], last["ran"]) == ("run-ended", 1)


def test_a_run_in_which_nothing_happens_leaves_no_file(tmp_path: Path) -> None:
    EventLog(tmp_path).close(RunEnded(0, 0))
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("in the way")
    say = EventLog(tmp_path)
    say(RunStarted("local", 2))
    say.close(RunEnded(0, 0))
    (tmp_path / "runs").unlink()
    say(RunEnded(0, 0))
    assert [json.loads(line)["event"] for line in say.path.read_text().splitlines()] == ["run-ended"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_no_fault(tmp_path: Path) -> None:
    say = EventLog(tmp_path)
    say.path.parent.mkdir()
    say.path.symlink_to("/dev/full")
    for _ in range(1000):
        say(StepSubmitted("md-1", "x" * 100, "md-1"))
    say.close(RunEnded(0, 0))
