"""Several writers at once, and writers that are killed: one report at a time, and no partial file that stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from whet.data.durable import write_text
from whet.data.partials import remove_all_dead
from whet.report.page import is_current
from whet.study.record import record_of
from whet.study.study import Study

from .conftest import tree
from .test_own_files import STUDY

WRITER = """
import sys, time
from pathlib import Path
from whet.data.durable import replacing
with replacing(Path(sys.argv[1])) as partial:
    partial.write_text("half")
    print("writing", flush=True)
    time.sleep(float(sys.argv[2]))
    partial.write_text("whole")
"""


def writer(path: Path, seconds: float = 60) -> subprocess.Popen[str]:
    """A process that is in the middle of writing the file."""
    command = [sys.executable, "-c", WRITER, str(path), str(seconds)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None and started.stdout.readline() == "writing\n"
    return started


def partials(folder: Path) -> list[str]:
    return [name for name in tree(folder) if ".partial" in name]


@pytest.mark.parametrize("name", ["file.json", "file", "a b[1]*.extxyz"])
def test_the_next_writer_removes_what_dead_ones_left_and_of_the_living_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    dead, living, other = writer(path), writer(path, 4), writer(tmp_path / "other.json")
    dead.send_signal(signal.SIGKILL)
    dead.wait()
    assert len(partials(tmp_path)) == 3
    write_text(path, "mine")
    assert path.read_text() == "mine"
    assert len(partials(tmp_path)) == 2
    assert living.wait() == 0
    assert path.read_text() == "whole"
    other.kill()
    other.wait()
    assert len(partials(tmp_path)) == 1  # of another file, whose next writer removes it
    write_text(tmp_path / "other.json", "{}")
    assert not partials(tmp_path)


def test_many_writers_of_one_file_that_are_killed_leave_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    for pause in (0.0, 0.01, 0.02, 0.05):
        started = [writer(path, 0.02) for _ in range(2)]
        time.sleep(pause)
        for one in started:
            one.kill()
            one.wait()
        assert not path.exists() or path.read_text() == "whole"
    write_text(path, "whole")
    assert list(tree(tmp_path)) == ["file.json"]


def test_a_folder_is_swept_below_too(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    left = [tmp_path / ".a-abcdef12.partial.json", tmp_path / "deep" / "er" / ".x.y-0_abcdef.partial"]
    mine = [tmp_path / "a.partial", tmp_path / ".notes.partial.txt", tmp_path / ".a-ABCDEFGH.partial"]
    for path in (*left, *mine):
        path.touch()
    remove_all_dead(tmp_path)
    assert not any(path.exists() for path in left) and all(path.exists() for path in mine)


def test_a_step_that_runs_again_starts_without_them(toy: None, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    study = Study.load(tmp_path / "study.yaml")
    for step in study.plan.steps.values():
        path = study.store.describe(step) / ".result-abcdef12.partial.json"
        path.write_text("half")
    assert not study.run(workers=0).failed
    assert not partials(study.store.root)


def test_one_report_is_written_at_a_time(toy: None, tmp_path: Path) -> None:
    """Five programs run one study at once; all of them end well, and the report is whole."""
    (tmp_path / "study.yaml").write_text(STUDY)
    study = Study.load(tmp_path / "study.yaml")
    assert not study.run(workers=0).failed
    for _ in range(2):
        command = [sys.executable, "-m", "whet", "run", "study.yaml", "--json"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": tmp_path, "env": dict(os.environ)}
        started = [subprocess.Popen(command, text=True, **pipes) for _ in range(5)]
        for one in started:
            out, err = one.communicate(timeout=120)
            assert one.returncode == 0, err
            assert out.startswith("{") and out.endswith("}\n")
        assert is_current(record_of(study.stored), tmp_path / "report")
        assert not partials(tmp_path)
        (tmp_path / "report" / "whet-report.json").unlink()  # what is there is the same: it is no other's
