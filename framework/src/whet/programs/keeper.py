"""The keeper of a program: its parent, which ends it and all that it started once Whet is gone, however that went.

`python -I keeper.py LIFELINE FOLDER` reads its job, a line of JSON, from the file descriptor LIFELINE. The other end is
Whet's: a number written there asks the program to end (seconds until it is killed), and so does its closing. The keeper
ends as the program did, with its exit code or by its signal, but only when nothing lives that the program started.

Only the standard library is imported before the program runs, so that it starts in a few hundredths of a second.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

MARK = "WHET_PROGRAM"
"""Environment variable of everything that a program starts: `KEEPER:FOLDER`, the keeper's process id and the folder."""

HASTE = 2.5
"""Seconds that a program has to tidy up when Whet is gone or is to end."""

LINGER = 0.5
"""Seconds that what a program started may outlive it before it is asked to end."""

LOOK = 1.0
"""Seconds between looks at whether Whet is there: what it forked holds the lifeline open, too."""

NOT_RUN = 126
"""Exit code where the command cannot be run, as a shell has it."""

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
NEVER = float("inf")


class Keeper:
    """One program, from its start until nothing of it lives."""

    def __init__(self, lifeline: int) -> None:
        self._whet = os.getppid()
        self._lifeline: int | None = lifeline
        self._said = b""
        os.set_inheritable(lifeline, False)
        # Whether orphans below become children of this process, so that none is ever lost sight of.
        self._adopts = _prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._job: dict[str, Any] = {}
        self._began = time.monotonic()
        self._program = 0
        self._code: int | None = None
        self._is_asked = self._rest_is_asked = False
        self._ask_rest_at = self._kill_at = NEVER
        self._woken, writing = os.pipe()
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        # `nohup` has a signal ignored: so it stays.
        self._caught = [number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN]
        for number in (signal.SIGCHLD, *self._caught):
            signal.signal(number, lambda *_: None)  # that it is caught wakes the loop

    def run(self) -> int:
        """The program's exit code, or minus the signal that ended it."""
        if not self._is_told():
            return -signal.SIGTERM
        self._start()
        self._hear(b"")  # what was said after the job, before the program began
        while self._is_anything_left():
            now = time.monotonic()
            if now >= self._ask_rest_at and not self._rest_is_asked:
                self._rest_is_asked = True
                self._signal_rest(signal.SIGTERM, everything=False)
            if now >= self._kill_at:
                self._signal_rest(signal.SIGKILL, everything=True)
            self._wait(now)
        assert self._code is not None
        return self._code

    def _is_told(self) -> bool:
        """Reads the job; False where Whet was gone before it said what to do."""
        while b"\n" not in self._said:
            assert self._lifeline is not None
            if not (more := os.read(self._lifeline, 65536)):
                return False
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        self._job = json.loads(line)
        return True

    def _start(self) -> None:
        keeper, argv, folder = os.getpid(), self._job["argv"], self._job["folder"]
        environment = {**self._job["environment"], MARK: f"{keeper}:{folder}"}
        self._program = os.fork()
        if self._program == 0:
            try:
                os.setsid()
                _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() != keeper:
                    os._exit(1)
                signal.set_wakeup_fd(-1)
                for number in (*self._caught, signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores the last two
                    signal.signal(number, signal.SIG_DFL)
                os.chdir(folder)
                os.execvpe(argv[0], argv, environment)
            except BaseException as error:
                why = error.strerror if isinstance(error, OSError) else error
                os.write(2, f"{argv[0]} cannot be run: {why}\n".encode(errors="replace"))
            os._exit(NOT_RUN)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1):  # who reads what the program writes is to see its end
            os.dup2(null, number)
        os.close(null)

    def _is_anything_left(self) -> bool:
        """Whether the program, or anything that it started, lives."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return not self._adopts and bool(self._descendants(everything=True))
            if pid == 0:
                return True
            if pid == self._program:
                self._ended(os.waitstatus_to_exitcode(status))

    def _ended(self, code: int) -> None:
        self._code = code
        self._ask_rest_at = time.monotonic() + LINGER
        self._kill_at = min(self._kill_at, self._ask_rest_at + HASTE)
        if self._job["record"] and not self._is_asked:
            with suppress(OSError):  # a full disk costs the record, not the answer
                _write(Path(self._job["record"]), {"code": code, "seconds": round(time.monotonic() - self._began, 3)})

    def _wait(self, now: float) -> None:
        """Until something happens, or it is time to do something; asks the program to end where that has happened."""
        # Past its time a process that cannot be killed, as on a dead disk, is looked at ever less often.
        due = self._kill_at - now if now < self._kill_at else now - self._kill_at
        if not self._rest_is_asked:
            due = min(due, self._ask_rest_at - now)
        sources = [self._woken] if self._lifeline is None else [self._woken, self._lifeline]
        ready, _, _ = select.select(sources, [], [], min(LOOK, max(due, 0.05)))
        if self._woken in ready and not set(ENDING).isdisjoint(os.read(self._woken, 4096)):
            self._ask(HASTE)
        if self._lifeline is not None and self._lifeline in ready:
            more = os.read(self._lifeline, 4096)
            self._hear(more)
            if not more:
                os.close(self._lifeline)
                self._lifeline = None
                self._ask(HASTE)
        if os.getppid() != self._whet:
            self._ask(HASTE)

    def _hear(self, more: bytes) -> None:
        """Each line asks the program to end."""
        *lines, self._said = (self._said + more).split(b"\n")
        for line in lines:
            self._ask(float(line))

    def _ask(self, grace: float) -> None:
        """Asks the program to end; after `grace` seconds it is killed with all that it started."""
        self._is_anything_left()  # one that has just come to its end by itself was not asked
        self._kill_at = min(self._kill_at, time.monotonic() + grace)
        if not self._is_asked and self._code is None:
            # Its own group alone: what it started elsewhere is its own business first, as mpirun's ranks are.
            for number in (signal.SIGTERM, signal.SIGCONT):
                with suppress(ProcessLookupError):
                    os.killpg(self._program, number)
        self._is_asked = True

    def _signal_rest(self, number: int, *, everything: bool) -> None:
        import psutil

        for process in self._descendants(everything=everything):
            with suppress(psutil.Error):
                process.send_signal(number)

    def _descendants(self, *, everything: bool) -> list[Any]:
        """Processes below this one; without `everything` only its children, where it has adopted the orphans."""
        import psutil

        found = psutil.Process().children(recursive=everything)
        if not self._adopts:
            mark = f"{os.getpid()}:{self._job['folder']}"
            for process in psutil.process_iter():
                with suppress(psutil.Error):
                    if process not in found and process.environ().get(MARK) == mark:
                        found.append(process)
        return found


def _prctl(option: int, value: int) -> bool:
    """Whether the system has Linux's prctl and it did as told."""
    if sys.platform != "linux":
        return False
    import ctypes

    return ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0


def _write(path: Path, value: dict[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def leave(code: int) -> NoReturn:
    """Ends this process as the program ended."""
    if code < 0:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError, ValueError):  # some signals cannot be set, and need not
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
        code = 128 - code
    os._exit(code)


if __name__ == "__main__":
    leave(Keeper(int(sys.argv[1])).run())
