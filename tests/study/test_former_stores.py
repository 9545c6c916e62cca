"""A store that the last version before format 2 filled: brought to the present format, its results and labels used.

`store_of_format_1` was made by that version with the toy plugin, from the `study.yaml` in it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bits import content
from in_process import whet
from whet import Study
from whet.contracts.ports import Predictions
from whet.running.stored_step import StoredSteps

MADE = Path(__file__).with_name("store_of_format_1")
WEIGHTS = "{energy: 1, forces: 10, stress: 0}"
KEYS = {path.parent.name for path in MADE.glob("steps/*/result.json")}


@pytest.fixture
def former(toy: None, tmp_path: Path) -> Path:
    """The study's folder; `.whet` in it is the store."""
    shutil.copytree(MADE, tmp_path / ".whet")
    # Spelled out: the weights that were the defaults of that version, with which its fine-tuning was made.
    asked = (tmp_path / ".whet" / "study.yaml").read_text().replace("{epochs: 2}", f"{{epochs: 2, weights: {WEIGHTS}}}")
    (tmp_path / "study.yaml").write_text(asked)
    (tmp_path / ".whet" / "study.yaml").unlink()
    return tmp_path


def test_its_results_are_reused_and_no_label_is_bought(former: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bought = former / "bought.txt"
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(bought))
    study = Study.load(former)
    before = {key: study.store.result(key).content for key in KEYS}
    counts = study.store.labels.counts()
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    assert json.loads((former / ".whet" / "store.json").read_text()) == {"format": 2}
    assert set(account.reused) == KEYS
    assert account.ran and {study.plan.steps[key].task.hook for key in account.ran} == {"analyses"}
    assert {key: study.store.result(key).content for key in KEYS} == before
    assert not bought.exists() and study.store.labels.counts() == counts != []
    assert study.stored.complete and len(study.stored.scores) > 4


def test_its_results_are_what_they_would_be_now(former: Path) -> None:
    study = Study.load(former, ["store=anew"])
    study.run(workers=0)
    old = Study.load(former)
    old.run(workers=0)
    (tuned,) = {key for key in KEYS if key.startswith("fine-tune")}
    same = KEYS - {tuned}
    assert {key: content(study.store, key) for key in same} == {key: content(old.store, key) for key in same}
    # The record of a fine-tuning says more than it did, as of its loss; what was made is the same.
    assert study.store.result(tuned).component == old.store.result(tuned).component
    piece = old.plan.all(Predictions, set="independent")[-1]
    predictions = Predictions.read(StoredSteps(old.store)[piece.key], piece.ref)
    assert len(predictions.predicted) == len(predictions.reference) == 3


def test_every_recipe_is_read_and_has_its_key(former: Path) -> None:
    study = Study.load(former)
    study.store.prepare()
    assert {study.store.step(key).key for key in KEYS} == KEYS


def test_one_that_was_only_half_migrated_is_migrated(former: Path) -> None:
    """The program was killed meanwhile: some recipes are new, the marker still says the old format."""
    store = Study.load(former).store
    store.prepare()
    (former / ".whet" / "store.json").write_text('{"format": 1}')
    victim = sorted(KEYS)[0]
    shutil.copy(MADE / "steps" / victim / "step.json", former / ".whet" / "steps" / victim / "step.json")
    whet("run", former, "--workers", "1")
    assert json.loads((former / ".whet" / "store.json").read_text()) == {"format": 2}
    assert store.step(victim).key == victim


def test_damage_in_it_is_mended_and_nothing_bought_again(former: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(former / "bought.txt"))
    recipe = next(former.glob(".whet/steps/label-*/step.json"))
    recipe.write_text(recipe.read_text()[:-40])
    result = next(former.glob(".whet/steps/md-*/result.json"))
    result.write_text(result.read_text()[:-40])
    said = whet("run", former).stdout
    assert "damaged, and done again" in said
    assert json.loads(recipe.read_text())["task"]["name"] == "label" and json.loads(result.read_text())["values"]
    assert not (former / "bought.txt").exists()
    assert "damaged" not in whet("run", former).stdout


def test_status_of_it_says_what_is_there_before_it_is_migrated(former: Path) -> None:
    said = json.loads(whet("status", former, "--json").stdout)
    assert said["steps"]["label"] == {"planned": 4, "done": 4}
    assert said["labels"][0]["labels"] > 0
    assert json.loads((former / ".whet" / "store.json").read_text()) == {"format": 1}, "a command that reads wrote"
