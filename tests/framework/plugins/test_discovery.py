"""Discovery: whatever is wrong with a plugin is a sentence in a list, and the program lives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from in_process import whet
from whet.data.errors import MissingPackage, PluginError, UnknownName
from whet.plugins.hookspecs import KINDS
from whet.plugins.registry import registry

HEAD = "from whet import hookimpl, Potential, Capabilities\nwhet_api = 1\n"
POTENTIAL = """
class Mine(Potential):
    '''A potential.'''
    name = "{name}"
    packages = {packages}
    capabilities = Capabilities()
    def predict(self, frames, properties): ...

@hookimpl
def potentials():
    return [Mine]
"""


def install(folder: Path, name: str, source: str) -> None:
    """A distribution with an entry point, as pip would leave it."""
    module = "plugin_" + name.replace("-", "_")
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dist-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[whet]\n{name} = {module}\n")


RETURNED = {
    "class": "return Mine",
    "instance": "return made",
    "nothing": "return",
    "generator": "yield Mine",
    "instances": "return [made]",
}


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.cache_clear()
    install(tmp_path, "raises", "raise RuntimeError('half of me\\nis missing')")
    install(tmp_path, "exits", "raise SystemExit(3)")
    install(tmp_path, "misspelt", HEAD + "@hookimpl\ndef potentails(): return []\n")
    install(tmp_path, "hookless", HEAD)
    install(tmp_path, "apiless", "from whet import hookimpl\n@hookimpl\ndef potentials(): return []\n")
    install(tmp_path, "future", HEAD.replace("= 1", "= 99") + "@hookimpl\ndef potentials(): return []\n")
    install(tmp_path, "wrong", HEAD + "@hookimpl\ndef potentials(): return [int]\n")
    misplaced = POTENTIAL.replace("def potentials", "def fine_tuners").format(name="misplaced", packages={})
    install(tmp_path, "misplaced", HEAD + misplaced)
    incomplete = POTENTIAL.replace("    def predict(self, frames, properties): ...\n", "")
    install(tmp_path, "incomplete", HEAD + incomplete.format(name="incomplete", packages={}))
    install(tmp_path, "failing", HEAD + "@hookimpl\ndef potentials(): return 1 / 0\n")
    install(tmp_path, "twin-a", HEAD + POTENTIAL.format(name="twin", packages={}))
    install(tmp_path, "twin-b", HEAD + POTENTIAL.format(name="twin", packages={}))
    install(tmp_path, "lacking", HEAD + POTENTIAL.format(name="lacking", packages={"no_such_module": "nosuch>=2"}))
    install(tmp_path, "fine", HEAD + POTENTIAL.format(name="fine", packages={}))
    by_kind = HEAD.replace("= 1", "= {'potentials': 1, 'labelers': 99}") + "@hookimpl\ndef labelers(): return []\n"
    install(tmp_path, "half", by_kind + POTENTIAL.format(name="half-fine", packages={}))
    unstated = HEAD.replace("= 1", "= {'labelers': 1}")
    for name, returned in RETURNED.items():
        source = HEAD + POTENTIAL.format(name=name, packages={}).replace("return [Mine]", returned)
        install(tmp_path, name, source.replace("@hookimpl", "made = Mine(Mine.Options())\n@hookimpl"))
    for name, named in (("colon", "mine:large"), ("spaces", "my potential"), ("capitals", "MyPotential")):
        install(tmp_path, name, HEAD + POTENTIAL.format(name=named, packages={}))
    foreign = "from pydantic import BaseModel\nclass MyOptions(BaseModel): ...\n" + POTENTIAL
    install(
        tmp_path,
        "foreign",
        HEAD + foreign.replace("(Potential)", "(Potential[MyOptions])").format(name="foreign", packages={}),
    )
    own = POTENTIAL.replace("    packages", "    Options = dict\n    packages").format(name="own-options", packages={})
    install(tmp_path, "own-options", HEAD + own)
    install(tmp_path, "noisy", "print('welcome to\\nNOISY 3.1')\n" + HEAD + POTENTIAL.format(name="noisy", packages={}))
    install(tmp_path, "unstated", unstated + POTENTIAL.format(name="unstated", packages={}))
    yield tmp_path
    registry.cache_clear()


PROBLEMS = {
    "raises": "cannot be imported: RuntimeError: half of me is missing",
    "exits": "cannot be imported: SystemExit: 3",
    "misspelt": "'potentails' is no hook. Did you mean 'potentials'?",
    "hookless": "implements no hook",
    "apiless": "states no version of the hooks that it uses",
    "future": "was written for version 99 of potentials; this is version 1: update whet",
    "wrong": "int is no class derived from whet.Potential",
    "misplaced": "Mine is no class derived from whet.FineTuner",
    "incomplete": "class Mine lacks predict",
    "unstated": "states no version of its hook potentials (`whet_api = {'potentials': 1}`)",
    "class": "returns the class Mine from its hook potentials instead of a list: `return [Mine]`",
    "instance": "returns an instance of Mine from its hook potentials instead of a list: `return [Mine]`, the class",
    "nothing": "returns nothing from its hook potentials instead of a list: `return [MyClass]`, or `return []`",
    "generator": "returns a generator from its hook potentials instead of a list: `return [MyClass]`",
    "instances": "offers by its hook potentials an instance of Mine; list the class: `return [Mine]`",
    "colon": "a class whose name 'mine:large' cannot be written in a study file: lower-case letters and digits, joined "
    "by - _ or . ('mine-large')",
    "spaces": "a class whose name 'my potential' cannot be written in a study file",
    "capitals": "a class whose name 'MyPotential' cannot be written in a study file",
    "foreign": "the class Mine, whose options MyOptions are not Whet's: `class MyOptions(whet.Options)`",
    "own-options": "the class Mine, whose options dict are not Whet's: `class MyOptions(whet.Options)`",
    "failing": "its hook potentials failed: ZeroDivisionError",
}


def test_each_problem_is_listed_with_its_distribution(plugins: Path) -> None:
    listed = {line.name: line for line in registry().listings()}
    for name, problem in PROBLEMS.items():
        assert problem in listed[name].problem
        assert listed[name].distribution == f"dist-{name}"
        assert "\n" not in listed[name].problem
    assert listed["fine"].problem == ""


@pytest.mark.parametrize("name", PROBLEMS)
def test_it_raises_only_when_its_name_is_used(plugins: Path, name: str) -> None:
    assert registry().find("potentials", "fine").name == "fine"
    with pytest.raises(PluginError, match=f"dist-{name} 1.0"):
        registry().find("potentials", name)


def test_a_plugin_is_refused_by_kind(plugins: Path) -> None:
    assert registry().find("potentials", "half-fine").name == "half-fine"
    with pytest.raises(UnknownName, match=r"'half' \(dist-half 1.0\) was written for version 99 of labelers"):
        registry().find("labelers", "half-labeler")


def test_an_older_class_is_adapted_by_the_adapters_of_its_kind(plugins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plugins / "adapting.py").write_text("def one(old): return type(old.__name__, (old,), {'adapted': [1]})\n")
    newer = replace(KINDS["potentials"], version=3, adapters={1: "adapting.one", 2: "adapting.one"})
    monkeypatch.setitem(KINDS, "potentials", newer)
    registry.cache_clear()
    assert registry().find("potentials", "fine").adapted == [1]
    monkeypatch.setitem(KINDS, "potentials", replace(newer, adapters={2: "adapting.one"}))
    registry.cache_clear()
    with pytest.raises(PluginError, match="was written for version 1 of potentials; this is version 3: update the"):
        registry().find("potentials", "fine")


def test_two_plugins_with_one_name(plugins: Path) -> None:
    with pytest.raises(PluginError, match=r"dist-twin-a 1\.0 and dist-twin-b 1\.0"):
        registry().find("potentials", "twin")


def test_a_missing_package_says_what_to_install(plugins: Path) -> None:
    with pytest.raises(MissingPackage, match=r"pip install 'nosuch>=2'"):
        registry().find("potentials", "lacking")


def test_a_typo_gets_the_nearest_name(plugins: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'fine'"):
        registry().find("potentials", "fime")


def test_the_program_lives(plugins: Path) -> None:
    ended = _fresh(plugins, "plugins")
    assert ended.returncode == 0
    (noisy,) = ended.stderr.splitlines()
    said = r"prints when it is imported, which none should: welcome to\nNOISY 3.1"
    assert noisy == f"whet: the plugin 'noisy' (dist-noisy 1.0) {said}"
    for name, problem in PROBLEMS.items():
        assert any(name in line and problem in line for line in ended.stdout.splitlines())


def test_what_a_plugin_prints_does_not_break_json(plugins: Path) -> None:
    said = _fresh(plugins, "plugins", "--json")
    assert "NOISY" in said.stderr
    assert {line["name"] for line in json.loads(said.stdout)} >= {*PROBLEMS, "noisy"}


def _fresh(plugins: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(plugins), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "whet", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("name", ["class", "foreign", "colon"])
def test_a_command_that_names_it_ends_in_one_line(plugins: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "frames.xyz").write_text("1\n\nAr 0 0 0\n")
    said = whet("evaluate", tmp_path / "frames.xyz", "--potential", name, code=2)
    (line,) = [line for line in said.faults if "NOISY" not in line]
    assert f"the plugin {name!r} (dist-{name} 1.0) " in line
    assert PROBLEMS[name] in line
