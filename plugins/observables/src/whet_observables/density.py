"""density: its mean, how sure that is, and how far its distribution is from the reference's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from whet import Column, Estimate, Figure, Findings, FrameError, Options, Table, Verdict, Work
from whet_observables.ensemble_analysis import EnsembleAnalysis
from whet_observables.ensembles import Ensemble, doubts, reference_of
from whet_observables.references import BLOCKS, NIBLETT
from whet_observables.run_means import FEWEST, RunMean, excludes_zero, in_words

if TYPE_CHECKING:
    import numpy as np

TITLE = "Density"
MOST_LINES = 8

COLUMNS = (
    Column("state", description="Who drove the trajectories."),
    Column("density", "g/cm³", "Mean over trajectories.", decimals=4, interval=True),
    Column("standard error", "g/cm³", "Of the mean.", decimals=4),
    Column("error over", description="What scatters: trajectories, or blocks of the only one."),
    Column("deviation", "g/cm³", "Standard deviation of the density itself, within trajectories.", decimals=4),
    Column("difference", "g/cm³", "From the reference's own dynamics.", decimals=4, interval=True),
    Column("D_KL", description="Divergence of its distribution from that of the reference.", decimals=3),
    Column("D_KL null", description="Of one trajectory of the reference from its others, the mean.", decimals=3),
    Column("trajectories", description="Independent trajectories."),
    Column("frames", description="Frames of all of them."),
)


class DensityOptions(Options):
    """Which frames count."""

    skip: float = Field(default=0.0, ge=0)
    """fs, by which the first frames of each trajectory are left out; a study's `equilibration` already is."""


class Density(EnsembleAnalysis[DensityOptions]):
    """Density of trajectories whose cell moves: mean, and divergence of its distribution from the reference's."""

    name = "density"
    place = 310
    Options = DensityOptions
    rests_on: ClassVar = (NIBLETT, BLOCKS)

    def run(self, work: Work) -> Findings:
        found = self.ensembles(work)
        every, notes = [one for one in found if one.moves], []
        series: dict[str, list[np.ndarray]] = {}
        for one in every:
            try:
                each = self._series(one)
            except FrameError as error:
                notes.append(f"{one.name}: {error.what}.")
            else:
                if each:
                    series[one.name] = each
        every = [one for one in every if one.name in series]
        if not every:
            why = "The cells of all trajectories are fixed, and with them the densities (`ensemble: npt` moves them)."
            return Findings(TITLE, notes=notes or ([why] if found else ["There is no trajectory."]))
        return Findings(
            TITLE,
            tables=[Table("density", "Densities", COLUMNS, _rows(every, series)), _points(every, series)],
            figures=[_figure(len(every))],
            verdicts=[_verdict(one, other, series) for one in every if (other := reference_of(one, every)) is not None],
            definition="Mass over the volume of each frame. The interval is over trajectories, of which four are "
            "needed (Student; of differences Welch). The error of a single trajectory is the largest that blocks of 1, "
            "2, 4, … frames give. D_KL(P‖P_ref) = Σ P ln(P/P_ref) over bins half a standard deviation of the reference "
            "wide, half a frame added to each; P_ref is the mean over its trajectories. The null is the same for each "
            "trajectory of the reference against its others.",
            source="Niblett et al., section 3; Flyvbjerg and Petersen, J. Chem. Phys. 91, 461 (1989)",
            notes=[*notes, *_unsettled(every, series), *doubts(every)],
        )

    def _series(self, one: Ensemble) -> list[np.ndarray]:
        from whet_observables.density_series import densities

        return [found for run in one.runs if len(found := densities(run, self.options.skip))]


def mean_density(each: Sequence[np.ndarray]) -> RunMean | None:
    """Over trajectories; of a single one with the error of its blocks."""
    from whet_observables.density_series import block_error

    return RunMean.of([float(one.mean()) for one in each], block_error(each[0]) if len(each) == 1 else None)


def _rows(every: Sequence[Ensemble], series: dict[str, list[np.ndarray]]) -> list[list]:
    from whet_observables.density_series import divergence

    rows = []
    for one in every:
        own, other = series[one.name], reference_of(one, every)
        mean = mean_density(own)
        assert mean is not None
        against = series[other.name] if other else (own if one.is_reference else [])
        of = mean_density(against) if other else None
        null = None
        if len(against) > 1:
            nulls = [divergence([found], [*against[:n], *against[n + 1 :]]) for n, found in enumerate(against)]
            null = sum(nulls) / len(nulls)
        rows.append(
            [
                one.name,
                mean.estimate,
                mean.error,
                mean.over,
                float(sum(float(found.var()) for found in own) / len(own)) ** 0.5,
                mean.less(of) if of else Estimate(None),
                divergence(own, against) if other else None,
                null,
                len(own),
                sum(len(found) for found in own),
            ]
        )
    return rows


def _unsettled(every: Sequence[Ensemble], series: dict[str, list[np.ndarray]]) -> Iterator[str]:
    """Sentences on densities that still rise or fall."""
    from whet_observables.density_series import drift

    for one in every:
        if (rise := drift(series[one.name])) is not None:
            way = "rises" if rise > 0 else "falls"
            yield (
                f"{one.name}: the density still {way}, by {abs(rise):.3g} g/cm³ over a trajectory on average: it is "
                "not settled, and has neither a mean nor a distribution yet."
            )


def _verdict(one: Ensemble, other: Ensemble, series: dict[str, list[np.ndarray]]) -> Verdict:
    from whet_observables.density_series import drift

    own, of = mean_density(series[one.name]), mean_density(series[other.name])
    assert own is not None
    assert of is not None
    units, difference = min(own.units, of.units), own.less(of)
    question = "Is the density that of the reference?"
    evidence = f"{own.value:.4f} against {of.value:.4f} g/cm³, {own.units} and {of.units} trajectories"
    words = in_words(difference, 4, "g/cm³")
    if any(drift(series[side.name]) is not None for side in (one, other)) and units >= FEWEST:
        claim = f"{one.name}: undecided, a density still changes along the trajectories ({words})"
        return Verdict(question, claim, evidence, units=units, decided=False, prominent=False)
    if excludes_zero(difference) or units < FEWEST:
        return Verdict.of_units(units, question, f"{one.name}: {words}", evidence=evidence, prominent=False)
    claim = f"{one.name}: not told apart from the reference, {words}"
    return Verdict(question, claim, evidence, units=units, decided=False, prominent=False)


def _points(every: Sequence[Ensemble], series: dict[str, list[np.ndarray]]) -> Table:
    """The distributions over bins that all have in common."""
    import numpy as np

    columns = (
        Column("state", description="Who drove the trajectories."),
        Column("density", "g/cm³", "Middle of a bin."),
        Column("frequency", "cm³/g", "Share of frames over the width of the bin."),
    )
    shown = [one.name for one in every][:MOST_LINES]
    values = np.concatenate([found for name in shown for found in series[name]])
    low, high = float(values.min()), float(values.max())
    edges = np.linspace(low, max(high, low + 1e-6), 61)
    rows = []
    for name in shown:
        counts, _ = np.histogram(np.concatenate(series[name]), edges)
        shares = counts / counts.sum() / np.diff(edges)
        middles = (edges[:-1] + edges[1:]) / 2
        rows += [[name, float(middle), float(share)] for middle, share in zip(middles, shares, strict=True)]
    return Table("density-points", "Distributions of the density", columns, rows, shown=False)


def _figure(states: int) -> Figure:
    spec = {
        "data": {"name": "density-points"},
        "width": 420,
        "height": 180,
        "mark": {"type": "line", "interpolate": "step", "tooltip": {"content": "data"}},
        "encoding": {
            "x": {"field": "density", "type": "quantitative", "title": "density (g/cm³)", "scale": {"zero": False}},
            "y": {"field": "frequency", "type": "quantitative", "title": "frequency (cm³/g)"},
            "color": {"field": "state", "type": "nominal", "sort": None, "title": None},
        },
    }
    caption = "Distribution of the density over all frames."
    if states > MOST_LINES:
        caption += f" The first {MOST_LINES} states."
    return Figure("density", caption, caption + " The table has mean and divergence.", spec)
