"""Numbers and texts that are too much: refused before the work begins, with the line, the key and the way out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from whet.contracts.device import checked_device
from whet.data.errors import InputError, StoreError, one_line
from whet.study.plan_size import estimate
from whet.study.study import Study

from .conftest import alarm, answered, tree, whet
from .nasty import BOMB
from .test_bad_studies import STUDY as RICH
from .test_bad_studies import document
from .test_bad_studies import folder as folder

TOY = """\
name: toy
structures: {use: toy, repeat: 1}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
strategies: {naive: 2}
tests: {independent: {trajectories: 1}}
"""

TOO_MUCH = [
    ("naive: 2", "naive: 1000000000", "line 6, key strategies.naive: the study comes to about", "most_steps:"),
    (
        "naive: 2",
        "naive: {rounds: 2, seeds: [SEEDS]}",
        "key self_generated.trajectories: the study comes",
        "20,000 are",
    ),
    (
        "naive: 2",
        "hybrid: {rounds: 2, trajectories: 10000000}",
        "key strategies.hybrid: the study comes to",
        "most_steps",
    ),
    ("naive: 2", "naive: {rounds: 2, committee: 99999999}", "key strategies.naive: the study comes to", "most_steps"),
    ("naive: 2", "naive: [{trajectories: 999999999999}]", "key strategies.naive: the study comes to", "most_steps"),
    ("trajectories: 1", "trajectories: 1000000", "line 7, key tests.independent: the study comes to", "most_steps: 3"),
    (
        "name: toy",
        "name: toy\nself_generated: {trajectories: 99999999}",
        "line 2, key self_generated.trajectories",
        "most",
    ),
    ("production: 20", "production: 1" + "0" * 400, "line 5", "this number does not fit into 64 bits"),
    (
        "production: 20",
        "production: 18446744073709551616",
        "line 5, key dynamics.production",
        "does not fit into 64 bits",
    ),
    ("production: 20", "production: " + "9" * 5000, "line 5", "this number does not fit into 64 bits"),
    ("production: 20", "production: -" + "9" * 5000, "line 5", "this number does not fit into 64 bits"),
    ("temperature: 100", "temperature: 1e400", "line 5, key dynamics.temperature", "this is no finite number"),
    ("temperature: 100", "temperature: .nan", "line 5, key dynamics.temperature", "this is no finite number"),
    ("name: toy", "name: !!python/object/apply:os.system [true]", "line 1", "has no meaning here"),
    ("name: toy", "name: &a [*a]", "line 1", "stands for nothing, or for what it is inside of"),
    ("name: toy", 'name: "\\0"', "line 1, key name", "characters that are none"),
    ("name: toy", 'name: "\\ud800"', "line 1", ""),
    ("name: toy", f"name: toy\n{BOMB}", "line 6", "it has more than 20,000 keys and values"),
    ("name: toy", f"name: {'[' * 60}{']' * 60}", "line 1", "nested more than 50 levels deep"),
    ("name: toy", f"name: {'[' * 100000}", "line 1", "nested more than 50 levels deep"),
    (
        "labeler: toy",
        "labeler: toy\nrunning: {device: gpu}",
        "line 5, key running.device: there is no device 'gpu'",
        "'cuda'?",
    ),
    (
        "labeler: toy",
        "labeler: toy\nrunning: {device: 'cuda:-1'}",
        "line 5, key running.device",
        "Did you mean 'cuda'?",
    ),
    (
        "labeler: toy",
        "labeler: toy\nrunning: {workers: 100000000}",
        "key running.workers",
        "less than or equal to 4096",
    ),
    ("main: toy", "main: toy:~nobody-of-this-name/x", "line 3, key potentials.main", "there is no such home folder"),
    ("name: toy", "name: toy\nstore: ~nobody-of-this-name/x", "line 2, key store", "there is no such home folder"),
    ("{trajectories: 1}", "{file: pipe}", "key tests.independent.file", "this is a pipe or a device"),
    ("{trajectories: 1}", "{file: /dev/zero}", "key tests.independent.file", "this is a pipe or a device"),
    ("{trajectories: 1}", "{file: folder}", "key tests.independent.file", "nothing in this folder is known"),
    ("{trajectories: 1}", "{file: loop}", "key tests.independent.file", "links lead in a circle"),
]


@pytest.mark.parametrize(("right", "wrong", "place", "what"), TOO_MUCH, ids=[f"{bad[1][:30]}" for bad in TOO_MUCH])
def test_too_much_is_refused_with_its_line_before_anything_begins(
    folder: Path, right: str, wrong: str, place: str, what: str
) -> None:
    assert right in TOY
    text = TOY.replace(right, wrong).replace("SEEDS", ", ".join(map(str, range(2500))))
    (folder / "study.yaml").write_text(text)
    before = tree(folder)
    for command in ("check", "run"):
        said = whet(command, "study.yaml", folder=folder)
        assert not answered(said)
        assert "study.yaml" in said.stderr and place in said.stderr and what in said.stderr
    assert tree(folder) == before


@pytest.mark.parametrize(
    "value", ["1" + "0" * 400, "9" * 5000, "1e400", "[" * 3000, "{a: " * 60 + "}" * 60, "18446744073709551616"]
)
@pytest.mark.parametrize(
    "command",
    [["check", "study.yaml"], ["label", "test.extxyz", "-l", "toy"], ["plugins", "check", "toy"]],
    ids=["check", "label", "plugins check"],
)
def test_an_override_that_is_too_much_is_refused_too(folder: Path, command: list[str], value: str) -> None:
    (folder / "study.yaml").write_text(TOY)
    before = tree(folder)
    said = whet(*command, "--set", f"fail_every={value}", folder=folder)
    assert not answered(said) and "--set fail_every=" in said.stderr
    assert not answered(whet("check", "study.yaml", "--set", f"{'a.' * 4000}b=1", folder=folder))
    assert tree(folder) == before


def test_the_limit_can_be_raised_as_the_error_says(folder: Path) -> None:
    (folder / "study.yaml").write_text(TOY)
    said = whet("check", "study.yaml", "--set", "running.most_steps=10", folder=folder)
    assert not answered(said)
    key = said.stderr.partition("running: {most_steps: ")[2].partition("}")[0]
    assert answered(whet("check", "study.yaml", "--set", f"running.most_steps={key}", folder=folder))


@pytest.mark.parametrize(
    "text", [TOY, document(RICH), document({**RICH, "self_generated": {"of": "all", "trajectories": 3}})]
)
def test_the_estimate_is_never_less_than_the_plan_and_near_it(folder: Path, text: str) -> None:
    (folder / "study.yaml").write_text(text)
    study = Study.load(folder / "study.yaml")
    planned = len(study.plan.steps)
    assert planned <= sum(estimate(study.file, study.resolved).values()) <= 2.5 * planned


def test_the_largest_study_that_is_allowed_is_planned_in_time(folder: Path) -> None:
    seeds = ", ".join(map(str, range(1200)))
    text = TOY.replace("naive: 2", f"naive: {{rounds: 2, seeds: [{seeds}]}}") + "self_generated: {of: none}\n"
    (folder / "study.yaml").write_text(text)
    with alarm("a large study"):
        assert len(Study.load(folder / "study.yaml").plan.steps) > 10_000


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(folder: Path, encoding: str) -> None:
    (folder / "study.yaml").write_bytes(TOY.replace("name: toy", "name: é").replace("\n", "\r\n").encode(encoding))
    said = whet("check", "study.yaml", folder=folder)
    assert answered(said) == (encoding == "utf-8-sig")
    assert encoding == "utf-8-sig" or "no text in UTF-8" in said.stderr


@pytest.mark.parametrize("path", ["pipe", "/dev/zero", "/dev/null", "loop", "none\nsuch.yaml", "x" * 5000])
def test_what_is_no_file_is_not_read(folder: Path, path: str) -> None:
    for words in (["check", path], ["run", path], ["evaluate", path, "-p", "toy"]):
        assert not answered(whet(*words, folder=folder))


DEVICES = [
    ("gpu", "cuda"),
    ("GPU", "cuda"),
    ("cuda:-1", "cuda"),
    ("CUDA", "cuda"),
    ("gpu:1", "cuda:1"),
    ("cdua", "cuda"),
    ("mps:0", "mps"),
    ("cpu:1", "cpu"),
    ("cuda:1.5", "cuda"),
    ("xpu:", "xpu"),
]


@pytest.mark.parametrize(("word", "meant"), DEVICES)
def test_a_device_that_is_none_is_refused_wherever_one_is_taken(folder: Path, word: str, meant: str) -> None:
    import whet as api

    with pytest.raises(InputError, match=f"there is no device .*Did you mean '{meant}'"):
        checked_device(word)
    said = whet("evaluate", "test.extxyz", "-p", "toy", "--device", word, folder=folder)
    assert not answered(said) and f"Did you mean '{meant}'" in said.stderr
    with pytest.raises(InputError, match="there is no device"):
        api.load("toy", device=word)
    with pytest.raises(InputError, match="there is no device"):
        api.evaluate(folder / "test.extxyz", "toy", device=word)


def test_devices() -> None:
    for word in ("cpu", "cuda", "cuda:0", "cuda:15", "mps", "xpu", "xpu:3"):
        assert checked_device(word) == word


DAMAGE = ["", "[]", "{}", "null", "1", '"text"', '{"kind": 1}', "\0\0", "{" * 5000, "[" * 100000]


@pytest.mark.parametrize("text", DAMAGE, ids=[str(place) for place in range(len(DAMAGE))])
@pytest.mark.parametrize("name", ["step.json", "result.json"])
def test_a_damaged_file_of_a_step_is_a_fault_of_the_store(toys: None, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "study.yaml").write_text(TOY)
    study = Study.load(tmp_path / "study.yaml")
    step = next(iter(study.plan.steps.values()))
    path = study.store.describe(step) / name
    path.write_text(text)
    way_out = "Run the study again: it is written anew" if name == "step.json" else "Remove the file and run"
    with pytest.raises(StoreError, match=rf"{name}.*{way_out}"):
        _ = study.store.step(step.key) if name == "step.json" else study.store.result(step.key)


@pytest.mark.parametrize(
    "key", ["task", "task name", "task options", "title", "components", "inputs", "refs", "files", "environment"]
)
@pytest.mark.parametrize("value", [None, 1, [1], {"a": 1}, "MISSING"])
def test_a_recipe_with_a_wrong_part_is_damaged(toys: None, tmp_path: Path, key: str, value: object) -> None:
    (tmp_path / "study.yaml").write_text(TOY)
    study = Study.load(tmp_path / "study.yaml")
    step = list(study.plan.steps.values())[1]
    path = study.store.describe(step) / "step.json"
    said = json.loads(path.read_text())
    *above, last = key.split()
    part = said[above[0]] if above else said
    if (key, value) == ("task options", {"a": 1}):
        return  # who knows the task finds out
    part[last] = value
    if value == "MISSING":
        del part[last]
    path.write_text(json.dumps(said))
    with pytest.raises(StoreError, match=r"step\.json.*Run the study again: it is written anew"):
        study.store.step(step.key)


def test_a_file_that_may_not_be_read_says_so(toys: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "study.yaml").write_text(TOY)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(InputError, match="there is no permission to read it"):
        Study.load(tmp_path / "study.yaml")


def test_a_line_is_one_line_whatever_a_name_holds() -> None:
    assert one_line("a\nb\tc\x1b[31m\u202e\u2028é Å") == r"a\nb\tc\x1b[31m\u202e\u2028é Å"
    assert len(one_line("x" * 5000)) < 400
