"""Two steps want the label of one frame: it is computed once; the second waits for the first, however that ends."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from whet import Spec
from whet.contracts.component import Component
from whet.contracts.executor import Site
from whet.executors.local import LocalExecutor
from whet.plugins.registry import registry
from whet.running.attempts import Retries
from whet.running.claims import Claims
from whet.running.in_process import InProcess
from whet.running.runner import Account, Runner
from whet.running.step import Step
from whet.running.store import Store


def structure(index: int) -> Step:
    task = Component("tasks", "structure", 2, {"index": index, "seed": 1}, unpickles=False)
    return Step(task, {"structures": registry().resolve("structures", Spec("toy"))}, title=f"structure {index}")


def label(*structures: Step) -> Step:
    task = Component("tasks", "label", 2, unpickles=False)
    title = "label " + " ".join(one.title.split()[1] for one in structures)
    feeds = {"frames": tuple(one.key for one in structures)}
    return Step(task, {"labeler": registry().resolve("labelers", Spec("toy"))}, feeds, title=title)


@dataclass
class Known:
    """A planner of steps that are known from the beginning."""

    steps: list[Step]

    def plan(self, so_far: Account) -> Iterable[Step]:
        return self.steps

    def asks_after(self, key: str) -> bool:
        return False


@dataclass
class Told:
    """What happened in the runs of a store: events with the titles of their steps, in order."""

    store: Store
    steps: list[Step]

    def __call__(self) -> list[tuple[str, str]]:
        titles = {step.key: step.title for step in self.steps}
        lines = [line for path in sorted(self.store.root.glob("runs/*")) for line in path.read_text().splitlines()]
        events = map(json.loads, lines)
        return [(one["event"], titles[one["step"]]) for one in events if "step" in one]


@pytest.fixture
def bought(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "bought.txt"
    path.touch()
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(path))
    return path


def run(store: Store, steps: list[Step], retries: int = 1) -> Account:
    return Runner(store, LocalExecutor(None), 4, retries=Retries(retries=retries, backoff=0)).run(Known(steps))


def test_a_frame_that_two_want_is_computed_once(bought: Path, tmp_path: Path) -> None:
    first, second, third = map(structure, range(3))
    one, other, apart = label(first), label(second, first), label(third)
    steps = [first, second, third, one, other, apart]
    store = Store(tmp_path / "store")
    account = run(store, steps)
    assert not account.failed and len(account.ran) == len(steps)
    computed = bought.read_text().split()
    assert len(computed) == len(set(computed)) == 3
    events = Told(store, steps)()
    assert events.index(("step-submitted", "label 1 0")) > events.index(("step-ended", "label 0"))
    measured = [store.result(step.key).provenance["bought"] for step in (one, other, apart)]
    assert measured == [1, 1, 1]


@pytest.mark.parametrize(("how", "event"), [("leave", "step-failed"), ("9", "step-lost")])
def test_the_second_gets_its_turn_when_the_first_fails(
    bought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, event: str
) -> None:
    deaths = tmp_path / "deaths"
    monkeypatch.setenv("WHET_TOY_DEATHS", str(deaths))
    first, second = map(structure, range(2))
    one, other = label(first), label(second, first)
    steps = [first, second, one, other]
    store = Store(tmp_path / "store")
    deaths.write_text("")
    run(store, [first, second])
    deaths.write_text(how)
    account = run(store, steps, retries=0)
    assert [*account.failed] == [one.key] and account.ran == [other.key]
    events = Told(store, steps)()
    assert events.index((event, "label 0")) < events.index(("step-submitted", "label 1 0"))
    account = run(store, steps)
    assert account.ran == [one.key] and len(bought.read_text().split()) == 3  # the first died of one of them


def test_who_holds_what(toy: None, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first, second, third = map(structure, range(3))
    run(store, [first, second, third])
    one, other, both, apart = label(first), label(second), label(first, second), label(third)
    claims = Claims(store)
    assert claims.holder([one]) == ""
    claims.take(one)
    claims.take(other)
    assert claims.holder([both]) in (one.key, other.key) and claims.holder([apart]) == ""
    assert claims.holder([apart, label(first, third)]) == one.key
    assert claims.holder([first]) == "", "a step without a labeler wants nothing"
    claims.release(one.key)
    assert claims.holder([both]) == other.key and claims.holder([one]) == ""
    claims.release(other.key)
    claims.release("never-taken")
    assert claims.holder([both]) == ""


def test_a_step_whose_frames_are_not_there_is_looked_at_again_later(toy: None, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = structure(0)
    one, other = label(first), label(first, first)
    claims = Claims(store)
    claims.take(one)
    assert claims.holder([other]) == "", "nobody knows what they want yet"
    claims.release(one.key)
    run(store, [first])
    claims.take(one)
    assert claims.holder([other]) == one.key


def test_a_plugin_that_cannot_say_what_it_wants_stops_no_driver(
    bought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from whet.tasks.label import LabelFrames

    def wrong(*_: object) -> None:
        raise AttributeError("a plugin is wrong")

    monkeypatch.setattr(LabelFrames, "labels_wanted", classmethod(wrong))
    first = structure(0)
    account = run(Store(tmp_path / "store"), [first, label(first)])
    assert not account.failed and len(account.ran) == 2


def test_runs_of_one_store_tell_each_other(bought: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first, second = map(structure, range(2))
    run(store, [first, second])
    one, other = label(first), label(second, first)
    mine, theirs = Claims(store), Claims(store)
    with store.at_work() as here:
        mine.share(here)
        with store.at_work() as there:
            theirs.share(there)
            assert theirs.take(one)
            assert not mine.take(other), "another run computes one of its labels"
            assert mine.take(label(second)), "and none of these"
            mine.release(label(second).key)
            theirs.release(one.key)
            assert mine.take(other)
            mine.release(other.key)
            assert theirs.take(one)
        assert mine.take(other), "a run that is over claims nothing"
    assert not [path for path in (store.root / "at-work").iterdir() if path.suffix == ".claims"]


def test_what_a_dead_run_claimed_is_free(bought: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = structure(0)
    run(store, [first])
    dead, mine = Claims(store), Claims(store)
    left = store.root / "at-work" / "there-1-00000000.lock"
    left.parent.mkdir(exist_ok=True)
    left.touch()
    dead.share(left)
    assert dead.take(label(first)) and left.with_suffix(".claims").is_file()
    with store.at_work() as here:
        mine.share(here)
        assert mine.take(label(first))
        assert not left.exists() and not left.with_suffix(".claims").exists()


def test_two_runs_at_once_compute_each_label_once(
    bought: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHET_TOY_WAIT", "0.2")
    frames = [structure(index) for index in range(4)]
    store = Store(tmp_path / "store")
    run(store, frames)
    plans = [[label(*frames[:3])], [label(*frames[1:])]]
    with ThreadPoolExecutor(2) as drivers:
        accounts = list(drivers.map(lambda steps: run(Store(store.root), [*frames, *steps]), plans))
    assert not any(account.failed or account.not_run for account in accounts)
    computed = bought.read_text().split()
    assert len(computed) == len(set(computed)) == 4


class EndsWhatIsLeft(InProcess):
    """What a killed run left behind holds a step until this starts."""

    def __init__(self, left: ExitStack) -> None:
        super().__init__()
        self._left = left

    def start(self, site: Site) -> int:
        self._left.close()
        return super().start(site)


@pytest.mark.timeout(60)
def test_what_a_killed_run_left_at_the_last_step_is_ended(bought: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    first = structure(0)
    run(store, [first])
    last = label(first)
    (store.describe(last) / "labels.log").touch()
    with ExitStack() as left:
        left.enter_context(store.locked(last.key))
        account = Runner(store, EndsWhatIsLeft(left)).run(Known([first, last]))
    assert account.ran == [last.key] and not account.failed
