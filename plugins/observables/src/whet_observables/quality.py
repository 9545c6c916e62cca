"""quality: stability, density and diffusion of a potential in one number, as Niblett et al. have it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from whet import LABELER, Column, Figure, Findings, FrameError, Ref, StabilityLimits, Table, Verdict, Work
from whet_observables.diffusion import DiffusionOptions, diffusing
from whet_observables.ensemble_analysis import EnsembleAnalysis
from whet_observables.ensembles import Ensemble, doubts, duration, reference_of
from whet_observables.quality_terms import (
    MEMBERS,
    QualityTerms,
    density_term,
    diffusion_term,
    mean_of,
    stability_term,
)
from whet_observables.references import NIBLETT, UNWRAPPING
from whet_observables.run_means import FEWEST

if TYPE_CHECKING:
    import numpy as np

TITLE = "Quality"

COLUMNS = (
    Column("state", description="Who drove the trajectories; the reference against itself is the null."),
    Column("quality", description="Sum of the three terms, 0 to 3.", decimals=2),
    Column("stability", description="min(1, t/τ) where the cell moves.", decimals=2),
    Column("density", description="1 − tanh of the divergence of densities beyond the reference's own.", decimals=2),
    Column("diffusion", description="1 − tanh of the relative error of diffusion.", decimals=2),
    Column("stable, moving", "ps", "Mean stable time where the cell moves, τ at most.", decimals=1),
    Column("stable, fixed", "ps", "Mean stable time where the cell is fixed, τ at most.", decimals=1),
    Column("members", description="Of the committee (the paper: 5): the seeds of a fine-tuning."),
    Column("trajectories, moving", description="Whose cell moves."),
    Column("trajectories, fixed", description="Whose cell is fixed."),
)


class QualityOptions(DiffusionOptions):
    """How long a trajectory must be stable, by which limits, and the scheme of blocks for diffusion."""

    horizon: float = Field(default=1_000_000.0, gt=0)
    """fs; τ, for which a trajectory must be stable before its density and diffusion count."""
    density: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(gt=0)]] | None = (0.2, 2.0)
    """g/cm³, that a stable trajectory does not leave whose cell moves and whose start is between them; `null`: none."""
    stretch: float | None = Field(default=0.5, gt=0)
    """Å; a bond between two nonmetals that is longer by more than this than those of its kind were is broken; `null`:
    none is."""


@dataclass(frozen=True, eq=False)
class Side:
    """The trajectories of one ensemble. stable: fs, of each, up to the horizon. series: densities of each, g/cm³, or
    None; coefficients: of diffusion over all species, Å²/fs, of each that was stable, or None."""

    one: Ensemble
    stable: Sequence[float]
    series: Sequence[np.ndarray | None] = ()
    coefficients: Sequence[float | None] = ()


class Quality(EnsembleAnalysis[QualityOptions]):
    """Quality of Niblett et al., 0 to 3: stability, density and diffusion against the labeler's own dynamics."""

    name = "quality"
    place = 340
    Options = QualityOptions
    rests_on: ClassVar = (NIBLETT, UNWRAPPING)

    def run(self, work: Work) -> Findings:
        every, notes = self.ensembles(work), []
        sides: dict[str, Side] = {}
        for place, one in enumerate(every):
            try:
                if reason := self._too_short(one):
                    notes.append(f"{one.name}: {reason}")
                else:
                    sides[one.name], said = self._side(one)
                    notes += said
            except FrameError as error:
                notes.append(f"{one.name}: {error.what}.")
            work.progress(place + 1, len(every))
        if not sides:
            return Findings(TITLE, notes=notes or ["There is no trajectory."])
        committees: dict[tuple, dict[Ref | None, list[Ensemble]]] = {}
        for one in every:
            if one.name in sides:
                members = committees.setdefault((_without_seed(one), one.formula), {})
                members.setdefault(one.driver, []).append(one)
        rows, verdicts = [], []
        formulas = {one.formula for one in every if one.name in sides}
        for (who, formula), members in committees.items():
            name = "reference" if who == LABELER else str(who)
            row = self._row(name + (f", {formula}" if len(formulas) > 1 else ""), members, every, sides)
            rows.append(row)
            if not next(iter(members.values()))[0].is_reference:
                verdicts.append(_verdict(row, _fewest(members, every, sides)))
        return Findings(
            TITLE,
            tables=[Table("quality", "Quality of Niblett et al.", COLUMNS, rows), _terms(rows)],
            figures=[_figure()],
            verdicts=verdicts,
            definition=f"min(1, t/τ) + H(t − τ)(1 − tanh[D_KL(P‖P_ref) − D_KL(P_ref,i‖P_ref,j)]) of trajectories whose "
            f"cell moves, + H(t − τ)(1 − tanh(|D − D_ref|/D_ref)) of those whose cell is fixed; τ = "
            f"{duration(self.options.horizon)}, t the stable time, H(0) = 1, the bracket not below 0, P the "
            "distribution of the density, P_ref the mean over the reference's trajectories, D the diffusion "
            "coefficient, weighted by molecules. The mean over trajectories, then over the members of a committee. As "
            "the paper's text describes it: its equation 1 is printed with max for min and with the arguments of H "
            "reversed. The row of the reference holds each of its trajectories against the others.",
            source="Niblett et al., equation 1",
            notes=notes + list(doubts(every)),
        )

    def _too_short(self, one: Ensemble) -> str:
        """Why nothing can be said of an ensemble, a sentence; empty where something can."""
        complete = [run.times[-1] for run in one.runs if not run.end and len(run.times)]
        if complete and min(complete) < self.options.horizon * (1 - 1e-9):
            return (
                f"a trajectory that nothing ended lasts {duration(min(complete))}: nobody knows whether it is stable "
                f"for {duration(self.options.horizon)} (option `horizon`)."
            )
        return ""

    def _side(self, one: Ensemble) -> tuple[Side, list[str]]:
        from whet_observables.density_series import densities

        horizon = self.options.horizon
        limits = StabilityLimits(self.options.density, self.options.stretch)
        stable = []
        for run in one.runs:
            ended = float((run.end or {}).get("time", horizon))
            left = limits.departure(run.start, run.frames, run.times)
            stable.append(min(ended, horizon if left is None else left.time, horizon))
        well = [time >= horizon for time in stable]
        if one.moves:
            skip = self.options.equilibration
            found = [densities(run, skip) if fine else None for run, fine in zip(one.runs, well, strict=True)]
            return Side(one, stable, [series if series is not None and len(series) else None for series in found]), []
        coefficients, notes = [], []
        for run, fine in zip(one.runs, well, strict=True):
            coefficient = None
            if fine:
                alone = replace(one, runs=[run])
                each, said = diffusing(alone, self.options)
                notes += [words for words in said if words not in notes]
                weights = [species.each[0].molecules for species in each]
                values = [species.each[0].coefficient for species in each]
                if each:
                    coefficient = math.fsum(w * d for w, d in zip(weights, values, strict=True)) / sum(weights)
            coefficients.append(coefficient)
        return Side(one, stable, (), coefficients), notes

    def _row(
        self, name: str, members: dict[Ref | None, list[Ensemble]], every: Sequence[Ensemble], sides: dict[str, Side]
    ) -> list:
        terms, moving, fixed = [], [], []
        for own in members.values():
            first = [self._moving(sides[one.name], _against(one, every, sides)) for one in own if one.moves]
            last = [self._fixed(sides[one.name], _against(one, every, sides)) for one in own if not one.moves]
            stability = mean_of([term for side in first for term, _ in side])
            density = mean_of([term for side in first for _, term in side])
            terms.append(QualityTerms(stability, density, mean_of([term for side in last for term in side])))
            moving += [time for one in own if one.moves for time in sides[one.name].stable]
            fixed += [time for one in own if not one.moves for time in sides[one.name].stable]
        found = QualityTerms.mean(terms)
        times = [math.fsum(each) / len(each) / 1000 if each else None for each in (moving, fixed)]
        return [
            name,
            found.quality,
            found.stability,
            found.density,
            found.diffusion,
            *times,
            len(members),
            len(moving),
            len(fixed),
        ]

    def _moving(self, own: Side, reference: Side | None) -> list[tuple[float, float | None]]:
        """The first two terms of each trajectory."""
        from whet_observables.density_series import common_edges, distribution, divergence_among, kl_divergence

        found, horizon = [], self.options.horizon
        for number, (time, series) in enumerate(zip(own.stable, own.series, strict=True)):
            divergence = among = None
            against = [] if reference is None else [one for one in reference.series if one is not None]
            if reference is own:  # the null: each against the others
                against = [one for place, one in enumerate(own.series) if one is not None and place != number]
            if series is not None and against:
                edges = common_edges(against, [series])
                divergence = kl_divergence(distribution([series], edges), distribution(against, edges))
                among = divergence_among(against, edges)
            found.append((stability_term(time, horizon), density_term(time, horizon, divergence, among)))
        return found

    def _fixed(self, own: Side, reference: Side | None) -> list[float | None]:
        """The third term of each trajectory."""
        found = []
        for number, (time, coefficient) in enumerate(zip(own.stable, own.coefficients, strict=True)):
            against = [] if reference is None else [one for one in reference.coefficients if one is not None]
            if reference is own:
                against = [one for place, one in enumerate(own.coefficients) if one is not None and place != number]
            of = math.fsum(against) / len(against) if against else None
            found.append(diffusion_term(time, self.options.horizon, coefficient, of))
        return found


def _without_seed(one: Ensemble) -> Ref | str:
    """What the members of a committee have in common."""
    return one.set if one.driver is None else replace(one.driver.state, seed=0)


def _against(one: Ensemble, every: Sequence[Ensemble], sides: dict[str, Side]) -> Side | None:
    """What it is held against: the reference, or of the reference itself."""
    reference = one if one.is_reference else reference_of(one, every)
    return sides.get(reference.name) if reference else None


def _fewest(members: dict[Ref | None, list[Ensemble]], every: Sequence[Ensemble], sides: dict[str, Side]) -> int:
    """Trajectories on the side that has the fewest."""
    counts = []
    for moves in (True, False):
        own = [one for each in members.values() for one in each if one.moves == moves]
        counts.append(sum(len(one.runs) for one in own))
        references = {id(found.one): found for one in own if (found := _against(one, every, sides)) is not None}
        counts.append(sum(len(found.one.runs) for found in references.values()))
    return min(counts)


def _verdict(row: list, units: int) -> Verdict:
    name, quality, *terms = row[:5]
    question = "How good are the dynamics (quality of Niblett et al.)?"
    words = ("stability", "density", "diffusion")
    values = ["not known" if term is None else f"{term:.2f}" for term in terms]
    said = ", ".join(f"{word} {value}" for word, value in zip(words, values, strict=True))
    limits = "" if row[7] == MEMBERS else f"A committee of {row[7]}; the paper averages over {MEMBERS}."
    if quality is None:
        claim = f"{name}: not known, for want of a term ({said})"
        return Verdict(question, claim, units=units, decided=False, limits=limits, prominent=False)
    claim = f"{name}: {quality:.2f} of 3"
    return Verdict.of_units(
        units, question, claim, evidence=f"{claim}: {said}", limits=limits, prominent=units >= FEWEST
    )


def _terms(rows: Sequence[list]) -> Table:
    columns = (
        Column("state", description="Who drove the trajectories."),
        Column("term", description="Which of the three."),
        Column("value", description="Of the term, 0 to 1."),
    )
    words = ("stability", "density", "diffusion")
    cells = [[row[0], word, value] for row in rows for word, value in zip(words, row[2:5], strict=True)]
    return Table("quality-terms", "Terms of the quality", columns, cells, shown=False)


def _figure() -> Figure:
    spec = {
        "data": {"name": "quality-terms"},
        "width": 360,
        "mark": {"type": "bar", "tooltip": {"content": "data"}},
        "encoding": {
            "x": {
                "field": "value",
                "type": "quantitative",
                "stack": "zero",
                "title": "quality",
                "scale": {"domain": [0, 3]},
            },
            "y": {"field": "state", "type": "nominal", "sort": None, "title": None},
            "color": {"field": "term", "type": "nominal", "sort": None, "title": None},
        },
    }
    caption = "Terms of the quality of Niblett et al.; a term that is not known is missing."
    return Figure("quality", caption, caption + " The table has the numbers.", spec)
