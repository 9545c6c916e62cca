"""DescribedData: what strategies gathered and what is tested, described atom by atom, in one space."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from whet.analyses.parts.naming import data_names
from whet.contracts.ports import LabeledFrames
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.frame_identity import frame_key
from whet.data.frames import FrameSet

if TYPE_CHECKING:
    import numpy as np

    from whet.bias.coverage import NeighborDistances
    from whet.bias.described_frames import DescribedFrames

COMPONENTS = 5
"""Principal components that are kept, as in Wong & Yang."""

MOST_DISTANCES = 5_000_000
"""Searches for a nearest neighbor among the data of one seed: environments times parts. Beyond, atoms are drawn."""


@dataclass(frozen=True, eq=False)
class DescribedData:
    """Data by part: what one round of a potential, strategy and seed added to one trajectory (a Ref of these five).

    data, tests: environments, of each part and of each test set. projected: the parts in the space of the principal
    components of all data. frames: identities of the frames of each part; a frame counts once for each strategy.
    explained: share of the variance of each component.
    """

    data: Mapping[Ref, DescribedFrames]
    tests: Mapping[str, DescribedFrames]
    projected: Mapping[Ref, np.ndarray]
    frames: Mapping[Ref, Sequence[str]]
    explained: Sequence[float]

    @classmethod
    def of(cls, work: Work) -> DescribedData:
        """Of the inputs `data` and `tests` and the component `descriptor`; one PCA is fitted to all data together."""
        import numpy as np

        from whet.bias.described_frames import DescribedFrames, FeatureRoom
        from whet.bias.principal_components import PrincipalComponents

        parts, frames = gathered_parts(work.all("data", LabeledFrames))
        tested: dict[str, FrameSet] = {}
        for one in work.all("tests", LabeledFrames):
            tested[one.ref.set] = tested.get(one.ref.set, FrameSet(())) + one.frames
        tested = {name: kept.unique() for name, kept in tested.items() if kept}
        sets: dict[Ref | str, FrameSet] = {**parts, **tested}
        elements = sum(sets.values(), FrameSet(())).elements
        descriptor = work.load("descriptor")
        room = FeatureRoom()
        described = {of: DescribedFrames.of(descriptor, kept, elements, room) for of, kept in sets.items()}
        data = {of: one for of, one in described.items() if isinstance(of, Ref)}
        tests = {of: one for of, one in described.items() if isinstance(of, str)}
        every = PrincipalComponents.fit(_counted(work, data.values()), COMPONENTS)
        projected = {of: np.concatenate([every.project(chunk) for chunk in one.chunks()]) for of, one in data.items()}
        return cls(data, tests, projected, frames, every.explained)

    @cached_property
    def series(self) -> dict[Ref, list[Ref]]:
        """Parts of what each potential, strategy and seed gathered (a Ref of these three), by round and trajectory."""
        found: dict[Ref, list[Ref]] = {}
        for part in self.data:
            found.setdefault(_series(part), []).append(part)
        return found

    @cached_property
    def names(self) -> dict[Ref, str]:
        """What each of the series is called."""
        names = data_names(self.series)
        return {of: names[of.potential, of.strategy, of.seed] for of in self.series}

    def distances(self, seed: int) -> SeedDistances:
        """Nearest neighbors among all that was gathered with a seed.

        Where there are very many, the same share of the atoms of every part is drawn, at random with a fixed seed.
        """
        import numpy as np

        from whet.bias.coverage import NeighborDistances

        holders: dict[str, set[Ref]] = {}
        for part in (part for part in self.data if part.seed == seed):
            for key in self.frames[part]:
                holders.setdefault(key, set()).add(_series(part))
        pieces: dict[Ref, list[tuple[int, frozenset[Ref]]]] = {}
        chosen: list[tuple[Ref, np.ndarray]] = []
        for part in (part for part in self.data if part.seed == seed):
            held = [frozenset(holders[key]) for key in self.frames[part]]
            for by in dict.fromkeys(held):
                inside = np.isin(self.data[part].frame_of, [number for number, one in enumerate(held) if one == by])
                pieces.setdefault(part, []).append((len(chosen), by))
                chosen.append((part, np.flatnonzero(inside)))
        searches = len(chosen) * sum(len(rows) for _, rows in chosen)
        thinned, points, symbols = -(-searches // MOST_DISTANCES), [], []
        for part, rows in chosen:
            drawn = rows[np.sort(np.random.default_rng(0).permutation(len(rows))[: -(-len(rows) // thinned)])]
            points.append(self.projected[part][drawn])
            symbols.append(self.data[part].symbols[drawn])
        return SeedDistances(NeighborDistances.of(points, symbols), pieces, thinned)


@dataclass(frozen=True, eq=False)
class SeedDistances:
    """Distances between pieces of parts. A piece: frames of one part that the same series (of one seed) have.

    pieces: number in `near`, and who has its frames, of each piece of a part. thinned: one in so many atoms is there.
    """

    near: NeighborDistances
    pieces: Mapping[Ref, Sequence[tuple[int, frozenset[Ref]]]]
    thinned: int

    def numbers(self, parts: Sequence[Ref]) -> list[int]:
        """Of all pieces of the parts."""
        return [number for part in parts for number, _ in self.pieces[part]]

    def own(self, parts: Sequence[Ref], other: Ref) -> list[int]:
        """Of those pieces whose frames the other series does not have."""
        return [number for part in parts for number, by in self.pieces[part] if other not in by]


def _counted(work: Work, sets: Collection[DescribedFrames]) -> Iterator[np.ndarray]:
    """Features of all of them, frame by frame, and how far it is."""
    total, done = sum(len(one.sizes) for one in sets), 0
    for one in sets:
        for features in one.chunks():
            yield features
            done += 1
            work.progress(done, total)


def trajectories(parts: Sequence[Ref]) -> list[list[Ref]]:
    """The parts of each trajectory, in the order of their numbers; none where it is not known which is of which.

    One that was taken up again keeps its number: what its later rounds added is no other trajectory.
    """
    found: dict[int, list[Ref]] = {}
    for part in parts:
        if part.trajectory is None:
            return []
        found.setdefault(part.trajectory, []).append(part)
    return [found[number] for number in sorted(found)]


def gathered_parts(gathered: Sequence[LabeledFrames]) -> tuple[dict[Ref, FrameSet], dict[Ref, Sequence[str]]]:
    """Frames of each part and their identities; what was gathered together by round and trajectory."""
    parts: dict[Ref, FrameSet] = {}
    for one in gathered:
        if (by := one.ref.gathered_by) is not None:
            of = Ref(by.potential, by.strategy, by.round, by.seed, trajectory=one.ref.trajectory)
            parts[of] = parts.get(of, FrameSet(())) + one.frames
    known: dict[Ref, set[str]] = {_series(of): set() for of in parts}
    places = {of: place for place, of in enumerate(known)}
    kept, identities = {}, {}
    for of in sorted(parts, key=lambda of: (places[_series(of)], of.round, _number(of))):
        new = dict(_new(parts[of], known[_series(of)]))
        if new:
            kept[of], identities[of] = parts[of].take(new.values()), tuple(new)
    return kept, identities


def _new(frames: FrameSet, known: set[str]) -> Iterator[tuple[str, int]]:
    """Identity and index of each frame that is not known yet."""
    for index, frame in enumerate(frames):
        if (key := frame_key(frame)) not in known:
            known.add(key)
            yield key, index


def _series(of: Ref) -> Ref:
    return replace(of, round=0, trajectory=None)


def _number(of: Ref) -> int:
    return -1 if of.trajectory is None else of.trajectory
