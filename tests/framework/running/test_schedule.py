"""The schedule against a naive one, over random graphs, batches, failures, losses and new plans."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from whet.contracts.component import Component
from whet.running.schedule import Schedule
from whet.running.step import Step


def step(index: int, feeds: list[Step], batch: str = "") -> Step:
    task = Component("tasks", "toy", 1, {"index": index, "batch": batch}, unpickles=False)
    return Step(task, inputs={"all": tuple(one.key for one in feeds)}, title=str(index))


def batch_of(one: Step) -> str:
    return one.task.options["batch"] or one.key


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    """Up to twelve steps, each fed by some of those before it; some are of the batches `a` and `b`."""
    steps: list[Step] = []
    for index in range(draw(st.integers(1, 12))):
        feeds = draw(st.lists(st.sampled_from(steps), unique_by=id, max_size=3)) if steps else []
        steps.append(step(index, feeds, draw(st.sampled_from(["", "", "a", "b"]))))
    return steps


@dataclass
class Naive:
    """Looks at everything each time."""

    steps: dict[str, Step]
    done: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    first: set[str] = field(default_factory=set)
    """Were put back: before all others where they are not of the plan."""

    @property
    def waiting(self) -> list[str]:
        return [key for key in self.steps if key not in self.done | self.running | self.failed]

    def is_ready(self, key: str) -> bool:
        return self.done.issuperset(self.steps[key].feeds)

    def jobs(self) -> list[list[str]]:
        """Jobs that can begin, first come first served."""
        ready = [key for key in self.waiting if self.is_ready(key)]
        singles = {key for key in ready if batch_of(self.steps[key]) == key}
        found: dict[str, list[str]] = {}
        for key in ready:
            found.setdefault(batch_of(self.steps[key]), []).append(key)
        return [keys for name, keys in found.items() if not self._is_to_grow(name, singles)]

    def _is_to_grow(self, name: str, singles: set[str]) -> bool:
        soon = self.running | singles
        blocked = [key for key in self.waiting if batch_of(self.steps[key]) == name and not self.is_ready(key)]
        return any(soon.issuperset(set(self.steps[key].feeds) - self.done) for key in blocked)


@settings(max_examples=300, deadline=None)
@given(graphs(), st.integers(0, 2**32), st.integers(1, 4))
def test_it_hands_out_what_a_naive_one_would(steps: list[Step], seed: int, room: int) -> None:
    chance = random.Random(seed)
    naive = Naive({one.key: one for one in steps})
    schedule = Schedule(batch_of)
    schedule.replace(naive.steps, ())
    jobs: list[list[str]] = []
    lost = dict.fromkeys(naive.steps, 0)
    while True:
        while len(jobs) < room:
            can = naive.jobs()
            job = [one.key for one in schedule.take(naive.running)]
            assert bool(job) == bool(can)
            if not job:
                break
            assert sorted(job) in map(sorted, can)
            assert set(job).isdisjoint(naive.running | naive.done | naive.failed)
            naive.running.update(job)
            jobs.append(job)
        assert sorted(schedule.waiting) == sorted(naive.waiting)
        if not jobs:
            break
        ended = jobs.pop(chance.randrange(len(jobs)))
        naive.running.difference_update(ended)
        for key in ended:
            how = chance.random()
            if how < 0.6 or lost[key] > 2:
                naive.done.add(key)
                schedule.done(key)
            elif how < 0.75:
                naive.failed.add(key)
            else:
                lost[key] += 1
                schedule.put_back(naive.steps[key])
        if chance.random() < 0.2:  # the planner was asked again
            rest = {key: naive.steps[key] for key in naive.waiting}
            schedule.replace(rest, naive.running | naive.failed)
    for key in naive.waiting:  # what is left needs what failed
        assert set(naive.steps[key].feeds) & (naive.failed | set(naive.waiting))


def test_first_come_first_served() -> None:
    steps = [step(index, []) for index in range(5)]
    schedule = Schedule(batch_of)
    schedule.replace({one.key: one for one in steps}, ())
    assert [schedule.take(())[0].title for _ in range(5)] == ["0", "1", "2", "3", "4"]
    schedule.put_back(steps[3])
    schedule.put_back(steps[1])
    assert [schedule.take(())[0].title for _ in range(2)] == ["1", "3"]


def test_what_is_put_back_waits_for_what_it_is_told_to_and_says_so() -> None:
    one, other = step(0, []), step(1, [])
    schedule = Schedule(batch_of)
    schedule.replace({one.key: one, other.key: other}, ())
    assert schedule.take(()) == [one]
    schedule.put_back(one, ["the labels of another"])
    assert schedule.awaits("the labels of another") and not schedule.awaits(other.key)
    assert schedule.take(()) == [other] and schedule.take(()) == []
    schedule.done("the labels of another")
    assert not schedule.awaits("the labels of another")
    assert schedule.take(()) == [one]
    schedule.done("the labels of another")
    assert not schedule.waiting
