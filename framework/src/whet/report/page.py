"""The page: sections put together into one self-contained file, with the tables and figures beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.durable import locked
from whet.data.identity import file_digest, key_of
from whet.report.findings import Findings
from whet.report.parts import Section
from whet.report.report_folder import ReportFolder
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


def report_folder(study: Study) -> Path:
    """Where a study's report goes unless told otherwise: `report/` beside its file."""
    return study.source.folder / "report"


def write_report(study: Study, folder: Path | None = None) -> Path:
    """Writes `index.html`, `tables/*.csv`, `figures/*.svg` and `scores.json`; gives the page's path.

    folder: default `report_folder(study)`. The page needs nothing else and nothing from the network. What is missing
    in the store is missing on the page, which says so. The same results give the same bytes. The report that was there
    before is replaced; raises InputError, and writes nothing, where a file that Whet did not write is in the way.
    Raises StoreError where the folder cannot be written. Of several processes one writes after the other.
    """
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    folder = folder or report_folder(study)
    kept = ReportFolder(folder)
    kept.check_place()
    with _alone(study):
        about = _about(study)
        findings = Findings(study, study.results)
        found: list[Section] = [made for make in SECTIONS if (made := make(findings)) is not None]
        pictures = {picture.name: picture.svg() for section in found for picture in section.pictures}
        files = {f"tables/{table.name}.csv": table.csv() for section in found for table in section.tables}
        files |= {f"figures/{name}.svg": svg for name, svg in pictures.items()}
        scores = [score.as_json() for score in findings.results.scores]
        files["scores.json"] = json.dumps(scores, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        template = Environment(
            loader=PackageLoader("whet.report", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
        ).get_template("page.html")
        safe = {name: Markup(svg) for name, svg in pictures.items()}
        page = template.render(study=study.file, sections=found, pictures=safe, complete=findings.results.complete)
        files["index.html"] = page
        kept.replace(files, about)
    return folder / "index.html"


def is_current(study: Study, folder: Path) -> bool:
    """Whether the report in a folder shows this very study with all the results that are there now."""
    return ReportFolder(folder).is_of(_about(study))


def _about(study: Study) -> dict[str, str]:
    """What a report is about: the words and the plan of a study, and what was in the store."""
    words = study.file.model_dump(mode="json", exclude={"running", "store"})
    store, done = study.store, filter(study.store.is_done, sorted(study.plan.steps))
    return {
        "whet": version("whet"),
        "study": study.file.name,
        "plan": key_of([words, sorted(study.plan.steps)]),
        "results": key_of([[key, file_digest(store.folder(key) / "result.json")] for key in done]),
    }


@contextmanager
def _alone(study: Study) -> Iterator[None]:
    """Waits for other processes that write a report of this store. One that is only read has nobody to wait for."""
    root = study.store.root
    if not os.access(root, os.W_OK):
        yield
        return
    with locked(root / "report.lock"):
        yield
