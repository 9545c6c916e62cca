"""A small study that has not run, for tests of what people see of one. A module takes `study` over by importing it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from whet import Study
from whet.running.event_log import EventLog
from whet.running.events import RunStarted, StepSubmitted
from whet.running.step import Step

STUDY = """\
name: seen
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: {naive: 1}
tests: {far: {trajectories: 1, driver: foundation}}
self_generated: {of: none}
"""


@pytest.fixture
def study(toy: None, tmp_path: Path) -> Study:
    """A small study that has not run."""
    (tmp_path / "study.yaml").write_text(STUDY)
    return Study.load(tmp_path / "study.yaml")


def titled(study: Study, title: str) -> Step:
    (found,) = [step for step in study.plan.steps.values() if step.title == title]
    return found


def begun(study: Study, *steps: Step) -> EventLog:
    """The event log of a run of this process, which has handed on these steps."""
    study.store.prepare()
    study._keep_plan()
    for step in steps:
        study.store.describe(step)
    log = EventLog(study.store.root)
    log(RunStarted("local", 2, platform.node(), os.getpid(), len(study.plan.steps), 0))
    for step in steps:
        log(StepSubmitted(step.key, step.title, step.key))
    return log
