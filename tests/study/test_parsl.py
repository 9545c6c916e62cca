"""A study through Parsl on this machine: the same bits as in this process, whatever is killed meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bits import contents
from parsl_bench import until
from whet.study.study import Study

RUNNING = "running: {use: parsl, provider: local, backoff: 0.1}\n"


def whet_run(folder: Path) -> subprocess.Popen[str]:
    """With a PATH in which no environment is activated."""
    line = [sys.executable, "-m", "whet", "run", "parsl.yaml"]
    environment = {**os.environ, "PATH": "/usr/bin:/bin", "SPT_NOENV": "1", "WHET_PARSL_TEST": str(folder)}
    return subprocess.Popen(
        line, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def alive(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("WHET_PARSL_TEST") == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def in_process(toy: None, study_file: Path) -> dict[str, str]:
    study = Study.load(study_file)
    assert not study.run(workers=0).failed
    (study_file.parent / "parsl.yaml").write_text(study_file.read_text() + "store: parsl\n" + RUNNING)
    return contents(study.store)


def test_parsl_gives_the_same_bits(in_process: dict[str, str], study_file: Path) -> None:
    run = whet_run(study_file.parent)
    said, errors = run.communicate(timeout=180)
    assert run.returncode == 0, said + errors
    under_way = [line for line in errors.splitlines() if line.startswith("[") or ": epoch " in line]
    assert under_way == errors.splitlines(), "nothing of Parsl's own"
    assert contents(Study.load(study_file.parent / "parsl.yaml").store) == in_process
    assert not alive(study_file.parent)


@pytest.mark.slow
def test_a_killed_driver_and_the_next_run(in_process: dict[str, str], study_file: Path) -> None:
    folder = study_file.parent
    run = whet_run(folder)
    until(lambda: [*folder.glob("parsl/steps/*/result.json")])
    run.kill()
    run.communicate()
    before = {path: path.stat().st_mtime_ns for path in folder.glob("parsl/steps/*/result.json")}
    assert 0 < len(before) < len(in_process)
    run = whet_run(folder)
    said, errors = run.communicate(timeout=180)
    assert run.returncode == 0, said + errors
    assert contents(Study.load(folder / "parsl.yaml").store) == in_process
    assert {path: path.stat().st_mtime_ns for path in before} == before
    until(lambda: not alive(folder))
