"""`whet plugins new` for each kind: what it writes is linted, installs, passes its own test and the kit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from in_process import whet
from whet.plugins.hookspecs import KINDS
from whet.plugins.kinds_to_begin import kinds_to_begin

CALCULATOR = """
from ase.calculators.lj import LennardJones


class Argon(LennardJones):
    def __init__(self):
        super().__init__(sigma=2.5, epsilon=0.05, rc=6.0, ro=4.5, smooth=True)
"""


def run(*words: str | Path, folder: Path) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder.parent / "site"), os.environ.get("PYTHONPATH", "")]),
    }
    ended = subprocess.run([*words], cwd=folder, capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


def begun(tmp_path: Path, name: str, *words: str) -> Path:
    """A package as the command writes it, linted and installed beside it."""
    said = whet("plugins", "new", name, *words, "--in", tmp_path)
    made = tmp_path / f"whet-{name}"
    assert f"python -m pytest {made}" in said.stdout
    run(sys.executable, "-m", "ruff", "check", "--no-cache", ".", folder=made)
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", ".", folder=made)
    pip = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "--target", tmp_path / "site", made, folder=made)
    return made


QUICK = ("analysis", "labeler", "monitor")


@pytest.mark.parametrize(
    "kind", [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in kinds_to_begin()]
)
def test_a_new_plugin_of_each_kind_works(tmp_path: Path, kind: str) -> None:
    made = begun(tmp_path, f"my-{kind}", "--kind", kind)
    every = "".join(path.read_text().lower() for path in made.rglob("*.[pm]*") if path.is_file())
    assert not {word for word in ("tiny", "force-angles", "forceangles", "pairwise") if word in every}
    example = kinds_to_begin()[kind]
    listed = json.loads(run(sys.executable, "-m", "whet", "plugins", "--json", folder=made))
    (mine,) = [line for line in listed if line["distribution"] == made.name]
    assert (mine["hook"], mine["problem"]) == (example.hook, "")
    assert bool(KINDS[example.hook].kit) == example.has_kit
    # Where the kind has a kit, the test of the package is the kit.
    assert " passed" in run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=made)


def test_a_calculator_becomes_a_potential(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "argon_calculator.py").write_text(CALCULATOR)
    made = begun(tmp_path, "argon", "--ase-calculator", "argon_calculator:Argon")
    lines = (made / "src" / "whet_argon" / "potential.py").read_text().splitlines()
    assert len([line for line in lines if line.strip()]) < 25
    assert '"argon_calculator"' in (made / "pyproject.toml").read_text()
    (found,) = json.loads(run(sys.executable, "-m", "whet", "plugins", "check", "argon", "--json", folder=made))
    assert found["ok"], [outcome for outcome in found["outcomes"] if outcome["status"] == "failed"]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--kind", "engine"), "there is no kind of plugin to begin 'engine'. Did you mean 'md-engine'?"),
        (("--kind", "task"), "there is no kind of plugin to begin 'task'. Known: analysis, descriptor, executor, "),
        (("--ase-calculator", "EMT"), "'EMT' names no calculator. MODULE:CLASS, such as ase.calculators.emt:EMT"),
        (("--ase-calculator", "a:B", "--kind", "labeler"), "an ASE calculator makes a potential, and no labeler"),
    ],
)
def test_what_cannot_be_begun_is_said(tmp_path: Path, words: tuple[str, ...], fault: str) -> None:
    said = whet("plugins", "new", "mine", *words, "--in", tmp_path, code=2)
    assert said.faults[-1].startswith(f"whet: {fault}")
    assert not [*tmp_path.iterdir()]
