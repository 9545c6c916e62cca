"""Ensemble: the trajectories that one potential, or the labeler, drove under the same conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from whet import LABELER, Ref, SampledTrajectory

if TYPE_CHECKING:
    import numpy as np

LOOKS = 20
"""Frames of a run that are asked for its temperature, and whether its cell moves."""
WARM = 0.1
"""Relative difference of two mean temperatures above which they are not the same conditions."""
PER_PICOSECOND = 1000.0


@dataclass(frozen=True, eq=False)
class Ensemble:
    """runs: of one driver (`driver`; None where nobody says who drove them), one set, one composition.

    moves: whether a barostat moves the cell. name: unlike that of any other ensemble of the same list.
    """

    name: str
    driver: Ref | None
    set: str
    formula: str
    moves: bool
    runs: Sequence[SampledTrajectory]

    @property
    def is_reference(self) -> bool:
        """Whether the labeler drove it."""
        return self.driver == LABELER

    @cached_property
    def temperature(self) -> float | None:
        """K, the mean of a few frames; None where frames have no velocities."""
        found = [frame.get_temperature() for run in self.runs for frame in _few(run) if frame.has("momenta")]
        return sum(found) / len(found) if found else None

    @cached_property
    def span(self) -> float:
        """fs, that its shortest run lasts."""
        return min((run.times[-1] - run.times[0] for run in self.runs if len(run.times)), default=0.0)


def ensembles(found: Sequence[SampledTrajectory]) -> list[Ensemble]:
    """The trajectories that have frames, by driver, set, composition and whether the cell moves; the reference first.

    The order of the trajectories does not matter.
    """
    kinds: dict[tuple, list[SampledTrajectory]] = {}
    for run in sorted(found, key=lambda run: (run.ref.set, run.ref.trajectory or 0, run.title)):
        if len(run.frames):
            formula = run.start.get_chemical_formula()
            kinds.setdefault((run.ref.set, run.ref.sampled_by, formula, _moves(run)), []).append(run)
    order = sorted(kinds, key=lambda key: (key[1] != LABELER, key[0], str(key[1]), key[2], key[3]))
    names = _names(order)
    return [Ensemble(names[key], key[1], key[0], key[2], key[3], kinds[key]) for key in order]


def reference_of(one: Ensemble, every: Sequence[Ensemble]) -> Ensemble | None:
    """The labeler's own dynamics of the same atoms under the same conditions: the cell free or fixed alike, and mean
    temperatures that differ by a tenth at the most; of several the nearest. None where there is none, or where `one` is
    the reference itself."""
    alike = [] if one.is_reference else [other for other in _of_its_atoms(one, every) if _apart(one, other) <= WARM]
    return min(alike, key=lambda other: _apart(one, other), default=None)


def doubts(every: Sequence[Ensemble]) -> Iterator[str]:
    """Sentences on ensembles that have no reference, or one under other conditions."""
    for one in every:
        if one.is_reference or reference_of(one, every) is not None:
            continue
        if other := min(_of_its_atoms(one, every), key=lambda other: _apart(one, other), default=None):
            yield (
                f"{one.name} is compared with nothing: it has {one.temperature:.0f} K on average, {other.name} "
                f"{other.temperature:.0f} K."
            )
        elif any(of.is_reference for of in every):
            how = "whose cell moves" if one.moves else "whose cell is fixed"
            yield f"{one.name} is compared with nothing: no dynamics of the reference has its atoms, {how}."
    if every and not any(one.is_reference for one in every):
        yield "There is no dynamics of the reference (`driver: labeler`, or files with `sampled_by: reference`)."


def _of_its_atoms(one: Ensemble, every: Sequence[Ensemble]) -> list[Ensemble]:
    """Dynamics of the reference with the same atoms, and the cell free or fixed alike."""
    return [other for other in every if other.is_reference and (other.formula, other.moves) == (one.formula, one.moves)]


def _apart(one: Ensemble, other: Ensemble) -> float:
    """By which share two mean temperatures differ; 0 where one is not known."""
    return abs(one.temperature / other.temperature - 1) if one.temperature and other.temperature else 0.0


def regular_times(run: SampledTrajectory) -> tuple[np.ndarray, float]:
    """(n,) fs, of the frames that are evenly spaced from the first on, and their distance; a frame that ended a run out
    of turn is left out. (n, 0.0) where there is one frame; the times may be cut to nothing where none are even."""
    import numpy as np

    times = np.asarray(run.times, dtype=float)
    if len(times) < 2:
        return times, 0.0
    step = float(times[1] - times[0])
    uneven = np.flatnonzero(np.abs(np.diff(times) - step) > 1e-3 * abs(step))
    return times[: int(uneven[0]) + 1] if len(uneven) else times, step


def duration(time: float) -> str:
    """`250 fs`, `1.5 ps`, `1.2 ns`."""
    for unit, size in (("ns", 1e6), ("ps", 1e3)):
        if abs(time) >= size:
            return f"{time / size:.4g} {unit}"
    return f"{time:.4g} fs"


def _few(run: SampledTrajectory) -> Iterator:
    count = len(run.frames)
    for index in sorted({round(place * (count - 1) / (LOOKS - 1)) for place in range(LOOKS)}):
        yield run.frames[index]


def _moves(run: SampledTrajectory) -> bool:
    first = run.frames[0].cell.array
    return any(abs(frame.cell.array - first).max() > 1e-6 * max(abs(first).max(), 1e-12) for frame in _few(run))


def _names(order: Sequence[tuple]) -> dict[tuple, str]:
    """`reference dynamics`, `chgnet periodic 3`; the set, the composition and the cell where that is not enough."""
    found: dict[tuple, str] = {}
    several = len({key[0] for key in order if key[1] == LABELER}) > 1
    for key in order:
        name, driver, formula, moves = key
        words = str(driver.state) if driver else name
        if driver == LABELER:
            words = f"reference on {name}" if several else "reference dynamics"
        alike = [other for other in order if other[:2] == key[:2]]
        if len({other[2] for other in alike}) > 1:
            words += f", {formula}"
        if len({other[3] for other in alike}) > 1:
            words += ", cell moves" if moves else ", cell fixed"
        found[key] = words
    often = list(found.values())
    return {
        key: words if often.count(words) == 1 else f"{words}, {key[0]}{_seed(key[1])}" for key, words in found.items()
    }


def _seed(driver: Ref | None) -> str:
    return f", seed {driver.seed}" if driver is not None and driver.strategy else ""
