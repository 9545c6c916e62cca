"""docs/how-to/a-map.md does what it says, with a toy in the place of the potentials; and a study with strategies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ase import Atoms
from ase.io import write

from chromium import NONE, PROGRAM, Chromium
from in_process import whet
from labeled_argon import labeled
from whet import Study, analyze, write_report
from whet.plugins.registry import registry

pytestmark = pytest.mark.skipif("map" not in registry().names("analyses"), reason="whet-chemiscope is not installed")

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "a-map.md").read_text(encoding="utf-8")
FIRST, WITH_OPTIONS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"(?m)^whet (.*)$", PAGE)

STRATEGIES = """\
name: toy
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 40, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: {periodic: 2}
tests: {independent: {trajectories: 1}}
descriptor: toy
analyses: [map]
"""


def frames(count: int, seed: int) -> list[Atoms]:
    return [labeled(seed + number) for number in range(count)]


def properties(study: Study) -> dict[str, Any]:
    """What the map of a study has of its points."""
    (found,) = study.stored.findings("map")
    page = found.figures[0].page
    assert page
    (said,) = re.findall(r"const dataset = (\{.*\}), renamed = ", page.html.text)
    return json.loads(said.replace("NaN", "null"))["properties"]


def test_the_page_is_worked_through(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("near.extxyz", frames(8, 0))
    write("far.extxyz", frames(6, 100))
    study = yaml.safe_load(FIRST)
    assert study["potentials"] == {"chgnet": "chgnet", "mace": "mace:small"}
    study |= {"potentials": {"one": "toy", "other": {"use": "toy", "scale": 0.8}}, "descriptor": "toy"}
    Path("study.yaml").write_text(yaml.safe_dump(study))
    assert COMMANDS[:2] == ["run study.yaml", "report study.yaml"]
    for command in COMMANDS[:2]:
        whet(*command.split())
    html = Path("report/index.html").read_text()
    assert "Open the map: a click on a point shows its atoms" in html
    assert html.count('id="whet-text-') == 2
    found = properties(Study.load("study.yaml"))
    assert sorted(set(found["set"]["values"])) == ["far", "near"]
    assert {"force error of one", "energy error of other", "Q-residual"} <= found.keys()
    study["analyses"] = yaml.safe_load(WITH_OPTIONS)["analyses"]
    Path("study.yaml").write_text(yaml.safe_dump(study))
    whet("run", "study.yaml")
    found = properties(Study.load("study.yaml"))
    assert set(found["element"]["values"]) == {"Ar"}
    assert found["set"]["target"] == "atom"


def test_files_are_enough(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("near.extxyz", frames(8, 0))
    write("far.extxyz", frames(6, 100))
    (command,) = COMMANDS[2:]
    words = re.sub("chgnet|soap", "toy", command).split()
    said = whet(*words).stdout
    assert re.search(r"far +6 +6 +6", said) and re.search(r"near +8 +8 +8", said)
    assert Path("page/index.html").read_text().count('id="whet-text-') == 2
    found = analyze("map", "near.extxyz", "toy", descriptor="toy")
    html = write_report(found.record, "another").read_text()  # the store is gone by now
    assert html.count('id="whet-text-') == 2


def test_rounds_and_frames_without_labels_are_on_the_map(toy: None, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STRATEGIES)
    study = Study.load(tmp_path / "study.yaml")
    assert not study.run().failed
    found = properties(study)
    assert {1, 2} <= set(found["round"]["values"])
    assert any("own" in one or "main" in one for one in set(found["set"]["values"]))
    assert {"force error of main", "force error of main periodic 2"} <= found.keys()
    assert "force error of main periodic 1" not in found


@pytest.mark.skipif(PROGRAM is None, reason=NONE)
def test_the_map_calls_potentials_as_the_report_does(toy: None, tmp_path: Path) -> None:
    write(tmp_path / "near.extxyz", frames(8, 0))
    said = {"name": "toy", "potentials": {"main": "toy"}, "tests": {"near": "near.extxyz"}, "analyses": ["map"]}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(said))
    study = Study.load(tmp_path / "study.yaml")
    assert not study.run().failed
    shown = study.stored.names.shown["main"]
    assert shown != "main"
    whet("report", tmp_path / "study.yaml", "--out", tmp_path / "report")
    with Chromium(tmp_path / "profile") as browser:
        browser.open(tmp_path / "report" / "index.html")
        browser.click_on(".opener button")
        inside = browser.frame()
        browser.until("document.body?.dataset.ready", inside)
        names = browser.value("[...document.getElementById('color').options].map(one => one.value)", inside)
    assert [name for name in names if name.startswith("force error")] == [f"force error of {shown}"]
