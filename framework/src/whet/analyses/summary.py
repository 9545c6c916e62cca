"""Summary: what every reader wants to know first, of the main test set; and a table of each other set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from whet.analyses.parts.answers import after_fine_tuning, forgotten, how_soft
from whet.analyses.parts.first_figure import first_figure
from whet.analyses.parts.first_set import first_set, own_rows
from whet.analyses.parts.meanings import LABELS, POTENTIAL, READINGS, SEEDS, STATES
from whet.analyses.parts.series_table import COLUMNS, SeriesRow, series_rows, several
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Findings, Table, Verdict, slug
from whet.contracts.options import Options
from whet.contracts.ports import Found, Port
from whet.contracts.task import Work
from whet.data.frame_groups import units_in_words
from whet.data.numbers import count

MOST_ROWS = 16
"""Rows of the first figure; beyond them only the last state of each strategy is drawn."""

READING = (
    "Curvature ratio: mean curvature of the predicted energy surface over the reference’s; below 1 the potential is "
    "soft. It is the slope s of predicted on reference forces for frames of the reference’s dynamics and for rattles, "
    "and 1/b, b being the slope of reference on predicted forces, for frames of the potential’s own dynamics. For "
    "other frames s and 1/b are bounds, and the frames do not decide. Uncentred R²: s times b; what is missing to 1 is "
    "unexplained by any factor on the forces: random errors or displaced minima, which are another fault. Energy "
    "errors: as predicted, and after fitting reference energies on these very frames, which flatters. Brackets: 95 % "
    "intervals over independent units."
)


class SummaryOptions(Options):
    """Options of the summary."""

    order: tuple[str, ...] = ()
    """Names of the sets in the order of their tables; those that are not named come last. Default: independent sets,
    then replay sets, as in the study file."""


class Summary(Analysis):
    """The answers that a report begins with: how soft, after fine-tuning, forgotten."""

    name = "summary"
    place = 10
    result_version = 6
    by_default = True
    after = ("scores",)
    Options = SummaryOptions
    inputs: ClassVar[Mapping[str, Port]] = {
        "sets": Port(
            Found, what="scores of independent sets, of which one is for the first screen, and of replay sets"
        ),
        "own": Port(Found, what="scores of own trajectories of the untouched potentials"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step for all sets."""
        scores = [piece for piece in study.all(Found) if piece.role == "scores"]
        sets = [piece for kind in ("independent", "replay") for piece in scores if piece.ref.set_kind == kind]
        own = [
            one for one in scores if one.ref.set_kind == "self" and one.ref.sampled_by and one.ref.sampled_by.untouched
        ]
        inputs = {role: pieces for role, pieces in (("sets", sets), ("own", own)) if pieces}
        order = list(self.options.order) or [piece.ref.set for piece in sets]
        return [Wanted(inputs, options={"order": order})] if inputs else []

    def run(self, work: Work) -> Findings:
        """Tables: `summary` of the first set, `summary-PLACE-SET` of each other; the figure of the first screen."""
        order = {name: place for place, name in enumerate(self.options.order)}
        sets = sorted(work.all("sets", Found), key=lambda one: order.get(one.ref.set, len(order)))
        main = first_set([one for one in sets if one.ref.set_kind == "independent"])
        others = [one for one in sets if one is not main]
        tables = [
            _table(f"summary-{place}-{slug(one.ref.set)}".rstrip("-"), one, series_rows(one.findings))
            for place, one in enumerate(others, 2)
        ]
        forgot = [
            verdict
            for one in others
            if one.ref.set_kind == "replay"
            for verdict in forgotten(series_rows(one.findings), one.ref.set)
        ]
        rows, own = series_rows(main.findings) if main else [], own_rows(work.all("own", Found))
        on = main.ref.set if main else ""
        answers = list(how_soft(rows, own, on))
        if main is None or not rows:
            nothing = "No independent test set has been evaluated, so nothing can be said about bias"
            answers = answers or [Verdict("Result", nothing, decided=False)]
            return Findings("In short", tables=tables, verdicts=[*answers, *forgot])
        ends = _ends(rows)
        figure, points = first_figure(ends, main.findings, on)
        answers += [*after_fine_tuning(rows), *forgot]
        tables = [_table("summary", main, ends), *tables, *points]
        return Findings("In short", "", tables, [figure], answers, _reading_note(rows))


def _ends(rows: Sequence[SeriesRow]) -> list[SeriesRow]:
    """The untouched potentials, the corrections by one factor and the last state of each strategy."""
    ends = [row for row in rows if not row.strategy or row.last]
    if len(ends) <= MOST_ROWS:
        return ends
    final = {(row.potential, row.strategy): row for row in ends}
    return [row for row in ends if not row.strategy or final[row.potential, row.strategy] is row]


def _reading_note(rows: Sequence[SeriesRow]) -> str:
    """How to read the summary tables, no more than these need."""
    note = READING
    if any(row.seeds > 1 for row in rows):
        note += " ±: standard deviation over seeds."
    if any(row.corrected for row in rows):
        note += " One factor: forces times b of one frame, of a strategy’s first training data that with the largest "
        note += "root-mean-square reference force."
        note += " Deng’s 1/s: forces divided by its s."
    return note


def _table(name: str, of: Found, rows: Sequence[SeriesRow]) -> Table:
    """What every reader wants to know of each state, in one row."""
    slopes = any(row.r2.value is not None for row in rows)  # not of relaxed structures
    tuned = {row.seeds for row in rows if row.strategy}
    bounds = any(not row.slope and row.bounds for row in rows)
    columns = (
        Column("potential", description=POTENTIAL, shown=several(rows)),
        Column("state", description=STATES),
        Column("labels", description=LABELS),
        replace(COLUMNS["curvature"], decimals=3, shown=any(row.curvature.value is not None for row in rows)),
        replace(COLUMNS["lower"], decimals=3, shown=bounds),
        replace(COLUMNS["upper"], decimals=3, shown=bounds),
        Column("reading", description=READINGS, shown=slopes),
        replace(COLUMNS["r2"], decimals=3, brief=True, shown=slopes),
        COLUMNS["energy_mae"],
        COLUMNS["fitted_mae"],
        COLUMNS["mae"],
        replace(COLUMNS["relative_rmse"], decimals=1, percent=True),
        replace(COLUMNS["seconds"], decimals=3, shown=several(rows)),
        Column("seeds", description=SEEDS, shown=len(tuned) > 1),
        Column("frames", shown=False),
        replace(COLUMNS["scale"], shown=False),
        replace(COLUMNS["sampler"], shown=False),
        Column("left out", shown=any(row.left_out for row in rows)),
        Column("set", shown=False),
    )
    return Table(name, _caption(of, rows), columns, [_cells(row, of.ref.set) for row in rows])


def _cells(row: SeriesRow, on: str) -> list[Cell]:
    words = row.labels_shown
    labels: Cell = None if row.untouched else int(words) if words.isdigit() else words
    return [
        *(row.potential, row.state, labels, row.curvature, row.lower, row.upper, row.reading, row.r2),
        *(row.energy_mae, row.fitted_mae, row.mae, row.relative_rmse, row.seconds, row.seeds, row.frames),
        *(row.scale, row.sampler, row.left_out, on),
    ]


def _caption(of: Found, rows: Sequence[SeriesRow]) -> str:
    frames = count(min((row.frames for row in rows), default=0), "frame")
    frames += f" of {units_in_words(rows[0].units, rows[0].of)}" if rows and rows[0].of not in ("", "frames") else ""
    seeds = {row.seeds for row in rows if row.strategy}
    frames += f"; fine-tuned: means over {seeds.pop()} seeds" if len(seeds) == 1 and seeds != {1} else ""
    if of.ref.set_kind == "replay":
        return f"“{of.ref.set}” (of the foundation model's training set: what was forgotten; {frames})"
    return f"“{of.ref.set}” ({frames})"
