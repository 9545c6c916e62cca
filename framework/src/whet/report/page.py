"""The page: a record of a study as one self-contained file, with its tables and figures beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from whet.report.drawing import Drawing
from whet.report.glossary import Glossary
from whet.report.outline import Outline
from whet.report.page_texts import PageTexts
from whet.report.report_folder import ReportFolder
from whet.report.safe_svg import printable
from whet.report.series import SeriesScales
from whet.report.tables import ShownTable, csv_of
from whet.report.theme import OUTLINES, dash_array, figure_rules, variables
from whet.report.vega import bundle, packed
from whet.study.record import COST, Record

if TYPE_CHECKING:
    from markupsafe import Markup


def write_report(record: Record, folder: str | Path) -> Path:
    """Writes `index.html`, tables, figures, `scores.json`, `methods.txt` and `references.bib`; gives the page's path.

    The page needs nothing else and nothing from the network. The same record gives the same bytes. The report that was
    there before is replaced. Raises InputError, and writes nothing, where a file that Whet did not write is in the way;
    StoreError where the folder cannot be written.
    """
    folder = Path(folder)
    kept = ReportFolder(folder)
    kept.check_place()
    kept.replace(_files(record), record.about)
    return folder / "index.html"


def is_current(record: Record, folder: Path) -> bool:
    """Whether the report in a folder is whole and shows just this record."""
    return ReportFolder(folder).is_of(record.about)


def _files(record: Record) -> dict[str, str]:
    """Everything that a report consists of: name -> text."""
    outline = Outline(record)
    scales = _scales(outline, record)
    drawings = {
        name: Drawing.of(name, figure, part.named_tables, scales)
        for part in outline.parts()
        for name, figure in part.figures.items()
    }
    files = {f"tables/{name}.csv": csv_of(table) for part in outline.parts() for name, table in part.tables.items()}
    for name, drawing in drawings.items():
        if drawing.picture is not None:
            files[f"figures/{name}.svg"] = drawing.picture.text + "\n"
        if drawing.spec is not None:
            files[f"figures/{name}.vl.json"] = drawing.specification()
    scores = [dict(score) for score in record.scores]
    files["scores.json"] = json.dumps(scores, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if record.methods:
        files["methods.txt"] = "\n\n".join(record.methods) + "\n"
    if record.references:
        files["references.bib"] = "\n\n".join(record.references) + "\n"
    files["index.html"] = printable(_page(record, outline, drawings, scales))
    # Half of a character, which a file of another program may hold, can be written nowhere.
    return {name: text.encode(errors="replace").decode() for name, text in files.items()}


def _scales(outline: Outline, record: Record) -> SeriesScales:
    figures = [(figure, part.named_tables) for part in outline.parts() for figure in part.figures.values()]
    return SeriesScales(figures, record.states)


def _page(record: Record, outline: Outline, drawings: Mapping[str, Drawing], scales: SeriesScales) -> str:
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("whet.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["words"] = _words
    template = environment.get_template("page.html")
    live = {name: one.vega for name, one in drawings.items() if one.vega is not None}
    return template.render(
        record=record,
        outline=outline,
        drawings=drawings,
        pictures={name: Markup(one.picture.text) for name, one in drawings.items() if one.picture},
        shown=ShownTable,
        glossary=Glossary(outline),
        cost_title=COST,
        key=[(one.word, one.look, dash_array(one.look.dash), OUTLINES[one.look.shape]) for one in scales.key()],
        light=Markup(variables(dark=False)),
        dark=Markup(variables(dark=True)),
        figure_rules=Markup(figure_rules()),
        live=packed(json.dumps(live, allow_nan=False)) if live else "",
        vega=bundle() if live else "",
        pages=PageTexts.of({name: one.figure.page for name, one in drawings.items() if one.figure.page}),
    )


def _words(sentence: str) -> Markup:
    """A sentence in which `keys` and `commands` stand as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(sentence))))
