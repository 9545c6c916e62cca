"""StrategyData: what a potential's strategy gathered, in one run or in several, and which of it is independent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from whet.analyses.parts.naming import data_names
from whet.contracts.findings import LEAST_UNITS
from whet.contracts.ref import Ref
from whet.data.frame_groups import TRAJECTORIES
from whet.data.numbers import count

RUNS = "runs"

EVERY_RUN = -1
"""In the place of a seed, which is 0 or more."""


@dataclass(frozen=True, eq=False)
class StrategyData:
    """Parts: what one round of a run added to one trajectory (a Ref of potential, strategy, round, seed, trajectory).

    of: potential, strategy, and the seed of the run, or `EVERY_RUN` where the parts are of all. name: what they are
    called.
    """

    of: Ref
    name: str
    parts: Sequence[Ref]

    @property
    def is_of_all_runs(self) -> bool:
        return self.of.seed == EVERY_RUN

    @property
    def units_of(self) -> str:
        """`runs` or `trajectories`: the former do not even share a potential that was trained between them."""
        return RUNS if self.is_of_all_runs else TRAJECTORIES

    @property
    def units(self) -> list[list[Ref]]:
        """The parts of each independent unit; none where it is not known which is of which."""
        if not self.is_of_all_runs:
            return trajectories(self.parts)
        found: dict[int, list[Ref]] = {}
        for part in self.parts:
            found.setdefault(part.seed, []).append(part)
        return list(found.values())

    @property
    def trajectories(self) -> set[tuple[int, int]]:
        """Seed and number of each that is known."""
        return {(part.seed, part.trajectory) for part in self.parts if part.trajectory is not None}


def runs(parts: Iterable[Ref]) -> list[StrategyData]:
    """Of each potential, strategy and seed."""
    found: dict[Ref, list[Ref]] = {}
    for part in parts:
        found.setdefault(run_of(part), []).append(part)
    names = data_names(found)
    return [StrategyData(of, names[of.potential, of.strategy, of.seed], own) for of, own in found.items()]


def strategies(single: Sequence[StrategyData], frames: Mapping[Ref, Sequence[str]]) -> list[StrategyData]:
    """All runs of a strategy together, where there are enough to be its independent units; else each run.

    single: every run. frames: identities of the frames of each part. Runs that have frames in common, drawn from one
    pool, are no independent units, and stay apart.
    """
    repeated: dict[Ref, list[StrategyData]] = {}
    for one in single:
        repeated.setdefault(replace(one.of, seed=EVERY_RUN), []).append(one)
    names = data_names(repeated)
    found = []
    for of, each in repeated.items():
        if len(each) < LEAST_UNITS or _share_frames(each, frames):
            found += each
        else:
            name = f"{names[of.potential, of.strategy, EVERY_RUN]} ({count(len(each), 'run')})"
            found.append(StrategyData(of, name, [part for one in each for part in one.parts]))
    return found


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


def run_of(part: Ref) -> Ref:
    """The potential, strategy and seed of a part."""
    return replace(part, round=0, trajectory=None)


def _share_frames(each: Sequence[StrategyData], frames: Mapping[Ref, Sequence[str]]) -> bool:
    own = [{key for part in one.parts for key in frames[part]} for one in each]
    return len(set().union(*own)) < sum(map(len, own))
