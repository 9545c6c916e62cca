"""DescribedData: what strategies gathered and what is tested, described atom by atom, in one space."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from whet.analyses.parts.strategy_data import StrategyData, run_of, runs, strategies
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
"""Searches for a nearest neighbor among data that are compared: environments times parts. Beyond, atoms are drawn."""


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
    def runs(self) -> list[StrategyData]:
        """What each potential, strategy and seed gathered."""
        return runs(self.data)

    @cached_property
    def strategies(self) -> list[StrategyData]:
        """The same, with all runs of a strategy as one where there are enough of them."""
        return strategies(self.runs, self.frames)

    @property
    def compared(self) -> Iterator[tuple[list[StrategyData], list[StrategyData]]]:
        """What is compared with each other: groups, and those of each that are in no other group."""
        together = [one for one in self.strategies if one.is_of_all_runs]
        if together:
            yield together, together
        single = [one for one in self.strategies if not one.is_of_all_runs]
        for seed in dict.fromkeys(one.of.seed for one in single):
            yield [one for one in self.runs if one.of.seed == seed], [one for one in single if one.of.seed == seed]

    def distances(self, between: Sequence[StrategyData]) -> PieceDistances:
        """Nearest neighbors among all of these.

        Where there are very many, the same share of the atoms of every part is drawn, at random with a fixed seed.
        """
        import numpy as np

        from whet.bias.coverage import NeighborDistances

        holders: dict[str, set[Ref]] = {}
        for one in between:
            for part in one.parts:
                for key in self.frames[part]:
                    holders.setdefault(key, set()).add(one.of)
        pieces: dict[Ref, list[tuple[int, frozenset[Ref]]]] = {}
        chosen: list[tuple[Ref, np.ndarray]] = []
        for part in (part for one in between for part in one.parts):
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
        return PieceDistances(NeighborDistances.of(points, symbols), pieces, thinned)


@dataclass(frozen=True, eq=False)
class PieceDistances:
    """Distances between pieces of parts. A piece: frames of one part that the same strategies (or runs) have.

    pieces: number in `near`, and who has its frames, of each piece of a part. thinned: one in so many atoms is there.
    """

    near: NeighborDistances
    pieces: Mapping[Ref, Sequence[tuple[int, frozenset[Ref]]]]
    thinned: int

    def numbers(self, parts: Sequence[Ref]) -> list[int]:
        """Of all pieces of the parts."""
        return [number for part in parts for number, _ in self.pieces[part]]

    def own(self, parts: Sequence[Ref], other: Ref) -> list[int]:
        """Of those pieces whose frames the other does not have."""
        return [number for part in parts for number, by in self.pieces[part] if other not in by]


def _counted(work: Work, sets: Collection[DescribedFrames]) -> Iterator[np.ndarray]:
    """Features of all of them, frame by frame, and how far it is."""
    total, done = sum(len(one.sizes) for one in sets), 0
    for one in sets:
        for features in one.chunks():
            yield features
            done += 1
            work.progress(done, total)


def gathered_parts(gathered: Sequence[LabeledFrames]) -> tuple[dict[Ref, FrameSet], dict[Ref, Sequence[str]]]:
    """Frames of each part and their identities; what was gathered together by round and trajectory."""
    parts: dict[Ref, FrameSet] = {}
    for one in gathered:
        if (by := one.ref.gathered_by) is not None:
            of = Ref(by.potential, by.strategy, by.round, by.seed, trajectory=one.ref.trajectory)
            parts[of] = parts.get(of, FrameSet(())) + one.frames
    known: dict[Ref, set[str]] = {run_of(of): set() for of in parts}
    places = {of: place for place, of in enumerate(known)}
    kept, identities = {}, {}
    for of in sorted(parts, key=lambda of: (places[run_of(of)], of.round, _number(of))):
        new = dict(_new(parts[of], known[run_of(of)]))
        if new:
            kept[of], identities[of] = parts[of].take(new.values()), tuple(new)
    return kept, identities


def _new(frames: FrameSet, known: set[str]) -> Iterator[tuple[str, int]]:
    """Identity and index of each frame that is not known yet."""
    for index, frame in enumerate(frames):
        if (key := frame_key(frame)) not in known:
            known.add(key)
            yield key, index


def _number(of: Ref) -> int:
    return -1 if of.trajectory is None else of.trajectory
