"""Schedule: which steps can run, as others end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from heapq import heappop, heappush

from whet.running.step import Step


class Schedule:
    """Steps that wait, first come first served; each step that ends costs no more than those that it feeds.

    batch_of: the same name for steps that gain from being one job; a step that does not, has a name of its own.
    """

    def __init__(self, batch_of: Callable[[Step], str]) -> None:
        self._batch_of = batch_of
        self._places: dict[str, int] = {}
        self.waiting: dict[str, Step] = {}
        self._unmet: dict[str, set[str]] = {}
        self._fed: dict[str, list[str]] = {}
        self._names: dict[str, str] = {}
        self._blocked: dict[str, set[str]] = {}
        self._ready: dict[str, dict[str, Step]] = {}
        self._singles: set[str] = set()
        self._order: list[tuple[int, str]] = []

    def replace(self, steps: Mapping[str, Step], blocking: Collection[str]) -> None:
        """These steps wait now, and no others. blocking: keys of steps that run or failed: what they feed waits."""
        self.waiting = dict(steps)
        self._places = {key: place for place, key in enumerate(steps)}
        self._unmet, self._fed, self._names = {}, {}, {}
        self._blocked, self._ready, self._singles, self._order = {}, {}, set(), []
        open_keys = {*steps, *blocking}
        for key, step in steps.items():
            self._names[key] = self._batch_of(step)
            unmet = open_keys.intersection(step.feeds)
            if unmet:
                self._unmet[key] = unmet
                self._blocked.setdefault(self._names[key], set()).add(key)
                for feed in unmet:
                    self._fed.setdefault(feed, []).append(key)
            else:
                self._is_ready(step)

    def take(self, running: Collection[str]) -> list[Step]:
        """The next job: one step, or those of a batch that will not grow soon; nothing where none is ready."""
        held = []
        found: list[Step] = []
        while self._order and not found:
            place, name = heappop(self._order)
            steps = self._ready.get(name)
            if not steps or self._places[next(iter(steps))] != place:
                continue
            if self._is_to_grow(name, running):
                held.append((place, name))
                continue
            found = list(self._ready.pop(name).values())
        for entry in held:
            heappush(self._order, entry)
        for step in found:
            del self.waiting[step.key]
            self._singles.discard(step.key)
        return found

    def put_back(self, step: Step, blocking: Iterable[str] = ()) -> None:
        """A step that was taken, or whose result is gone, waits again: ready at once, or until these are done."""
        self.waiting[step.key] = step
        self._places.setdefault(step.key, -1)
        self._names[step.key] = self._batch_of(step)
        if unmet := set(blocking):
            self._unmet[step.key] = unmet
            self._blocked.setdefault(self._names[step.key], set()).add(step.key)
            for feed in unmet:
                self._fed.setdefault(feed, []).append(step.key)
        else:
            self._is_ready(step)

    def awaits(self, key: str) -> bool:
        """Whether a step that waits is one of those that `done(key)` is for."""
        return any(fed in self.waiting and key in self._unmet.get(fed, ()) for fed in self._fed.get(key, ()))

    def done(self, key: str) -> None:
        """A step has its result, or whatever else steps wait for has come: what waited for it alone is ready."""
        for fed in self._fed.pop(key, ()):
            unmet = self._unmet.get(fed)
            if unmet is None or fed not in self.waiting:
                continue
            unmet.discard(key)
            if not unmet:
                del self._unmet[fed]
                self._blocked[self._names[fed]].discard(fed)
                self._is_ready(self.waiting[fed])

    def _is_ready(self, step: Step) -> None:
        name = self._names[step.key]
        steps = self._ready.setdefault(name, {})
        steps[step.key] = step
        if name == step.key:
            self._singles.add(name)
        if len(steps) == 1:
            heappush(self._order, (self._places[step.key], name))

    def _is_to_grow(self, name: str, running: Collection[str]) -> bool:
        """Whether a batch gets more members once what is running or ready, and is no batch itself, is done."""
        return any(
            all(feed in running or feed in self._singles for feed in self._unmet[key])
            for key in self._blocked.get(name, ())
        )
