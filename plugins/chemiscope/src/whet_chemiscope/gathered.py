"""Gathered frames: every labeled set and trajectory of a study, each frame once, thinned where there are too many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import LabeledFrames, Ref, SampledTrajectory, Work, frame_key

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True, eq=False)
class MapFrame:
    """A frame of the map.

    key: its identity. set: the name of its set. trajectory, number: of the set and of the frame in it, from 0; the
    trajectory is None where it is not known. round: that gathered it for training, 0 for all others. time: fs, None
    where it is not known. is_labeled: whether `atoms` has the labels of the reference.
    """

    atoms: Atoms
    key: str
    set: str
    trajectory: int | None
    number: int
    round: int
    time: float | None
    is_labeled: bool
    is_training: bool


def gathered(work: Work) -> dict[tuple[str, str], list[MapFrame]]:
    """Frames by set and trajectory, in an order that is that of their names. A frame of several is of the first."""
    found: list[MapFrame] = []
    labeled = {_place(one.ref): one for one in work.all("labeled", LabeledFrames)}
    for one in work.all("trajectories", SampledTrajectory):
        labeled.pop(_place(one.ref), None)
        found += _of_trajectory(one)
    for one in labeled.values():
        found += (_frame(atoms, one.ref, number, is_labeled=True, time=None) for number, atoms in enumerate(one.frames))
    known: set[str] = set()
    groups: dict[tuple[str, str], list[MapFrame]] = {}
    for frame in sorted(found, key=_order):
        if frame.key not in known:
            known.add(frame.key)
            groups.setdefault((frame.set, "" if frame.trajectory is None else f"{frame.trajectory:09}"), []).append(
                frame
            )
    return groups


def thinned(
    groups: Mapping[tuple[str, str], Sequence[MapFrame]], most: int, always: frozenset[str] = frozenset()
) -> list[MapFrame]:
    """At most so many frames: small groups whole, of the others as many each, evenly spaced, labeled ones first.

    always: keys of frames that are among them, at most half of what a group may have.
    """
    shares = _shares([len(group) for group in groups.values()], most)
    return [
        frame for group, share in zip(groups.values(), shares, strict=True) for frame in _chosen(group, share, always)
    ]


def spaced(count: int, most: int) -> list[int]:
    """At most so many of `count` places, evenly spaced, the first and the last among them."""
    if count <= most:
        return list(range(count))
    if most < 2:
        return [0] * most
    return [place * (count - 1) // (most - 1) for place in range(most)]


def _chosen(group: Sequence[MapFrame], share: int, always: frozenset[str]) -> list[MapFrame]:
    if len(group) <= share:
        return list(group)
    kept = [place for place, frame in enumerate(group) if frame.key in always][: share // 2]
    for is_labeled in (True, False):
        rest = [place for place, frame in enumerate(group) if frame.is_labeled == is_labeled and place not in set(kept)]
        kept += [rest[place] for place in spaced(len(rest), share - len(kept))]
    return [group[place] for place in sorted(kept)]


def _shares(sizes: Sequence[int], most: int) -> list[int]:
    """How many each group gives: all of a small one, and what is left shared out evenly among the others."""
    shares, left = [0] * len(sizes), most
    for rank, place in enumerate(sorted(range(len(sizes)), key=lambda place: sizes[place])):
        shares[place] = min(sizes[place], left // (len(sizes) - rank))
        left -= shares[place]
    return shares


def _of_trajectory(one: SampledTrajectory) -> Iterator[MapFrame]:
    labels = dict(zip(one.kept, one.labeled, strict=True))
    for number, (atoms, time) in enumerate(zip(one.frames, one.times, strict=True)):
        known = labels.get(number)
        frame = atoms if known is None else known
        yield _frame(frame, one.ref, number, is_labeled=known is not None, time=float(time))


def _frame(atoms: Atoms, ref: Ref, number: int, *, is_labeled: bool, time: float | None) -> MapFrame:
    gathered_in = ref.gathered_by.round if ref.gathered_by else 0
    return MapFrame(
        atoms,
        frame_key(atoms),
        ref.set or str(ref) or "frames",
        ref.trajectory,
        number,
        gathered_in,
        time,
        is_labeled,
        ref.set_kind == "training",
    )


def _place(ref: Ref) -> str:
    return repr(sorted(ref.as_json().items(), key=str))


def _order(frame: MapFrame) -> tuple[str, int, int, int, str]:
    trajectory = -1 if frame.trajectory is None else frame.trajectory
    return frame.set, trajectory, frame.round, frame.number, frame.key
