"""ErrorSeries: the errors of a potential along one trajectory, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import LABELER, FrameError, Labels, Predictions, Ref, ReferenceEnergies, SampledTrajectory

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

REFERENCE = "reference dynamics"
UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class ErrorSeries:
    """times: (n,) fs, rising. energies: (n,) meV/atom, energy of the potential minus that of the labels. forces: (n,)
    meV/Å, mean absolute error of the force components of each frame. of: the potential in its state, and the set with
    the number of the trajectory. aligned: whether reference energies were given."""

    of: Ref
    sampled_by: Ref | None
    times: np.ndarray
    energies: np.ndarray
    forces: np.ndarray
    aligned: bool

    @property
    def state(self) -> str:
        """What tables call the potential."""
        return str(self.of.state)

    @property
    def own(self) -> bool:
        """Whether the potential drove the trajectory itself."""
        return self.sampled_by is not None and self.of.state == self.sampled_by.state

    @property
    def driver(self) -> str:
        """Who drove it, in words."""
        return driver_of(self.sampled_by)


def driver_of(sampled_by: Ref | None) -> str:
    """Who drove a trajectory, in words."""
    if sampled_by is None:
        return UNKNOWN
    return REFERENCE if sampled_by.state == LABELER else str(sampled_by.state)


def series_of(
    predictions: Sequence[Predictions],
    trajectories: Sequence[SampledTrajectory],
    given: Mapping[str, ReferenceEnergies],
) -> tuple[list[ErrorSeries], list[str]]:
    """The series of each potential on each trajectory of one set, and sentences on those that there are not.

    A driver of which nothing was predicted has the energies and forces that its own frames carry. given: potential ->
    what aligns the untouched one. Order: by potential, then trajectory.
    """
    runs = sorted(trajectories, key=lambda one: (one.ref.trajectory or 0, one.title))
    found, notes, seen = [], [], set[Ref]()
    for one in sorted(predictions, key=lambda one: (str(one.ref.state), one.ref.seed)):
        seen.add(one.ref.state)
        own = given.get(one.ref.potential) if one.ref.untouched else None
        try:
            found += _of_predictions(one, runs, own)
        except FrameError as error:
            notes.append(f"{one.ref}: {error.what}.")
    for run in runs:
        by = run.ref.sampled_by
        if by is None or by.state == LABELER or by.state in seen:
            continue
        own = given.get(by.potential) if by.untouched else None
        pairs = [(run.times[index], run.labeled[place], run.frames[index]) for place, index in enumerate(run.kept)]
        try:
            found.append(_series(by.state.on(run.ref), run, pairs, own))
        except FrameError as error:
            notes.append(f"{run.title}: {error.what}.")
    return found, notes


def _of_predictions(
    one: Predictions, runs: Sequence[SampledTrajectory], own: ReferenceEnergies | None
) -> Iterator[ErrorSeries]:
    """Of one potential on each trajectory; the frames of a set are the labeled ones of its trajectories, in order."""
    places = [(run, run.times[index]) for run in runs for index in run.kept]
    if len(places) != len(one.indices) + len(one.left_out) or max(one.indices, default=0) >= len(places):
        raise FrameError(f"its {len(one.indices) + len(one.left_out)} frames are not those of the trajectories")
    by_run: dict[int, list[tuple[float, Atoms, Atoms]]] = {}
    for index, reference, predicted in zip(one.indices, one.reference, one.predicted, strict=True):
        run, time = places[index]
        by_run.setdefault(runs.index(run), []).append((time, reference, predicted))
    for number, pairs in sorted(by_run.items()):
        yield _series(one.ref.state.on(runs[number].ref), runs[number], pairs, own)


def _series(
    of: Ref, run: SampledTrajectory, pairs: Sequence[tuple[float, Atoms, Atoms]], own: ReferenceEnergies | None
) -> ErrorSeries:
    """pairs: time (fs), the frame with its labels, and with the answers of the potential. FrameError without them."""
    import numpy as np

    rows = []
    for time, reference, predicted in sorted(pairs, key=lambda pair: pair[0]):
        truth, answer = Labels.of(reference), Labels.of(predicted)
        shift = own.of(reference) if own else 0.0
        energy = 1000 * (answer.energy + shift - truth.energy) / len(reference)
        rows.append((float(time), energy, 1000 * float(np.abs(answer.forces - truth.forces).mean())))
    columns = np.array(rows, dtype=float).reshape(-1, 3)
    finite = np.isfinite(columns).all(axis=1)
    times, energies, forces = columns[finite].T
    return ErrorSeries(of, run.ref.sampled_by, times, energies, forces, own is not None)
