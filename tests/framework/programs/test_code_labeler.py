"""Labelers that run a program: folders, faults, timeouts, kills, and nothing that is computed twice or lost."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from ase import Atoms
from ase.build import bulk

from whet import CodeLabeler, CodeOptions, Failure, FrameError, Labels, LevelOfTheory, frame_key, k_grid
from whet.data.errors import MissingPackage
from whet.programs import calculation

PROGRAM = """\
import json, os, signal, sys, time
told = json.load(open("input.json"))
with open(told["count"], "a") as file:
    file.write("1\\n")
print("starting")
if told["what"] == "hang":
    time.sleep(60)
if told["what"] == "tidy":
    signal.signal(signal.SIGTERM, lambda *_: (open(told["count"], "a").write("tidy\\n"), sys.exit(0)))
    time.sleep(60)
if told["what"] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
if told["what"] == "crash":
    print("out of cheese")
    sys.exit(3)
if told["what"] == "kill":
    os.kill(os.getpid(), 9)
time.sleep(told["seconds"])
json.dump({"energy": told["energy"], "threads": os.environ["OMP_NUM_THREADS"]}, open("out.json", "w"))
"""


class Code(CodeLabeler):
    """Runs a little Python program."""

    name = "code"
    seconds = 0.0
    what: dict[str, str] = {}  # noqa: RUF012 -- the test's own
    broken_parser = False
    chosen: dict[str, str] = {}  # noqa: RUF012

    def __init__(self, folder: Path, **options: Any) -> None:
        self.count = folder / "count.txt"
        self.code = folder / "program.py"
        self.code.write_text(PROGRAM)
        super().__init__(CodeOptions.model_validate({"command": f"{{python}} {self.code}", **options}))

    @property
    def theory(self) -> LevelOfTheory:
        return LevelOfTheory("none", "code", by_element={"basis": self.chosen} if self.chosen else {})

    @property
    def runs(self) -> int:
        """How often the program was begun."""
        return len(self.count.read_text().splitlines()) if self.count.exists() else 0

    def prepare(self, frame: Atoms, folder: Path) -> None:
        if "refuse" in frame.info:
            raise FrameError("it has no such element")
        what = self.what.get(frame.info.get("name", ""), "")
        told = {"count": str(self.count), "what": what, "seconds": self.seconds, "energy": frame.positions[0, 0]}
        (folder / "input.json").write_text(json.dumps(told))

    def read(self, frame: Atoms, folder: Path) -> Labels | Failure:
        if self.broken_parser:
            raise ValueError("the parser has a bug")
        found = json.loads((folder / "out.json").read_text())
        return Labels(found["energy"], np.zeros((len(frame), 3)))


def frames(count: int = 3, **info: str) -> list[Atoms]:
    made = []
    for index in range(count):
        atoms = bulk("Ar", "fcc", a=5.3, cubic=True)
        atoms.positions[0, 0] = 0.25 * index
        atoms.info.update({"name": str(index)} | info)
        made.append(atoms)
    return made


def energies(answers: list[Labels | Failure]) -> list[float | str]:
    return [answer.energy if isinstance(answer, Labels) else answer.reason for answer in answers]


@pytest.mark.parametrize("processes", [1, 3])
def test_answers_come_in_order(tmp_path: Path, processes: int) -> None:
    code = Code(tmp_path, processes=processes, threads=2)
    assert energies(list(code.label(frames(), tmp_path / "scratch"))) == [0.0, 0.25, 0.5]
    assert not any((tmp_path / "scratch").rglob("out.json"))  # labels are there, folders need not stay
    kept = Code(tmp_path, keep="all", threads=2)
    list(kept.label(frames(1), tmp_path / "kept"))
    (out,) = (tmp_path / "kept").rglob("out.json")
    assert json.loads(out.read_text())["threads"] == "2"


def test_several_run_at_a_time(tmp_path: Path) -> None:
    code = Code(tmp_path, processes=3)
    code.seconds = 1.0
    began = time.monotonic()
    list(code.label(frames(), tmp_path / "scratch"))
    assert time.monotonic() - began < 2.5


def test_every_fault_is_a_failure_with_its_reason_and_log(tmp_path: Path) -> None:
    code = Code(tmp_path, timeout=1.0)
    code.what = {"0": "crash", "1": "kill", "2": "hang"}
    first, second, third, fourth = code.label([*frames(3), frames(4)[3]], tmp_path / "scratch")
    assert isinstance(first, Failure) and isinstance(second, Failure) and isinstance(third, Failure)
    assert first.reason == "the program ended with exit code 3: out of cheese"
    assert second.reason == "the program was ended by signal 9: starting"
    assert third.reason == "it took longer than its 1 s"
    assert all("starting" in Path(one.log).read_text() for one in (first, second, third))
    assert isinstance(fourth, Labels)
    (refused,) = code.label(frames(1, refuse="yes"), tmp_path / "scratch")
    assert isinstance(refused, Failure) and refused.reason == "it has no such element"


def test_a_finished_calculation_survives_a_parser_with_a_bug(tmp_path: Path) -> None:
    code = Code(tmp_path)
    code.broken_parser = True
    (answer,) = code.label(frames(1), tmp_path / "scratch")
    assert isinstance(answer, Failure)
    assert answer.reason == "its output cannot be read (ValueError: the parser has a bug)"
    code.broken_parser = False
    assert energies(list(code.label(frames(1), tmp_path / "scratch"))) == [0.0]
    assert code.runs == 1


def test_the_output_stays_until_the_label_is_stored(tmp_path: Path) -> None:
    code = Code(tmp_path, keep="nothing")
    answers = code.label(frames(2), tmp_path / "scratch")
    next(answers)
    assert len(list((tmp_path / "scratch").rglob("out.json"))) == 1  # killed here, nothing would be lost
    next(answers)
    assert not any(path for path in (tmp_path / "scratch").rglob("out.json") if '"energy": 0.0' in path.read_text())
    code.broken_parser = True
    list(code.label(frames(1), tmp_path / "other"))
    assert any((tmp_path / "other").rglob("out.json"))


def test_a_calculation_that_broke_off_is_run_afresh(tmp_path: Path) -> None:
    code = Code(tmp_path)
    code.what = {"0": "crash"}
    assert isinstance(next(iter(code.label(frames(1), tmp_path / "scratch"))), Failure)
    code.what = {}
    assert energies(list(code.label(frames(1), tmp_path / "scratch"))) == [0.0]
    (leftover,) = frames(1)
    place = tmp_path / "scratch" / code.theory.fingerprint[:12] / frame_key(leftover)
    place.mkdir(parents=True)
    (place / "out.json").write_text('{"energy": 99.0}')  # of a run that was killed: nobody knows whether it is whole
    assert energies(list(code.label(frames(1), tmp_path / "scratch"))) == [0.0]
    assert code.runs == 3


def test_nothing_goes_on_when_nobody_asks_any_more(tmp_path: Path) -> None:
    code = Code(tmp_path, processes=3)
    code.what = {"1": "hang", "2": "hang"}
    answers = code.label(frames(), tmp_path / "scratch")
    next(answers)
    while code.runs < 3:
        time.sleep(0.05)
    assert running(code) == 2
    answers.close()  # pyright: ignore[reportAttributeAccessIssue] -- a generator
    assert running(code) == 0


def test_a_program_may_tidy_up_before_it_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calculation, "GRACE", 0.5)
    code = Code(tmp_path, timeout=1.0)
    code.what = {"0": "tidy", "1": "stubborn"}
    first, second = code.label(frames(2), tmp_path / "scratch")
    assert isinstance(first, Failure) and isinstance(second, Failure)
    assert code.count.read_text().splitlines() == ["1", "tidy", "1"]
    assert running(code) == 0


def test_a_program_that_came_to_its_end_unseen_is_not_run_again(tmp_path: Path) -> None:
    code = Code(tmp_path, keep="all")
    assert energies(list(code.label(frames(1), tmp_path / "scratch"))) == [0.0]
    (ended,) = (tmp_path / "scratch").rglob(calculation.ENDED)
    ended.unlink()  # as if the machine had gone down between the program's end and ours
    code.is_complete = lambda folder: (folder / "out.json").is_file()
    assert energies(list(code.label(frames(1), tmp_path / "scratch"))) == [0.0]
    assert code.runs == 1


def test_one_that_ended_while_another_was_waited_for_is_not_run_again(tmp_path: Path) -> None:
    code = Code(tmp_path, processes=3, timeout=60)
    code.what = {"0": "hang"}
    answers = code.label(frames(), tmp_path / "scratch")
    waits = threading.Thread(target=lambda: next(answers))
    waits.start()
    while len(list((tmp_path / "scratch").rglob("out.json"))) < 2 or running(code) > 1:
        time.sleep(0.05)
    for process in psutil.Process().children(recursive=True):  # as if the machine ended them, and then this process
        with contextlib.suppress(psutil.Error):  # one that went with another
            process.terminate()
    waits.join()
    answers.close()  # pyright: ignore[reportAttributeAccessIssue] -- a generator
    code.what = {}
    assert energies(list(code.label(frames(), tmp_path / "scratch"))) == [0.0, 0.25, 0.5]
    assert code.runs == 4


def test_the_same_frame_twice_is_never_in_one_folder_at_once(tmp_path: Path) -> None:
    code = Code(tmp_path, processes=3)
    code.seconds = 0.3
    first, second, _ = frames()
    answers = list(code.label([first, first, second, first], tmp_path / "scratch"))
    assert energies(answers) == [0.0, 0.0, 0.25, 0.0]


def test_programs_are_asked_together_to_end(tmp_path: Path) -> None:
    code = Code(tmp_path, processes=4)
    code.what = {"1": "stubborn", "2": "stubborn", "3": "tidy"}
    answers = code.label(frames(4), tmp_path / "scratch")
    next(answers)
    while len(code.count.read_text().splitlines()) < 4:
        time.sleep(0.05)
    time.sleep(0.3)  # until it has said what it does when it is asked
    answers.close()  # pyright: ignore[reportAttributeAccessIssue] -- a generator
    assert code.count.read_text().splitlines().count("tidy") == 1
    assert running(code) == 0


def test_a_finished_calculation_is_found_when_the_theory_learns_of_another_element(tmp_path: Path) -> None:
    code = Code(tmp_path, keep="all")
    for chosen in ({"Ar": "a"}, {"Ar": "a", "Kr": "k"}):
        code.chosen = chosen
        assert energies(list(code.label(frames(1), tmp_path / "scratch"))) == [0.0]
    assert code.runs == 1
    code.chosen = {"Ar": "b"}
    assert energies(list(code.label(frames(1), tmp_path / "scratch"))) == [0.0]
    assert code.runs == 2


def running(code: Code) -> int:
    """How many of its programs run at this moment."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it may end while it is looked at
            found += str(code.code).encode() in path.read_bytes()
    return found


def test_a_missing_program_is_one_line(tmp_path: Path) -> None:
    code = Code(tmp_path, command="no-such-program -x")
    with pytest.raises(MissingPackage, match=r"labeler 'code' cannot run 'no-such-program'. Install it, or give"):
        list(code.label(frames(1), tmp_path / "scratch"))


def test_k_grid() -> None:
    cell = bulk("LiCl", "rocksalt", a=5.15, cubic=True)
    assert k_grid(cell, 0.45) == (3, 3, 3) and k_grid(cell * (2, 1, 1), 0.45) == (2, 3, 3)
    cell.pbc = (True, True, False)
    assert k_grid(cell, 0.45) == (3, 3, 1)
    assert k_grid(cell, 2 * np.pi / 5.15) == (1, 1, 1)  # exactly as dense as asked for
