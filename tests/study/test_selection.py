"""Selectors: named in a round or in a preset, they choose what of a round's frames is labeled."""

from __future__ import annotations

from pathlib import Path

import pytest

from in_process import whet
from whet import Study
from whet.contracts.ports import LabeledFrames
from whet.data.errors import WhetError
from whet.data.frame_identity import frame_key
from whet.running.stored_step import StoredSteps

SMALL = ["tests={}", "self_generated={of: none}"]
ROUNDS = {
    "a round": "strategies={own: [{driver: foundation, trajectories: 2, selection: {use: evenly, frames: 2}}]}",
    "a preset": "strategies={naive: {rounds: 1, selection: {use: evenly, frames: 2}}}",
}


@pytest.mark.parametrize("strategies", ROUNDS.values(), ids=ROUNDS.keys())
def test_only_what_was_chosen_is_labeled(
    toy: None, study_file: Path, strategies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = study_file.parent / "bought.txt"
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(bought))
    study = Study.load(study_file, [strategies, *SMALL])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    assert len(bought.read_text().splitlines()) == 2
    stored = StoredSteps(study.store)
    pool = [frame_key(frame) for step in study.plan.of_kind("md") for frame in stored[step.key].frames()]
    (gathered,) = study.plan.all(LabeledFrames, set_kind="training")
    labeled = [frame_key(frame) for frame in stored[gathered.key].frames()]
    assert len(pool) in (3, 6) and labeled == [pool[0], pool[-1]]
    (chosen,) = study.plan.of_kind("evenly")
    assert stored[chosen.key].values == {"pool": len(pool), "chosen": [[0, "1 of 2"], [len(pool) - 1, "2 of 2"]]}
    assert study.stored.complete


def test_a_later_round_knows_what_was_labeled_before(toy: None, study_file: Path) -> None:
    words = "strategies={periodic: {rounds: 3, selection: {use: random, frames: 1}}}"
    study = Study.load(study_file, [words, *SMALL])
    assert not study.run(workers=0).failed
    labels = [step.key for step in study.plan.of_kind("label")]
    known = [list(step.inputs.get("known", ())) for step in study.plan.of_kind("random")]
    assert known == [[], labels[:1], labels[:2]]


def test_it_is_part_of_the_recipe(toy: None, study_file: Path) -> None:
    keys = set()
    for words in ("", ", selection: {use: evenly, frames: 2}", ", selection: {use: evenly, frames: 1}"):
        study = Study.load(study_file, [f"strategies={{periodic: {{rounds: 1{words}}}}}", *SMALL])
        keys |= {step.key for step in study.plan.of_kind("fine-tune")}
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("right", "wrong", "place", "what"),
    [
        (
            "naive: 2",
            "naive: [{selection: evenli}]",
            r"line 8, key strategies\.naive\.rounds\.0\.selection",
            "'evenly'",
        ),
        ("naive: 2", "naive: {selection: evenli}", r"line 8, key strategies\.naive\.selection", "'evenly'"),
        (
            "naive: 2",
            "naive: {selection: {use: evenly, frames: 2, fames: 2}}",
            r"line 8, key strategies\.naive\.selection\.fames",
            "did you mean 'frames'",
        ),
        (
            "naive: 2",
            "naive: [{selection: {use: evenly, frames: 0}}]",
            r"line 8, key strategies\.naive\.rounds\.0\.selection\.frames",
            "greater than or equal to 1",
        ),
        (
            "naive: 2",
            "naive: [{sampler: structures, selection: {use: evenly, frames: 2}}]",
            r"line 8, key strategies\.naive\.rounds\.0",
            "goes with `sampler: md`",
        ),
        ("naive: 2", "naive: {trajectories: 3}", r"line 8, key strategies\.naive\.trajectories", "train_from"),
        ("naive: 2", "naive: {round: 3}", r"line 8, key strategies\.naive\.round", "did you mean 'rounds'"),
        ("naive: 2", "naive: {preset: periodc}", r"line 8, key strategies\.naive\.preset", "Did you mean 'periodic'"),
        (
            "naive: 2",
            "own: {rounds: [{}], trajectories: 3}",
            r"line 8, key strategies\.own\.trajectories",
            "unknown key of a strategy whose rounds are spelled out",
        ),
    ],
)
def test_faults_have_a_line_and_a_key(
    toy: None, study_file: Path, right: str, wrong: str, place: str, what: str
) -> None:
    study_file.write_text(study_file.read_text().replace(right, wrong))
    with pytest.raises(WhetError, match=rf"study\.yaml, {place}: ") as caught:
        Study.load(study_file)
    assert what in str(caught.value) and "\n" not in str(caught.value)


def test_selectors_are_listed(toy: None) -> None:
    said = whet("plugins").stdout
    assert "evenly" in said and "random" in said
