"""LabelBounds: how many labels the steps of a plan may ask for, before they have run."""

from __future__ import annotations

from functools import cache

from whet.contracts.task import Task
from whet.data.errors import WhetError
from whet.plugins.registry import registry
from whet.running.step import Step
from whet.study.label_purposes import label_purposes
from whet.study.stored_study import StoredStudy


class LabelBounds:
    """Upper bounds: labels that are in the label store already are not bought again.

    labels: key -> at most so many, of each step that has a labeler and no result yet; None where nobody can tell.
    likely: the same by rules of thumb, of those steps of which their task says that they rather ask for fewer.
    """

    def __init__(self, study: StoredStudy) -> None:
        self._study = study
        self.labels: dict[str, int | None] = {}
        self.likely: dict[str, int] = {}
        frames: dict[str, int | None] = {}
        steps = study.stored.plan.steps
        for key, step in steps.items():  # each stands after those that feed it
            fed = {role: [frames.get(one) for one in keys] for role, keys in step.inputs.items()}
            task = _task(step.task.hook, step.task.name)
            if key in study.done:
                frames[key] = _left(study.done[key].values)
                continue
            frames[key] = None if task is None else task.most_frames(step.task.options, step.components, fed)
            if "labeler" in step.components:
                new = {
                    role: [0 if self._is_labeled(step, one) else frames.get(one) for one in keys]
                    for role, keys in step.inputs.items()
                }
                most = None if task is None else task.most_labels(step.task.options, step.components, new)
                rather = None if task is None else task.likely_labels(step.task.options, step.components, new)
                self.labels[key] = most
                if rather is not None and rather != most:
                    self.likely[key] = rather

    def _is_labeled(self, step: Step, feed: str) -> bool:
        """Whether what feeds it was made by the same labeler, which then has labeled every frame of it."""
        feeding = self._study.stored.plan.steps.get(feed)
        theirs = None if feeding is None or feeding.kind == "label" else feeding.components.get("labeler")
        return theirs is not None and theirs.key == step.components["labeler"].key

    def purposes(self) -> dict[str, str]:
        """What the labels of each step are for."""
        every = label_purposes(self._study.stored.plan)
        return {key: every[key] for key in self.labels}

    @property
    def unknown(self) -> list[Step]:
        """Steps of which nobody can tell how many labels they want."""
        return [self._study.stored.plan.steps[key] for key, most in self.labels.items() if most is None]


def _left(values: object) -> int | None:
    """How many frames a finished step says that it left; one where it is a structure."""
    said = values if isinstance(values, dict) else {}
    for name in ("labeled", "frames"):
        if isinstance(said.get(name), int):
            return said[name]
    chosen = said.get("chosen", said.get("elements"))
    return len(chosen) if isinstance(chosen, list) else 1 if "formula" in said else None


@cache
def _task(hook: str, name: str) -> type[Task] | None:
    """The task, where it is installed here."""
    try:
        return registry().find(hook, name)
    except WhetError:
        return None
