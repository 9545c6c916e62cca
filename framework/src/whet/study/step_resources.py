"""StepResources: what each step of a study needs where it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from whet.contracts.resources import Resources
from whet.contracts.task import Task
from whet.data.errors import WhetError
from whet.plugins.registry import registry
from whet.running.step import Step
from whet.study.resolved import Resolved
from whet.study.schema import Running


class StepResources:
    """What its task says, and over that the study: for the kind of task, and for the potential that the step is of.

    steps: those of the plan, asked for anew each time, as a plan may grow.
    """

    def __init__(self, running: Running, resolved: Resolved, steps: Callable[[], Mapping[str, Step]]) -> None:
        self._running, self._steps = running, steps
        self._names = {one.placed.component.key: name for name, one in resolved.potentials.items()}
        self._known: dict[str, str] = {}

    def __call__(self, step: Step) -> Resources:
        """With nothing left open but memory and walltime."""
        own = self._running.resources
        named = own.get(self._potential(step), Resources()).over(own.get(step.kind, Resources()))
        needs = named.over(_of_task(step))
        on_cpu = self._running.device == "cpu"
        default = Resources(cores=self._running.threads, gpus=0)
        return (needs.model_copy(update={"gpus": 0}) if on_cpu else needs).over(default)

    def _potential(self, step: Step) -> str:
        """The name of the potential that a step uses or is made from; empty where there is none, or several."""
        if step.key not in self._known:
            own = {self._names.get(component.key, "") for component in step.components.values()} - {""}
            if not own and "potential" in step.inputs:
                fed = [self._steps()[key] for key in step.inputs["potential"] if key in self._steps()]
                own = {self._potential(one) for one in fed} - {""}
            self._known[step.key] = own.pop() if len(own) == 1 else ""
        return self._known[step.key]


def _of_task(step: Step) -> Resources:
    """What the step's task says, where it is installed here."""
    try:
        task: type[Task] = registry().find(step.task.hook, step.task.name)
    except WhetError:
        return Resources()
    return task.resources
