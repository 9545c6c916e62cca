"""The page: sections put together into one self-contained file, with the tables and figures beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.durable import write_json, write_text
from whet.report.parts import Section
from whet.report.sections.coverage import coverage_section
from whet.report.sections.errors import cross_section, errors_section, learning_section
from whet.report.sections.overview import headline, plan_section
from whet.report.sections.softening import softening_section
from whet.report.sections.trajectories import bonds_section, residual_section

if TYPE_CHECKING:
    from whet.study.study import Study

SECTIONS = (
    headline,
    softening_section,
    errors_section,
    cross_section,
    residual_section,
    bonds_section,
    coverage_section,
    learning_section,
    plan_section,
)
"""In the order of the page."""


def write_report(study: Study, folder: Path) -> Path:
    """Writes `index.html`, `tables/*.csv`, `figures/*.svg` and `scores.json` into `folder`; gives the page's path.

    The page needs nothing else and nothing from the network. What is missing in the store is missing on the page,
    which says so. Raises StoreError where the folder cannot be written.
    """
    from jinja2 import Environment, PackageLoader

    results = study.results
    found: list[Section] = [made for make in SECTIONS if (made := make(study, results)) is not None]
    pictures = {picture.name: picture.svg() for section in found for picture in section.pictures}
    for old in (folder / "tables", folder / "figures"):
        shutil.rmtree(old, ignore_errors=True)
    for section in found:
        for table in section.tables:
            write_text(folder / "tables" / f"{table.name}.csv", table.csv())
    for name, svg in pictures.items():
        write_text(folder / "figures" / f"{name}.svg", svg)
    write_json(folder / "scores.json", [score.as_json() for score in results.scores])
    template = Environment(
        loader=PackageLoader("whet.report", "."), autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    page = template.get_template("page.html").render(study=study.file, sections=found, pictures=pictures)
    write_text(folder / "index.html", page)
    return folder / "index.html"
