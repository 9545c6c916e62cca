"""What people see of a study: where each step stands and why, its log, and what the rest will cost."""

from __future__ import annotations

import json
import os
import platform
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from in_process import whet
from seen_study import begun, study, titled
from whet import Study, UnknownName
from whet.contracts.component import Component
from whet.contracts.task import Outcome, Work
from whet.data.durable import locked
from whet.data.errors import FrameError
from whet.running.event_log import EventLog
from whet.running.events import RunStarted, StepSubmitted
from whet.running.progress_file import ProgressFile
from whet.running.step import Step
from whet.study.costs import Costs, longest_chain, makespan
from whet.study.plan_costs import PlanCosts
from whet.study.step_names import short_keys, steps_called
from whet.study.study_state import StudyState
from whet.tasks.label import LabelFrames

__all__ = ["study"]


def test_each_step_stands_somewhere_for_a_reason(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = LabelFrames.run

    def cursed(self: LabelFrames, work: Work) -> Outcome:
        if work.title == "main naive 1: label":
            raise FrameError("the reference is broken today")
        return run(self, work)

    monkeypatch.setattr(LabelFrames, "run", cursed)
    study.run(workers=0)
    said = json.loads(whet("status", tmp_path, "--json").stdout)
    by_title = {one["title"]: one for one in said["all_steps"]}
    failed = by_title["main naive 1: label"]
    assert failed["state"] == "failed" and "broken today" in failed["why"]
    assert [(one["step"], one["log"]) for one in said["failed"]] == [(failed["title"], failed["log"])]
    assert Path(failed["log"]).is_file()
    stuck = by_title["main naive 1: gather data"]
    assert stuck["state"] == "stuck" and stuck["why"] == "main naive 1: label failed"
    assert by_title["main naive 1: fine-tune"]["why"] == "main naive 1: gather data cannot run"
    assert by_title["far 1: label"]["state"] == "done"
    assert said["run"]["ended"] and not said["run"]["running"] and Path(said["run"]["events"]).is_file()
    shown = whet("status", tmp_path).stdout
    assert "failed: main naive 1: label: the reference is broken today" in shown
    assert "4 steps cannot run because of that" in shown and len(shown.splitlines()) <= 24
    log = whet("log", tmp_path, "main naive 1: label")
    assert "failed: main naive 1: label: the reference is broken today" in log.stderr


def test_a_running_step_is_seen_with_its_host_and_progress(study: Study, tmp_path: Path) -> None:
    study.store.prepare()
    study._keep_plan()
    first, second = titled(study, "main naive 1: dynamics"), titled(study, "main naive 1: label")
    for step in (first, second):
        study.store.describe(step)
    log = EventLog(study.store.root)
    log(RunStarted("local", 3, platform.node(), os.getpid(), len(study.plan.steps), 0))
    log(StepSubmitted(first.key, first.title, first.key))
    assert StudyState(study.stored).steps[first.key].word == "handed on"
    with study.store.locked(first.key):
        told = ProgressFile(study.store.folder(first.key))
        told._next = 0.0
        told(5, 20)
        state = StudyState(study.stored)
        assert state.is_running
        seen = state.steps[first.key]
        assert (seen.word, seen.host) == ("running", platform.node())
        assert seen.progress is not None and (seen.progress.done, seen.progress.total) == (5, 20)
        waits = state.steps[second.key]
        assert (waits.word, waits.why) == ("waiting", "main naive 1: dynamics (running)")
        shown = whet("status", tmp_path).stdout
        assert "5 of 20 (25 %)" in shown and "local, 3 jobs at once" in shown
    log.close()
    # Held by somebody of whom the last run knows nothing.
    with study.store.locked(second.key):
        assert "another process" in StudyState(study.stored).steps[second.key].why


def test_a_look_fits_a_screen(study: Study, tmp_path: Path) -> None:
    many = ["strategies={naive: 3, periodic: 3}", "tests={far: {trajectories: 9}}"]
    arguments = [word for one in many for word in ("--set", one)]
    lines = whet("status", tmp_path, *arguments).stdout.splitlines()
    assert len(lines) <= 24 and max(map(len, lines[1:])) <= 80, "the path of the store, in the first line, may be long"


def test_the_rest_is_judged_by_what_was_measured(study: Study, tmp_path: Path) -> None:
    assert StudyState(study.stored).time_left is None, "nothing is done: nothing is guessed"
    assert "not known" in whet("status", tmp_path).stdout
    study.run(workers=0)
    more = Study.load(
        tmp_path / "study.yaml", ["strategies={naive: 2}", "tests={far: {trajectories: 3, driver: foundation}}"]
    )
    costs = Costs(more.stored)
    left = [step for step in more.plan.steps.values() if not more.store.is_done(step.key)]
    dynamics = next(step for step in left if step.title == "far 2: dynamics")
    (known,) = [more.store.result(step.key) for step in more.plan.of_kind("md") if step.title == "far 1: dynamics"]
    measured = costs.measured(dynamics)
    assert measured is not None and measured.count == 2, "trajectories of one engine and one potential are alike"
    assert measured.seconds <= 2 * known.provenance["seconds"] + 1
    labels = costs.measured(next(step for step in left if step.title == "far 2: label"))
    assert labels is not None and labels.each_label
    tuned = next(step for step in left if step.title == "main naive 2: dynamics")
    assert costs.measured(tuned) is not None, "a fine-tuned potential takes as long as the untouched one"
    state = StudyState(more.stored)
    assert state.time_left is not None and state.time_left.seconds > 0


def test_other_components_cost_something_else(study: Study, tmp_path: Path) -> None:
    study.run(workers=0)
    other = Study.load(tmp_path / "study.yaml", ["potentials={main: {use: toy, scale: 1.3}}"])
    assert Costs(other.stored).measured(titled(other, "main naive 1: dynamics")) is None
    assert Costs(other.stored).measured(titled(other, "main naive 1: label")) is not None, "the labeler is the same"


def test_labels_to_buy_are_an_upper_bound_by_purpose(study: Study, tmp_path: Path) -> None:
    costs = PlanCosts.of(Costs(study.stored))
    assert costs.labels == {"for training": 3, "of test sets": 3} and not costs.unbounded
    chosen = Study.load(
        tmp_path / "study.yaml",
        ["strategies={naive: {rounds: [{sampler: md, trajectories: 1, selection: {use: random, frames: 2}}]}}"],
    )
    assert PlanCosts.of(Costs(chosen.stored)).labels["for training"] == 2
    driven = Study.load(tmp_path / "study.yaml", ["tests={far: {trajectories: 1, driver: labeler}}"])
    assert PlanCosts.of(Costs(driven.stored)).labels == {"for training": 3, "to drive dynamics": 21}, (
        "its frames have their labels then"
    )
    study.run(workers=0)
    assert PlanCosts.of(Costs(study.stored)).labels == {}
    assert sum(count for _, count in study.store.labels.counts()) <= 6


def test_check_says_what_the_plan_costs(study: Study, tmp_path: Path) -> None:
    new = whet("check", tmp_path, "--plan").stdout
    assert "What the steps cost is not known" in new and "What a label costs is not known" in new
    assert whet("check", tmp_path).stdout.count("core hours") == 0
    study.run(workers=0)
    more = json.loads(whet("check", tmp_path, "--plan", "--json", "--set", "strategies={naive: 2}").stdout)["plan"]
    assert more["labels"] == {"for training": 3} and more["core_hours"] > 0 and more["label_core_hours"] is not None
    assert more["chain"] > 3
    assert "Core hours" not in whet("check", tmp_path, "--plan").stdout


BILL = """labels to compute (toy)  likely  at most
for training                  3        3
to drive relaxations        202    1,002  2 relaxations × 101 (rule of thumb)
to drive dynamics            42       42  2 runs, a label a step
in all                      247    1,047
Structures: 3 needed (1 for training, 2 for far); toy makes them.
Time: not known for"""


def test_the_bill_is_told_before_anything_is_bought(study: Study, tmp_path: Path) -> None:
    """Likely numbers beside the most that there can be; once relaxations are done, those say what is likely."""
    words = ["--set", "tests={far: {trajectories: 2, driver: labeler}}", "--set", "minimize={steps: 500}"]
    told = "\n".join(line.rstrip() for line in whet("check", tmp_path, *words).stdout.splitlines())
    assert BILL in told and max(map(len, told.splitlines())) <= 80
    said = json.loads(whet("check", tmp_path, *words, "--json").stdout)["bill"]
    assert (said["labels_likely"], said["labels_most"], said["structures_needed"]) == (247, 1047, 3)
    ran = whet("run", tmp_path, *words)
    assert ran.stdout.startswith("labels to compute (toy)"), "the first lines of a run"
    assert not whet("run", tmp_path, *words).stdout.startswith("labels"), "nothing is left to compute"
    more = json.loads(whet("check", tmp_path, *words, "--set", "tests.far.trajectories=3", "--json").stdout)["bill"]
    (relaxed,) = [one for one in more["labels"] if one["purpose"] == "to drive relaxations"]
    assert relaxed["rests_on"] == 2 and relaxed["likely"] not in (0, 101) and relaxed["most"] == 501
    assert more["time"]["seconds"] > 0


def test_a_step_is_named_by_key_or_title(study: Study, tmp_path: Path) -> None:
    steps = list(study.plan.steps.values())
    label = titled(study, "far 1: label")
    for words in (label.key, label.key[:12], "far 1: label", "LABEL far"):
        assert steps_called(words, steps) == [label]
    assert len(steps_called("far", steps)) > 1
    with pytest.raises(UnknownName, match="Did you mean 'naive dynamics'"):
        steps_called("naiv dynamcs", steps)
    short = short_keys(steps)
    assert len(set(short)) == len(steps) and all(len(steps_called(key, steps)) == 1 for key in short)
    said = whet("log", tmp_path, "far", code=2)
    assert "far 1: label" in said.stdout and len(said.stderr.splitlines()) == 1


def test_a_log_is_shown_from_its_end(study: Study, tmp_path: Path) -> None:
    study.run(workers=0)
    step = titled(study, "far 1: label")
    log = study.store.folder(step.key) / "log.txt"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    assert whet("log", tmp_path, "far 1: label").stdout.splitlines() == [f"line {number}" for number in range(60, 100)]
    assert len(whet("log", tmp_path, "far 1: label", "--all", "--follow").stdout.splitlines()) == 100


def test_a_schedule_by_hand() -> None:
    component = Component("tasks", "md")
    first, second = Step(replace(component, options={"n": 1})), Step(replace(component, options={"n": 2}))
    last = Step(replace(component, options={"n": 3}), inputs={"start": (first.key,)})
    steps = {step.key: step for step in (first, second, last)}
    seconds = {first.key: 10.0, second.key: 4.0, last.key: 5.0}
    assert [makespan(steps, seconds, workers) for workers in (1, 2, 9)] == [19.0, 15.0, 15.0]
    assert longest_chain(steps, seconds) == (15.0, 2)


def test_each_state_has_a_column(study: Study, tmp_path: Path) -> None:
    """One step runs, one is handed on, one failed, and what needs that one is stuck."""
    first, second = titled(study, "main naive 1: dynamics"), titled(study, "far 1: dynamics")
    begun(study, first, second)
    third = study.plan.of_kind("label")[0]
    study.store.describe(third)
    study.store.note_fault(third.key, "no labels today")
    with study.store.locked(first.key):
        said = whet("status", tmp_path).stdout.splitlines()
        (head,) = [line.split() for line in said if line.startswith("steps ")]
        assert head == ["steps", "done", "running", "handed", "on", "waiting", "failed", "stuck", "planned"]
        figures = {line.split()[0]: line.split()[1:] for line in said if line.split()[:1] in (["md"], ["label"])}
        assert figures["md"] == ["0", "1", "1", "0", "0", "0", "2"]
        assert figures["label"] == ["0", "0", "0", "1", "1", "0", "2"]
        assert [*figures["label"]] and StudyState(study.stored).of("stuck")


def test_a_second_run_is_told_from_the_last_one(study: Study, tmp_path: Path) -> None:
    own, others = titled(study, "main naive 1: dynamics"), titled(study, "far 1: dynamics")
    begun(study, own)
    study.store.describe(others)
    with ExitStack() as holding:
        for step in (own, others):
            holding.enter_context(study.store.locked(step.key))
        assert "in this store, too" not in whet("status", tmp_path).stdout
        lock = study.store.root / "at-work" / "faraway-77-0123.lock"
        holding.enter_context(locked(lock))
        said = whet("status", tmp_path).stdout
        assert "at work in this store, too: process 77 on faraway" in " ".join(said.split())
        rows = {line[:20].strip(): line for line in said.splitlines() if "dynamics" in line and "run " in line}
        assert "this run" in rows["main naive 1: dynami"] and "another run" in rows["far 1: dynamics"[:20]]
        assert max(map(len, said.splitlines()[1:])) <= 80


def test_what_can_be_judged_is_told_with_what_cannot(study: Study, tmp_path: Path) -> None:
    words = "far: {trajectories: 3, driver: foundation}"
    study.run(workers=0)
    arguments = ["--set", "potentials={main: {use: toy, scale: 1.3}}", "--set", f"tests={{{words}}}"]
    said = " ".join(whet("status", tmp_path, *arguments).stdout.split())
    assert "Time left: " in said and " for the steps that can be judged, with 1 job at once, judged by " in said
    (rest,) = [one.partition(".")[0] for one in said.split("; not counted, as none like them is done: ")[1:]]
    assert "4 md" in rest and "At least" not in said
    told = " ".join(whet("check", tmp_path, *arguments).stdout.split())
    assert "for the steps that can be judged" in told and "Time: at least" not in told


def test_what_labels_cost_is_told_where_only_some_can_be_judged(study: Study, tmp_path: Path) -> None:
    study.run(workers=0)
    words = ["--set", "tests={far: {trajectories: 1, driver: labeler}}", "--set", "strategies.naive=2"]
    said = " ".join(whet("check", tmp_path, "--plan", *words).stdout.split())
    costs = json.loads(whet("check", tmp_path, "--plan", "--json", *words).stdout)["plan"]
    others = f"core hours for the labels that can be judged, not for {costs['labels_unmeasured']} others; judged by"
    assert others in said and "What a label costs is not known" not in said
    assert costs["labels_unmeasured"] == costs["labels"]["to drive dynamics"] == 21


def test_starting_structures_have_numbers(study: Study, tmp_path: Path) -> None:
    titles = [step.title for step in study.plan.of_kind("structure")]
    assert titles == ["training: structure 1", "far 1: structure"]
    said = whet("log", tmp_path, "training: structure 1").stderr
    assert said.startswith(f"training: structure 1 ({study.plan.of_kind('structure')[0].key}), ready")
    more = ["strategies={naive: {rounds: 2, seeds: [1, 5]}}"]
    titles = [step.title for step in Study.load(tmp_path / "study.yaml", more).plan.of_kind("structure")]
    assert len({*titles}) == len(titles) > 3 and "training: structure 1 of seed 5" in titles


def test_a_finished_study_shows_its_kinds(study: Study, tmp_path: Path) -> None:
    study.run(workers=0)
    said = whet("status", tmp_path).stdout.splitlines()
    kinds = {line.split()[0] for line in said if line.split()}
    assert {"label", "fine-tune", "md", "evaluate", "analyses"} <= kinds and len(said) <= 23
    assert "other kinds" not in "".join(said)
    every = {line.split()[0] for line in whet("status", tmp_path, "--all").stdout.splitlines() if line.split()}
    assert "scores" in every and "analyses" not in every


def test_an_empty_log_says_that_it_is_empty(study: Study, tmp_path: Path) -> None:
    study.run(workers=0)
    step = titled(study, "far 1: label")
    (study.store.folder(step.key) / "log.txt").write_text("")
    said = whet("log", tmp_path, step.key)
    assert said.stderr.splitlines()[-1] == "The log is empty: nothing was said." and not said.stdout
