"""The README's picture of the report: its size, that it shows what the pages quote, and the tool that takes it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from doc_scripts import script
from in_process import whet as program
from whet import Study

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "examples" / "quickstart" / "README.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def taking() -> ModuleType:
    return script("take_picture")


def quoted() -> dict[str, str]:
    """Question -> answer, as the quickstart's page quotes them, with plain spaces."""
    (block,) = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    blocks = (one.partition("\n") for one in block.strip().split("\n\n"))
    return {question: " ".join(answer.split()) for question, _, answer in blocks}


def test_the_picture_has_the_size_that_it_is_taken_at(taking: ModuleType) -> None:
    assert f"({taking.PICTURE.relative_to(ROOT)})" in README
    assert taking.size_of(taking.PICTURE) == (taking.WIDTH, taking.HEIGHT)


def test_the_picture_shows_what_the_page_quotes(taking: ModuleType) -> None:
    shown = taking.answers_in(taking.PICTURE)
    if shown is None:
        pytest.skip("docs/report.png carries no answers: make demo, then python docs/take_picture.py")
    for question, answer in quoted().items():
        assert answer in [" ".join(claim.split()) for claim in shown[question]]


def test_the_readme_promises_what_the_page_of_the_quickstart_says() -> None:
    words = {"ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30}
    (most,) = re.findall(r"It takes (?:\w+ to )?(\w+) minutes", PAGE)
    (promised,) = re.findall(r"make demo .*?(\d+) minutes", README)
    assert int(promised) == words[most]
    study = (ROOT / "examples" / "quickstart" / "study.yaml").read_text(encoding="utf-8")
    for word in ("chgnet", "tblite"):
        assert word in study
    assert "CHGNet" in README and "GFN1-xTB" in README


@pytest.mark.skipif(not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), reason="no browser")
def test_a_picture_is_taken_of_any_finished_study(
    toy: None, study_file: Path, tmp_path: Path, taking: ModuleType
) -> None:
    assert not Study.load(study_file).run().failed
    picture = tmp_path / "picture.png"
    taking.take(Study.load(study_file).stored, picture)
    assert taking.size_of(picture) == (taking.WIDTH, taking.HEIGHT)
    assert (tmp_path / "picture.png").stat().st_size > 10_000, "an empty page"
    answers = taking.answers_in(picture)
    program("report", study_file, "--out", tmp_path / "report")
    page = " ".join((tmp_path / "report" / "index.html").read_text(encoding="utf-8").split())
    assert answers and all(question in page for question in answers)
