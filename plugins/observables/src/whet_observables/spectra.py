"""spectra: vibrational densities of states by element, where frames are close enough to each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from whet import Column, Estimate, Figure, Findings, Options, SampledTrajectory, Table, Verdict, WhetError, Work
from whet_observables.ensemble_analysis import EnsembleAnalysis
from whet_observables.ensembles import Ensemble, doubts, duration, reference_of, regular_times
from whet_observables.references import STATES
from whet_observables.run_means import RunMean, excludes_zero, in_words

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from whet_observables.power_spectrum import PowerSpectrum, States

TITLE = "Vibrations"
MOST_POINTS, MOST_STATES = 4000, 6
LOW = 0.003
"""Of the highest density of an element; below it a figure shows nothing."""

COLUMNS = (
    Column("state", description="Who drove the trajectories."),
    Column("element", description="Whose density of states it is."),
    Column("mean", "cm⁻¹", "Mean wavenumber of the element's density of states.", decimals=1, interval=True),
    Column("highest peak", "cm⁻¹", "Of the mean over trajectories, above what diffusion makes.", decimals=0),
    Column("Δ mean", "cm⁻¹", "Mean less that of the reference's own dynamics.", decimals=1, interval=True),
    Column("velocities", description="Those of the frames, or made from positions."),
    Column("trajectories", description="Independent trajectories."),
    Column("windows", description="Windows of all of them."),
)


class SpectraOptions(Options):
    """How a spectrum is made."""

    window: float = Field(default=2000.0, gt=0)
    """fs; the resolution is about 50,000 cm⁻¹ fs over it."""
    fastest: float | None = Field(default=None, gt=0)
    """fs; period of the fastest mode, where you know it: frames must be closer than 0.4 of it. By default as short as
    the elements allow, 7.5 fs with hydrogen."""


@dataclass(frozen=True, eq=False)
class ElementStates:
    """One element in one ensemble. each: of every trajectory."""

    one: Ensemble
    element: str
    each: Sequence[States]
    windows: int
    source: str

    @property
    def mean(self) -> RunMean:
        """cm⁻¹."""
        found = RunMean.of([run.mean for run in self.each])
        assert found is not None
        return found

    @property
    def peak(self) -> float | None:
        """cm⁻¹, of the mean over trajectories: of several that are as high, each trajectory has another one highest."""
        import numpy as np

        from whet_observables.power_spectrum import States

        return States(self.each[0].wavenumbers, np.mean([run.density for run in self.each], axis=0)).peak


class Spectra(EnsembleAnalysis[SpectraOptions]):
    """Vibrational densities of states by element, from velocities of frames that are close enough to each other."""

    name = "spectra"
    place = 330
    result_version = 3
    Options = SpectraOptions
    rests_on: ClassVar = (STATES,)

    def run(self, work: Work) -> Findings:
        every, notes, found = self.ensembles(work), [], []
        for place, one in enumerate(every):
            if reason := self._unfit(one):
                notes.append(f"{one.name}: {reason}")
                continue
            try:
                found += self._of(one)
            except WhetError as error:
                notes.append(f"{one.name}: {error.what}.")
            work.progress(place + 1, len(every))
        if not found:
            return Findings(TITLE, notes=notes or ["There is no trajectory."])
        by_name = {(one.one.name, one.element): one for one in found}
        rows, verdicts = [], []
        for one in every:
            other = reference_of(one, every)
            own = [states for states in found if states.one is one]
            compared = [(states, by_name.get((other.name, states.element)) if other else None) for states in own]
            rows += [_row(states, of) for states, of in compared]
            if other is not None and (known := [(states, of) for states, of in compared if of is not None]):
                verdicts.append(_verdict(one, other, known))
        return Findings(
            TITLE,
            tables=[Table("spectra", "Vibrational densities of states", COLUMNS, rows), _points(found)],
            figures=[_figure(found)],
            verdicts=verdicts,
            definition="The Fourier transform of the mass-weighted velocity autocorrelation of each element, as the "
            f"mean power of overlapping windows of {duration(self.options.window)}; over all elements its integral is "
            "1. Velocities are those of the frames; where they have none, minimal-image differences of positions, "
            "corrected for what these take from fast modes. Intervals are over trajectories, four on each side "
            "(Student, Welch). Nuclei are classical, and a thermostat with a short damping time broadens peaks.",
            source="Dickey and Paskin, Phys. Rev. 188, 1407 (1969); Welch, IEEE Trans. Audio 15, 70 (1967)",
            notes=notes + list(doubts(every)),
        )

    def _unfit(self, one: Ensemble) -> str:
        """Why there is no spectrum, a sentence; empty where there can be one."""
        from whet_observables.power_spectrum import FRAMES_A_PERIOD, PERIODS_A_WINDOW, fastest_period

        period = self.options.fastest or fastest_period(one.runs[0].start)
        found = [regular_times(run) for run in one.runs]
        interval = max(step for _, step in found)
        longest = period / FRAMES_A_PERIOD
        if interval <= 0:
            return "trajectories of one frame have no spectrum."
        if interval > longest * (1 + 1e-9):
            return (
                f"frames are {duration(interval)} apart, and the fastest mode can have a period of {duration(period)}: "
                f"a spectrum needs a frame every {duration(math.floor(10 * longest) / 10)} at least (`every:`, "
                "`timestep:` of the dynamics)."
            )
        if min(step for _, step in found) < interval * (1 - 1e-6):
            return "its trajectories have frames at different intervals."
        shortest = min(float(times[-1] - times[0]) for times, _ in found)
        if shortest + interval < self.options.window - 1e-6:
            return (
                f"a trajectory lasts {duration(shortest)}, and the window {duration(self.options.window)} (option "
                "`window`)."
            )
        if self.options.window < PERIODS_A_WINDOW * period:
            return (
                f"the window of {duration(self.options.window)} has fewer than {PERIODS_A_WINDOW} periods of the "
                f"fastest mode ({duration(period)} each)."
            )
        return ""

    def _of(self, one: Ensemble) -> Iterator[ElementStates]:
        spectra = [self._spectrum(run) for run in one.runs]
        windows = sum(spectrum.windows for spectrum, _ in spectra)
        sources = sorted({source for _, source in spectra})
        for element in spectra[0][0].elements:
            each = [spectrum.of(element) for spectrum, _ in spectra]
            yield ElementStates(one, element, each, windows, " and ".join(sources))

    def _spectrum(self, run: SampledTrajectory) -> tuple[PowerSpectrum, str]:
        from whet_observables.power_spectrum import PowerSpectrum

        times, interval = regular_times(run)
        first = run.frames[0]
        given = first.has("momenta") and bool(first.get_momenta().any())
        span = (len(times) - (not given)) * interval
        spectrum = PowerSpectrum(run.start, interval, min(self.options.window, span), differences=not given)
        before = None
        for _, frame in zip(times, run.frames, strict=False):
            if given:
                spectrum.add(frame.get_velocities())
            elif before is not None:
                spectrum.add(_displacement(before, frame) / interval)
            before = frame
        return spectrum, "of the frames" if given else "from positions"


def _displacement(before: Atoms, after: Atoms) -> np.ndarray:
    """(n_atoms, 3) Å, by minimal image in the cell of the later frame; the motion of the cell is no part of it."""
    import numpy as np

    apart = after.positions - before.positions
    if not after.pbc.all():
        return apart
    step = after.get_scaled_positions(wrap=False) - before.get_scaled_positions(wrap=False)
    return (step - np.rint(step)) @ after.cell.array


def _row(one: ElementStates, other: ElementStates | None) -> list:
    return [
        one.one.name,
        one.element,
        one.mean.estimate,
        one.peak,
        one.mean.less(other.mean) if other else Estimate(None),
        one.source,
        len(one.each),
        one.windows,
    ]


def _verdict(one: Ensemble, other: Ensemble, compared: Sequence[tuple[ElementStates, ElementStates]]) -> Verdict:
    question = "Are vibrations those of the reference?"
    level = 1 - 0.05 / len(compared)
    told = [
        f"{own.element} {in_words(off, 1, 'cm⁻¹')}"
        for own, of in compared
        if excludes_zero(off := own.mean.less(of.mean, level))
    ]
    units = min(len(one.runs), len(other.runs))
    evidence = f"mean wavenumbers of {len(compared)} elements, {len(one.runs)} and {len(other.runs)} trajectories"
    limits = "Mean wavenumbers: two peaks that shift in opposite directions can leave them as they are."
    if told or units < 4:
        claim = f"{one.name}: mean wavenumbers differ: {'; '.join(told)}"
        return Verdict.of_units(units, question, claim, evidence=evidence, limits=limits, prominent=False)
    claim = f"{one.name}: no mean wavenumber differs from the reference's beyond what trajectories differ by"
    return Verdict(question, claim, evidence, units=units, decided=False, limits=limits, prominent=False)


def _points(found: Sequence[ElementStates]) -> Table:
    import numpy as np

    columns = (
        Column("state", description="Who drove the trajectories."),
        Column("element", description="Whose density of states it is."),
        Column("wavenumber", "cm⁻¹", "Middle of a bin."),
        Column("density", "cm", "Density of states; its integral over all elements is 1."),
    )
    shown = list(dict.fromkeys(one.one.name for one in found))[:MOST_STATES]
    chosen = [one for one in found if one.one.name in shown]
    joined = max(-(-sum(len(one.each[0].density) for one in chosen) // MOST_POINTS), 1)
    rows = []
    for one in chosen:
        many = len(one.each[0].density) // joined * joined
        g = np.mean([run.density[:many] for run in one.each], axis=0).reshape(-1, joined).mean(axis=1)
        wavenumbers = one.each[0].wavenumbers[:many].reshape(-1, joined).mean(axis=1)
        rows += [[one.one.name, one.element, float(at), float(of)] for at, of in zip(wavenumbers, g, strict=True)]
    return Table("spectrum-points", "Vibrational densities of states", columns, rows, shown=False)


def _reach(found: Sequence[ElementStates]) -> float:
    """cm⁻¹, beyond which nothing stands out from zero."""
    import numpy as np

    ends = [0.0]
    for run in (run for one in found for run in one.each):
        there = np.flatnonzero(run.density > LOW * run.density.max(initial=0.0))
        ends += [float(run.wavenumbers[there[-1]])] if len(there) else []
    return 1.1 * max(ends)


def _figure(found: Sequence[ElementStates]) -> Figure:
    spec = {
        "data": {"name": "spectrum-points"},
        "facet": {"field": "element", "type": "nominal", "title": None, "sort": None},
        "columns": 2,
        "spec": {
            "width": 280,
            "height": 140,
            "mark": {"type": "line", "clip": True, "tooltip": {"content": "data"}},
            "encoding": {
                "x": {
                    "field": "wavenumber",
                    "scale": {"domain": [0, _reach(found)]},
                    "type": "quantitative",
                    "title": "wavenumber (cm⁻¹)",
                    "axis": {"tickCount": 4},
                },
                "y": {"field": "density", "type": "quantitative", "title": "density of states (cm)"},
                "color": {"field": "state", "type": "nominal", "sort": None, "title": None},
            },
        },
        "resolve": {"scale": {"y": "independent"}},
    }
    caption = "Vibrational density of states by element."
    if len({one.one.name for one in found}) > MOST_STATES:
        caption += f" The first {MOST_STATES} states."
    return Figure("spectra", caption, caption + " The table has means and peaks.", spec)
