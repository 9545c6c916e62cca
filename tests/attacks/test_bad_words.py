"""Command lines with wrong words: every command answers in one line, and writes nothing that it should not."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given

from .conftest import answered, tree, whet
from .nasty import VALUES, misspelt, yaml_of
from .test_bad_studies import FEW, MANY, SEEDS, STUDY, document
from .test_bad_studies import folder as folder

WRONG = ["--set", "potentials.main=tow"]
"""Nothing runs: what a run that is right does is another test's business."""

REPORTS = ("label", "labels import", "labels show", "frames show", "models verify", "env check", "plugins check")
"""Their table names each thing that failed or is refused; then they end with exit code 2."""

COMMANDS: dict[str, list[list[str]]] = {
    "run": [
        ["OTHER"],
        ["STUDY", "--set", "SETTING", *WRONG],
        ["STUDY", "--workers", "NUMBER", *WRONG],
        ["STUDY", "--out", "PATH", *WRONG],
    ],
    "check": [["STUDY"], ["STUDY", "--set", "SETTING", "--json"], []],
    "status": [["STUDY"], ["STUDY", "--json", "--set", "SETTING"]],
    "report": [["STUDY", "--out", "PATH"], ["STUDY", "--set", "SETTING"]],
    "evaluate": [
        ["PATH", "-p", "tow"],
        ["none.xyz", "-p", "NAME"],
        ["test.extxyz", "-p", "tow", "--device", "WORD"],
        ["test.extxyz", "-p", "tow", "--first", "NUMBER"],
    ],
    "label": [
        ["PATH", "-l", "NAME"],
        ["test.extxyz", "-l", "toy", "--set", "SETTING"],
        ["test.extxyz", "-l", "toy", "--out", "PATH"],
        ["test.extxyz", "-l", "toy", "--store", "PATH"],
        ["test.extxyz", "-l", "toy", "--first", "NUMBER"],
    ],
    "labels list": [["--store", "PATH"], []],
    "labels show": [["WORD", "--store", "store"], ["toy", "--store", "PATH"]],
    "labels export": [
        ["WORD", "PATH", "--store", "store"],
        ["toy-hard", "PATH", "--store", "store"],
        ["toy-hard", "new.extxyz", "--prefix", "WORD", "--store", "store"],
        ["toy-hard", "a.xyz", "--elements", "WORD", "--store", "store"],
    ],
    "labels import": [
        ["PATH", "--theory", "WORD", "--store", "imported"],
        ["test.extxyz", "--units", "WORD", "--theory", "PBE", "--store", "imported"],
        ["test.extxyz", "--u", "WORD", "--theory", "PBE", "--units", "eV,Å", "--dry-run", "--store", "imported"],
        [
            "test.extxyz",
            "--setting",
            "SETTING",
            "--theory",
            "PBE",
            "--units",
            "eV,Å",
            "--dry-run",
            "--store",
            "imported",
        ],
        [
            "test.extxyz",
            "--energy-key",
            "WORD",
            "--theory",
            "PBE",
            "--units",
            "eV,Å",
            "--dry-run",
            "--store",
            "imported",
        ],
        [
            "test.extxyz",
            "--large-force",
            "NUMBER",
            "--theory",
            "PBE",
            "--units",
            "eV,Å",
            "--dry-run",
            "--store",
            "imported",
        ],
    ],
    "frames show": [["PATH"], ["PATH", "--json"]],
    "frames convert": [
        ["PATH", "PATH"],
        ["test.extxyz", "PATH"],
        ["test.extxyz", "new.traj", "--every", "NUMBER"],
        ["test.extxyz", "new.traj", "--last", "NUMBER"],
    ],
    "models list": [["WORD"]],
    "models prefetch": [["WORD"], ["NAME"], []],
    "models verify": [["WORD"]],
    "env create": [
        ["WORD", "-p", "toy", "--in", "envs"],
        ["name", "-p", "PATH", "--in", "PATH"],
        ["name", "-p", "WORD", "--python", "PATH", "--in", "envs"],
    ],
    "env check": [["WORD"], ["--in", "PATH"]],
    "plugins": [["WORD"], ["--WORD"]],
    "plugins check": [
        ["WORD"],
        ["toy", "--set", "SETTING", "--only", "WORD"],
        ["toy", "--tier", "WORD"],
        ["tow", "--fine-tune", "SETTING"],
    ],
    "plugins new": [["WORD", "--in", "made"], ["name", "--in", "PATH"]],
}
"""Command -> command lines with a place for a bad word."""

TELLS = ("label", "labels import", "labels show", "models verify", "env check", "plugins check")
"""Commands that tell on standard output what of several things is wrong."""

TEXTS = [str(value) for value in VALUES if isinstance(value, str) and "\0" not in value and "\ud800" not in value]
PATHS = [
    "none.xyz",
    "pipe",
    "loop",
    "folder",
    "/dev/zero",
    "/dev/null",
    "/dev/full",
    "/proc/self/mem",
    ".",
    "/",
    "",
    "x" * 300,
    "a/" * 2500,
    "test.extxyz/x",
    "~nobody-of-this-name/x",
    "new\nline.xyz",
    "study.yaml",
    "store",
    "-",
    "--",
    "*.xyz",
    "a@b.xyz",
    "test.extxyz@0",
    "\udcff.xyz",
    "empty.xyz",
    "text.xyz",
    "text.frames",
    "text.npz",
    "text.db",
    "text.traj",
    "loop/x.xyz",
    "new.unknown",
    "new",
]
NUMBERS = ["0", "-1", "1", "2", "99", "1e5", "nan", "inf", "x", "", "9" * 30, "9" * 5000, "0x10", "1.5", "-0", " 1"]
NAMES = [
    "tow",
    "toy:",
    ":",
    "toy:none/x",
    "toy:/dev/zero",
    "toy:.",
    "toy:loop",
    "mace:nothing",
    "x" * 5000,
    "",
    " ",
    "toy:pipe",
    "committee",
]


def no_pip(*_: object, **__: object) -> None:
    from whet.data.errors import InputError

    raise InputError("pip is not asked for anything here")


@pytest.fixture(scope="module")
def place(folder: Path) -> Path:
    """The folder of the studies with a store in it, and files that are not what their names say."""
    (folder / "study.yaml").write_text(document(STUDY))
    for name in ("text.xyz", "text.frames", "text.npz", "text.db", "text.traj"):
        (folder / name).write_text("this is a text\n")
    (folder / "empty.xyz").touch()
    assert answered(whet("label", "test.extxyz", "-l", "toy", "--store", "store", folder=folder))
    return folder


def try_words(place: Path, seed: int) -> None:
    """One command line with something wrong in it."""
    draw = random.Random(seed)
    command = draw.choice(list(COMMANDS))

    def word(slot: str) -> str:
        if slot == "STUDY":
            return draw.choice(["study.yaml", *PATHS]) if draw.random() < 0.5 else "study.yaml"
        if slot == "PATH":
            return draw.choice(PATHS)
        if slot == "OTHER":
            return draw.choice([path for path in PATHS if path not in ("study.yaml", ".", "")])
        if slot == "NUMBER":
            return draw.choice(NUMBERS)
        if slot == "NAME":
            return draw.choice(NAMES)
        if slot == "SETTING":
            value = yaml_of(draw.choice(VALUES)).encode("utf-8", "replace").decode().replace("\0", "")
            return draw.choice(
                [f"{draw.choice(['potentials', 'fail_every', 'scale', 'x.y', 'name', ''])}={value}", value]
            )
        if slot == "WORD":
            return draw.choice(TEXTS)
        if slot == "--WORD":
            return f"--{draw.choice(TEXTS)}"
        return misspelt(slot, draw) if draw.random() < 0.03 else slot

    slots = draw.choice(COMMANDS[command])
    words = [*command.split(), *map(word, slots)]
    # All that is wrong is told at once, a line for each word that may be.
    wrong = {"tow", "potentials.main=tow"}
    drawn = max(
        sum(made != slot or slot in wrong for made, slot in zip(words[len(words) - len(slots) :], slots, strict=True)),
        1,
    )
    before = tree(place)
    said = whet(*words, folder=place)
    if command in REPORTS and not said.faults:
        assert said.code in (0, 2), (said, words)
    elif not answered(said, what=words, lines=drawn) and command not in ("label", "labels import"):
        assert tree(place) == before, words
    assert not [name for name in tree(place) if ".partial" in name], words
    _tidy(place, before)


def _tidy(place: Path, before: dict[str, str]) -> None:
    for name in [name for name in tree(place) if name not in before]:
        path = place / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments are made by pip, and models come from the network: neither is asked."""
    monkeypatch.setattr("whet.running.new_environment._run", no_pip)
    monkeypatch.setattr("whet.data.download._fill", no_pip)


@FEW
@given(SEEDS)
def test_bad_words(place: Path, seed: int) -> None:
    try_words(place, seed)


@pytest.mark.slow
@pytest.mark.timeout(0)
@MANY
@given(SEEDS)
def test_many_bad_words(place: Path, seed: int) -> None:
    try_words(place, seed)
