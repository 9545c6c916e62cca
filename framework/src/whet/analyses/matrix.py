"""Matrix: every architecture trained on every set of data: errors on each test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from whet.analyses.parts.heat_map import heat_map
from whet.analyses.parts.meanings import FRAMES, LABELS, POTENTIAL, SEEDS
from whet.analyses.parts.series_table import COLUMNS, UNTOUCHED, SeriesRow, series_rows
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Figure, Findings, Table
from whet.contracts.ports import Found, Port, Predictions
from whet.contracts.task import Work

NOTHING = "nothing"
"""What an untouched potential was trained on, beside what it was made with."""

DEFINITION = (
    "Each row is an architecture, each column what it was trained on: the last state of a strategy, whose name stands "
    "for its data. Numbers are means over repetitions, the spread is over them. With `acquisition: shared` all "
    "architectures of a column were trained on the same frames; else each gathered its own in the same way. A column "
    "that is good for one architecture and bad for another holds data that do not carry over."
)


class Matrix(Analysis):
    """Model by dataset: every architecture trained on the data of every strategy, and its errors on each test set."""

    name = "matrix"
    place = 42
    by_default = True
    after = ("scores",)
    inputs: ClassVar[Mapping[str, Port]] = {"scores": Port(Found, what="of each independent set")}

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step, where two potentials or more were evaluated, and one of them was fine-tuned."""
        states = {piece.ref.state for piece in study.all(Predictions, set_kind="independent")}
        several = len({state.potential for state in states}) > 1 and any(state.strategy for state in states)
        scores = [piece for piece in study.all(Found, set_kind="independent") if piece.role == "scores"]
        return [Wanted({"scores": scores})] if several and scores else []

    def run(self, work: Work) -> Findings:
        """Table `matrix`; figures `matrix-forces`, `matrix-energies`."""
        found = [
            (one.ref.set, row)
            for one in work.all("scores", Found)
            for row in series_rows(one.findings)
            if not row.corrected and (row.last or row.untouched)
        ]
        title = "Model by dataset"
        if not found:
            return Findings(title, notes=["nothing was scored on an independent set"])
        source = "Niblett et al.: every architecture on every subset"
        return Findings(title, "", [_table(found)], _figures(found), definition=DEFINITION, source=source)


def _table(found: Sequence[tuple[str, SeriesRow]]) -> Table:
    columns = (
        Column("potential", description=POTENTIAL),
        Column("trained on", description="The last state of a strategy, whose name stands for its data."),
        Column("set", description="That it is tested on."),
        Column("labels", description=LABELS),
        COLUMNS["rmse"],
        COLUMNS["mae"],
        COLUMNS["fitted_rmse"],
        COLUMNS["stress_rmse"],
        COLUMNS["curvature"],
        Column("seeds", description=SEEDS),
        Column("frames", description=FRAMES),
    )
    cells: list[list[Cell]] = []
    for on, row in found:
        known: list[Cell] = [row.potential, _trained_on(row), on, row.mean_labels, row.rmse, row.mae]
        cells.append([*known, row.fitted_rmse, row.stress_rmse, row.curvature, row.seeds, row.frames])
    return Table("matrix", "Every potential trained on every set of data", columns, cells, folded=True)


def _figures(found: Sequence[tuple[str, SeriesRow]]) -> list[Figure]:
    sets = list(dict.fromkeys(on for on, _ in found))
    many = len({_trained_on(row) for _, row in found})
    figures = []
    for name, column, title, values in (
        ("matrix-forces", "RMSE F", "force RMSE (eV/Å)", [row.rmse.value for _, row in found]),
        ("matrix-energies", "RMSE E fitted here", "energy RMSE (meV/atom)", [row.fitted_rmse for _, row in found]),
    ):
        known = [value for value in values if value is not None]
        if known:
            on = "each test set" if len(sets) > 1 else f"“{sets[0]}”"
            caption = (
                f"{title[0].upper()}{title[1:]} on {on}: rows are architectures, columns what they were trained on."
            )
            facet = ("set", sets) if len(sets) > 1 else None
            axes = {"x": ("trained on", "trained on"), "y": ("potential", "potential")}
            shades = {"value": (column, title), "values": known, "columns": many}
            figures.append(heat_map(name, "matrix", caption, **axes, **shades, facet=facet))
    return figures


def _trained_on(row: SeriesRow) -> str:
    return NOTHING if row.state == UNTOUCHED else row.state
