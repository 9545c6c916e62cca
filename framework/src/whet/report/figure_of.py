"""figure_of: one figure of a record, as a picture for a paper or a notebook."""

from __future__ import annotations

from whet.data.errors import UnknownName
from whet.report.drawing import Drawing
from whet.report.outline import Outline
from whet.report.series import SeriesScales
from whet.study.record import Record


def figure_of(record: Record, name: str = "") -> str:
    """A figure of a report as an SVG document, with its look there.

    name: as its file is called in a report (`residuals`), or the beginning of that which no other one has; by default
    the first. UnknownName where there is none of that name.
    """
    drawn = [
        (label, figure, part.named_tables) for part in Outline(record).parts() for label, figure in part.figures.items()
    ]
    chosen = [one for one in drawn if name in ("", one[0])][:1] or [one for one in drawn if one[0].startswith(name)]
    if len(chosen) != 1:
        raise UnknownName.among("figure", name, [label for label, _, _ in drawn])
    ((label, figure, tables),) = chosen
    scales = SeriesScales([(figure, tables) for _, figure, tables in drawn], record.states)
    picture = Drawing.of(label, figure, tables, scales).picture
    return picture.text if picture else ""
