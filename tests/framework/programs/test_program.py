"""Programs and their keepers: exit codes, ends, what is left, and what a folder's lock holds."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from whet import Program
from whet.data.errors import ProcessLost
from whet.programs import keeper
from whet.programs.folder_lock import FolderLock
from whet.programs.keeper import MARK

FAMILY = """\
import os, signal, subprocess, sys, time
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    open("child", "w").write(str(child))
    if "elsewhere" in sys.argv:
        other = subprocess.Popen(["sleep", "60"], start_new_session=True)
        open("elsewhere", "w").write(str(other.pid))
    open("ready", "w").write(str(os.getpid()))
time.sleep(0 if child and "leaves" in sys.argv else 60)
os._exit(0)
"""
"""Forks; with `elsewhere` it has a child that is in another session and let go of the lock."""


def family(folder: Path, *words: str, **options: object) -> Program:
    """A program with a child, when both live."""
    program = Program([sys.executable, "-I", "-S", "-c", FAMILY, *words], folder, **options)  # pyright: ignore[reportArgumentType]
    wait_for(lambda: (folder / "ready").exists() and (folder / "ready").read_text() != "")
    return program


def members(folder: Path) -> list[psutil.Process]:
    """Everything that a program in that folder started, and it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK, "").endswith(f":{folder}") and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def descriptors() -> list[str]:
    """The file descriptors of this process."""
    return sorted(path.name for path in Path("/proc/self/fd").iterdir())


def wait_for(check: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 3", 3), ("exit 130", 130), ("kill -9 $$", -9), ("kill -15 $$", -15), ("kill -11 $$", -11)],
)
def test_it_ends_as_the_command_ends(tmp_path: Path, script: str, code: int) -> None:
    record = tmp_path / "ended.json"
    assert Program(["sh", "-c", script], tmp_path, record=record).wait() == code
    assert json.loads(record.read_text())["code"] == code
    assert [path.name for path in tmp_path.iterdir()] == ["ended.json"]


def test_a_program_runs_as_it_would_without_a_keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import json, os, signal, sys\n"
        "ignored = [n for n in range(1, 32) if n not in (9, 19) and signal.getsignal(n) == signal.SIG_IGN]\n"
        "fds = [int(n) for n in os.listdir('/proc/self/fd')]\n"
        "told = [os.getcwd(), sys.stdin.read(), os.environ['WHET_X'], os.environ['WHET_LONG']]\n"
        "print(json.dumps([*told, ignored, fds]))\n"
    )
    (tmp_path / "input").write_text("Grüße")
    monkeypatch.setenv("WHET_LONG", "x" * 100_000)  # more than a pipe holds
    plain = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "WHET_X": "é\udcff"},
        stdin=(tmp_path / "input").open("rb"),
        capture_output=True,
        check=True,
    )
    with (tmp_path / "input").open("rb") as told, (tmp_path / "output").open("wb") as said:
        argv = [sys.executable, "-c", code]
        assert Program(argv, tmp_path, environment={"WHET_X": "é\udcff"}, stdin=told, stdout=said).wait() == 0
    kept, alone = json.loads((tmp_path / "output").read_text()), json.loads(plain.stdout)
    assert kept == alone


def test_a_command_that_cannot_be_run_says_why(tmp_path: Path) -> None:
    (tmp_path / "nothing.sh").write_text("")
    with (tmp_path / "output").open("wb") as said:
        assert Program([tmp_path / "nothing.sh"], tmp_path, stdout=said).wait() == 126
    assert (tmp_path / "output").read_text() == f"{tmp_path / 'nothing.sh'} cannot be run: Permission denied\n"


def test_no_process_to_be_had_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    before = len(descriptors())
    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(ProcessLost, match=r"no program can be started \(Resource temporarily unavailable\)"):
        Program(["true"], tmp_path)
    assert len(descriptors()) == before


def test_a_timeout_leaves_it_running(tmp_path: Path) -> None:
    with family(tmp_path) as program:
        with pytest.raises(TimeoutError):
            program.wait(0.2)
        assert program.code is None and len(members(tmp_path)) == 2
    assert not members(tmp_path)


def test_one_that_is_ended_before_it_began(tmp_path: Path) -> None:
    program = Program(["sleep", "60"], tmp_path)
    program.end()
    assert program.code is not None


@pytest.fixture(params=["linux", "other"])
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
    """With prctl, and without, as on macOS."""
    if request.param == "other":
        without = tmp_path_factory.mktemp("keeper") / "keeper.py"
        without.write_text(Path(keeper.__file__).read_text().replace('sys.platform != "linux"', "True"))
        monkeypatch.setattr(keeper, "__file__", str(without))


@pytest.mark.parametrize("words", [(), ("stubborn",), ("elsewhere",), ("stubborn", "elsewhere")], ids="-".join)
def test_all_of_it_ends(tmp_path: Path, system: None, words: tuple[str, ...]) -> None:
    program = family(tmp_path, *words, record=tmp_path / "ended.json")
    began = time.monotonic()
    program.end(1.0)
    assert program.code in ((-9,) if "stubborn" in words else (-15,))
    assert not members(tmp_path) and time.monotonic() - began < 6
    assert not (tmp_path / "ended.json").exists()  # it did not come to its end


def test_what_outlives_it_is_ended(tmp_path: Path, system: None) -> None:
    program = family(tmp_path, "leaves", "elsewhere", record=tmp_path / "ended.json")
    assert program.wait(10) == 0
    assert not members(tmp_path)
    assert json.loads((tmp_path / "ended.json").read_text())["code"] == 0


PARENT = """\
import os, sys, time
from pathlib import Path
from typing import Any
from whet import Program
folder = Path(sys.argv[1])
program = Program([sys.executable, "-I", "-S", "-c", sys.argv[2], *sys.argv[3:]], folder)
if os.environ.get("FORKS") and os.fork() == 0:
    time.sleep(20)
    os._exit(0)
print("begun", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV])
@pytest.mark.parametrize("words", [("elsewhere",), ("stubborn", "elsewhere")], ids="-".join)
def test_it_dies_with_its_parent(tmp_path: Path, how: signal.Signals, words: tuple[str, ...]) -> None:
    argv = [sys.executable, "-c", PARENT, str(tmp_path), FAMILY, *words]
    parent = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: (tmp_path / "ready").exists(), 20)
    parent.send_signal(how)
    parent.wait()
    wait_for(lambda: not members(tmp_path), 5)


def test_a_fork_of_its_parent_does_not_keep_it_alive(tmp_path: Path) -> None:
    """As of a data loader: it holds Whet's end of the lifeline open."""
    argv = [sys.executable, "-c", PARENT, str(tmp_path), FAMILY]
    parent = subprocess.Popen(argv, stdout=subprocess.DEVNULL, env={**os.environ, "FORKS": "1"}, start_new_session=True)
    wait_for(lambda: (tmp_path / "ready").exists(), 20)
    parent.kill()
    parent.wait()
    wait_for(lambda: not members(tmp_path), 6)
    os.killpg(parent.pid, signal.SIGKILL)


def test_a_killed_keeper_ends_its_program(tmp_path: Path) -> None:
    program = family(tmp_path)
    parent = int(members(tmp_path)[0].environ()[MARK].partition(":")[0])
    own = int((tmp_path / "ready").read_text())
    os.kill(parent, signal.SIGKILL)
    assert program.wait(5) == -9
    wait_for(lambda: own not in [process.pid for process in members(tmp_path)])
    for process in members(tmp_path):
        process.kill()


def test_it_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    made: list[Program] = []
    thread = threading.Thread(target=lambda: made.append(Program(["sleep", "1"], tmp_path)))
    thread.start()
    thread.join()
    assert made[0].wait(10) == 0


def test_two_hundred_leave_nothing(tmp_path: Path) -> None:
    """No file descriptor, no zombie, no file."""
    before = descriptors()
    for number in range(200):
        folder = tmp_path / str(number % 2)
        folder.mkdir(exist_ok=True)
        lock = FolderLock(folder)
        assert Program(["true"], folder, lock=lock).wait() == 0
        lock.remove()
    assert descriptors() == before
    assert not [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


def test_a_lock_is_held_until_the_last_of_the_program_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    lock = FolderLock(folder)
    program = family(folder, lock=lock)
    parent = int(members(folder)[0].environ()[MARK].partition(":")[0])
    child = int((folder / "child").read_text())
    lock.close()
    os.kill(parent, signal.SIGKILL)  # the worst: nobody is left who looks after the program's child
    assert program.wait() == -9
    waits = threading.Thread(target=lambda: FolderLock(folder).close())
    waits.start()
    waits.join(1.0)
    assert waits.is_alive() and psutil.pid_exists(child)
    os.kill(child, signal.SIGKILL)
    waits.join(5.0)
    assert not waits.is_alive()


def test_a_folder_is_not_free_while_something_works_there_that_let_go_of_the_lock(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As VASP does under custodian, whose keeper was killed."""
    monkeypatch.setattr("whet.programs.folder_lock.PATIENCE", 0.5)
    folder = tmp_path / "run"
    folder.mkdir()
    lock = FolderLock(folder)
    program = family(folder, "elsewhere", lock=lock)
    parent = int(members(folder)[0].environ()[MARK].partition(":")[0])
    child, elsewhere = (int((folder / name).read_text()) for name in ("child", "elsewhere"))
    lock.close()
    os.kill(parent, signal.SIGKILL)
    program.wait()
    os.kill(child, signal.SIGKILL)
    with caplog.at_level(logging.WARNING):
        waits = threading.Thread(target=lambda: FolderLock(folder).close())
        waits.start()
        waits.join(1.5)
        assert waits.is_alive()
    assert caplog.messages == [f"waiting for {folder}: a program still works there (process {elsewhere})"]
    os.kill(elsewhere, signal.SIGKILL)
    waits.join(5.0)
    assert not waits.is_alive()


def test_a_lock_that_was_removed_is_not_taken_for_one(tmp_path: Path) -> None:
    """Ten take turns, and each removes the file: never do two have it."""
    (tmp_path / "run").mkdir()
    inside, most = [0], [0]

    def turn() -> None:
        for _ in range(5):
            lock = FolderLock(tmp_path / "run")
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.001)
            inside[0] -= 1
            lock.remove()

    threads = [threading.Thread(target=turn) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
