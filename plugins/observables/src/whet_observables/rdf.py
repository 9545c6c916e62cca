"""rdf: radial distribution functions by pair of elements, and their first peaks beside the reference's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from whet import Column, Figure, Findings, FrameError, Options, Table, Verdict, Work
from whet_observables.ensemble_analysis import EnsembleAnalysis
from whet_observables.ensembles import Ensemble, doubts, reference_of
from whet_observables.references import ALLEN
from whet_observables.run_means import FEWEST, RunMean, excludes_zero, in_words

if TYPE_CHECKING:
    from whet_observables.pair_distances import Radial, Window

TITLE = "Radial distribution"
MOST_PANELS, MOST_LINES, MOST_POINTS = 9, 6, 5000
ALL, BETWEEN = "all atoms", "of different molecules"

PEAKS = (
    Column("state", description="Who drove the trajectories."),
    Column("pair", description="The two elements."),
    Column("atoms", description="All atoms, or those of different molecules alone."),
    Column("position", "Å", "Of the first peak.", decimals=3, interval=True),
    Column("height", description="g at the first peak.", decimals=2, interval=True),
    Column("Δ position", "Å", "Position less that of the reference's own dynamics.", decimals=3, interval=True),
    Column("Δ height", description="Height less that of the reference's own dynamics.", decimals=2, interval=True),
    Column("trajectories", description="Independent trajectories."),
    Column("frames", description="Frames of all of them."),
)


class RadialDistributionOptions(Options):
    """How distances are counted."""

    r_max: float = Field(default=8.0, gt=0)
    """Å; half the least height of the cell where that is less."""
    width: float = Field(default=0.02, gt=0)
    """Å; of a bin."""
    unbonded: list[str] = Field(default=[])
    """Symbols of ions that have neighbors but no bonds (`[Li]`); for what counts as a molecule."""


@dataclass(frozen=True, eq=False)
class Curves:
    """One pair of elements in one ensemble: the radial distribution of each run, their mean, and its first peak."""

    one: Ensemble
    pair: tuple[str, str]
    atoms: str
    each: Sequence[Radial]
    mean: Radial
    window: Window | None
    frames: int

    def peaks(self, window: Window | None) -> tuple[RunMean | None, RunMean | None]:
        """Position and height of the first peak, over runs."""
        from whet_observables.pair_distances import peak_in

        found = [peak for run in self.each if window and (peak := peak_in(run, window)) is not None]
        return RunMean.of([peak.position for peak in found]), RunMean.of([peak.height for peak in found])

    def beside(self, other: Curves) -> list[tuple[RunMean, RunMean]]:
        """Position and height, of this and of the other, by one window for both unless their peaks lie apart."""
        import numpy as np

        from whet_observables.pair_distances import first_window

        own, of = self.window, other.window
        if own is None or of is None:
            return []
        if own[0] <= of[1] and of[0] <= own[1]:
            many = min(len(self.mean.g), len(other.mean.g))
            # By frames, so that noise chooses the window for both sides alike.
            g = np.average([self.mean.g[:many], other.mean.g[:many]], axis=0, weights=[self.frames, other.frames])
            own = of = first_window(g, self.mean.counts[:many] + other.mean.counts[:many]) or own
        pairs = zip(self.peaks(own), other.peaks(of), strict=True)
        return [(one, two) for one, two in pairs if one is not None and two is not None]


class RadialDistribution(EnsembleAnalysis[RadialDistributionOptions]):
    """Radial distribution functions by pair of elements, between molecules too, with the first peak of each."""

    name = "rdf"
    result_version = 2
    place = 300
    Options = RadialDistributionOptions
    rests_on: ClassVar = (ALLEN,)

    def run(self, work: Work) -> Findings:
        every = self.ensembles(work)
        notes, curves = [], []
        for place, one in enumerate(every):
            try:
                curves += self._curves(one)
            except FrameError as error:
                notes.append(f"{one.name}: {error.what}.")
            work.progress(place + 1, len(every))
        if not curves:
            return Findings(TITLE, notes=notes or ["There is no trajectory."])
        notes += doubts(every)
        reach = min(float(curve.mean.r[-1]) for curve in curves) + self.options.width / 2
        if reach < self.options.r_max - 1e-9:
            notes.append(f"Half the least height of a cell is all that is counted: {reach:.2f} Å.")
        found = {(curve.one.name, curve.pair, curve.atoms): curve for curve in curves}
        rows, verdicts = [], []
        for one in every:
            other = reference_of(one, every)
            own = [curve for curve in curves if curve.one is one]
            compared = [(curve, found.get((other.name, curve.pair, curve.atoms)) if other else None) for curve in own]
            rows += [_row(curve, reference) for curve, reference in compared]
            if other is not None and own:
                verdicts.append(_verdict(one, other, [(curve, of) for curve, of in compared if of is not None]))
        figures = list(_figures(curves))
        tables = [
            Table("rdf-peaks", "First peaks of the radial distribution functions", PEAKS, rows, folded=len(rows) > 12),
            *(table for _, table in figures),
        ]
        return Findings(
            TITLE,
            tables=tables,
            figures=[figure for figure, _ in figures],
            verdicts=verdicts,
            definition="g(r) of each pair of elements: the pairs in a shell over those that an ideal gas of the same "
            "density has there, the volume being that of each frame; every trajectory counts the same. The first peak "
            "is the highest point of the first stretch in which g is above 1, by a parabola through the bins above "
            "half of it, the same bins for both sides of a difference; it is none where fewer than 400 distances make "
            "it, or where it does not stand out from 1. Differences are from the labeler's own dynamics of the same "
            "atoms; intervals are over trajectories, four on each side (Student, Welch). A claim allows for the number "
            "of peaks compared (Bonferroni).",
            source="Allen and Tildesley, Computer Simulation of Liquids, section 2.6",
            notes=notes,
        )

    def _curves(self, one: Ensemble) -> Iterator[Curves]:
        """Of each pair of elements of an ensemble; one frame at a time is in memory."""
        import numpy as np

        from whet_observables.molecules import Molecules
        from whet_observables.pair_distances import PairDistances, Radial, first_window

        counted, molecules = [], [Molecules.in_start(run.start, self.options.unbonded) for run in one.runs]
        whole = all(not found.are_single_atoms and len(found.species) > 1 for found in molecules)
        for run, found in zip(one.runs, molecules, strict=True):
            counts = PairDistances(run.start, self.options.r_max, self.options.width, found.of if whole else None)
            for frame in run.frames:
                counts.add(frame)
            counted.append(counts)
        frames = sum(len(run.frames) for run in one.runs)
        for pair in counted[0].pairs:
            for atoms in [ALL, BETWEEN] if whole else [ALL]:
                each = [counts.of(pair, between_molecules=atoms == BETWEEN) for counts in counted]
                reached = [radial.frames == len(run.frames) for radial, run in zip(each, one.runs, strict=True)]
                bins = int(np.all(reached, axis=0).sum())
                each = [
                    Radial(radial.r[:bins], radial.g[:bins], radial.frames[:bins], radial.counts[:bins])
                    for radial in each
                ]
                if bins:
                    g = np.mean([radial.g for radial in each], axis=0)
                    sums = [np.sum([getattr(run, name) for run in each], axis=0) for name in ("frames", "counts")]
                    yield Curves(one, pair, atoms, each, Radial(each[0].r, g, *sums), first_window(g, sums[1]), frames)
                else:
                    what = f"no bin of {self.options.width:g} Å fits into half the least height of its cell"
                    raise FrameError(f"{what} (option `width`)")


def _row(curve: Curves, reference: Curves | None) -> list:
    own = [None if mean is None else mean.estimate for mean in curve.peaks(curve.window)]
    off: list = [mine.less(theirs) for mine, theirs in curve.beside(reference)] if reference else []
    off += [None] * (2 - len(off))
    return [curve.one.name, "–".join(curve.pair), curve.atoms, *own, *off, len(curve.one.runs), curve.frames]


def _verdict(one: Ensemble, other: Ensemble, compared: Sequence[tuple[Curves, Curves]]) -> Verdict:
    question = "Is the structure that of the reference?"
    kinds = (("position", 3, "Å"), ("height", 2, ""))
    means = [
        (curve, kind, both)
        for curve, reference in compared
        for kind, both in zip(kinds, curve.beside(reference), strict=False)
    ]
    level = 1 - 0.05 / max(len(means), 1)
    told = [
        f"{what} of {'–'.join(curve.pair)}{_where(curve)} {in_words(off, decimals, unit)}"
        for curve, (what, decimals, unit), (own, of) in means
        if excludes_zero(off := own.less(of, level))
    ]
    units = min(len(one.runs), len(other.runs))
    evidence = f"{len(means)} positions and heights of first peaks, {len(one.runs)} and {len(other.runs)} trajectories"
    if told or units < FEWEST:
        claim = f"{one.name}: first peaks differ: {'; '.join(told)}"
        return Verdict.of_units(units, question, claim, evidence=evidence, prominent=False)
    claim = f"{one.name}: no first peak differs from the reference's beyond what trajectories differ by"
    return Verdict(question, claim, evidence, units=units, decided=False, prominent=False)


def _points(mean: Radial, joined: int) -> Iterator[tuple[float, float]]:
    """r and g, so many bins made one."""
    many = len(mean.r) // joined * joined
    r, g = (values[:many].reshape(-1, joined).mean(axis=1) for values in (mean.r, mean.g))
    yield from zip(r.tolist(), g.tolist(), strict=True)


def _where(curve: Curves) -> str:
    return " between molecules" if curve.atoms == BETWEEN else ""


def _figures(curves: Sequence[Curves]) -> Iterator[tuple[Figure, Table]]:
    """One figure of all atoms, and one of different molecules where there are some."""
    columns = (
        Column("state", description="Who drove the trajectories."),
        Column("pair", description="The two elements."),
        Column("r", "Å", "Middle of a bin."),
        Column("g", description="Radial distribution function."),
    )
    for atoms, name in ((ALL, "rdf"), (BETWEEN, "rdf-between-molecules")):
        chosen = [curve for curve in curves if curve.atoms == atoms]
        if not chosen:
            continue
        pairs = list(dict.fromkeys("–".join(curve.pair) for curve in chosen))[:MOST_PANELS]
        states = list(dict.fromkeys(curve.one.name for curve in chosen))[:MOST_LINES]
        drawn = [curve for curve in chosen if curve.one.name in states and "–".join(curve.pair) in pairs]
        joined = max(-(-sum(len(curve.mean.r) for curve in drawn) // MOST_POINTS), 1)
        rows = [[curve.one.name, "–".join(curve.pair), r, g] for curve in drawn for r, g in _points(curve.mean, joined)]
        spec = {
            "data": {"name": f"{name}-points"},
            "facet": {"field": "pair", "type": "nominal", "title": None, "sort": None},
            "columns": 3,
            "spec": {
                "width": 180,
                "height": 120,
                "mark": {"type": "line", "tooltip": {"content": "data"}},
                "encoding": {
                    "x": {"field": "r", "type": "quantitative", "title": "r (Å)"},
                    "y": {"field": "g", "type": "quantitative", "title": "g(r)"},
                    "color": {"field": "state", "type": "nominal", "sort": None, "title": None},
                },
            },
            "resolve": {"scale": {"y": "independent"}},
        }
        caption = (
            f"Radial distribution functions of {atoms if atoms == ALL else f'atoms {atoms}'}, by pair of elements."
        )
        if len(drawn) < len(chosen):
            caption += f" The first {len(pairs)} pairs and {len(states)} states."
        text = caption + " The table of first peaks has the numbers."
        yield (
            Figure(name, caption, text, spec),
            Table(f"{name}-points", "Radial distribution functions", columns, rows, shown=False),
        )
