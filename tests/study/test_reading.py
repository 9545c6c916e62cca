"""A finished study is read from its store alone: no plugin, no interpreter, no network, and nothing is computed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import whet as public
from in_process import whet
from whet import InputError, Study
from whet.contracts.ports import Predictions, SampledTrajectory
from whet.data.errors import StoreError
from whet.running.stored_step import StoredSteps

ALONE = """
import importlib.abc, importlib.metadata, json, socket, sys

real = importlib.metadata.entry_points
importlib.metadata.entry_points = lambda **words: () if words.get("group") == "whet" else real(**words)

class NoPlugin(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("whet_"):
            raise AssertionError(f"{name} was imported")

sys.meta_path.insert(0, NoPlugin())

def refuse(*_, **__):
    raise AssertionError("the network was used")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
opened = {}

def watch(event, arguments):
    if event == "open" and str(arguments[0]).endswith("result.json"):
        opened[str(arguments[0])] = opened.get(str(arguments[0]), 0) + 1
    if event in ("subprocess.Popen", "os.posix_spawn", "os.exec"):
        raise AssertionError(f"{event}: {arguments}")

sys.addaudithook(watch)
from whet.cli.main import main
try:
    main()
finally:
    print(json.dumps(opened), file=sys.stderr)
"""


def alone(*arguments: str | Path) -> tuple[str, dict[str, int]]:
    """What the program says, with every plugin uninstalled and no network, and how often it opened each result."""
    line = [sys.executable, "-c", ALONE, *map(str, arguments)]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout, json.loads(ended.stderr.splitlines()[-1])


@pytest.fixture
def finished(toy: None, study_file: Path) -> Study:
    study = Study.load(study_file, ["descriptor=toy"])
    assert not study.run(workers=0).failed
    study_file.write_text(study_file.read_text() + "descriptor: toy\n")
    return study


def test_status_and_report_need_no_plugin_and_read_each_result_once(finished: Study) -> None:
    folder = finished.source.folder
    whet("report", folder)
    there = {p.name: p.read_bytes() for p in (folder / "report").rglob("*.csv")}
    assert there
    said, opened = alone("report", folder, "--out", folder / "again")
    assert "Report:" in said
    assert {p.name: p.read_bytes() for p in (folder / "again").rglob("*.csv")} == there
    assert (folder / "again" / "index.html").read_bytes() == (folder / "report" / "index.html").read_bytes()
    assert len(opened) == len(finished.plan.steps) > 40
    assert set(opened.values()) == {1}
    status, _ = alone("status", folder, "--json")
    counts = json.loads(status)["steps"]
    assert all(one["planned"] == one["done"] > 0 for one in counts.values())
    assert sum(one["done"] for one in counts.values()) == len(finished.plan.steps)


def test_they_need_no_interpreter_of_an_environment(
    toy: None, study_file: Path, foreign_python: Path, tmp_path: Path
) -> None:
    environment = tmp_path / "environment"
    environment.symlink_to(foreign_python.parents[1])
    text = study_file.read_text().replace("main: toy", "main: {use: toy, environment: there}")
    study_file.write_text(text + "environments: {there: environment/bin/python}\nself_generated: {of: none}\n")
    words = ["strategies={naive: 1}", "tests={independent: {trajectories: 1, driver: labeler}}"]
    set_ = [part for word in words for part in ("--set", word)]
    whet("run", study_file, *set_)
    environment.unlink()
    said, _ = alone("report", study_file, *set_)
    assert "Report:" in said
    said, _ = alone("status", study_file, "--json", *set_)
    assert all(one["planned"] == one["done"] for one in json.loads(said)["steps"].values())


class Calls:
    """Counts calls of functions of the mathematics, in every thread."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event == "call" and f"{os.sep}whet{os.sep}bias{os.sep}" in code.co_filename and code.co_name != "<module>":
            self.found[f"{Path(code.co_filename).stem}.{code.co_name}"] += 1

    def during(self, work: Callable[[], object]) -> Counter[str]:
        self.found = Counter()
        threading.setprofile(self)
        sys.setprofile(self)
        try:
            work()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # pyright: ignore[reportArgumentType]
        return self.found


def test_a_second_run_and_a_report_compute_nothing(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, ["strategies={naive: 1}", "self_generated={of: none}"])
    first = Calls().during(lambda: study.run(workers=0))
    assert any(name.startswith("softening.") for name in first) and any(name.startswith("errors.") for name in first)
    words = [part for word in ("strategies={naive: 1}", "self_generated={of: none}") for part in ("--set", word)]

    def again() -> None:
        assert json.loads(whet("run", study_file, *words, "--json", "--workers", "1").stdout)["ran"] == 0
        whet("report", study_file, *words)
        assert Study.load(study_file).stored.scores is not None

    found = Calls().during(again)
    assert not found


def test_a_moved_store_is_opened(finished: Study) -> None:
    scores = list(finished.stored.scores)
    moved = finished.store.root.rename(finished.source.folder / "elsewhere")
    (finished.source.folder / "study.yaml").unlink()
    study = Study.open(moved)
    assert study.name == "toy" and study.complete
    assert list(study.scores) == scores
    assert Study.open(str(moved), "toy").name == "toy"
    stored = StoredSteps(study.store)
    for kind in (Predictions, SampledTrajectory):
        pieces = study.stored.plan.all(kind, set="independent")
        assert pieces and all(kind.read(stored[one.key], one.ref) for one in pieces)


def test_what_is_not_there_is_told(finished: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no study 'tou' in this store\. Did you mean 'toy'"):
        Study.open(finished.store.root, "tou")
    with pytest.raises(InputError, match=r"no study was run in this store\. Run the study"):
        Study.open(tmp_path / "nowhere")


@pytest.mark.parametrize("damage", ["cut", "no JSON", "no steps", "another format", "wrong kinds", "a list"])
def test_a_damaged_plan_is_one_clear_line(finished: Study, damage: str) -> None:
    (path,) = finished.store.root.glob("plans/*.json")
    text = path.read_text()
    said: Any = json.loads(text)
    said |= {"format": 99} if damage == "another format" else {}
    said |= {"steps": [1]} if damage == "wrong kinds" else {}
    if damage == "no steps":
        del said["steps"]
    given = {"cut": text[: len(text) // 2], "no JSON": "\0\1", "a list": "[]"}
    path.write_text(given.get(damage) or json.dumps(said))
    with pytest.raises(StoreError) as caught:
        Study.open(finished.store.root)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    folder = finished.source.folder
    for command in ("status", "report"):
        line = whet(command, folder, code=2).stderr
        assert len(line.splitlines()) == 1 and str(path) in line and re.search("[Rr]un (the study )?again", line)
    assert json.loads(whet("run", folder, "--json").stdout)["ran"] == 0
    assert Study.open(finished.store.root).complete


def test_tables_are_data_frames(finished: Study) -> None:
    pytest.importorskip("pandas")
    study = Study.open(finished.store.root)
    (errors,) = [table for name, table in study.tables("scores").items() if name == "errors"]
    (findings,) = [one for one in study.findings("scores") if one.label == "independent"]
    wanted = findings.table("errors").records()
    of_set = errors[errors["set"] == "independent"]
    assert len(of_set) == len(wanted) > 3
    np.testing.assert_array_equal(np.asarray(of_set["RMSE F"]), [row["RMSE F"] for row in wanted])
    assert study.tables("nothing") == {}


def test_a_report_is_written_from_python(finished: Study) -> None:
    page = public.write_report(public.record_of(finished.stored), finished.source.folder / "page")
    assert "toy" in page.read_text()


OFFLINE = """
import socket, sys

def refuse(*_, **__):
    raise AssertionError("the network was used")

socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from whet.cli.main import main
main()
"""


@pytest.mark.parametrize("command", ["check", "status", "report"])
def test_a_model_that_is_not_here_is_not_fetched(
    toy: None, study_file: Path, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("whet_mace")
    for name in ("XDG_CACHE_HOME", "HOME", "WHET_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "empty"))
    monkeypatch.setenv("WHET_MODELS", "")
    study_file.write_text(study_file.read_text().replace("main: toy", "main: mace:small"))
    line = [sys.executable, "-c", OFFLINE, command, str(study_file), "--set", "structures.element=Ne"]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
