"""Chaos: a toy study, run as a real process by a real executor, to which things happen, and what must hold after each.

Everything random comes from a seed that the tests name, so that what failed can be had again (but for its timing).
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import struct
import subprocess
import sys
import time
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bits import contents
from whet.running.store import Store
from whet.study.study import Study

STUDY = """\
name: chaos
structures: {use: toy, repeat: 1}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 24, every: 4, temperature: 100}
fine_tune: {epochs: 2, valid_fraction: 0}
strategies: {naive: 2}
tests: {independent: {trajectories: 1}}
"""

RECORD = struct.Struct("<4sIQ")


@dataclass(frozen=True)
class Place:
    """Where the steps run, and what can be broken there.

    executor: its name in the study; options: `KEY=VALUE` as `--set` has them. victims: processes, by a word in their
    command lines. outside: what is broken by a call, for it is none of the driver's processes. leave: seconds after
    which nothing that a run started lives. patience: seconds that a run may take at most, on a machine that has much
    else to do.
    """

    executor: str = "local"
    options: Sequence[str] = ()
    victims: Mapping[str, str] = field(default_factory=lambda: {"worker": "whet.worker", "keeper": "keeper.py"})
    outside: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    leave: float = 30.0
    patience: float = 120.0


@dataclass
class Chaos:
    """One store and what it went through."""

    folder: Path
    place: Place = Place()
    store: Path = field(init=False)
    happened: list[str] = field(default_factory=list)
    may_be_twice: int = 0
    """Labels that may have been computed and not kept: one for each worker that was cut off."""
    damaged: set[str] = field(default_factory=set)
    """Frames whose labels were damaged in a log: computed again where a step needs them that has not ended."""

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "study.yaml").write_text(STUDY)
        self.store = self.folder / ".whet"
        self.bought = self.folder / "bought.txt"
        self.bought.touch()
        self.mark = uuid.uuid4().hex

    # Running

    def start(self) -> subprocess.Popen[str]:
        """A driver."""
        words = [f"running.use={self.place.executor}", "running.retries=50", "running.backoff=0.05"]
        line = [sys.executable, "-m", "whet", "run", "study.yaml", "--workers", "2"]
        for word in [*words, *self.place.options]:
            line += ["--set", word]
        environment = {**os.environ, "WHET_TOY_BOUGHT": str(self.bought), "WHET_CHAOS": self.mark, "SPT_NOENV": "1"}
        return subprocess.Popen(
            line,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ended(self, driver: subprocess.Popen[str], codes: Sequence[int]) -> str:
        """Waits for it; what it said on standard error. Its exit code must be one of these, and its fault one line."""
        out, err = driver.communicate(timeout=self.place.patience)
        assert driver.returncode in codes, self.told(f"exit code {driver.returncode}\n{out}\n{err}")
        assert "Traceback" not in out + err, self.told(out + err)
        faults = [line for line in err.splitlines() if line.startswith("whet: ")]
        assert len(faults) == (driver.returncode in (2, 130, 143)), self.told(err)
        return faults[0] if faults else ""

    def to_the_end(self) -> None:
        """Runs until it is done, without disturbance; then once more, where there must be nothing left to do."""
        self.ended(self.start(), [0])
        again = self.start()
        out, err = again.communicate(timeout=self.place.patience)
        assert again.returncode == 0 and "Nothing to do" in out, self.told(out + err)

    @property
    def progress(self) -> int:
        """Grows with every label and result."""
        return len(self.computed) + len(list(self.store.glob("steps/*/result.json")))

    def await_progress(self, driver: subprocess.Popen[str], more: int) -> bool:
        """Until there is so much more, or the driver has ended; says whether it still runs."""
        wanted, deadline = self.progress + more, time.monotonic() + self.place.patience
        while self.progress < wanted and driver.poll() is None:
            assert time.monotonic() < deadline, self.told("nothing moves")
            time.sleep(0.005)
        return driver.poll() is None

    # What happens to it

    def note(self, what: str) -> None:
        """Remembers what was done."""
        self.happened.append(what)

    def told(self, what: str) -> str:
        """A failure with the story before it."""
        return "\n".join([*self.happened, what])

    def kill_driver(self, driver: subprocess.Popen[str], number: signal.Signals) -> None:
        """Sends it a signal, and checks how it ends: in good order, if it may, from when its run has begun."""
        begun = [*self.store.glob(f"runs/*-{driver.pid}.jsonl")]  # what moves may be jobs of the driver before it
        driver.send_signal(number)
        self.note(f"driver {number.name}")
        said = self.ended(driver, [128 + number, 0] if begun and number != signal.SIGKILL else [-number, 128 + number])
        self.may_be_twice += 2
        if driver.returncode > 0:
            assert "the same command goes on from here" in said, self.told(said)

    def kill_one(self, driver: subprocess.Popen[str], chance: random.Random) -> None:
        """Kills one of the processes that work for it, or breaks what they need."""
        what = chance.choice(sorted({**self.place.victims, **self.place.outside}))
        if what in self.place.outside:
            self.place.outside[what]()
            self.note(what)
            self.may_be_twice += 2
            return
        word = self.place.victims[what]
        found = [pid for pid in self.living() if pid != driver.pid and word in command(pid)]
        if not found:
            return
        number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
        number = number if what == "worker" else signal.SIGKILL
        with suppress(ProcessLookupError):
            os.kill(chance.choice(found), number)
            self.note(f"{what} {number.name}")
            self.may_be_twice += 2  # what the others are killed for takes all workers along

    def damage(self, chance: random.Random) -> None:
        """Of a finished step, or of a log of labels, something is flipped, cut or gone."""
        before = self.kept()
        self._damage_some(chance)
        gone = before - self.kept()
        self.damaged |= gone
        self.may_be_twice += len(gone)

    def _damage_some(self, chance: random.Random) -> None:
        done = sorted(path.parent for path in self.store.glob("steps/*/result.json"))
        logs = sorted(self.store.glob("steps/*/labels.log"))
        if logs and chance.random() < 0.5:
            self._damage_file(chance.choice(logs), chance)
        elif done:
            folder = chance.choice(done)
            files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
            for path in chance.sample(files, chance.choice([1, 1, 2])):
                self._damage_file(path, chance)

    def _damage_file(self, path: Path, chance: random.Random) -> None:
        content = bytearray(path.read_bytes())
        how = chance.choice(["flip", "flip", "cut", "gone"]) if content else "gone"
        self.note(f"{how} {path.relative_to(self.store)}")
        if how == "gone":
            path.unlink()
            return
        at = chance.randrange(len(content))
        if how == "flip":
            content[at] ^= 1 << chance.randrange(8)
        else:
            del content[at:]
        path.write_bytes(content)

    # What must hold

    @property
    def computed(self) -> list[str]:
        """The frame of each label that was computed, as often as it was."""
        return self.bought.read_text().split()

    def kept(self) -> set[str]:
        """Frames whose labels are in the label store or whole in a log; read without Whet."""
        found: set[str] = set()
        path = self.store / "labels.sqlite"
        if path.is_file():
            with closing(sqlite3.connect(path, timeout=30)) as database:
                found |= {frame for (frame,) in database.execute("select frame from labels")}
        for log in self.store.glob("steps/*/labels.log"):
            with suppress(FileNotFoundError):  # just taken in
                found |= set(whole_labels(log.read_bytes()))
        return found

    @contextmanager
    def nothing_lost(self) -> Iterator[None]:
        """Within the block no label that was kept before is computed again, and after it all of them are kept."""
        before, position = self.kept(), len(self.computed)
        yield
        again = before.intersection(self.computed[position:])
        assert not again, self.told(f"computed again: {sorted(again)}")
        lost = before - self.kept()
        assert not lost, self.told(f"lost: {sorted(lost)}")

    def living(self) -> list[int]:
        """Process ids of all that a driver of this store started, and of the driver."""
        word = f"WHET_CHAOS={self.mark}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if word in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
        return found

    def check_nobody_left(self) -> None:
        """Nothing that any driver started lives, or ends soon."""
        deadline = time.monotonic() + self.place.leave
        while (found := self.living()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not found, self.told(f"left over: {[command(pid) for pid in found]}")

    def check_end(self, undisturbed: Chaos) -> None:
        """As if nothing had been."""
        self.check_nobody_left()
        assert contents(Store(self.store)) == contents(Store(undisturbed.store)), self.told("other results")
        assert self.kept() <= undisturbed.kept(), self.told("labels that nobody needs")
        assert undisturbed.kept() - self.kept() <= self.damaged, self.told("labels are lost")
        assert self.tables() == undisturbed.tables(), self.told("other tables")
        assert not list(self.store.glob("steps/*/labels.log")), self.told("labels not taken in")
        twice = sum(count - 1 for count in Counter(self.computed).values())
        assert twice <= self.may_be_twice, self.told(f"{twice} labels were computed again, {self.may_be_twice} may be")

    def tables(self) -> str:
        """Scores as people and programs get them, but for how long they took."""
        scores = [{**score, "seconds_per_frame": 0.0} for score in Study.open(self.store).scores]
        assert scores, self.told("there are no scores")
        return json.dumps(scores, sort_keys=True)


def whole_labels(content: bytes) -> Iterator[str]:
    """Keys of the frames of every label in a log that is whole."""
    for found in re.finditer(b"LABL", content):
        head = content[found.start() : found.start() + RECORD.size]
        if len(head) < RECORD.size:
            continue
        _, crc, length = RECORD.unpack(head)
        record = content[found.start() + RECORD.size : found.start() + RECORD.size + length]
        if len(record) == length and zlib.crc32(record) == crc:
            about = json.loads(record.partition(b"\n")[0])
            if "frame" in about:
                yield about["frame"]


def command(pid: int) -> str:
    """The command line of a process; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def undisturbed(folder: Path) -> Chaos:
    """The study run to its end in peace by local workers: what all others are held against."""
    peace = Chaos(folder)
    peace.to_the_end()
    assert len(peace.computed) == len(set(peace.computed)) == len(peace.kept()) > 20
    peace.check_nobody_left()
    return peace
