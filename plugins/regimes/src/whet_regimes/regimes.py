"""regimes: where the errors of a potential change along trajectories, and what they are before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from whet import (
    Analysis,
    Figure,
    Findings,
    FineTuning,
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
from whet_regimes.references import INEFFICIENCY, PLACE, RUPTURES, WANDERING
from whet_regimes.regime_tables import Cut, changes_table, errors_table, looked_at, points_table

TITLE = "Regimes along trajectories"
QUESTION = "Do errors change along trajectories?"

FALSE_ALARMS = 0.05
"""Share of stationary series that get a change point, at most."""

FEWEST = 4
"""Independent trajectories below which nothing is decided."""


class Regimes(Analysis):
    """Change points of the energy residual and the force error along trajectories, with the errors of each regime."""

    name = "regimes"
    place = 52
    inputs: ClassVar = {
        "predictions": Port(Predictions, what="of every potential on the trajectories of one set"),
        "trajectories": Port(SampledTrajectory, what="the trajectories of that set"),
        "fine-tunings": Port(FineTuning, what="the first of each potential: it aligned the untouched one's energies"),
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
            wanted.append(Wanted(inputs, label=name))
        return wanted

    def run(self, work: Work) -> Findings:
        from whet_regimes.change_points import change_points
        from whet_regimes.error_series import series_of

        given = {
            one.ref.potential: ReferenceEnergies(**one.reference_energies)
            for one in work.all("fine-tunings", FineTuning)
        }
        trajectories = work.all("trajectories", SampledTrajectory)
        series, notes = series_of(work.all("predictions", Predictions), trajectories, given)
        label = trajectories[0].ref.set if trajectories else ""
        cuts = [Cut(one, change_points(one.energies), change_points(one.forces)) for one in series if len(one.times)]
        if not cuts:
            return Findings(TITLE, label, notes=notes or ["there is no trajectory with both labels and predictions"])
        tables = [changes_table(cuts), errors_table(cuts), looked_at(cuts), points_table(cuts)]
        return Findings(
            TITLE,
            label,
            tables=tables,
            figures=[_figure()],
            verdicts=_verdicts(cuts),
            definition=DEFINITION,
            source="Wong & Yang, table 4 and figure 5",
            notes=[*notes, *_notes(cuts)],
        )


DEFINITION = (
    "A change point cuts a series in two where that lowers the sum of squares about the means by more than a penalty: "
    "(14 + 100/n) g σ², σ² being the variance of what is left, g its statistical inefficiency (the number of frames "
    "that say as much as one independent frame), and n the number of independent frames; the self-normalized statistic "
    "of Shao and Zhang must be above 100 + 3000/frames as well. At most 5 % of series without any change get one by "
    "chance, unless they wander slowly (over a tenth of the series or more) under fast fluctuations. Both parts are "
    "then looked at in the same way (binary segmentation); where there is no change in the whole, its first and its "
    "last two thirds are looked at, with limits that are higher by half. A series of fewer than 20 independent frames "
    "is too short. A level is found, not a trend: a steady drift is cut into steps. Regimes are those of the energy "
    "residual of whoever drove the trajectory, so that all potentials are compared in the same; on trajectories of the "
    "reference, each potential's own. Errors of regimes are of the frames in which change points were found: their "
    "difference is rather too large than too small."
)


def _verdicts(cuts: Sequence[Cut]) -> list[Verdict]:
    """Of each potential and seed: in how many of its trajectories does the energy residual change?"""
    groups: dict[tuple[str, int], list[Cut]] = {}
    for cut in cuts:
        if not cut.energy.too_short:
            groups.setdefault((cut.series.state, cut.series.of.seed), []).append(cut)
    several = len({state for state, _ in groups}) < len(groups)
    names = {key: f"{key[0]}, seed {key[1]}" if several else key[0] for key in groups}
    return [_verdict(names[key], ones) for key, ones in groups.items()]


def _verdict(name: str, ones: Sequence[Cut]) -> Verdict:
    from scipy.stats import binom

    count, changed = len(ones), sum(bool(one.energy.found) for one in ones)
    p = float(binom.sf(changed - 1, count, FALSE_ALARMS))
    runs = "trajectory" if count == 1 else "trajectories"
    limits = "Changes that are small beside the fluctuations are not seen."
    rest: dict[str, Any] = {"limits": limits, "prominent": False}
    if not changed and count >= FEWEST:
        claim = f"no change of the energy residual of {name} is shown"
        return Verdict(QUESTION, claim, f"none in {count} {runs}", count, decided=False, **rest)
    claim = f"the energy residual of {name} changes its level in {changed} of {count} {runs}"
    evidence = f"{changed} of {count} {runs}" + (f"; chance makes so many with p = {p:.2g} at most" if changed else "")
    if p > FALSE_ALARMS and count >= FEWEST:
        return Verdict(QUESTION, f"{claim}, as chance may make it", evidence, count, decided=False, **rest)
    return Verdict.of_units(count, QUESTION, claim, evidence=evidence, **rest)


def _notes(cuts: Sequence[Cut]) -> list[str]:
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
    return notes


def _figure() -> Figure:
    x = {"field": "time", "type": "quantitative", "title": "time (ps)"}
    y = {"type": "quantitative", "title": "residual (meV/atom)", "scale": {"zero": False}}
    color = {"field": "state", "type": "nominal", "sort": None, "title": None}
    points = {
        "mark": {"type": "line", "opacity": 0.55, "strokeWidth": 1, "tooltip": {"content": "data"}},
        "encoding": {"x": x, "y": {"field": "residual", **y}, "color": color, "detail": {"field": "seed"}},
    }
    levels = {
        "mark": {"type": "line", "strokeWidth": 3},
        "encoding": {"x": x, "y": {"field": "level", **y}, "color": color, "detail": {"field": "seed"}},
    }
    spec = {
        "data": {"name": "regime-points"},
        "facet": {"row": {"field": "run", "type": "nominal", "sort": None, "title": None}},
        "spec": {"width": 480, "height": 130, "layer": [points, levels]},
    }
    caption = "Energy residual (thin) and its level in each regime (thick), in the trajectories that change most."
    return Figure("regimes", caption, caption + " The tables have the times and the errors.", spec)
