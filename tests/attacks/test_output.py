"""Standard output and error that are full, closed or gone; disks that refuse: one line, with the advice that fits."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from whet.data import durable
from whet.data.errors import StoreError
from whet.data.refusals import REFUSALS, unwritable

from .test_own_files import STUDY

COMMANDS = [
    "status study.yaml",
    "status study.yaml --json",
    "check study.yaml",
    "plugins",
    "plugins --json",
    "--help",
    "--version",
    "labels list",
]


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"{sys.executable} -m whet"
    return subprocess.run(["bash", "-c", line.replace("whet", program, 1)], capture_output=True, text=True, cwd=folder)


@pytest.fixture
def folder(toy: None, tmp_path: Path) -> Path:
    (tmp_path / "study.yaml").write_text(STUDY)
    (tmp_path / ".whet").mkdir()
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_output_is_one_line(folder: Path, command: str) -> None:
    ended = shell(f"whet {command} > /dev/full", folder)
    assert ended.returncode == 2
    assert ended.stderr == "whet: standard output: the disk is full. Write it elsewhere; what was computed is kept\n"


@pytest.mark.parametrize("command", COMMANDS[:5])
def test_a_closed_output_is_one_line(folder: Path, command: str) -> None:
    ended = shell(f"whet {command} >&-", folder)
    assert ended.returncode == 2
    assert ended.stderr == "whet: standard output: it is closed. Do not close it\n"


@pytest.mark.parametrize("how", ["2>&-", "2>/dev/full", "<&-", "<&- 2>&-"])
def test_a_closed_error_output_costs_nothing(folder: Path, how: str) -> None:
    ended = shell(f"whet status study.yaml --json {how}", folder)
    assert ended.returncode == 0 and ended.stdout.startswith("{")
    assert shell(f"whet status none.yaml {how}", folder).returncode == 2
    assert not shell(f"whet status none.yaml {how}", folder).stdout


def test_a_whole_run_without_any_output(folder: Path) -> None:
    """No file of the store gets the number of a stream that is closed, and what the run says goes into no file."""
    assert shell("whet run study.yaml <&- >&- 2>&-", folder).returncode == 2
    assert (folder / "report" / "index.html").is_file()
    assert shell("whet status study.yaml", folder).stdout.startswith("toy: ")
    for path in folder.rglob("*.json"):
        assert path.read_text().lstrip()[0] in "{["
    again = shell("whet run study.yaml > /dev/full", folder)
    assert again.returncode == 2 and "standard output: the disk is full" in again.stderr


@pytest.mark.parametrize("number", sorted(REFUSALS))
def test_every_refusal_has_its_advice(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    what, hint = REFUSALS[number]

    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refused)
    with pytest.raises(StoreError) as caught:
        durable.write_text(tmp_path / "file", "text")
    assert what in str(caught.value) and hint in str(caught.value)
    assert "permission" not in str(caught.value) or number in (errno.EACCES,)
    assert not list(tmp_path.iterdir())


def test_a_refusal_that_is_not_in_the_table_says_the_systems_words() -> None:
    assert "Level 2 halted" in str(unwritable(Path("x"), OSError(51, "Level 2 halted")))


def test_a_file_that_gets_too_large_says_so(folder: Path) -> None:
    """The limit is the shell's, `ulimit -f`."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    code = "from pathlib import Path; from whet.data.durable import write_text\nwrite_text(Path('x'), 'x' * 1000)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, preexec_fn=limit)
    last = ended.stderr.splitlines()[-1]
    assert "larger than is allowed here. Raise the limit (`ulimit -f unlimited`)" in last and "permission" not in last
    assert not (folder / "x").exists()
