"""What `whet run --watch`, bars and losses show while a study runs."""

from __future__ import annotations

import platform
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from in_process import whet
from seen_study import begun, study, titled
from whet import Study
from whet.cli.watch import WatchView
from whet.running.event_log import EventLog
from whet.running.events import LabelsKept, RunStarted, StepEnded, StepRunning, StepSubmitted
from whet.running.progress_file import ProgressFile, read_progress
from whet.running.run_state import last_run
from whet.study.study_state import StudyState, TimeLeft

__all__ = ["study"]


def test_watching_shows_what_happens(study: Study) -> None:
    step, ended = titled(study, "far 1: dynamics"), titled(study, "far 1: label")
    study.store.prepare()
    study.store.describe(step)
    screen = Console(file=StringIO(), width=80, height=24, force_terminal=True)
    view = WatchView(study.store.root, 20, 4, time_left=lambda: TimeLeft(120.0, 2, 4), console=screen)
    log = EventLog(study.store.root)
    log(RunStarted("local", 2))
    for one in (step, ended):
        log(StepSubmitted(one.key, one.title, one.key))
    log(StepEnded(ended.key, 3.0))
    log(LabelsKept(ended.key, 3))
    told = ProgressFile(study.store.folder(step.key))
    told._next = 0.0
    told(5, 20)
    plain = Console(file=StringIO(), width=80, height=24)
    plain.print(view.table())
    assert isinstance(plain.file, StringIO)
    shown = plain.file.getvalue()
    assert "5 of 20 done, 1 running, 14 waiting, 0 failed; 3 labels kept" in shown
    assert "about 2 min left" in shown.replace("\N{NO-BREAK SPACE}", " ")
    assert platform.node() in shown and "5 of 20 (25 %)" in shown
    assert "done: far 1: label" in shown and "3 labels of far 1: label are kept" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_no_terminal_no_table(study: Study, tmp_path: Path) -> None:
    said = whet("run", tmp_path, "--watch", "--workers", "1")
    assert f"[{len(study.plan.steps)}/{len(study.plan.steps)}]" in said.stderr
    last = last_run(study.store.root)
    assert last is not None and last.ended is not None and last.ended.ran == len(study.plan.steps)
    assert last.started is not None and last.started.steps == len(study.plan.steps)
    before = {path.name for path in (study.store.root / "runs").iterdir()}
    whet("run", tmp_path)
    assert {path.name for path in (study.store.root / "runs").iterdir()} == before, "nothing happened: nothing is said"


def test_losses_are_told_while_it_trains(study: Study, tmp_path: Path) -> None:
    study.run(workers=0)
    (tuned,) = study.plan.of_kind("fine-tune")
    folder = study.store.folder(tuned.key)
    lines = (folder / "loss.csv").read_text().splitlines()
    assert lines[0] == "epoch,time,train_loss" and [line.split(",")[0] for line in lines[1:]] == ["1", "2"]
    curves = study.store.result(tuned.key).values["curves"]["train_loss"]
    assert [float(line.split(",")[2]) for line in lines[1:]] == pytest.approx(curves)
    ProgressFile(folder)
    said = read_progress(folder)
    assert said is not None and said.losses["epoch"] == 2
    assert f"losses: epoch 2, train loss {curves[-1]:.3g}, all in {folder}" in whet("log", tmp_path, tuned.key).stderr


def test_watching_tells_what_can_be_judged(study: Study) -> None:
    left = TimeLeft(43.0, 2, 4, unmeasured={"md": 3, "evaluate": 2})
    view = WatchView(study.store.root, 20, 4, time_left=lambda: left, console=Console(file=StringIO(), width=80))
    assert (
        view._clocks()
        .replace("\N{NO-BREAK SPACE}", " ")
        .endswith("so far, 43 s left for the steps that can be judged, not for 5 others")
    )
    from whet.cli.run import _watching

    study.run(workers=0)
    more = Study.load(
        study.source.folder / "study.yaml", ["potentials={main: {use: toy, scale: 1.3}}", "strategies.naive=2"]
    )
    assert StudyState(more.stored).time_left is not None
    assert "left for the steps that can be judged" in _watching(more, 0)._clocks()


def test_watching_tells_what_is_handed_on(study: Study) -> None:
    first, second = titled(study, "main naive 1: dynamics"), titled(study, "far 1: dynamics")
    log = begun(study, first, second)
    log(StepRunning(first.key, "vm", 7, 1.0))
    plain = Console(file=StringIO(), width=80, height=24)
    plain.print(WatchView(study.store.root, 20, 4, console=plain).table())
    assert isinstance(plain.file, StringIO)
    assert "4 of 20 done, 1 running, 1 handed on, 14 waiting, 0 failed" in plain.file.getvalue()
