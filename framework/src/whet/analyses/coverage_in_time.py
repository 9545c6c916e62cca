"""coverage-in-time: when, where and how far trajectories leave what the training data cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from whet.contracts.analysis import Analysis, Piece, StudyPieces, Wanted
from whet.contracts.findings import LEAST_UNITS, Figure, Findings, Verdict
from whet.contracts.options import Options
from whet.contracts.ports import LabeledFrames, Port, SampledTrajectory
from whet.contracts.task import Work
from whet.data.errors import InputError
from whet.data.numbers import count, percent, shown

if TYPE_CHECKING:
    from whet.analyses.parts.runs_in_space import RunInSpace, RunsInSpace

TITLE = "Coverage through time"
QUESTION = "Outside the training data?"
MOST_POINTS = 1000
"""Of each training set, and of each set, in the figure."""
MOST_PICTURES = 3
NEAR = 5.0
"""Å around an atom that a picture shows."""
MANY = "Where there is nothing to find, one in twenty such comparisons claims something."
LIMITS = "Outliers are unlike the training data, not unphysical, and what the data hold is not flagged, right or wrong."


class CoverageInTimeOptions(Options):
    """What trajectories are held against, and how."""

    against: str = ""
    """Name of the set that takes the place of training data. By default what strategies gathered, or, where none did,
    the first set."""
    confidence: float = Field(default=0.95, gt=0, lt=1)
    """Of the limits of Jackson and Mudholkar and of Hotelling."""
    worst: int = Field(default=10, ge=1, le=1000)
    """Environments that are listed of each set."""


class CoverageInTime(Analysis[CoverageInTimeOptions]):
    """Q-residuals and T² of each atom along trajectories, the worst frames and environments, components by time."""

    name = "coverage-in-time"
    result_version = 3
    place = 72
    inputs: ClassVar = {
        "data": Port(LabeledFrames, what="what strategies gathered, or the set of frames that takes its place"),
        "reference": Port(SampledTrajectory, what="the trajectories that take its place"),
        "trajectories": Port(SampledTrajectory, what="of test sets, and own ones"),
        "sets": Port(LabeledFrames, what="sets of frames that are no trajectories"),
    }
    components: ClassVar = {"descriptor": "descriptors"}

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        if "descriptor" not in study.roles:
            return []
        data = [piece for piece in study.all(LabeledFrames, set_kind="training") if piece.ref.gathered_by]
        sampled = [one for one in study.all(SampledTrajectory) if one.ref.set_kind in ("independent", "self")]
        sets: list[Piece] = []
        if self.options.against or not data:
            name = self.options.against or next((one.ref.set for one in _with_frames(study)), "")
            known = list(dict.fromkeys(one.ref.set for one in _with_frames(study)))
            if known and name not in known:
                words = ", ".join(f"“{one}”" for one in known)
                raise InputError(f"there is no set “{name}” to hold others against", hint=f"Sets: {words}")
            # Nothing here needs labels, so all frames of a trajectory are taken where there is one.
            have_times = {one.ref.set for one in study.all(SampledTrajectory)}
            sets = [one for one in study.all(LabeledFrames, set_kind="independent") if one.ref.set not in have_times]
            data = [] if name in have_times else study.all(LabeledFrames, set=name)
            reference = study.all(SampledTrajectory, set=name)
            sampled, sets = ([one for one in given if one.ref.set != name] for given in (sampled, sets))
        else:
            reference = []
        if not (data or reference) or not (sampled or sets):
            return []
        fed = {"data": data, "reference": reference, "trajectories": sampled, "sets": sets}
        return [Wanted(fed, {"descriptor": "descriptor"})]

    def run(self, work: Work) -> Findings:
        from whet.analyses.parts import outside_tables as tables
        from whet.analyses.parts.outside_figures import OutsideFigures
        from whet.analyses.parts.runs_in_space import RunsInSpace, training_data
        from whet.bias.q_limits import CAUTION

        options = self.options
        if not training_data(work):
            return Findings(TITLE, notes=["there is no frame of training data"])
        runs = RunsInSpace.of(work, options.confidence, options.worst, MOST_POINTS)
        if not runs.found:
            return Findings(TITLE, notes=["there is no frame to hold against the training data"])
        worst = tables.worst_environments(runs, options.worst)
        shown_at = tables.worst_of_all(worst, MOST_PICTURES)
        pictures = [_picture(number, *worst[place]) for place, number in shown_at.items()]
        names = [f"worst {shown_at[place]}" if place in shown_at else "" for place in range(len(worst))]
        figures = OutsideFigures(runs)
        found = (
            tables.outside_table(runs),
            tables.worst_table(worst, names),
            tables.worst_frames_table(runs),
            tables.limits_table(runs),
            tables.in_time_table(runs),
            *figures.tables(),
        )
        return Findings(
            TITLE,
            tables=[table for table in found if table.rows],
            figures=[*figures.figures(), *pictures],
            verdicts=_verdicts(runs),
            definition=_definition(runs, work.component("descriptor").name, options.confidence),
            source="Wong & Yang, figures 6, 8 and 9, eqs. 4–7; Jackson & Mudholkar (1979); Hotelling (1947)",
            notes=[CAUTION, *_notes(runs)],
        )


def _with_frames(study: StudyPieces) -> list[Piece]:
    """Sets that can take the place of training data."""
    kinds = (LabeledFrames.kind, SampledTrajectory.kind)
    return [piece for piece in study.pieces if piece.kind in kinds and piece.ref.set]


def _verdicts(runs: RunsInSpace) -> list[Verdict]:
    from whet.analyses.parts.outside_tables import tested
    from whet.bias.outlier_test import share

    found: list[Verdict] = []
    few: dict[str, int] = {}
    for training, name, group in runs.pairs():
        flags, held_out = [one.flags for one in group], [one.flags for one in runs.spaces[training.name].held_out]
        if (test := tested(group, runs)) is None:
            few[name] = len(group) if group[0].run.of else 0
            few[training.name] = len(training.units) if training.of else 0
            continue
        beyond = [
            f"{what} in {percent(share(flags, rule), 1)} of its environments, held out in "
            f"{percent(share(held_out, rule), 1)}, p {shown(p, 3)}"
            for what, rule, p in (("Q is beyond its limit", "element", test.q), ("T²", "hotelling", test.t_squared))
        ]
        covered = f"{name}: that it leaves what {training.name} covers is not shown"
        of = group[0].run.of
        verdict = Verdict(
            QUESTION,
            f"{name} leaves what {training.name} covers" if test.found else covered,
            f"{'; '.join(beyond)}; over {test.tested} + {test.held_out} {of}",
            units=min(test.tested, test.held_out),
            of=of,
            decided=test.found,
            limits=LIMITS,
            prominent=False,
        )
        found.append(verdict)
    if len(found) > 1:
        found = [replace(one, limits=f"{LIMITS} {MANY}") for one in found]
    if few:
        numbers = ", ".join(f"{name} {number}" for name, number in sorted(few.items()))
        evidence = f"trajectories whose number is known: {numbers}; {LEAST_UNITS} on each side are needed"
        found.append(Verdict.of_units(min(few.values()), QUESTION, "", evidence=evidence, prominent=False))
    return found


def _definition(runs: RunsInSpace, descriptor: str, confidence: float) -> str:
    explained = [sum(space.components.explained) for space in runs.spaces.values()]
    low, high = (percent(end, 1) for end in (min(explained), max(explained)))
    return (
        f"A PCA of per-atom descriptors ({descriptor}) with five components is fitted to the training data; the "
        f"components explain {low if low == high else f'{low} to {high}'} of the variance. Q is what they leave of an "
        "environment, squared: how far it lies from their space. T² is how far it lies from the mean inside that "
        "space, each component measured by its variance. Limits: of Q the mean + 2 standard deviations of the element "
        "in the training data, and that of Jackson and Mudholkar; of T² that of Hotelling (both at "
        f"{percent(confidence)}). Limits that were fitted to a trajectory rarely flag it, so beside each share stands "
        "its null: what is flagged of each training trajectory when PCA and limits are fitted to the others. A "
        "permutation test over whole trajectories tells whether a set lies farther outside than those, from four on "
        "each side: by the means of log(1 + Q/limit) and log(1 + T²/limit), tested together (Holm)."
    )


def _notes(runs: RunsInSpace) -> list[str]:
    """Where a limit was fitted to what it is held against."""
    return [
        f"{count(one.known, 'frame')} of “{one.set}”, trajectory {one.run.number}, "
        f"{'is' if one.known == 1 else 'are'} in {one.training.name}, too"
        for one in runs.found
        if one.known
    ]


def _picture(number: int, one: RunInSpace, place: int) -> Figure:
    """The environment of an atom, cut out of its frame."""
    from whet.analyses.parts.structure_picture import environment_picture

    at = one.worst[place]
    time = one.run.times
    when = f"{shown(float(time[at.frame]), 0)} fs, " if time is not None else ""
    where = f"frame {at.frame} ({when}trajectory {one.run.number} of {one.set})"
    of = f"Worst {number}: atom {at.atom} ({at.symbol}) of {where}"
    return environment_picture(one.run.frames[at.frame], at.atom, NEAR, f"worst-{number}", of)
