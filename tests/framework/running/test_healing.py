"""What is damaged is done again, once; what another run is at is left to it, with the labels that it computes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from whet.data.frame_log import read_frames
from whet.labels.label_log import LabelLog
from whet.plugins.registry import registry
from whet.running.run import Run
from whet.running.runner import Runner
from whet.running.step import Step
from whet.running.store import Store
from whet.running.watcher import Silent

from .test_claims import Known, Told, label, run, structure


def damaged_unseen(path: Path) -> None:
    """Flips a bit, and sets the time of writing to what it was."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_what_fed_two_steps_is_done_again_once(toy: None, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first, second, third = map(structure, range(3))
    run(store, [first, second, third])
    damaged_unseen(store.folder(first.key) / "structure.frames")
    steps = [first, second, third, label(first, second), label(first, third)]
    account = run(store, steps)
    assert not account.failed and not account.not_run
    assert [*account.damaged] == [first.key] and sorted(account.ran) == sorted(step.key for step in (first, *steps[3:]))
    events = Told(store, steps)()
    assert events.count(("step-damaged", "structure 0")) == 1
    assert events.count(("step-submitted", "structure 0")) == 2  # when there was nothing, and now


def began(store: Store, *steps: Step) -> Run:
    """A run with these steps in its plan, which has not begun."""
    run_of = Run(Runner(store), Known([*steps]), Silent())
    run_of._planned = {step.key: step for step in steps}
    return run_of


@pytest.mark.parametrize("is_running", [True, False])
def test_what_feeds_what_fed_a_step_is_waited_for_or_done_again(toy: None, tmp_path: Path, is_running: bool) -> None:
    """An analysis reads how its frames were made: the dynamics may be done again while their labels are there."""
    store = Store(tmp_path / "store")
    first = structure(0)
    fed = label(first)
    last = replace(fed, title="last", inputs=dict.fromkeys(fed.inputs, (fed.key,)))
    run(store, [first, fed])
    open_run = began(store, first, fed, last)
    if is_running:
        store.discard(first.key)
        open_run._running[first.key] = first
    else:
        (store.folder(first.key) / "structure.frames").write_bytes(b"torn")
    assert not open_run._heal([last], False) and not open_run._schedule.waiting
    assert open_run._heal([last], True)
    waiting = [last.key] if is_running else [first.key, last.key]
    assert sorted(open_run._schedule.waiting) == sorted(waiting)
    taken = [step.key for step in open_run._schedule.take({})]
    assert taken == ([] if is_running else [first.key])
    open_run._schedule.done(first.key)
    assert [step.key for step in open_run._schedule.take({})] == [last.key]


def test_a_damaged_recipe_is_written_anew(toy: None, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = structure(0)
    run(store, [first])
    path = store.folder(first.key) / "step.json"
    whole = path.read_text()
    for damage in ("", whole[:30], whole.replace('"index": 0', '"index": 1'), "[]"):
        path.write_text(damage)
        assert run(store, [first]).reused == [first.key]
        assert path.read_text() == whole


@pytest.mark.parametrize("is_planned", [True, False])
def test_labels_that_another_run_computes_are_waited_for(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_planned: bool
) -> None:
    """Whether the step that the other run is at is one of this run's, or another study's."""
    bought = tmp_path / "bought.txt"
    bought.touch()
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(bought))
    store = Store(tmp_path / "store")
    first = structure(0)
    one, other = label(first), label(first, first)
    run(store, [first])
    (frame,) = read_frames(store.folder(first.key) / "structure.frames")
    labeler = registry().load(one.components["labeler"])
    (labels,) = labeler.label([frame], tmp_path)
    bought.write_text("")

    store.describe(one)
    held = store.locked(one.key)
    held.__enter__()
    LabelLog(store.folder(one.key) / "labels.log", store.labels).put(frame, labeler.theory, labels)
    release = Timer(1.5, held.__exit__, (None, None, None))
    release.start()
    account = run(store, [first, other, one] if is_planned else [first, other])
    release.join()
    assert not account.failed and not account.not_run and other.key in account.ran
    assert (one.key in account.ran) == is_planned
    assert bought.read_text() == "" and store.result(other.key).provenance["bought"] == 0
    assert not list(store.root.glob("steps/*/labels.log"))
