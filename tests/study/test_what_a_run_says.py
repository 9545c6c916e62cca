"""What `whet run` says while it runs and at its end: what was bought, what was lost, what failed and why."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path

import pytest

from in_process import whet
from seen_study import study
from whet import Study
from whet.contracts.executor import Job
from whet.contracts.task import Outcome, Work
from whet.data.errors import FrameError, InputError
from whet.data.numbers import count
from whet.running.in_process import InProcess
from whet.running.run_state import last_run
from whet.tasks.label import LabelFrames

__all__ = ["study"]

DRIVEN = [
    "tests={far: {trajectories: 2, driver: labeler}}",
    "minimize={steps: 5}",
    "fine_tune={epochs: 2, reference_energies: atoms}",
]


def in_store(study: Study) -> int:
    return sum(number for _, number in study.store.labels.counts())


def sets(words: list[str]) -> list[str]:
    return [word for one in words for word in ("--set", one)]


def in_event_log(study: Study) -> int:
    run = last_run(study.store.root)
    assert run is not None and run.ended is not None and run.ended.labels == run.labels
    return run.labels


def test_every_label_that_was_bought_is_told_by_what_it_is_for(study: Study, tmp_path: Path) -> None:
    """Three for training; two runs of the reference, of 10 steps each, from structures that it relaxes."""
    said = whet("run", tmp_path, *sets(DRIVEN)).stdout.splitlines()
    (told,) = [line for line in said if "computed" in line]
    bought = in_store(study)
    assert in_event_log(study) == bought and told.startswith(f"{bought} labels computed: ")
    told_shares = [share.partition(" ") for share in told.rstrip(".").split(": ")[1].split(", ")]
    shares = {purpose: number for number, _, purpose in told_shares}
    assert sum(map(int, shares.values())) == bought
    purposes = ["for training", "of isolated atoms", "to drive relaxations", "to drive dynamics"]
    assert [*shares] == purposes
    assert shares["for training"] == "3" and shares["of isolated atoms"] == "1" and int(shares["to drive dynamics"]) > 9
    more = json.loads(whet("run", tmp_path, *sets([*DRIVEN, "fine_tune.epochs=3"]), "--json").stdout)
    assert more["labels_computed"] == {}
    assert "No label was computed." in whet("run", tmp_path, *sets([*DRIVEN, "fine_tune.epochs=4"])).stdout


def test_a_failed_run_tells_what_it_bought(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = LabelFrames.run

    def cursed(self: LabelFrames, work: Work) -> Outcome:
        done = run(self, work)
        if work.title == "main naive 1: label":
            raise FrameError("the disk of the reference is full")
        return done

    whole = Study.run
    monkeypatch.setattr(LabelFrames, "run", cursed)
    monkeypatch.setattr(Study, "run", lambda self, view, workers: whole(self, view, workers=0))
    said = whet("run", tmp_path, code=2).stdout
    assert in_store(study) == in_event_log(study) == 6
    assert "6 labels computed: 3 for training, 3 of test sets." in said


def test_steps_that_are_done_again_are_counted_once(study: Study, tmp_path: Path) -> None:
    total = len(study.plan.steps)
    whet("run", tmp_path)
    for kind in ("label", "structure"):
        (study.store.folder(study.plan.of_kind(kind)[0].key) / "result.json").write_text("{")
    said = [line for line in whet("run", tmp_path).stderr.splitlines() if line.startswith("[")]
    assert len(said) >= 2 and said[-1].startswith(f"[{total}/{total}] ")
    assert all(int(line[1:].partition("/")[0]) <= total for line in said)


def test_what_is_lost_is_told_at_once(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deaths").write_text("9")
    monkeypatch.setenv("WHET_TOY_DEATHS", str(tmp_path / "deaths"))
    said = whet("run", tmp_path, "--workers", "1").stderr.splitlines()
    (lost,) = [line for line in said if line.startswith("lost")]
    titles = [step.title for step in study.plan.of_kind("label")]
    why = "worker: the worker was ended by signal 9. Out of memory? Fewer workers need less"
    assert lost in [f"lost, tried again: {title}: {why}" for title in titles]


def test_a_run_that_waits_for_another_one_says_so(study: Study, tmp_path: Path) -> None:
    study.store.prepare()
    held = study.plan.of_kind("structure")
    for step in held:
        study.store.describe(step)
    line = [sys.executable, "-m", "whet", "run", str(tmp_path / "study.yaml"), "--workers", "1"]
    with ExitStack() as holding:
        holding.enter_context(study.store.at_work())
        for step in held:
            holding.enter_context(study.store.locked(step.key))
        run = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert run.stderr is not None
        said = ""
        while not said.startswith("waiting") and (said := run.stderr.readline()):
            pass
    wanted = f"waiting: process {os.getpid()} on {platform.node()} is at work on {count(len(held), 'step')}"
    assert said.strip() == wanted
    rest = run.stderr.read()
    assert run.wait(120) == 0 and "waiting" not in rest


class Refusing(InProcess):
    """An executor that takes no label."""

    def submit(self, job: Job) -> Future[None]:
        """Refused, with one and the same fault, or done when it returns."""
        if "label-" not in job.name:
            return super().submit(job)
        refused: Future[None] = Future()
        refused.set_exception(self.fault)
        return refused

    fault = InputError("no such queue", hint="See `resources`")


def test_what_failed_for_one_reason_is_one_line_with_titles(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Study.run
    monkeypatch.setattr("whet.study.study.InProcess", Refusing)
    monkeypatch.setattr(Study, "run", lambda self, view, workers: whole(self, view, workers=0))
    said = whet("run", tmp_path, "--set", "strategies.naive=2", code=2)
    failed = [line for line in said.stderr.splitlines() if line.startswith("failed")]
    titles = [step.title for step in Study.load(tmp_path / "study.yaml", ["strategies.naive=2"]).plan.of_kind("label")]
    assert failed[0] in [f"failed: {title}: no such queue. See `resources`" for title in titles]
    assert len(failed) == len(titles) == 3
    assert all(line.removeprefix("failed, for the same reason: ") in titles for line in failed[1:])
    (summed,) = [line.strip() for line in said.stdout.splitlines() if "no such queue" in line]
    names, _, why = summed.partition(": no such queue")
    assert sorted(names.split(", ")) == sorted(titles) and why == ". See `resources`"
