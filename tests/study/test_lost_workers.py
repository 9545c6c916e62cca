"""Workers that die, say nonsense or never start: the step is tried again, the rest goes on, and one line says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from whet import Study
from whet.data.errors import ProcessLost

STUDY = """\
name: lost
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: {naive: 1}
tests: {independent: {trajectories: 1, driver: foundation}}
"""


def whet_run(folder: Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "whet", "run", "study.yaml", "--workers", "1"]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture
def deaths(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is to befall the workers that label, a line each."""
    path = tmp_path / "deaths"
    monkeypatch.setenv("WHET_TOY_DEATHS", str(path))
    (tmp_path / "study.yaml").write_text(STUDY)
    return path


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("9", "worker: the worker was ended by signal 9. Out of memory? Fewer workers need less"),
        ("11", "worker: the worker was ended by signal 11"),
        ("15", "worker: the worker was ended by signal 15"),
        ("exit", "worker: the worker ended with exit code 3"),
        ("nonsense", "worker: the worker's answer makes no sense ('nonsense')"),
    ],
)
def test_a_step_whose_worker_is_lost_is_tried_again(deaths: Path, tmp_path: Path, how: str, said: str) -> None:
    deaths.write_text(how)
    account = Study.load(tmp_path / "study.yaml").run(workers=2)
    assert not account.failed and not account.not_run
    logs = "".join(path.read_text() for path in tmp_path.glob(".whet/steps/label-*/log.txt"))
    assert said in logs


def test_a_worker_that_is_lost_after_its_result_has_done_its_step(deaths: Path, tmp_path: Path) -> None:
    deaths.write_text("cut")
    study = Study.load(tmp_path / "study.yaml")
    account = study.run(workers=2)
    assert not account.failed and {*account.ran} == {*study.plan.steps}
    (events,) = (tmp_path / ".whet" / "runs").iterdir()
    assert "step-lost" not in events.read_text()


@pytest.mark.parametrize("how", ["9", "nonsense"])
def test_what_kills_two_workers_is_a_failed_step(deaths: Path, tmp_path: Path, how: str) -> None:
    deaths.write_text(f"{how}\n{how}")
    study = Study.load(tmp_path / "study.yaml")
    account = study.run(workers=1)
    ((key, error),) = account.failed.items()
    assert isinstance(error, ProcessLost)
    assert ": label: worker: the worker" in str(error) and "; the first one that tried it: the worker" in str(error)
    log = Path(str(error).rpartition("log: ")[2])
    assert log == study.store.folder(key) / "log.txt" and len(log.read_text().splitlines()) == 2
    # Everything that does not need the step went on.
    needed = {key}
    for step in study.plan.steps.values():
        needed |= {step.key} if needed.intersection(step.feeds) else set()
    assert {*account.ran} == {*study.plan.steps} - needed and {*account.not_run} == needed - {key}


@pytest.mark.slow
def test_a_step_that_kills_its_workers_is_one_line(deaths: Path, tmp_path: Path) -> None:
    deaths.write_text("9\n9")
    ended = whet_run(tmp_path)
    assert ended.returncode == 2, ended.stderr
    _, _, failures = ended.stdout.partition(" steps failed")
    (line,) = [line for line in failures.splitlines() if line.startswith("  ")]
    assert "label: worker: the worker was ended by signal 9; the first one that tried it: the worker was ended" in line
    assert "1 steps failed" in ended.stdout and "Traceback" not in ended.stderr
    assert whet_run(tmp_path).returncode == 0


def test_a_package_that_leaves_is_an_unforeseen_fault_of_its_step(deaths: Path, tmp_path: Path) -> None:
    deaths.write_text("leave")
    ended = whet_run(tmp_path)
    assert ended.returncode == 1
    assert "SystemExit: upstream has had enough. The traceback is in" in ended.stdout


@pytest.mark.parametrize(
    ("interpreter", "said"),
    [
        ("#!/bin/sh\nexit 7\n", "the worker ended with exit code 7"),
        ("#!/bin/sh\necho hello\nsleep 60\n", "the worker's answer makes no sense ('hello')"),
        ("#!/bin/sh\nkill -9 $$\n", "the worker was ended by signal 9"),
        ("#!/bin/sh\nexec 0<&- 1>&-\nsleep 1\n", "the worker ended with exit code 0"),
        ("no script\n", "cannot be run: Exec format error"),
        (None, "cannot be run: Permission denied"),
    ],
)
def test_a_worker_that_cannot_start(toy: None, tmp_path: Path, interpreter: str | None, said: str) -> None:
    python = tmp_path / "python"
    python.write_text(interpreter or "")
    python.chmod(0o644 if interpreter is None else 0o755)
    if os.geteuid() == 0 and interpreter is None:
        assert not os.access(python, os.X_OK)
    text = STUDY.replace("main: toy}", "main: {use: toy, environment: other}}")
    (tmp_path / "study.yaml").write_text(text + "environments: {other: {python: python}}\n")
    line = [sys.executable, "-m", "whet", "run", "study.yaml"]
    ended = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr and len(ended.stderr.splitlines()) == 1
    assert "environment 'other'" in ended.stderr
