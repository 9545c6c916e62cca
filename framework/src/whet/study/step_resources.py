"""StepResources: what each step of a study needs where it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from whet.contracts.component import Component
from whet.contracts.resources import Resources
from whet.contracts.task import Task
from whet.data.errors import WhetError
from whet.plugins.registry import registry
from whet.running.step import Step
from whet.study.resolved import Resolved
from whet.study.schema import Running

FED_WITH = ("potential", "start", "members")
"""Roles in which a step is fed with a potential that another one made: to use it, to train it, or to join it."""


class StepResources:
    """What its task says, and over that the study: for the kind of task, and for the potential that the step is of.

    steps: those of the plan, asked for anew each time, as a plan may grow.
    """

    def __init__(self, running: Running, resolved: Resolved, steps: Callable[[], Mapping[str, Step]]) -> None:
        self._running, self._steps = running, steps
        self._names = {one.placed.component.key: name for name, one in resolved.potentials.items()}
        self._known: dict[str, frozenset[str]] = {}

    def __call__(self, step: Step) -> Resources:
        """With nothing left open but memory and walltime."""
        own, names = self._running.resources, self._potentials(step)
        named = own.get(min(names), Resources()) if len(names) == 1 else Resources()
        needs = named.over(own.get(step.kind, Resources())).over(_of_task(step))
        if self._running.device == "cpu":
            needs = needs.model_copy(update={"gpus": 0})
        uses_potential = bool(names) or any(map(_has_potential, step.components.values()))
        return needs.over(Resources(cores=self._running.threads, gpus=int(uses_potential)))

    def _potentials(self, step: Step) -> frozenset[str]:
        """The names of the potentials that a step uses, or that it is made from."""
        if step.key not in self._known:
            own = {self._names.get(component.key, "") for component in step.components.values()} - {""}
            if not own:
                keys = [key for role in FED_WITH for key in step.inputs.get(role, ())]
                own = {name for key in keys if key in self._steps() for name in self._potentials(self._steps()[key])}
            self._known[step.key] = frozenset(own)
        return self._known[step.key]


def _has_potential(component: Component) -> bool:
    """Whether it is a potential, or has one inside, as a labeler that asks a teacher."""
    return component.hook == "potentials" or any(map(_has_potential, component.parts.values()))


def _of_task(step: Step) -> Resources:
    """What the step's task says, where it is installed here."""
    try:
        task: type[Task] = registry().find(step.task.hook, step.task.name)
    except WhetError:
        return Resources()
    return task.resources
