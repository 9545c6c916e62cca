"""regimes: where errors of a potential and Q-residuals change along trajectories, with the errors before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from whet import (
    Analysis,
    Findings,
    FineTuning,
    Found,
    Piece,
    Port,
    Predictions,
    ReferenceEnergies,
    SampledTrajectory,
    StudyPieces,
    Verdict,
    Wanted,
    Work,
)
from whet_regimes.q_tables import QCut, q_errors_table, q_points_table
from whet_regimes.references import INEFFICIENCY, PLACE, RUPTURES, WANDERING
from whet_regimes.regime_figures import error_figure, q_figure
from whet_regimes.regime_tables import Cut, changes_table, errors_table, looked_at, points_table

TITLE = "Regimes along trajectories"
QUESTION = "Do errors change along trajectories?"
Q_QUESTION = "Does Q change along trajectories?"
COVERAGE = "coverage-in-time"
CAUTION = "Q-residuals detect outliers of the training set, not unphysical behavior."

FALSE_ALARMS = 0.05
"""Share of stationary series that get a change point, at most."""

FEWEST = 4
"""Independent trajectories below which nothing is decided."""

UNSEEN = "Changes that are small beside the fluctuations are not seen."


class Regimes(Analysis):
    """Change points of the energy residual, the force error and Q along trajectories, with the errors before and after.

    Q is what `coverage-in-time` found, where the study has that analysis; it needs no labels and no predictions.
    """

    name = "regimes"
    place = 52
    result_version = 4
    after = (COVERAGE,)
    inputs: ClassVar = {
        "predictions": Port(Predictions, what="of every potential on the trajectories of one set"),
        "trajectories": Port(SampledTrajectory, what="the trajectories of that set"),
        "fine-tunings": Port(FineTuning, what="the first of each potential: it aligned the untouched one's energies"),
        "coverage": Port(Found, what="Q along the trajectories: what `coverage-in-time` found"),
    }
    packages: ClassVar[Mapping[str, str]] = {"ruptures": "ruptures>=1.1.9"}

    @classmethod
    def references(cls, options: object) -> Sequence[str]:
        return (RUPTURES, INEFFICIENCY, WANDERING, PLACE)

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        sets: dict[str, list[Piece]] = {}
        for piece in study.all(SampledTrajectory):
            if piece.ref.set_kind != "training":
                sets.setdefault(piece.ref.set, []).append(piece)
        coverage = [piece for piece in study.all(Found) if piece.role == COVERAGE]
        wanted = []
        for name, trajectories in sets.items():
            predictions = study.all(Predictions, set=name, set_kind=trajectories[0].ref.set_kind)
            drivers = [one.ref.sampled_by for one in trajectories if one.ref.sampled_by is not None]
            untouched = {one.potential for one in (*(piece.ref for piece in predictions), *drivers) if one.untouched}
            tuned: dict[str, Piece] = {}
            for piece in study.all(FineTuning):
                if piece.ref.potential in untouched:
                    tuned.setdefault(piece.ref.potential, piece)
            inputs = {"predictions": predictions, "trajectories": trajectories, "fine-tunings": list(tuned.values())}
            wanted.append(Wanted({**inputs, "coverage": coverage} if coverage else inputs, label=name))
        return wanted

    def run(self, work: Work) -> Findings:
        from whet_regimes.change_points import change_points
        from whet_regimes.error_series import series_of
        from whet_regimes.q_series import q_series_of

        given = {
            one.ref.potential: ReferenceEnergies(**one.reference_energies)
            for one in work.all("fine-tunings", FineTuning)
        }
        trajectories = work.all("trajectories", SampledTrajectory)
        series, notes = series_of(work.all("predictions", Predictions), trajectories, given)
        label = trajectories[0].ref.set if trajectories else ""
        cuts = [Cut(one, change_points(one.energies), change_points(one.forces)) for one in series if len(one.times)]
        q_cuts = [QCut(one, one.change_points()) for one in q_series_of(work.all("coverage", Found), trajectories)]
        if not cuts and not q_cuts:
            return Findings(TITLE, label, notes=notes or ["there is no trajectory with both labels and predictions"])
        signals = [*(signal for cut in cuts for signal in cut.signals), *(cut.signal for cut in q_cuts)]
        tables, figures = [changes_table(signals), looked_at(signals)], []
        if cuts:
            tables[1:1] = [errors_table(cuts)]
            tables.append(points_table(cuts))
            figures.append(error_figure())
        if q_cuts:
            q_errors = q_errors_table(q_cuts, cuts)
            tables[1:1] = [q_errors] if q_errors.rows else []
            tables.append(q_points_table(q_cuts))
            figures.append(q_figure())
        return Findings(
            TITLE,
            label,
            tables=tables,
            figures=figures,
            verdicts=[*_verdicts(cuts), *_q_verdicts(q_cuts)],
            definition=" ".join([DEFINITION, *[OF_ERRORS] * bool(cuts), *[OF_Q] * bool(q_cuts)]),
            source="Wong & Yang, table 4 and figure 5",
            notes=[CAUTION, *notes, *_notes(cuts, q_cuts)] if q_cuts else [*notes, *_notes(cuts, q_cuts)],
        )


DEFINITION = (
    "A change point cuts a series in two where that lowers the sum of squares about the means by more than a penalty: "
    "(14 + 100/n) g σ², σ² being the variance of what is left, g its statistical inefficiency (the number of frames "
    "that say as much as one independent frame), and n the number of independent frames; the self-normalized statistic "
    "of Shao and Zhang must be above 100 + 3000/frames as well. At most 5 % of series without any change get one by "
    "chance, unless they wander slowly (over a tenth of the series or more) under fast fluctuations. Both parts are "
    "then looked at in the same way (binary segmentation); where there is no change in the whole, its first and its "
    "last two thirds are looked at, with limits that are higher by half. A series of fewer than 20 independent frames "
    "is too short. A level is found, not a trend: a steady drift is cut into steps."
)
OF_ERRORS = (
    "Regimes are those of the energy residual of whoever drove the trajectory, so that all potentials are compared in "
    "the same; on trajectories of the reference, each potential's own. Errors of regimes are of the frames in which "
    "change points were found: their difference is rather too large than too small."
)
OF_Q = (
    "Mean Q is the mean Q-residual of a frame's atoms (see the coverage through time). Q is positive and skewed, so "
    "change points are those of its logarithm: of stationary skewed series (log-normal, χ², rare bursts; 30 to 300 "
    "frames) at most 5 % then have one, 6 % where χ² wanders over a tenth of the series or more; of Q itself it would "
    "be up to 11 %. Levels are means of Q."
)


def _verdicts(cuts: Sequence[Cut]) -> list[Verdict]:
    """Of each potential and seed: in how many trajectories does its energy residual change, or its force error?"""
    states = dict.fromkeys((cut.series.state, cut.series.of.seed) for cut in cuts)
    several = len({state for state, _ in states}) < len(states)
    found = []
    for state, seed in states:
        own = [cut for cut in cuts if (cut.series.state, cut.series.of.seed) == (state, seed)]
        name = f"{state}, seed {seed}" if several else state
        for what, points in (
            ("energy residual", [cut.energy for cut in own]),
            ("force error", [cut.force for cut in own]),
        ):
            changed = [bool(one.found) for one in points if not one.too_short]
            if changed:
                found.append(_verdict(f"the {what} of {name}", changed, QUESTION, UNSEEN))
    return found


def _q_verdicts(cuts: Sequence[QCut]) -> list[Verdict]:
    """Of each training set: in how many of the trajectories does mean Q change?"""
    groups: dict[str, list[bool]] = {}
    for cut in cuts:
        if not cut.points.too_short:
            groups.setdefault(cut.series.training, []).append(bool(cut.points.found))
    return [
        _verdict(f"mean Q against {name}", ones, Q_QUESTION, f"{UNSEEN} {CAUTION}") for name, ones in groups.items()
    ]


def _verdict(what: str, ones: Sequence[bool], question: str, limits: str) -> Verdict:
    """ones: whether it changes, of each trajectory."""
    from scipy.stats import binom

    count, changed = len(ones), sum(ones)
    p = float(binom.sf(changed - 1, count, FALSE_ALARMS))
    runs = "trajectory" if count == 1 else "trajectories"
    rest: dict[str, Any] = {"limits": limits, "prominent": False}
    if not changed and count >= FEWEST:
        claim = f"no change of {what} is shown"
        return Verdict(question, claim, f"none in {count} {runs}", count, decided=False, **rest)
    claim = f"{what} changes its level in {changed} of {count} {runs}"
    evidence = f"{changed} of {count} {runs}" + (f"; chance makes so many with p = {p:.2g} at most" if changed else "")
    if p > FALSE_ALARMS and count >= FEWEST:
        return Verdict(question, f"{claim}, as chance may make it", evidence, count, decided=False, **rest)
    return Verdict.of_units(count, question, claim, evidence=evidence, **rest)


def _notes(cuts: Sequence[Cut], q_cuts: Sequence[QCut]) -> list[str]:
    notes = []
    loose = sorted({cut.series.state for cut in cuts if cut.series.of.untouched and not cut.series.aligned})
    if loose:
        notes.append(
            f"Energies of {', '.join(loose)} are as predicted, without reference energies: where its theory is not "
            "that of the labels, mean residual, MAE and RMSE hold the difference of the two; changes do not."
        )
    short = sum(cut.energy.too_short for cut in cuts)
    if short:
        what = "series is" if short == 1 else "series are"
        notes.append(f"{short} of {len(cuts)} {what} too short for change points; each then counts as one regime.")
    short = sum(cut.points.too_short for cut in q_cuts)
    if short:
        what = "series of mean Q is" if short == 1 else "series of mean Q are"
        notes.append(f"{short} of {len(q_cuts)} {what} too short for change points.")
    return notes
