"""Costs: what steps took that are done, and so what others of their kind will take. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from statistics import median

from whet.contracts.component import Component
from whet.data.errors import WhetError
from whet.running.step import Step
from whet.study.label_bounds import LabelBounds
from whet.study.stored_plan import StoredPlan
from whet.study.stored_study import StoredStudy

MOST_PLANS = 5
"""Of other studies in the store that are looked into for what this one has not measured."""

MOST_RESULTS = 50
"""Of another study's steps of one kind that are read."""

Alike = tuple[str, frozenset[str], frozenset[str]]
"""A task, the components of a step, and the untouched potentials behind those that it is fed with."""


@dataclass(frozen=True)
class Measured:
    """What a step of a kind takes. seconds: the median, of a label where `each_label`. cores: that it had; the median.

    count: finished steps on which this rests. labels: that one bought, the median, where it has a labeler.
    """

    seconds: float
    cores: float
    count: int
    each_label: bool = False
    labels: float = 0.0


class Costs:
    """Of steps of one task with the same components: in this study, and where it has none, in others of the store."""

    def __init__(self, study: StoredStudy) -> None:
        study = replace(study, checked=False) if study.checked else study  # what steps took is all that is read
        self.study = study
        self.bounds = LabelBounds(study)
        self._alike = _Likeness(study.stored.plan.steps)
        samples: dict[Alike, list[_Sample]] = {}
        for key, done in study.done.items():
            step = study.stored.plan.steps[key]
            samples.setdefault(self._alike(step), []).extend(_sample(step, done.measured))
        open_steps = [step for key, step in study.stored.plan.steps.items() if key not in study.done]
        missing = {self._alike(step) for step in open_steps} - {alike for alike, found in samples.items() if found}
        if missing:
            self._look_elsewhere(missing, samples)
        self._labelers = {self._alike(step) for step in open_steps if "labeler" in step.components}
        self._measured = {
            alike: Measured(
                median(one.seconds for one in found),
                median(one.cores for one in found),
                len(found),
                alike in self._labelers,
                median(one.labels for one in found),
            )
            for alike, found in samples.items()
            if found
        }

    def measured(self, step: Step) -> Measured | None:
        """What steps like this one took; None where none is done."""
        return self._measured.get(self._alike(step))

    def labels(self, step: Step) -> int | None:
        """How many labels a step that is not done will likely ask for; None where nobody can tell.

        As many as there can be, but for steps that mostly ask for fewer: those as many as steps like them bought, or
        else by their task's rule of thumb.
        """
        most = self.bounds.labels.get(step.key)
        if most is None or step.key not in self.bounds.likely:
            return most
        found = self.measured(step)
        return min(most, round(found.labels)) if found is not None else self.bounds.likely[step.key]

    def seconds(self, step: Step) -> float | None:
        """What a step that is not done takes, by the labels that it likely wants; None where none like it is done."""
        found = self.measured(step)
        if found is None:
            return None
        if not found.each_label:
            return found.seconds
        labels = self.labels(step)
        return None if labels is None else found.seconds * labels

    def core_seconds(self, step: Step) -> float | None:
        """Seconds x cores that it will take."""
        found, seconds = self.measured(step), self.seconds(step)
        return None if found is None or seconds is None else seconds * found.cores

    def _look_elsewhere(self, missing: set[Alike], samples: dict[Alike, list[_Sample]]) -> None:
        for plan in _other_plans(self.study):
            alike, others = _Likeness(plan.plan.steps), StoredStudy(self.study.store, plan, checked=False)
            for key, step in plan.plan.steps.items():
                kind = alike(step)
                if kind not in missing or len(samples.setdefault(kind, [])) >= MOST_RESULTS:
                    continue
                if self.study.store.is_done(key) and key in others.done:
                    samples[kind].extend(_sample(step, others.done[key].measured))
            if not (missing := {kind for kind in missing if not samples.get(kind)}):
                return


@dataclass(frozen=True)
class _Sample:
    """A finished step. seconds: that it took, or each of the labels that it bought."""

    seconds: float
    cores: float
    labels: int = 0


class _Likeness:
    """Which steps of a plan are alike, so that what one took says what the others will."""

    def __init__(self, steps: Mapping[str, Step]) -> None:
        self._steps = steps
        self._keys: dict[int, tuple[Component, str]] = {}
        self._behind: dict[str, frozenset[str]] = {}
        for key, step in steps.items():  # each stands after those that feed it
            own = frozenset(self._key(one) for one in step.components.values() if one.hook == "potentials")
            fed = [one for role in ("potential", "start", "members") for one in step.inputs.get(role, ())]
            self._behind[key] = own.union(*(self._behind.get(one, frozenset()) for one in fed))

    def __call__(self, step: Step) -> Alike:
        own = frozenset(self._key(one) for one in step.components.values())
        return step.kind, own, self._behind.get(step.key, frozenset())

    def _key(self, component: Component) -> str:
        known = self._keys.get(id(component))
        if known is None:
            known = self._keys[id(component)] = (component, replace(component, energy_shift={}).key)
        return known[1]


def _sample(step: Step, measured: Mapping[str, object]) -> Iterator[_Sample]:
    """What a finished step took; nothing where that is not known, or it found all its labels in the label store."""
    seconds, threads, bought = (measured.get(name) for name in ("seconds", "threads", "bought"))
    if not isinstance(seconds, int | float):
        return
    cores = float(threads) if isinstance(threads, str) and threads.isdigit() else 1.0
    if "labeler" not in step.components:
        yield _Sample(float(seconds), cores)
    elif isinstance(bought, int) and bought:
        yield _Sample(seconds / bought, cores, bought)


def _other_plans(study: StoredStudy) -> Iterator[StoredPlan]:
    """Of other studies in the store, the last one first."""
    paths = sorted((study.store.root / "plans").glob("*.json"), key=lambda path: -path.stat().st_mtime_ns)
    others = [path for path in paths if path.stem != study.stored.words[: len(path.stem)]]
    for path in others[:MOST_PLANS]:
        try:
            yield StoredPlan.read(path)
        except WhetError:
            continue


def makespan(steps: Mapping[str, Step], seconds: Mapping[str, float], workers: int) -> float:
    """How long steps take side by side, each after those that feed it, first come first served. In seconds."""
    unmet = {key: len({feed for feed in step.feeds if feed in steps}) for key, step in steps.items()}
    feeds: dict[str, list[str]] = {}
    for key, step in steps.items():
        for feed in {*step.feeds} & steps.keys():
            feeds.setdefault(feed, []).append(key)
    place = {key: number for number, key in enumerate(steps)}
    ready = [(place[key], key) for key, count in unmet.items() if not count]
    heapify(ready)
    running: list[tuple[float, int, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < workers:
            number, key = heappop(ready)
            heappush(running, (now + seconds.get(key, 0.0), number, key))
        now, _, ended = heappop(running)
        for key in feeds.get(ended, ()):
            unmet[key] -= 1
            if not unmet[key]:
                heappush(ready, (place[key], key))
    return now


def longest_chain(steps: Mapping[str, Step], seconds: Mapping[str, float]) -> tuple[float, int]:
    """Seconds, and number of steps, of the chain that takes longest; by number where no time is known."""
    found: dict[str, tuple[float, int]] = {}
    for key, step in steps.items():  # each stands after those that feed it
        before = max((found[feed] for feed in step.feeds if feed in found), default=(0.0, 0))
        found[key] = before[0] + seconds.get(key, 0.0), before[1] + 1
    return max(found.values(), default=(0.0, 0))
