"""check_analysis: every check of an analysis, on a small study that is made up in memory."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from whet.contracts.analysis import Piece, StudyPieces, Wanted
from whet.contracts.findings import LEAST_UNITS, Column, Estimate, Findings, Table
from whet.contracts.ports import LabeledFrames, Predictions, SampledTrajectory
from whet.data.errors import WhetError
from whet.plugins.registry import registry
from whet.testing import fresh_interpreter
from whet.testing.analysis_subject import AnalysisSubject
from whet.testing.check import TIERS, Check, CheckFailed, NotApplicable, Tier, check, demand
from whet.testing.conformance import Conformance, Kit, Outcome, run_checks
from whet.testing.figure_fields import unknown_fields
from whet.testing.sample_steps import SampleSteps
from whet.testing.sample_study import SampleStudy
from whet.testing.subject import Given

SAME = 1e-6
"""Relative; numbers that differ by less are the same: sums in another order differ in their last digits."""


@check("contract")
def nothing_is_wanted_of_an_empty_study(subject: AnalysisSubject) -> None:
    """`wants` of a study that has nothing gives nothing: a step without inputs fails in everybody's study."""
    found = subject.analysis.wants(StudyPieces("empty", ()))
    demand(not found, f"it wants {len(found)} steps")


@check("contract")
def what_is_wanted_can_be_had(subject: AnalysisSubject) -> None:
    """Each `Wanted` feeds the ports of the class with pieces of the study, of the kind that the port says.

    Components are of roles that the study has, labels set the steps apart, and the same study gives the same again.
    """
    steps = subject.steps
    wanted = steps.wants()
    for one in wanted:
        _check_wanted(one, type(subject.analysis), steps)
    labels = [one.label for one in wanted]
    twice = [label for label in labels if labels.count(label) > 1]
    demand(not twice, f"two steps have the label {twice[0]!r}" if twice else "")
    again = [one.as_json() for one in subject.over(SampleStudy()).wants()]
    demand(again == [one.as_json() for one in wanted], "the same study gives other steps the second time")
    read = [Wanted.from_json(json.loads(json.dumps(one))).as_json() for one in again]
    demand(read == again, "what is wanted is not the same once it was stored as JSON")


def _check_wanted(one: Wanted, kind: Any, steps: SampleSteps) -> None:
    for role, feeds in one.inputs.items():
        demand(role in kind.inputs, f"it feeds {role!r}, which is none of its `inputs`: {', '.join(kind.inputs)}")
        port = kind.inputs[role]
        demand(port.many or len(feeds) <= 1, f"{len(feeds)} steps feed {role!r}, which takes one")
        for feed in feeds:
            if isinstance(feed, Wanted):
                task = registry().find("tasks", feed.task)
                _check_wanted(feed, task, steps)
                continue
            demand(feed in steps.data, f"{role!r} is fed with what is no piece of the study: {feed.ref}")
            demand(feed.kind == port.data.kind, f"{role!r} takes {port.data.kind}, and is fed with {feed.kind}")
    for role, of in one.components.items():
        demand(role in kind.components, f"it wants a component {role!r}, which is none of its `components`")
        demand(of in steps.study.roles, f"it wants {of!r} of a study that has {', '.join(steps.study.roles)}")


@check("contract")
def nothing_to_look_at_is_said(subject: AnalysisSubject) -> None:
    """Without inputs, and with sets that have no frames, it raises a WhetError or finds nothing, in a sentence.

    A bare IndexError or a mean of nothing tells nobody what is missing.
    """
    for run in (subject.steps.empty, lambda: list(subject.over(SampleStudy(frames=0)).found())):
        try:
            run()
        except WhetError:
            continue


@check("contract")
def little_is_looked_at_or_refused(subject: AnalysisSubject) -> None:
    """One frame in each set, and one trajectory, give findings or a WhetError; no number is made up.

    An interval of one frame, a spread of one seed, a slope through one point are None, not zero.
    """
    for _, findings, _ in (*subject.of_one_trajectory, *subject.of_one_frame):
        findings.check()
    for _, findings, _ in subject.of_one_frame:
        for table in findings.tables:
            _check_intervals(table)


def _check_intervals(table: Table) -> None:
    for column in table.columns:
        for row in table.records() if column.interval else ():
            low, high = row[f"{column.name} 95 % low"], row[f"{column.name} 95 % high"]
            point = low is not None and low == high
            demand(
                not point,
                f"{column.name!r} in {table.name!r} has an interval of one frame: {low} to {high}",
            )


@check("contract")
def verdicts_count_independent_units(subject: AnalysisSubject) -> None:
    """A verdict states no more units than its inputs have: trajectories where they were sampled, else frames.

    Frames of one trajectory are alike: a hundred of them say what one says. Below four units nothing is decided
    (`Verdict.of_units`).
    """
    full = [(wanted, findings, subject.steps) for wanted, findings in subject.found]
    for wanted, findings, steps in (*full, *subject.of_one_trajectory):
        most = _units(wanted, steps)
        for verdict in findings.verdicts:
            units = 0 if verdict.units is None else verdict.units
            demand(units <= most, f"{verdict.claim!r} states {units} {verdict.of}; its inputs have {most}")
            few = verdict.decided and verdict.units is not None and verdict.units < LEAST_UNITS
            demand(not few, f"{verdict.claim!r} is decided by {units} {verdict.of}")


def _units(wanted: Wanted, steps: SampleSteps) -> int:
    """Independent units among the inputs of a step, those of other analyses' findings included."""
    units: set[tuple] = set()
    for feed in _feeds(wanted):
        data = steps.data[feed]
        if isinstance(data, Predictions | LabeledFrames | SampledTrajectory):
            sampled = data.ref.sampled_by is not None
            numbers = data.trajectories if isinstance(data, Predictions) else [data.ref.trajectory]
            frames = data.reference if isinstance(data, Predictions) else data.frames
            parts = numbers if sampled else range(len(frames))
            units |= {(data.ref.set, data.ref.gathered_by, number) for number in parts}
        else:  # what others found or made of the study
            every = {(one.ref.set, one.ref.trajectory) for one in steps.study.pieces if one.ref.trajectory is not None}
            units |= every | {("file", number) for number in range(steps.sample.frames)}
    return len(units)


def _feeds(wanted: Wanted) -> Iterator[Piece]:
    for feeds in wanted.inputs.values():
        for feed in feeds:
            if isinstance(feed, Piece):
                yield feed
            else:
                yield from _feeds(feed)


@check("contract")
def order_of_inputs_changes_no_number(subject: AnalysisSubject) -> None:
    """The inputs of a role in reverse give the same rows, in whatever order, and the same verdicts.

    The order is that of the study file, which nobody wants results to hang on.
    """
    for (wanted, one), (_, other) in zip(subject.found, subject.steps.found(backwards=True), strict=True):
        names = {table.name for table in one.tables} ^ {table.name for table in other.tables}
        demand(not names, f"the tables {', '.join(sorted(names))} are there in one order only")
        for table in one.tables:
            differs = _differs(table.records(), other.table(table.name).records())
            demand(not differs, f"the table {table.name!r}{f' of {wanted.label!r}' if wanted.label else ''}: {differs}")
        said = [sorted((verdict.question, verdict.claim) for verdict in found.verdicts) for found in (one, other)]
        demand(said[0] == said[1], f"verdicts: {said[0]} becomes {said[1]}")


def _differs(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> str:
    if len(one) != len(other):
        return f"{len(one)} rows become {len(other)}"
    for first, second in zip(sorted(one, key=_row_key), sorted(other, key=_row_key), strict=True):
        if first.keys() != second.keys():
            return f"columns change: {', '.join(sorted(first.keys() ^ second.keys()))}"
        for name, value in first.items():
            if not _same(value, second[name]):
                return f"{name}: {value} becomes {second[name]}"
    return ""


def _row_key(row: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Words and counts first, then numbers in so few digits that sums in another order do not part equal rows."""
    plain = [f"{name} {value}" for name, value in sorted(row.items()) if not isinstance(value, float)]
    return plain, [f"{name} {value:.5g}" for name, value in sorted(row.items()) if isinstance(value, float)]


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME, abs_tol=1e-9)
    return one == other


@check("contract")
def findings_are_sound(subject: AnalysisSubject) -> None:
    """Names are names and stand once, rows fit their columns, and figures use tables that are there.

    A name becomes that of a file, and two columns of one name are one column in a data frame.
    """
    for _, findings in subject.found:
        try:
            findings.check()
        except ValueError as error:
            raise CheckFailed(str(error)) from None
        demand(findings.title, "they have no title")


@check("contract")
def numbers_say_what_they_are(subject: AnalysisSubject) -> None:
    """Every column of numbers in a table that is shown states its unit, is a share, or says in its description what
    the numbers are.

    An error of 0.05 can be eV/Å, eV per atom or a ratio.
    """
    for _, findings in subject.found:
        for table in (table for table in findings.tables if table.shown):
            for place, column in enumerate(table.columns):
                cells = [row[place] for row in table.rows]
                demand(
                    column.unit or column.percent or column.description or not _are_numbers(column, cells),
                    f"{column.name!r} of {table.name!r} has neither unit nor description",
                )


def _are_numbers(column: Column, cells: Iterable[Any]) -> bool:
    return column.interval or column.spread or any(isinstance(cell, float | Estimate) for cell in cells)


@check("contract")
def figures_show_columns_of_their_tables(subject: AnalysisSubject) -> None:
    """Every field that a specification encodes is a column of its table, or is made by a transform.

    Vega-Lite draws an empty panel for a field that is not there, and says nothing.
    """
    for _, findings in subject.found:
        for figure in findings.figures:
            wrong = unknown_fields(figure.spec or {}, findings)
            demand(not wrong, f"figure {figure.name!r}: {wrong[0]}" if wrong else "")


@check("contract")
def figures_can_be_drawn(subject: AnalysisSubject) -> None:
    """Vega-Lite makes a picture of every specification, without a warning; a figure has a caption and a text."""
    figures = [(figure, findings) for _, findings in subject.found for figure in findings.figures]
    if not figures:
        raise NotApplicable("it has no figures")
    for figure, _ in figures:
        demand(figure.caption and figure.text, f"figure {figure.name!r} has no caption, or no text for who cannot see")
    if find_spec("vl_convert") is None:
        raise NotApplicable("vl-convert-python is not installed")
    import vl_convert

    for figure, findings in figures:
        if figure.spec is None:
            demand(figure.svg.lstrip().startswith(("<svg", "<?xml")), f"figure {figure.name!r} is no SVG document")
            continue
        spec = {**figure.spec, "datasets": {table.name: table.records() for table in findings.tables}}
        try:
            svg = vl_convert.vegalite_to_svg(json.loads(json.dumps(spec)))
        except ValueError as error:
            raise CheckFailed(f"figure {figure.name!r}: {str(error).splitlines()[0]}") from None
        demand("<path" in svg or "<text" in svg, f"figure {figure.name!r} is empty")


@check("contract")
def interactive_pages_stand_alone(subject: AnalysisSubject) -> None:
    """An interactive page refers to nothing outside itself: no `src`, `href`, `@import` or `url(…)` but of what is in
    it. Document and scripts have 6 MB at most, gzipped.

    A report is one file that is read without a network, and that can be mailed.
    """
    pages = [(figure.name, figure.page) for _, findings in subject.found for figure in findings.figures if figure.page]
    if not pages:
        raise NotApplicable("it has no interactive pages")
    for name, page in pages:
        try:
            page.check()
        except ValueError as error:
            raise CheckFailed(f"the page of the figure {name!r} {error}") from None


@check("contract")
def findings_survive_storage(subject: AnalysisSubject) -> None:
    """Findings are plain data: read back from JSON they are the same, bit for bit.

    NumPy's numbers, tuples as keys and sets are not; a number that is not finite becomes None.
    """
    for _, findings in subject.found:
        try:
            stored = json.dumps(findings.as_json(), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise CheckFailed(f"JSON cannot hold them: {error}") from None
        again = json.dumps(Findings.from_json(json.loads(stored)).as_json())
        demand(again == stored, "they are not the same once they were stored as JSON")


@check("contract")
def same_input_same_bytes(subject: AnalysisSubject) -> None:
    """The same inputs give the same findings to the last bit, the second time as well.

    A clock, an unseeded generator and inputs that are changed in place show up here.
    """
    first = [findings.as_json() for _, findings in subject.found]
    demand([f.as_json() for _, f in subject.steps.found()] == first, "the second run on the same inputs differs")


@check("contract")
def analyses_leave_the_process_as_it_was(subject: AnalysisSubject) -> None:
    """Running it changes nothing global and prints nothing, and another process finds the same.

    Workers run many steps in one process. Draw random numbers from a generator of your own, with a seed; the order of
    a set is another one in each process.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="whet-check-") as folder:
        (changed, found), printed = fresh_interpreter.changed_by_analysis(subject.component, Path(folder))
    demand(not changed, f"changed: {', '.join(changed)}")
    demand(not printed, f"printed on standard output: {printed[:200]!r}")
    here = [findings.as_json() for _, findings in subject.found]
    demand(found == json.loads(json.dumps(here)), "another process finds something else on the same inputs")


ANALYSIS_CHECKS: tuple[Check, ...] = (
    nothing_is_wanted_of_an_empty_study,
    what_is_wanted_can_be_had,
    nothing_to_look_at_is_said,
    little_is_looked_at_or_refused,
    verdicts_count_independent_units,
    order_of_inputs_changes_no_number,
    findings_are_sound,
    numbers_say_what_they_are,
    figures_show_columns_of_their_tables,
    figures_can_be_drawn,
    interactive_pages_stand_alone,
    findings_survive_storage,
    same_input_same_bytes,
    analyses_leave_the_process_as_it_was,
)


def check_analysis(
    analysis: Given,
    expected_failures: Mapping[str, str] | None = None,
    *,
    tiers: Collection[Tier] = TIERS,
    only: Collection[str] = (),
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> Conformance:
    """Runs the checks of an analysis; the arguments are those of `check_potential`."""
    subject = AnalysisSubject(analysis)
    return run_checks(ANALYSIS_CHECKS, subject, expected_failures=expected_failures, tiers=tiers, only=only, seen=seen)


KIT = Kit(ANALYSIS_CHECKS, check_analysis)
