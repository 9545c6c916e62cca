"""A command that a signal ends says so in one line, and goes on the next time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from in_process import whet

SLOW = """
import sys, time
from pathlib import Path
import {module} as target
def slow(*_, **__):
    Path("there").touch()
    time.sleep(60)
target.{name} = slow
sys.argv = ["whet", *sys.argv[1:]]
from whet.cli.main import main
main()
"""
"""A command that takes long in the middle."""

FRAME = """\
2
Lattice="9 0 0 0 9 0 0 0 9" energy=-1 Properties=species:S:1:pos:R:3:forces:R:3
Ar 0 0 0 0 0 0
Ar 3 0 0 0 0 0
"""
COMMANDS = {
    "run": ("whet.study.study", "Study.run", ["study.yaml"]),
    "label": ("whet.running.frame_labeling", "label_frames", ["frames.extxyz", "-l", "toy"]),
    "labels": (
        "whet.labels.label_import",
        "import_labels",
        ["import", "frames.extxyz", "--theory", "PBE", "--units", "eV,Å"],
    ),
    "evaluate": ("whet.study.evaluation", "evaluation_study", ["frames.extxyz", "--potential", "toy"]),
}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("how", "code", "said"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_one_line(study_file: Path, command: str, how: signal.Signals, code: int, said: str) -> None:
    folder = study_file.parent
    (folder / "frames.extxyz").write_text(FRAME)
    module, name, arguments = COMMANDS[command]
    line = [sys.executable, "-c", SLOW.format(module=module, name=name), command, *arguments]
    process = subprocess.Popen(line, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (folder / "there").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(how)
    process.send_signal(how if how != signal.SIGINT else 0)  # `timeout` sends it twice
    out, error = process.communicate(timeout=30)
    assert (process.returncode, error) == (code, f"whet: {said}; the same command goes on from here\n"), error
    assert "steps run in" not in out, "the bill, and no account"


def test_nohup_is_respected(toy: None, study_file: Path) -> None:
    line = ["nohup", sys.executable, "-m", "whet", "run", "study.yaml"]
    process = subprocess.Popen(line, cwd=study_file.parent, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (study_file.parent / ".whet" / "steps").is_dir() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGHUP)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 0, error


def test_signals_are_as_they_were_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
    whet("--version")
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)] == before


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_that_comes_amid_an_exec_ends_as_any_other(tmp_path: Path, how: signal.Signals, code: int) -> None:
    """Dataclasses are made by one, so that an import may be hit: Python then ends by SIGINT, whatever was caught."""
    (tmp_path / "hit.py").write_text(
        "import whet.cli.main\n"
        f"whet.cli.main._run = lambda: exec('import os, time; os.kill(os.getpid(), {int(how)}); time.sleep(5)')\n"
        "whet.cli.main.main()\n"
    )
    ended = subprocess.run([sys.executable, "-m", "hit"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ended.returncode == code and len(ended.stderr.splitlines()) == 1, ended.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_comes_again_while_python_ends_changes_nothing(how: signal.Signals) -> None:
    code = (
        "import atexit, os, signal, sys; from whet.cli import main; from whet.cli.main import _Signals\n"
        f"atexit.register(os.kill, os.getpid(), {int(how)})\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
        f"main._run = lambda: os.kill(os.getpid(), {int(how)})\n"
        "main.main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr.count("the same command goes on")) == (128 + how, 1), ended.stderr
