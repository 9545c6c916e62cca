"""The runner asks its planner again: steps may be added while it runs, and analyses do without what failed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ase import Atoms

from in_process import whet
from whet import FrameError, MDEngine, PluginError, Spec, Study, StudyPieces, StudyPotential, Wanted
from whet.analyses.stability import Stability
from whet.contracts.component import Component
from whet.contracts.task import Outcome, Work
from whet.dynamics.run import check_start
from whet.plugins.registry import registry
from whet.running.runner import Account, Runner
from whet.running.step import Step
from whet.running.store import Store
from whet.running.watcher import Silent
from whet.study.failed_steps import failed_steps
from whet.study.record import record_of
from whet.tasks.evaluate import Evaluate


def structure(number: int) -> Step:
    task = Component("tasks", "structure", 2, {"index": number, "seed": 1}, unpickles=False)
    return Step(task, {"structures": registry().resolve("structures", Spec("toy"))}, title=f"structure {number}")


@dataclass
class OneByOne:
    """A planner that knows the next step only when the one before has its result."""

    count: int
    asks: bool
    asked_with: list[int] = field(default_factory=list)

    def plan(self, so_far: Account) -> Iterable[Step]:
        done = {*so_far.ran, *so_far.reused}
        self.asked_with.append(len(done))
        known = [structure(number) for number in range(self.count)]
        return known[: sum(step.key in done for step in known) + 1]

    def asks_after(self, key: str) -> bool:
        return self.asks


@pytest.mark.parametrize("asks", [True, False])
def test_a_planner_adds_steps_as_results_arrive(toy: None, tmp_path: Path, asks: bool) -> None:
    runner = Runner(Store(tmp_path / "store"))
    keys = [structure(number).key for number in range(3)]
    account = runner.run(OneByOne(3, asks))
    assert account.ran == keys and not account.reused and not account.not_run
    again = runner.run(OneByOne(3, asks))
    assert again.reused == keys and not again.ran, "what was there is a result, too: it brings the next step"


def test_one_that_was_stopped_goes_on_where_it_was(toy: None, tmp_path: Path) -> None:
    runner = Runner(Store(tmp_path / "store"))
    runner.run(OneByOne(2, asks=True))
    account = runner.run(OneByOne(4, asks=True))
    assert len(account.reused) == 2 and len(account.ran) == 2


@dataclass
class AsksAlways:
    """A study's plan, asked for after every step."""

    known: list[Step]

    def plan(self, so_far: Account) -> Iterable[Step]:
        return self.known

    def asks_after(self, key: str) -> bool:
        return True


def test_steps_of_a_batch_are_settled_before_the_planner_is_asked(
    toy: None, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of a batch fails: it is not taken up again, and none is counted as run and as reused."""
    study = Study.load(study_file, ["strategies={naive: 3}", "self_generated.of=none", "tests={}"])
    tried: list[int] = []

    def choosy(engine: MDEngine, start: Atoms) -> None:
        check_start(engine, start)
        tried.append(len(start))
        if len(tried) in (2, 5):  # the second of the batch, and again when it is tried alone
            raise ValueError("this one is cursed")

    monkeypatch.setattr("whet.dynamics.run.check_start", choosy)
    runner = Runner(study.store, together=True)
    account = runner.run(AsksAlways([*study.plan.steps.values()]))
    assert len(account.failed) == 1
    assert not account.reused
    assert len(account.ran) == len(set(account.ran))
    assert len(tried) == 5


@pytest.fixture
def failing_evaluation(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The fine-tuned potential cannot be evaluated on the test set, until this is undone."""
    run = Evaluate.run

    def evaluated(self: Evaluate, work: Work) -> Outcome:
        if work.title == "main naive 2 on independent":
            raise FrameError("the upstream package is broken today")
        return run(self, work)

    monkeypatch.setattr(Evaluate, "run", evaluated)
    return monkeypatch


def test_analyses_do_without_what_failed_and_the_same_run_completes_them_later(
    toy: None, study_file: Path, failing_evaluation: pytest.MonkeyPatch
) -> None:
    study = Study.load(study_file)
    whole = set(study.plan.steps)
    account = study.run(workers=0)
    (failed,) = account.failed
    assert account.not_run == [], "every analysis runs over what there is"
    stored = Study.open(study.store.root)
    scored = {score["potential"] for score in stored.scores if score["set"] == "independent"}
    assert scored == {"main", "main naive 1", "main periodic 1", "main periodic 2"} | {
        score["potential"] for score in stored.scores if score["correction"] and score["set"] == "independent"
    }
    assert [step.key for step in stored.waiting] == [failed]
    assert "broken today" in stored.fault(failed)
    assert ["broken today" in one.reason for one in failed_steps(stored)] == [True]
    said = json.loads(whet("status", study_file, "--json").stdout)
    assert [one["step"] for one in said["failed"]] == ["main naive 2 on independent"]

    failing_evaluation.undo()
    again = Study.load(study_file)
    assert set(again.plan.steps) == whole
    later = again.run(workers=0)
    assert not later.failed and not later.not_run and failed in later.ran
    assert {again.plan.steps[key].task.hook for key in later.ran if key != failed} == {"analyses"}
    assert again.stored.complete and again.stored.fault(failed) == ""
    assert "main naive 2" in {score["potential"] for score in again.stored.scores if score["set"] == "independent"}
    assert not record_of(again.stored).warnings
    assert not Study.load(study_file).run(workers=0).ran


class StopsAfter(Silent):
    """Ends the run, as Ctrl-C does, when the first potential is evaluated on the test set."""

    def ended(self, step: Step, fault: Any, seconds: float) -> None:
        if step.title.endswith("on independent"):
            raise KeyboardInterrupt


def test_one_analysis_over_what_is_there(toy: None, study_file: Path) -> None:
    study = Study.load(study_file)
    with pytest.raises(KeyboardInterrupt):
        study.run(StopsAfter(), workers=0)
    before = {path.parent.name for path in study.store.root.glob("steps/*/result.json")}
    assert 0 < len(before) < len(study.plan.steps)
    found = json.loads(whet("analyze", "scores", study_file, "--json").stdout)
    assert found and all(one["title"] for one in found)
    after = {path.parent.name for path in study.store.root.glob("steps/*/result.json")}
    assert {key.partition("-")[0] for key in after - before} == {"scores"}
    stored = Study.open(study.store.root)
    assert not stored.complete and stored.scores
    assert stored.waiting, "the stored plan is that of the whole study"
    account = Study.load(study_file).run(workers=0)
    assert not account.failed and not account.not_run and before <= set(account.reused)


def test_an_analysis_that_there_is_not(toy: None, study_file: Path) -> None:
    said = whet("analyze", "scors", study_file, code=2).stderr
    assert "there is no analysis 'scors'" in said and "Did you mean 'scores'?" in said
    assert not (study_file.parent / ".whet").exists()


def test_two_potentials_that_no_step_made_need_a_role_each(
    toy: None, study_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wants(self: Stability, study: StudyPieces) -> list[Wanted]:
        return [Wanted({"potential": study.all(StudyPotential, strategy="")})]

    monkeypatch.setattr(Stability, "wants", wants)
    one = ["analyses=[stability]", "strategies={}"]
    assert Study.load(study_file, one).plan.of_kind("stability")
    with pytest.raises(PluginError, match="potential"):
        Study.load(study_file, [*one, "potentials={main: toy, other: {use: toy, scale: 1.2}}"])
