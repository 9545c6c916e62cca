"""What steps need where they run: the potential's word over the kind's, over the task's; and typing errors of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from whet import Study
from whet.contracts.resources import Resources
from whet.data.errors import InputError, WhetError
from whet.running.step import Step
from whet.study.inspection import inspect
from whet.study.step_resources import StepResources
from whet.tasks.fine_tune import FineTune


def resources(study: Study) -> StepResources:
    return StepResources(study.file.running, study.resolved, lambda: study.plan.steps)


def of_kind(study: Study, kind: str, title: str = "") -> Step:
    return next(step for step in study.plan.of_kind(kind) if title in step.title)


@pytest.fixture
def running(toy: None, study_file: Path) -> Callable[..., Study]:
    """Loads the study with this under `running`."""

    def loaded(words: str, *others: str) -> Study:
        text = study_file.read_text()
        path = study_file.with_name("running.yaml")
        path.write_text(f"{text}running: {words}\n")
        return Study.load(path, others)

    return loaded


def test_a_walltime_of_a_scheduler_is_refused_with_the_unit(running: Callable[..., Study]) -> None:
    with pytest.raises(WhetError) as caught:
        running("{resources: {label: {walltime: 00:30:00}}}")
    said = "should be a number of minutes (`30` for half an hour), not '00:30:00'"
    assert caught.value.what == said and "key running.resources.label.walltime" in str(caught.value)
    assert running("{resources: {label: {walltime: '30'}}}").file.running.resources["label"].walltime == 30


def test_by_default_a_step_needs_a_core_and_no_gpu(running: Callable[..., Study]) -> None:
    study = running("{}")
    needs = resources(study)
    assert all(needs(step) == Resources(cores=1, gpus=0) for step in study.plan.steps.values())


def test_the_potential_has_the_last_word(running: Callable[..., Study], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FineTune, "resources", Resources(memory=3, walltime=7, cores=2, gpus=1))
    words = "{device: cuda, threads: 3, resources: {fine-tune: {cores: 4, walltime: 90}, main: {cores: 8}}}"
    study = running(words)
    needs = resources(study)
    assert needs(of_kind(study, "fine-tune")) == Resources(cores=8, memory=3, gpus=1, walltime=90)
    assert needs(of_kind(study, "structure")) == Resources(cores=3, gpus=0)
    fed = of_kind(study, "evaluate", "naive 2")
    assert fed.inputs["potential"] and needs(fed).cores == 8, "also where another step made the potential"


def test_it_holds_in_every_round(running: Callable[..., Study]) -> None:
    """A later round goes on from what an earlier one made, which may be a committee."""
    rounds = "strategies={again: {preset: periodic, rounds: 3, train_from: previous, committee: 2}}"
    study = running("{device: cuda, resources: {main: {cores: 5}}}", rounds, "self_generated.of=none")
    needs = resources(study)
    later = [step for step in study.plan.of_kind("fine-tune") if "start" in step.inputs]
    assert len(later) == 4 and all(needs(step) == Resources(cores=5, gpus=1) for step in later)
    assert {needs(step).gpus for step in study.plan.of_kind("committee")} == {0}, "joining loads nothing"


def test_what_uses_a_potential_gets_a_gpu_where_potentials_live_on_one(running: Callable[..., Study]) -> None:
    study = running("{device: cuda}")
    needs = resources(study)
    asked = {step.kind for step in study.plan.steps.values() if needs(step).gpus}
    assert {"md", "fine-tune", "evaluate"} <= asked
    assert not asked & {"structure", "label", "dataset", "scores", "summary"}
    taught = running("{device: cuda}", "labeler={use: teacher, potential: {use: toy, scale: 1.2}}")
    assert resources(taught)(of_kind(taught, "label")).gpus == 1, "a teacher is a potential, too"
    assert not any(resources(running("{}"))(step).gpus for step in study.plan.steps.values())


def test_on_the_cpu_no_step_asks_for_a_gpu(running: Callable[..., Study], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FineTune, "resources", Resources(gpus=2))
    study = running("{resources: {main: {gpus: 4}}}")
    assert resources(study)(of_kind(study, "fine-tune")).gpus == 0


def test_each_of_two_potentials_has_its_own(running: Callable[..., Study]) -> None:
    potentials = "potentials={main: toy, other: {use: toy, scale: 1.2}}"
    study = running("{resources: {main: {cores: 2}, other: {cores: 5}}}", potentials)
    needs = resources(study)
    assert needs(of_kind(study, "fine-tune", "main periodic 1")).cores == 2
    assert needs(of_kind(study, "fine-tune", "other periodic 1")).cores == 5
    assert needs(of_kind(study, "structure")).cores == 1


def test_running_moves_no_key(running: Callable[..., Study]) -> None:
    plain = running("{}")
    other = running("{workers: 7, threads: 2, retries: 5, backoff: 0.5, resources: {label: {memory: 3.5}}}")
    assert set(plain.plan.steps) == set(other.plan.steps)


@pytest.mark.parametrize(
    ("words", "where", "said"),
    [
        ("{use: locl}", "running.use", "there is no executor 'locl'. Did you mean 'local'?"),
        ("{use: nothing-like-it}", "running.use", "there is no executor 'nothing-like-it'. Known: "),
        ("{worker: 2}", "running.worker", "has the key 'worker'. Did you mean 'workers'?"),
        ("{retris: 2}", "running.retris", "Did you mean 'retries'?"),
        ("{zzz: 2}", "running.zzz", "neither `running` nor the executor 'local' has the key 'zzz'. Known: "),
        ("{resources: {fine-tun: {cores: 2}}}", "running.resources.fine-tun", "Did you mean 'fine-tune'?"),
        ("{resources: {mian: {cores: 2}}}", "running.resources.mian", "Did you mean 'main'?"),
        ("{resources: {zzz: {}}}", "running.resources.zzz", "no task, and no potential of the study. Potentials: main"),
        ("{resources: {label: {core: 2}}}", "running.resources.label.core", "did you mean 'cores'?"),
        ("{resources: {label: {cores: 0}}}", "running.resources.label.cores", "greater than or equal to 1"),
        ("{resources: {label: {walltime: -1}}}", "running.resources.label.walltime", "greater than 0"),
        ("{workers: 0}", "running.workers", "greater than or equal to 1"),
        ("{backoff: -1}", "running.backoff", "greater than or equal to 0"),
        ("{retries: many}", "running.retries", "integer"),
        ("{use: 3}", "running.use", "string"),
    ],
)
def test_typing_errors_are_named_with_their_line(
    running: Callable[..., Study], words: str, where: str, said: str
) -> None:
    with pytest.raises(WhetError) as raised:
        running(words)
    line = str(raised.value)
    assert f"running.yaml, line 10, key {where}: " in line and said in line and "\n" not in line


def test_a_name_that_is_a_task_and_a_potential_is_refused(running: Callable[..., Study]) -> None:
    with pytest.raises(WhetError, match="'label' is both a task and a potential"):
        running("{resources: {label: {cores: 2}}}", "potentials={label: toy}")


def test_check_refuses_what_the_executor_could_never_take(running: Callable[..., Study]) -> None:
    pytest.importorskip("whet_parsl")
    words = "{use: parsl, provider: slurm, walltime: 00:01:00, resources: {md: {walltime: 5}}}"
    with pytest.raises(InputError) as caught:
        inspect(running(words))
    what = "a step needs 5 minutes, and a block has 1, of which some pass before it begins"
    assert caught.value.what.endswith(f": {what}") and "key running.resources.md" in caught.value.where
    assert inspect(running(words.replace("00:01:00", "00:09:00"))).steps
