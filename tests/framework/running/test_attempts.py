"""How often a lost step is tried again, when, and what is said in the end."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whet.contracts.component import Component
from whet.data.errors import OptionsError, ProcessLost
from whet.running.attempts import Attempts, Retries
from whet.running.step import Step

LOG = Path("log.txt")


def step(index: int) -> Step:
    return Step(Component("tasks", "toy", 1, {"index": index}, unpickles=False), title=f"step {index}")


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 4), st.floats(0, 100), st.lists(st.tuples(st.integers(0, 3), st.floats(0, 50)), max_size=30))
def test_each_is_tried_so_often_and_twice_as_late_each_time(
    retries: int, backoff: float, losses: list[tuple[int, float]]
) -> None:
    """losses: of which step, and how long after the one before; a step that waits or ended is not lost."""
    now = 0.0
    attempts = Attempts(Retries(retries=retries, backoff=backoff))
    lost: dict[int, int] = {}
    due_at: dict[int, float] = {}
    ended: set[int] = set()
    with mock.patch("time.monotonic", lambda: now):
        for index, later in losses:
            now += later
            came = [int(one.title.split()[1]) for one in attempts.due()]
            assert sorted(came) == sorted(one for one, at in due_at.items() if at <= now)
            assert came == sorted(came, key=lambda one: due_at[one])
            due_at = {one: at for one, at in due_at.items() if at > now}
            if index in due_at or index in ended:
                continue
            lost[index] = lost.get(index, 0) + 1
            fault = attempts.lost(step(index), ProcessLost(f"killed for the time {lost[index]}", hint="Sleep"), LOG)
            if lost[index] <= retries:
                assert fault is None
                due_at[index] = now + backoff * 2 ** (lost[index] - 1)
            else:
                ended.add(index)
                assert fault is not None and str(fault).startswith(f"step {index}: killed for the time {lost[index]}")
                assert all(f"one that tried it: killed for the time {one}" in str(fault) for one in range(1, retries))
                assert str(fault).endswith("Sleep. The step's log: log.txt")
            assert {one.title for one in attempts.waiting} == {f"step {one}" for one in due_at}
            soonest = min(due_at.values(), default=None)
            assert attempts.next_in == (None if soonest is None else max(0.0, soonest - now))


@pytest.mark.parametrize("wrong", [{"retries": -1}, {"backoff": -0.1}, {"backoff": float("nan")}, {"retries": 1.5}])
def test_numbers_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(OptionsError, match=next(iter(wrong))):
        Retries.checked(wrong, of="running")


def test_a_step_that_would_wait_forever_is_refused() -> None:
    with pytest.raises(OptionsError, match="backoff"):
        Retries.checked({"backoff": float("inf")}, of="running")
