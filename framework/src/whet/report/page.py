"""The page: sections put together into one self-contained file, with the tables and figures beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.durable import write_json, write_text
from whet.data.identity import key_of
from whet.report.findings import Findings
from whet.report.parts import Section
from whet.report.sections.bonds import bonds_section
from whet.report.sections.coverage import coverage_section
from whet.report.sections.crosswise import cross_section
from whet.report.sections.errors import errors_section
from whet.report.sections.headline import headline
from whet.report.sections.learning import learning_section
from whet.report.sections.provenance import plan_section
from whet.report.sections.residuals import residual_section
from whet.report.sections.softening import softening_section
from whet.report.sections.summary import other_sets_section
from whet.report.sections.training import training_section

if TYPE_CHECKING:
    from whet.study.study import Study

SECTIONS = (
    headline,
    other_sets_section,
    learning_section,
    softening_section,
    errors_section,
    cross_section,
    residual_section,
    bonds_section,
    coverage_section,
    training_section,
    plan_section,
)
"""In the order of the page. Each gives None where it has nothing to show; `missing` says why."""


PLAN = "plan.txt"
"""File in the folder that says of which plan the report is."""


def report_folder(study: Study) -> Path:
    """Where a study's report goes unless told otherwise: `report/` beside its file."""
    return study.source.folder / "report"


def write_report(study: Study, folder: Path | None = None) -> Path:
    """Writes `index.html`, `tables/*.csv`, `figures/*.svg` and `scores.json`; gives the page's path.

    folder: default `report_folder(study)`. The page needs nothing else and nothing from the network. What is missing
    in the store is missing on the page, which says so. The same results give the same bytes. Raises StoreError where
    the folder cannot be written.
    """
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    folder = folder or report_folder(study)
    findings = Findings(study, study.results)
    found: list[Section] = [made for make in SECTIONS if (made := make(findings)) is not None]
    pictures = {picture.name: picture.svg() for section in found for picture in section.pictures}
    for old in (folder / "tables", folder / "figures"):
        shutil.rmtree(old, ignore_errors=True)
    for section in found:
        for table in section.tables:
            write_text(folder / "tables" / f"{table.name}.csv", table.csv())
    for name, svg in pictures.items():
        write_text(folder / "figures" / f"{name}.svg", svg)
    write_json(folder / "scores.json", [score.as_json() for score in findings.results.scores])
    template = Environment(
        loader=PackageLoader("whet.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    ).get_template("page.html")
    safe = {name: Markup(svg) for name, svg in pictures.items()}
    page = template.render(study=study.file, sections=found, pictures=safe, complete=findings.results.complete)
    write_text(folder / "index.html", page)
    write_text(folder / PLAN, _plan_key(study))
    return folder / "index.html"


def is_current(study: Study, folder: Path) -> bool:
    """Whether the report in a folder is of this very plan (another variant of the study writes there too)."""
    path = folder / PLAN
    return path.is_file() and path.read_text() == _plan_key(study)


def _plan_key(study: Study) -> str:
    return key_of(sorted(study.plan.steps)) + "\n"
