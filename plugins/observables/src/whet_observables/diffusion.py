"""diffusion: coefficients of each species by Einstein's relation, beside the reference's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from whet import (
    Column,
    Estimate,
    Figure,
    Findings,
    SampledTrajectory,
    Table,
    Verdict,
    WhetError,
    Work,
)
from whet_observables.ensemble_analysis import EnsembleAnalysis
from whet_observables.ensembles import Ensemble, doubts, duration, reference_of, regular_times
from whet_observables.followed_centers import CentersOptions, FollowedCenters
from whet_observables.references import NIBLETT, UNWRAPPING
from whet_observables.run_means import FEWEST, RunMean, excludes_zero, in_words

if TYPE_CHECKING:
    from whet_observables.block_diffusion import Scheme, SpeciesDiffusion

TITLE = "Diffusion"
UNIT = "10⁻⁶ cm²/s"
PER_UNIT = 1e5
"""Å²/fs in units of 10⁻⁶ cm²/s."""
MOST_POINTS, MOST_LINES = 60, 20
FAR_FROM_ONE = 0.35
"""Of an exponent: what is farther from 1 is ballistic, or caged."""

COLUMNS = (
    Column("state", description="Who drove the trajectories."),
    Column("species", description="Of the centers of mass: a molecule's formula, or an element."),
    Column("D", UNIT, "Mean over trajectories.", interval=True),
    Column("standard error", UNIT, "Of the mean."),
    Column("error over", description="What scatters: trajectories, or blocks of the only one that do not overlap."),
    Column(
        "paper's error", UNIT, "Over all overlapping blocks as if they were independent (Niblett et al.): too small."
    ),
    Column("difference", UNIT, "From the reference's own dynamics.", interval=True),
    Column("exponent", description="a of MSD ∝ tᵃ late in a block: 1 is diffusion, 0 atoms that stay.", decimals=2),
    Column("trajectories", description="Independent trajectories that are long enough."),
    Column("blocks", description="Overlapping blocks of all of them."),
    Column("molecules", description="Of the species in a frame."),
)


class DiffusionOptions(CentersOptions):
    """The scheme of blocks; the defaults are those of Niblett et al."""

    block: float = Field(default=100_000.0, gt=0)
    """fs; length of a block."""
    every: float = Field(default=10_000.0, gt=0)
    """fs; from the beginning of a block to that of the next."""
    ballistic: float = Field(default=10_000.0, ge=0)
    """fs; left out at the beginning of each block."""


@dataclass(frozen=True, eq=False)
class Diffusing:
    """One species in one ensemble. each: of every trajectory that is long enough. is_followed: whether in all of them
    frames are near enough to follow it."""

    one: Ensemble
    species: str
    each: Sequence[SpeciesDiffusion]
    is_followed: bool = True

    @property
    def mean(self) -> RunMean:
        """In `UNIT`."""
        (first, *others) = self.each
        error = first.block_error if not others else None
        found = RunMean.of(
            [PER_UNIT * run.coefficient for run in self.each], None if error is None else PER_UNIT * error
        )
        assert found is not None
        return found

    @cached_property
    def exponent(self) -> float | None:
        """Of the mean-square displacement late in a block, mean over trajectories."""
        from whet_observables.block_diffusion import exponent

        known = [found for run in self.each if (found := exponent(run)) is not None]
        return math.fsum(known) / len(known) if known else None

    @property
    def is_diffusive(self) -> bool:
        """Whether the exponent is near 1."""
        return self.exponent is not None and abs(self.exponent - 1) <= FAR_FROM_ONE

    @property
    def blocks(self) -> list[float]:
        """Coefficients of all overlapping blocks, in `UNIT`."""
        return [PER_UNIT * float(value) for run in self.each for value in run.blocks]


class Diffusion(EnsembleAnalysis[DiffusionOptions]):
    """Diffusion coefficients of centers of mass by species, with errors over trajectories or separate blocks."""

    name = "diffusion"
    result_version = 2
    place = 320
    Options = DiffusionOptions
    rests_on: ClassVar = (NIBLETT, UNWRAPPING)

    def run(self, work: Work) -> Findings:
        options = self.options
        scheme = scheme_of(options)
        every, notes, found = self.ensembles(work), [], []
        for place, one in enumerate(every):
            own, said = diffusing(one, options)
            found += own
            notes += said
            work.progress(place + 1, len(every))
        if not found:
            return Findings(TITLE, notes=notes or ["There is no trajectory."])
        by_name = {(one.one.name, one.species): one for one in found}
        rows, verdicts = [], []
        for one in found:
            reference = reference_of(one.one, every)
            other = by_name.get((reference.name, one.species)) if reference else None
            rows.append(_row(one, other))
            if other is not None:
                verdicts.append(_verdict(one, other))
        return Findings(
            TITLE,
            tables=[Table("diffusion", "Diffusion coefficients", COLUMNS, rows), _curves(found)],
            figures=[_figure(len(found))],
            verdicts=verdicts,
            definition=f"D = slope of the mean-square displacement / 6 of centers of mass, in blocks of "
            f"{duration(scheme.block)} that begin {duration(scheme.every)} apart, fitted after the first "
            f"{duration(scheme.ballistic)} of each; the first {duration(scheme.equilibration)} of a trajectory are "
            "left out. Steps from frame to frame are by minimal image; where the cell moves each is taken in the cell "
            "of its own frame (von Bülow et al.). The standard error and the interval (four trajectories) are over "
            "trajectories, of a single one over the blocks that do not overlap. Not corrected for the size of the cell "
            "(Yeh and Hummer, J. Phys. Chem. B 108, 15873 (2004)).",
            source="Niblett et al., figure 1; von Bülow, Bullerjahn and Hummer, J. Chem. Phys. 153, 021101 (2020)",
            notes=[*notes, *_not_diffusive(found), *doubts(every)],
        )


def scheme_of(options: DiffusionOptions) -> Scheme:
    """The scheme that options ask for."""
    from whet_observables.block_diffusion import Scheme

    return Scheme(options.block, options.every, options.ballistic, options.equilibration)


def diffusing(one: Ensemble, options: DiffusionOptions) -> tuple[list[Diffusing], list[str]]:
    """Each species of an ensemble, and sentences on what was left out or is doubtful; one frame at a time is read."""
    scheme = scheme_of(options)
    notes, found, short, doubtful = set(), {}, [], 0
    for run in one.runs:
        times, interval = regular_times(run)
        if interval <= 0 or float(times[-1] - times[0]) < scheme.shortest - 1e-6:
            short.append(float(times[-1] - times[0]))
            continue
        try:
            each, note, is_doubtful = _of_run(run, len(times), interval, options)
        except WhetError as error:
            notes.add(f"{one.name}: {error.what}.")
            continue
        notes |= {f"{one.name}: {note}"} if note else set()
        doubtful += is_doubtful
        for species, of in each:
            found.setdefault(species, []).append(of)
    said = sorted(notes)
    if short:
        many = f"{len(short)} of {len(one.runs)} trajectories are" if len(one.runs) > 1 else "its trajectory is"
        said.append(
            f"{one.name}: {many} too short, at most {duration(max(short))}: {duration(scheme.block)} of a block after "
            f"{duration(scheme.equilibration)} of equilibration are needed (options `block`, `equilibration`)."
        )
    if doubtful:
        said.append(
            f"{one.name}: in {doubtful} trajectories a center moves by over 0.4 of a cell vector between two frames: "
            "frames are too far apart to follow it, and D is not to be trusted."
        )
    return [Diffusing(one, species, each, not doubtful) for species, each in sorted(found.items())], said


def _of_run(
    run: SampledTrajectory, count: int, interval: float, options: DiffusionOptions
) -> tuple[list[tuple[str, SpeciesDiffusion]], str, bool]:
    """Of one trajectory: each species, what is to be said of its molecules, and whether it could be followed."""
    from whet_observables.block_diffusion import BlockDiffusion

    centers = FollowedCenters(run, count, options)
    molecules = centers.molecules
    blocks = BlockDiffusion(
        molecules.species, interval, scheme_of(options), None if options.keep_drift else molecules.weights
    )
    for places in centers:
        blocks.add(places)
    each = [(name, found) for name in blocks.names if (found := blocks.of(name)) is not None]
    return each, molecules.note, centers.is_doubtful


def _row(one: Diffusing, other: Diffusing | None) -> list:
    blocks, mean = one.blocks, one.mean
    middle = math.fsum(blocks) / len(blocks)
    scatter = math.fsum((value - middle) ** 2 for value in blocks)
    return [
        one.one.name,
        one.species,
        mean.estimate,
        mean.error,
        mean.over,
        math.sqrt(scatter / (len(blocks) - 1) / len(blocks)) if len(blocks) > 1 else None,
        mean.less(other.mean) if other else Estimate(None),
        one.exponent,
        len(one.each),
        len(blocks),
        one.each[0].molecules,
    ]


def _verdict(one: Diffusing, other: Diffusing) -> Verdict:
    own, of = one.mean, other.mean
    units, difference = min(own.units, of.units), own.less(of)
    question = "Is diffusion that of the reference?"
    evidence = f"{own.value:.3g} against {of.value:.3g} {UNIT}, {own.units} and {of.units} trajectories"
    words = in_words(difference, 2, UNIT)
    if units >= FEWEST and (odd := [side.one.name for side in (one, other) if not side.is_diffusive]):
        claim = f"{one.one.name}: {one.species} undecided, no diffusion within a block of {' and '.join(odd)}"
        return Verdict(question, claim, evidence, units=units, decided=False, prominent=False)
    if units >= FEWEST and (lost := [side.one.name for side in (one, other) if not side.is_followed]):
        claim = f"{one.one.name}: {one.species} undecided, frames are too far apart in {' and '.join(lost)}"
        return Verdict(question, claim, evidence, units=units, decided=False, prominent=False)
    if excludes_zero(difference) or units < FEWEST:
        claim = f"{one.one.name}: {one.species} {words}"
        return Verdict.of_units(units, question, claim, evidence=evidence, prominent=False)
    claim = f"{one.one.name}: {one.species} not told apart from the reference, {words}"
    return Verdict(question, claim, evidence, units=units, decided=False, prominent=False)


def _not_diffusive(found: Sequence[Diffusing]) -> Iterator[str]:
    """Sentences on species whose displacement is not proportional to the time."""
    for one in found:
        if not one.is_diffusive:
            grows = "does not grow" if one.exponent is None else f"grows as t to the power of {one.exponent:.2f}"
            yield (
                f"{one.one.name}: the mean-square displacement of {one.species} {grows} late in a block, not as t: D "
                "is no diffusion coefficient. Longer blocks may show one."
            )


def _curves(found: Sequence[Diffusing]) -> Table:
    columns = (
        Column("state", description="Who drove the trajectories."),
        Column("species", description="Of the centers of mass."),
        Column("time", "ps", "Since the beginning of a block."),
        Column("msd", "Å²", "Mean-square displacement, over blocks and trajectories."),
    )
    rows = [row for one in found[:MOST_LINES] for row in _points(one)]
    return Table("msd-points", "Mean-square displacements", columns, rows, shown=False)


def _points(one: Diffusing) -> Iterator[list]:
    import numpy as np

    lags = one.each[0].lags
    many = min(len(run.lags) for run in one.each)
    mean = np.mean([run.msd[:many] for run in one.each], axis=0)
    for place in sorted({round(at) for at in np.linspace(0, many - 1, MOST_POINTS)}):
        yield [one.one.name, one.species, float(lags[place]) / 1000, float(mean[place])]


def _figure(lines: int) -> Figure:
    spec = {
        "data": {"name": "msd-points"},
        "width": 420,
        "height": 200,
        "mark": {"type": "line", "tooltip": {"content": "data"}},
        "encoding": {
            "x": {"field": "time", "type": "quantitative", "title": "time (ps)"},
            "y": {"field": "msd", "type": "quantitative", "title": "mean-square displacement (Å²)"},
            "color": {"field": "state", "type": "nominal", "sort": None, "title": None},
            "strokeDash": {"field": "species", "type": "nominal", "title": None},
        },
    }
    caption = "Mean-square displacement of centers of mass within a block, by species."
    if lines > MOST_LINES:
        caption += f" The first {MOST_LINES}."
    return Figure("msd", caption, caption + " The table has the coefficients.", spec)
