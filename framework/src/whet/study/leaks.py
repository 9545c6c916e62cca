"""leaks: which frames of a study's tests are trained on, by what its files hold, before anything runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from whet.contracts.ports import LabeledFrames
from whet.data.frames import FrameSet
from whet.labels.label_checks import Finding
from whet.labels.overlaps import Overlap
from whet.study.plan import Plan

GATHERED = ("labeled", "frames", "start", "pool")
"""Roles of the steps from which frames come; the others (`potential`, `match`) only lead to them."""


@dataclass(frozen=True)
class _Read:
    """Frames that the study reads from one file for one purpose. labeled: as they are, not to start dynamics from."""

    path: str
    labeled: bool
    frames: FrameSet

    def called(self, purpose: str) -> str:
        """`training frames of x.extxyz`, `training structures of x.extxyz`."""
        return f"{purpose} {'frames' if self.labeled else 'structures'} of {self.path}"


def leaks(plan: Plan, frames: Mapping[str, FrameSet]) -> Iterator[str]:
    """A sentence for each file whose frames are tested on and trained on, exactly or nearly, with the places.

    Compared are the frames of every test's file, and the structures from which sampled tests start, with all that any
    potential trains on with any strategy: data, structures that are labeled or that dynamics start from, and replay
    files (with which tests of the kind `replay` are compared, too); then the files of different tests. What dynamics
    sample is not known before a run: the analysis `data` compares it. frames: what each step `import` will leave.
    """
    trained = _read(plan, frames, _origins(plan, [step.key for step in plan.of_kind("dataset")]))
    replayed = _read(plan, frames, [piece.key for piece in plan.all(LabeledFrames, set_kind="replayed")])
    tests: dict[tuple[str, str], list[str]] = {}
    for kind in ("independent", "replay"):
        for piece in plan.all(LabeledFrames, set_kind=kind):
            tests.setdefault((kind, piece.ref.set), []).append(piece.key)
    read = {test: _read(plan, frames, _origins(plan, keys)) for test, keys in tests.items()}
    for (kind, _), parts in read.items():
        others = [("training", one) for one in trained if kind == "independent"]
        others += [("replay", one) for one in replayed]
        for part in parts:
            for purpose, other in others:
                yield from _told("trained-on", part, other, other.called(purpose))
    for one, other in combinations(read, 2):
        for part in read[one]:
            for their in read[other]:
                if part.labeled and their.labeled and part.path != their.path:
                    yield from _told("tested-twice", part, their, f"frames of the test {their.path}, too")


def _told(kind: str, part: _Read, other: _Read, called: str) -> Iterator[str]:
    overlap = Overlap.of(part.frames, other.frames)
    what = "frames" if part.labeled else "starting structures"
    for said, places in overlap.said(f"are {called}", f"are near-duplicates of {called}", what):
        yield f"{part.path}: {Finding(kind, said, tuple(f'frame {place}' for place in places))}"


def _origins(plan: Plan, keys: Iterable[str]) -> list[str]:
    """Keys of the steps `import` from whose frames those of these steps come."""
    found, waiting, seen = [], deque(keys), set[str]()
    while waiting:
        one = waiting.popleft()
        if one in seen:
            continue
        seen.add(one)
        step = plan.steps[one]
        if step.kind == "import":
            found.append(one)
        waiting += [feed for role in GATHERED for feed in step.inputs.get(role, ())]
    return found


def _read(plan: Plan, frames: Mapping[str, FrameSet], keys: list[str]) -> list[_Read]:
    """What these steps read, those of one file together."""
    found: dict[tuple[str, bool], list[str]] = {}
    for key in dict.fromkeys(key for key in keys if key in frames):
        step = plan.steps[key]
        path = next(iter(step.files.values())).path
        found.setdefault((path, bool(step.task.options["labeled"])), []).append(key)
    return [
        _Read(path, labeled, sum((frames[key] for key in same), FrameSet(())))
        for (path, labeled), same in found.items()
    ]
