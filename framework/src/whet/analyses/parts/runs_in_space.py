"""RunsInSpace: trajectories as training data see them, each reduced to what tables and figures show."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet.analyses.parts.described_data import COMPONENTS, gathered_parts
from whet.analyses.parts.strategy_data import runs, trajectories
from whet.contracts.ports import LabeledFrames, SampledTrajectory
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.frame_groups import TRAJECTORIES, frame_groups
from whet.data.frame_identity import frame_key
from whet.data.frames import FrameSet

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from whet.bias.environment_scores import EnvironmentScores, Excess
    from whet.bias.q_flags import QFlags
    from whet.bias.training_space import TrainingSpace

MOST_HELD_OUT = 10
"""Units of the training data, evenly spread over them: each costs a PCA of its own."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What trajectories are held against. ref: of the series, or of the set. units: frames of each of its trajectories
    or groups; one of all where nobody knows them. of: what units are (`trajectories`); empty where nobody knows.
    """

    ref: Ref
    name: str
    units: Sequence[FrameSet]
    of: str


@dataclass(frozen=True, eq=False)
class Run:
    """A trajectory, or a group of frames of a file. times: fs, of each frame; None where they have none."""

    ref: Ref
    number: int
    frames: Sequence[Atoms]
    times: Sequence[float] | None
    of: str = TRAJECTORIES


@dataclass(frozen=True, eq=False)
class Outlier:
    """An environment. over: its Q over the limit of its element."""

    frame: int
    atom: int
    symbol: str
    q: float
    over: float
    t_squared: float


@dataclass(frozen=True, eq=False)
class RunInSpace:
    """One run as one training set sees it.

    | field     | content                                                                                    |
    |-----------|--------------------------------------------------------------------------------------------|
    | by_frame  | of each frame: `q` mean Q, `over` largest Q over its limit, `beyond` share beyond the       |
    |           | limits of Q, `t_squared` mean T², `far` share beyond its limit                              |
    | q_of      | element -> mean and largest Q in each frame, NaN without one                               |
    | worst     | the environments that lie farthest beyond, one a frame and atom, farthest first            |
    | points    | (n, 2) projections of some environments; their frames and symbols                          |
    | known     | frames that the training data have, too                                                    |
    """

    training: TrainingData
    run: Run
    flags: QFlags
    excess: Excess
    by_frame: Mapping[str, np.ndarray]
    q_of: Mapping[str, tuple[np.ndarray, np.ndarray]]
    worst: Sequence[Outlier]
    points: tuple[np.ndarray, np.ndarray, np.ndarray]
    known: int

    @property
    def set(self) -> str:
        """The name of the run's set."""
        return self.run.ref.set


@dataclass(frozen=True, eq=False)
class RunsInSpace:
    """Every run as each training set sees it that it is held against. spaces, points: by the training set's name."""

    training: Sequence[TrainingData]
    spaces: Mapping[str, TrainingSpace]
    points: Mapping[str, tuple[np.ndarray, np.ndarray]]
    found: Sequence[RunInSpace]

    @classmethod
    def of(cls, work: Work, confidence: float, worst: int, most_points: int) -> RunsInSpace:
        """Of the inputs `data`, `reference`, `trajectories` and `sets`, and the component `descriptor`.

        Each run is described once, whatever it is held against, and no feature of it is kept. most_points: projections
        that are kept of each training set, and of each run. InputError where training data have too few environments.
        """
        from whet.bias.described_frames import DescribedFrames, FeatureRoom
        from whet.bias.training_space import TrainingSpace

        training, runs = training_data(work), list(_runs(work))
        descriptor, room = work.load("descriptor"), FeatureRoom()
        elements = _elements(training, runs)
        total = sum(map(len, (unit for one in training for unit in one.units))) + sum(len(one.frames) for one in runs)
        progress = _Progress(work, total)
        spaces, points, keys = {}, {}, {}
        for one in training:
            units = [DescribedFrames.of(descriptor, unit, elements, room) for unit in one.units]
            space = TrainingSpace.fit(
                [unit.by_frame for unit in units], COMPONENTS, most=MOST_HELD_OUT, confidence=confidence
            )
            spaces[one.name], points[one.name] = space, _some_points(space, units, most_points)
            keys[one.name] = {frame_key(frame) for unit in one.units for frame in unit}
            progress.more(sum(map(len, one.units)))
        found = []
        for run in runs:
            against = _against(run, training)
            scores = _scores(run, descriptor, elements, {one.name: spaces[one.name] for one in against}, progress)
            seen = [frame_key(frame) for frame in run.frames]
            for one in against:
                known = sum(key in keys[one.name] for key in seen)
                found.append(_reduced(one, run, scores[one.name], worst, most_points, known))
        return cls(training, spaces, points, found)

    def pairs(self) -> Iterator[tuple[TrainingData, str, list[RunInSpace]]]:
        """Each training set with each set of runs that is held against it."""
        groups: dict[tuple[str, str], list[RunInSpace]] = {}
        for one in self.found:
            groups.setdefault((one.training.name, one.set), []).append(one)
        for (_, name), group in groups.items():
            yield group[0].training, name, group


def training_data(work: Work) -> list[TrainingData]:
    """What each potential, strategy and seed gathered; or else the set that takes the place of training data."""
    given = work.all("data", LabeledFrames)
    parts, _ = gathered_parts(given)
    if not parts:
        units = list(_units(one for one in given if one.frames))
        sampled = sorted(work.all("reference", SampledTrajectory), key=lambda one: one.ref.trajectory or 0)
        units += [(one.frames, TRAJECTORIES) for one in sampled if len(one.frames)]
        given = [*given, *sampled]
        return [TrainingData(given[0].ref, given[0].ref.set, [unit for unit, _ in units], units[0][1])] if units else []
    found = []
    for run in sorted(runs(parts), key=lambda run: (run.of.potential, run.of.strategy, run.of.seed)):
        known = trajectories(run.parts)
        units = [sum((parts[part] for part in unit), FrameSet(())) for unit in known or [run.parts]]
        found.append(TrainingData(run.of, run.name, units, TRAJECTORIES * bool(known)))
    return found


def _runs(work: Work) -> Iterator[Run]:
    """Those with a frame, by set and number."""
    sampled = [
        Run(one.ref, one.ref.number or 1, one.frames, one.times)
        for one in work.all("trajectories", SampledTrajectory)
        if len(one.frames)
    ]
    for name in dict.fromkeys(one.ref.set for one in work.all("sets", LabeledFrames)):
        own = [one for one in work.all("sets", LabeledFrames) if one.ref.set == name and one.frames]
        sampled += [Run(own[0].ref, number, frames, None, of) for number, (frames, of) in enumerate(_units(own), 1)]
    yield from sorted(sampled, key=lambda one: (one.ref.set_kind, one.ref.set, str(one.ref.sampled_by), one.number))


def _units(given: Collection[LabeledFrames] | Iterator[LabeledFrames]) -> Iterator[tuple[FrameSet, str]]:
    """Frames of each trajectory or group of a set, and what these are; all together where nobody knows."""
    for one in sorted(given, key=lambda one: one.ref.trajectory or 0):
        if one.ref.groups == TRAJECTORIES or one.ref.trajectory is not None:
            yield one.frames, TRAJECTORIES
            continue
        groups, of = frame_groups(one.frames, one.ref.groups)
        for name in dict.fromkeys(groups) if of else ():
            yield one.frames.take(place for place, group in enumerate(groups) if group == name), of
        if not of:
            yield one.frames, ""


def _against(run: Run, training: Sequence[TrainingData]) -> list[TrainingData]:
    """A potential's own trajectory is held against what it was trained on; an untouched one's, all of the potential."""
    by = run.ref.sampled_by
    if run.ref.set_kind != "self" or by is None:
        return list(training)
    own = [one for one in training if one.ref.potential == by.potential]
    if by.strategy:
        own = [one for one in own if (one.ref.strategy, one.ref.seed) == (by.strategy, by.seed)]
    return own or list(training)


def _elements(training: Sequence[TrainingData], runs: Sequence[Run]) -> tuple[str, ...]:
    found = {symbol for one in training for unit in one.units for symbol in unit.elements}
    for run in runs:
        # Atoms of a trajectory stay what they are.
        frames = run.frames[:1] if run.times is not None else run.frames
        found.update(symbol for frame in frames for symbol in frame.get_chemical_symbols())
    return tuple(sorted(found))


def _scores(
    run: Run, descriptor: Any, elements: Sequence[str], spaces: Mapping[str, TrainingSpace], progress: _Progress
) -> dict[str, EnvironmentScores]:
    taken: dict[str, list[Any]] = {name: [] for name in spaces}
    for frame, features in zip(run.frames, descriptor.describe(run.frames, elements), strict=True):
        symbols = frame.get_chemical_symbols()
        for name, space in spaces.items():
            taken[name].append((*space.components.taken_apart(features), symbols))
        progress.more(1)
    return {name: space.graded(taken[name]) for name, space in spaces.items()}


def _reduced(
    training: TrainingData, run: Run, scores: EnvironmentScores, worst: int, most_points: int, known: int
) -> RunInSpace:
    import numpy as np

    by_frame = {
        "q": scores.by_frame(scores.q),
        "over": scores.worst_of_frames(scores.over),
        "beyond": scores.by_frame(scores.beyond[0]),
        "t_squared": scores.by_frame(scores.t_squared),
        "far": scores.by_frame(scores.beyond[2]),
    }
    q_of = {}
    for symbol in scores.flags.environments:
        own = scores.symbols == symbol
        q_of[symbol] = (scores.by_frame(scores.q, own), scores.worst_of_frames(scores.q, own))
    first_of = np.searchsorted(scores.frame_of, np.arange(scores.frames))
    # An atom stays outside for many frames: it is listed once, where it is farthest.
    order, atoms, listed = np.lexsort((-scores.q, -scores.over)), set(), []
    for place in order.tolist():
        frame = int(scores.frame_of[place])
        atom = place - int(first_of[frame])
        if len(listed) == worst or not scores.beyond[0, place]:
            break
        if (atom if run.times is not None else (frame, atom)) in atoms:
            continue
        atoms.add(atom if run.times is not None else (frame, atom))
        numbers = (float(one[place]) for one in (scores.q, scores.over, scores.t_squared))
        listed.append(Outlier(frame, atom, str(scores.symbols[place]), *numbers))
    step = max(1, -(-len(scores.q) // most_points))
    points = (scores.projected[::step, :2], scores.frame_of[::step], scores.symbols[::step])
    return RunInSpace(training, run, scores.flags, scores.excess, by_frame, q_of, listed, points, known)


def _some_points(space: TrainingSpace, units: Sequence[Any], most: int) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    step = max(1, -(-sum(len(unit.symbols) for unit in units) // most))
    every = np.concatenate([space.components.project(chunk)[:, :2] for unit in units for chunk in unit.chunks()])
    return every[::step], np.concatenate([unit.symbols for unit in units])[::step]


@dataclass
class _Progress:
    work: Work
    total: int
    done: int = 0

    def more(self, frames: int) -> None:
        self.done += frames
        self.work.progress(self.done, self.total)
