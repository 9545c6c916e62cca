"""Settled: whether runs of dynamics are long enough and settled enough to have a drift or a width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.bias.jackknife import Jackknife
from whet.contracts.findings import LEAST_UNITS
from whet.data.errors import FrameError
from whet.data.fastest_mode import PERIODS, period_of
from whet.data.labels import Labels
from whet.data.numbers import NARROW, shown

if TYPE_CHECKING:
    import numpy as np

    from whet.contracts.ports import Predictions, SampledTrajectory


FEWEST_FRAMES = 5
"""Frames of each run below which nothing through time is looked at."""


SMALL_TREND = 0.5
"""Standard deviations; a line that rises by so much adds 2 % to a variance."""

LARGE_TREND = 1.5
"""Standard deviations; a settled series of 20 independent frames rises by more in 5 % of the cases."""


@dataclass(frozen=True)
class Settled:
    """Whether runs allow a drift, a width, or any other number through time.

    reason: why not, a clause (`30 fs are 3 periods of the fastest mode, and 10 are needed`); empty where they do.
    span: fs, of the shortest run. period: fs, of the fastest mode, rather too long. change: eV/atom, by which the
    driver's energy changes over a run, on average; fluctuation: eV/atom, its standard deviation about a line.
    """

    reason: str
    span: float
    period: float
    change: float
    fluctuation: float

    @property
    def allows(self) -> bool:
        """Whether there may be a drift, and a width."""
        return not self.reason

    @classmethod
    def of_trajectories(cls, found: Sequence[SampledTrajectory], predicted: Sequence[Predictions] = ()) -> Settled:
        """Of sampled trajectories of one driver, by its own energies: those that frames carry, or its predictions.

        predicted: for the labeled frames of all these trajectories. Where nobody knows the energies, `reason` says so.
        """
        symbols = {symbol for one in found for symbol in one.start.get_chemical_symbols()}
        ordered = sorted(found, key=lambda one: one.ref.trajectory or 0)
        try:
            runs = [(one.times, [Labels.of(frame).energy / len(frame) for frame in one.frames]) for one in ordered]
        except FrameError:
            runs = _predicted_runs(ordered, predicted)
        if not runs:
            span = min((float(max(one.times) - min(one.times)) for one in found if len(one.times)), default=0.0)
            return cls("the driver's energies are not known", span, period_of(symbols), 0.0, 0.0)
        return settled(runs, symbols)


def _predicted_runs(
    found: Sequence[SampledTrajectory], predicted: Sequence[Predictions]
) -> list[tuple[list[float], list[float]]]:
    """Times and energies (eV/atom) of each run, as its driver predicts them; none where it does not."""
    drivers = {one.ref.sampled_by.state for one in found if one.ref.sampled_by is not None}
    own = [one for one in predicted if {one.ref.state} == drivers]
    times = [one.times[index] for one in found for index in one.kept]
    if len(own) != 1 or len(times) != len(own[0].indices) + len(own[0].left_out):
        return []
    runs: dict[int, tuple[list[float], list[float]]] = {}
    for index, number, frame in zip(own[0].indices, own[0].trajectories, own[0].predicted, strict=True):
        along, energies = runs.setdefault(number, ([], []))
        along.append(times[index])
        energies.append(Labels.of(frame).energy / len(frame))
    return list(runs.values())


def settled(runs: Sequence[tuple[Sequence[float], Sequence[float]]], symbols: set[str]) -> Settled:
    """Whether runs of one driver are settled. runs: times (fs) and the driver's energies (eV/atom) of each run.

    Long enough: the shortest run lasts ten periods of the fastest mode (`period_of`). Settled: a line is fitted to the
    energies of each run. Of four runs or more, the mean change over a run differs from zero by Student's t over runs
    (5 %; frames may be correlated as they like) and by more than half a standard deviation of the energy about the
    lines: then they are not. Runs are independent where frames are not, which Geyer's and Chodera's estimates for a
    single series (J. Chem. Theory Comput. 12, 1799 (2016)) have to find out from the frames: in short series they
    accept an exponential decay as a correlation. Of fewer runs the mean change may be 1.5 standard deviations at most.
    FrameError where there is no run.
    """
    import numpy as np

    if not runs:
        raise FrameError("there is no run to look at", hint="Give at least one")
    period = period_of(symbols)
    span = min(float(max(times) - min(times)) if len(times) else 0.0 for times, _ in runs)
    fewest = min(len(times) for times, _ in runs)
    trends = np.array([_trend(np.array(times, float), np.array(energies, float)) for times, energies in runs])
    changes, fluctuation = trends[:, 0], float(np.sqrt((trends[:, 1] ** 2).mean()))
    change = float(changes.mean())
    limit = LARGE_TREND * fluctuation
    if len(runs) >= LEAST_UNITS:
        limit = max(SMALL_TREND * fluctuation, Jackknife.of_mean(changes).reach(0.05))
    reason = ""
    if span < PERIODS * period:
        reason = (
            f"{_fs(span)} are {span / period:.0f} periods of the fastest mode (at most {_fs(period)} each), and "
            f"{PERIODS} are needed"
        )
        if span < period:
            reason = f"{_fs(span)} are less than one period of the fastest mode ({_fs(period)} at most)"
    elif fewest < FEWEST_FRAMES:
        reason = f"{fewest} frames are too few, {FEWEST_FRAMES} are needed"
    elif abs(change) > limit * (1 + 1e-9) + 1e-12:
        size = f"{shown(1000 * abs(change), 1)}{NARROW}meV/atom"
        reason = f"the driver's energy still {'falls' if change < 0 else 'rises'}, by {size} over a run"
    return Settled(reason, span, period, change, fluctuation)


def not_equilibrated(found: Sequence[SampledTrajectory], predicted: Sequence[Predictions] = ()) -> str:
    """Why these runs of one driver are no canonical ensemble, a clause; empty where nothing says so.

    They are where the first frame comes ten periods of the fastest mode after the start, or the run lasts ten times as
    long, so that its beginning hardly counts; and where the driver's energy does not run up or down (`settled`).
    Before, frames remember the starting structure: where that is a minimum of another potential, the forces of the two
    oppose each other, and a potential whose minima are displaced looks soft.
    """
    if not found:
        return ""
    wanted = PERIODS * period_of({symbol for one in found for symbol in one.start.get_chemical_symbols()})
    begin = min((min(one.times) for one in found if len(one.times)), default=0.0)
    run = Settled.of_trajectories(found, predicted)
    if begin < wanted and run.span < 10 * wanted:
        when = f"frames begin {_fs(begin)} after the start"
        return f"not equilibrated: {when}, and {PERIODS} periods of the fastest mode are {_fs(wanted)}"
    return f"not equilibrated: {run.reason}" if "energy still" in run.reason else ""


def _trend(times: np.ndarray, energies: np.ndarray) -> tuple[float, float]:
    """The change of a fitted line over a run, and the standard deviation about it."""
    import numpy as np

    t = times - times.mean() if len(times) else times
    if not t.any():
        return 0.0, 0.0
    off = energies - energies.mean()
    slope = float(t @ off / (t @ t))
    rest = off - slope * t
    return slope * float(np.ptp(t)), math.sqrt(float(rest @ rest) / max(len(t) - 2, 1))


def _fs(time: float) -> str:
    return f"{shown(time, 0)}{NARROW}fs"
