"""What labels were for is counted: for training, along own dynamics, of test sets, and what the reference drove."""

from __future__ import annotations

from pathlib import Path

import pytest

from whet import Study
from whet.study.cost_table import cost_table
from whet.study.label_costs import LabelCosts
from whet.study.record import record_of

WORDS = [
    "strategies={naive: 2}",
    "tests={dynamics: {driver: labeler, trajectories: 2}, packings: {sampler: minimize, trajectories: 1}}",
    "self_generated={trajectories: 1, of: all}",
]


@pytest.fixture
def study(toy: None, study_file: Path) -> Study:
    found = Study.load(study_file, WORDS)
    account = found.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    return found


def test_each_label_is_counted_for_what_it_was_for(study: Study) -> None:
    """Three frames a run: two runs for naive, one own run each of three states, two of the reference; one minimum.

    All own runs start from the same structure, whose label two of them find in the label store.
    """
    stored = study.stored
    costs = LabelCosts.of(stored)
    assert costs.computed == {"for training": 6, "along own dynamics": 7}
    assert costs.along == {"of test sets": 7} and costs.known == {"along own dynamics": 2}
    driven = {task: [step for step in stored.of_task(task) if "bought" in step.measured] for task in ("md", "minimize")}
    calls = {task: sum(step.measured["bought"] for step in steps) for task, steps in driven.items()}
    assert costs.calls == {"dynamics": calls["md"], "relaxations": calls["minimize"]}
    assert stored.labels["labeled"] == 6 + 7 + 7 + 2
    said, driven_by_it = record_of(stored).cost[0], sum(calls.values())
    assert said.startswith(f"{13 + driven_by_it:,} labels computed, {driven_by_it:,} of them to drive ")
    assert said.endswith(", 9 used again.")
    rows = {tuple(row[:2]): row[2:4] for row in cost_table(stored).tables[0].rows}
    assert rows["labels", "for training"] == [6, 0] and rows["labels", "along own dynamics"] == [7, 2]
    assert rows["labels", "of test sets"] == [0, 7]
    assert rows["calls of the labeler", "in its own dynamics"] == [calls["md"], None]
    assert rows["calls of the labeler", "in its own relaxations"] == [calls["minimize"], None]


def test_labels_that_were_there_are_no_costs(study: Study, study_file: Path, tmp_path: Path) -> None:
    """The same labels in another store: its label store has each of them before a step asks."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "labels.sqlite").write_bytes((study.store.root / "labels.sqlite").read_bytes())
    again = Study.load(study_file, [*WORDS, f"store={other}"])
    assert not again.run(workers=0).failed
    costs = LabelCosts.of(again.stored)
    assert costs.computed == {} and costs.along == {"of test sets": 7} and sum(costs.calls.values()) == 0
    assert costs.known == {"for training": 6, "along own dynamics": 9}
    assert record_of(again.stored).cost[0] == "0 labels computed, 22 used again."
