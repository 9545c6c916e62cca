"""Killed while a program of 90 s runs: nothing of it is left, and there are never two in one folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from ase.build import bulk
from ase.io import write

STUDY = """\
name: attacked
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: {use: toy-program, processes: 2}
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: {naive: 1}
tests: {independent: {trajectories: 1}}
"""
WAYS = [
    (command, whom, how)
    for command in ("label", "run")
    for whom in ("driver", "group")
    for how in ("INT", "TERM", "KILL")
]
WAYS += [("run", "worker", how) for how in ("INT", "TERM", "KILL")]
SHORT = {("label", "driver", "KILL"), ("label", "group", "TERM"), ("run", "driver", "INT"), ("run", "worker", "KILL")}
SAID = {"INT": (130, "interrupted"), "TERM": (143, "ended by SIGTERM"), "KILL": (-9, "")}


@pytest.fixture
def journal(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the stand-in, which takes 90 s."""
    folder = tmp_path / "journal"
    folder.mkdir()
    (folder / "seconds").write_text("90")
    monkeypatch.setenv("WHET_TOY_JOURNAL", str(folder))
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(folder / "bought"))
    return folder


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def living(journal: Path) -> list[psutil.Process]:
    """All that came of a command: its workers, their keepers, the programs and what they started."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("WHET_TOY_JOURNAL") == str(journal):
                found.append(process)
        except psutil.Error:
            continue
    return [process for process in found if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


def wait_for(condition: str, check: object, seconds: float) -> None:
    assert callable(check)
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


def begin(command: str, tmp_path: Path) -> list[str]:
    """The command line; its files are written."""
    if command == "run":
        (tmp_path / "study.yaml").write_text(STUDY)
        return [sys.executable, "-m", "whet", "run", str(tmp_path / "study.yaml"), "--workers", "2"]
    frames = []
    for index in range(3):
        frame = bulk("Ar", "fcc", a=5.3, cubic=True)
        frame.positions[0, 0] = 0.25 * index
        frames.append(frame)
    write(tmp_path / "frames.extxyz", frames)
    settings = ["--labeler", "toy-program", "--set", "processes=2", "--store", str(tmp_path / "store")]
    return [sys.executable, "-m", "whet", "label", str(tmp_path / "frames.extxyz"), *settings]


KEPT = r"(; \d+ steps? and \d+ labels? of this run are kept(, and so are \d+ from before)?)?"
"""What a run says of itself."""


@pytest.mark.parametrize(
    ("command", "whom", "how"),
    [pytest.param(*way, marks=() if way in SHORT else pytest.mark.slow, id="-".join(way)) for way in WAYS],
)
@pytest.mark.parametrize("stubborn", [pytest.param(False, id="polite", marks=pytest.mark.slow), True])
def test_killed(journal: Path, tmp_path: Path, command: str, whom: str, how: str, stubborn: bool) -> None:
    if stubborn:
        (journal / "stubborn").touch()
    line = begin(command, tmp_path)
    whet = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        wait_for("programs run", lambda: len(lines(journal / "begun")) >= 2, 60)
        begun: list[str] = []
        while begun != (begun := lines(journal / "begun")):
            time.sleep(1.5)  # the other worker's may be about to start
        before = living(journal)
        programs = [process for process in before if "stand_in.py" in " ".join(process.cmdline())]
        assert len(programs) >= 2
        (journal / "seconds").write_text("0.1")
        number = getattr(signal, f"SIG{how}")
        if whom == "worker":
            for process in before:
                if "whet.worker" in process.cmdline():
                    process.send_signal(number)
        elif whom == "group":
            os.killpg(whet.pid, number)
        else:
            whet.send_signal(number)
        time.sleep(0.2)
        wait_for("no program is left", lambda: not [p for p in programs if p.is_running()], 4.8)
        _, error = whet.communicate(timeout=60)
        if whom == "worker":  # its step is tried again, the study goes on
            assert whet.returncode == 0, error
        else:
            wait_for("nothing is left", lambda: not living(journal), 5)
            code, said = SAID[how]
            assert whet.returncode == code
            assert not said or re.fullmatch(
                f"whet: {said}{KEPT}; the same command goes on from here", error.splitlines()[-1]
            )
            assert lines(journal / "begun") == begun
        subprocess.run(line, check=True, capture_output=True, timeout=120)
        assert not lines(journal / "overlap")
        assert not living(journal)
    finally:
        for process in [*living(journal)]:
            process.kill()
        whet.wait()


def test_resumed_at_once(journal: Path, tmp_path: Path) -> None:
    """A run that begins while the last one's programs are still dying waits for them."""
    (journal / "stubborn").touch()
    line = begin("label", tmp_path)
    whet = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("programs run", lambda: len(lines(journal / "begun")) >= 2, 60)
        (journal / "seconds").write_text("0.1")
        whet.kill()
        whet.wait()
        subprocess.run(line, check=True, capture_output=True, timeout=120)
        assert not lines(journal / "overlap")
        assert len(lines(journal / "done")) == 3
    finally:
        for process in living(journal):
            process.kill()


def test_a_killed_keeper_takes_its_program_along(journal: Path, tmp_path: Path) -> None:
    """What a program started elsewhere may then live on: its folder is not used before it has ended."""
    (journal / "seconds").write_text("6")
    line = begin("label", tmp_path)
    whet = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("programs run", lambda: len(lines(journal / "begun")) >= 2, 60)
        (journal / "seconds").write_text("0.1")
        keepers = [process for process in living(journal) if "keeper.py" in " ".join(process.cmdline())]
        assert keepers
        for process in keepers:
            process.kill()
        whet.wait(30)
        ended = subprocess.run(line, check=True, capture_output=True, text=True, timeout=120)
        assert "3 of 3 labeled" in ended.stdout
        assert not lines(journal / "overlap")
    finally:
        for process in living(journal):
            process.kill()
