"""The page: whole HTML, nothing from elsewhere, user's words escaped, the same bytes for the same results."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest

from whet.report.page import write_report
from whet.study.study import Study

from .conftest import SAMPLED, made

EVERY = ("whole", "failing", "subsets", "evaluation")
VOID = {"meta", "link", "br", "img", "hr"}


class Outline(HTMLParser):
    """Checks that tags are balanced; gathers ids, links, tags and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text += data


def outline(folder: Path) -> Outline:
    page = Outline()
    page.feed((folder / "index.html").read_text(encoding="utf-8"))
    page.close()
    return page


@pytest.mark.parametrize("name", EVERY)
def test_html_is_balanced_and_ids_are_unique(reports, name):
    page = outline(reports[name])
    assert not page.open
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_loaded_from_elsewhere(reports, name):
    folder = reports[name]
    page = outline(folder)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        elif not link.startswith("data:image/png;base64,"):
            assert (folder / link).is_file(), link
    for path in (folder / "index.html", *(folder / "figures").glob("*.svg")):
        text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", path.read_text(encoding="utf-8"))
        assert not re.search(r"https?://|@import|url\((?!#)", text), path


@pytest.mark.parametrize("name", EVERY)
def test_every_figure_says_what_it_shows(reports, name):
    figures = list((reports[name] / "figures").glob("*.svg"))
    assert figures
    for path in figures:
        root = ElementTree.parse(path).getroot()
        title = next(iter(root))
        assert root.get("role") == "img"
        assert title.tag.endswith("title")
        assert root.get("aria-labelledby") == title.get("id")
        assert title.text


def test_words_of_the_user_are_escaped(reports):
    text = (reports["subsets"] / "index.html").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "<b>bold" not in text
    assert "one & <i>" not in text
    page = outline(reports["subsets"])
    assert 'a <b>bold</b> & "quoted" study' in page.text
    assert "one & <i>" in page.text
    assert "../<script>alert(1)</script>" in page.text


def test_file_names_are_safe(reports):
    folder = reports["subsets"]
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"((tables|figures)/)?[a-z0-9-]+\.(csv|svg|html|json|txt)", str(path)) for path in files)
    assert len(files) > 10


def test_same_results_give_same_bytes_and_old_files_go(reports, evaluation, whole, tmp_path):
    def contents(folder: Path) -> dict[Path, bytes]:
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    write_report(whole, tmp_path)
    assert contents(tmp_path) == contents(reports["whole"])
    write_report(evaluation, tmp_path)
    assert contents(tmp_path) == contents(reports["evaluation"])


def test_first_screen_answers_the_readers_questions(reports):
    text = outline(reports["whole"]).text
    for question in ("How biased?", "After fine-tuning", "Naive or periodic?", "Cost"):
        assert question in text
    assert "soft beyond what noise explains" in text
    assert "is better" in text or "no difference resolved" in text


def test_label_failures_are_listed(reports, failing):
    failures = failing.results.failures
    text = outline(reports["failing"]).text
    assert failures
    assert f"{len(failures)} frames could not be labeled" in text
    rows = (reports["failing"] / "tables" / "failures.csv").read_text().splitlines()[1:]
    assert len(rows) == len(failures)
    assert all("the toy did not converge" in row for row in rows)


def test_what_is_missing_is_said(reports):
    assert "the study names no “descriptor”" in outline(reports["failing"]).text
    assert "the study names no “strategies”" in outline(reports["evaluation"]).text
    assert "no test set is of the kind “replay”" in outline(reports["whole"]).text


@pytest.mark.parametrize("steps", [0, 14, 28])
def test_incomplete_study_is_reported_as_far_as_it_goes(tmp_path, steps):
    study = made(tmp_path, SAMPLED.format(labeler="toy", more="descriptor: toy"), steps)
    page = outline(write_report(study).parent)
    assert not page.open
    waiting = sum(not study.store.is_done(key) for key in study.plan.steps)
    assert f"{waiting} of {len(study.plan.steps)} steps have no result yet" in page.text


def test_nothing_of_a_set_without_forces_breaks_the_page(tmp_path):
    from ase.build import bulk
    from ase.io import write

    still = bulk("Ar", "fcc", a=4.6, cubic=True)
    still.info["REF_energy"], still.arrays["REF_forces"] = -1.0, 0 * still.positions
    write(tmp_path / "still.xyz", [still], format="extxyz")
    study: Study = made(tmp_path, "name: still\npotentials: {main: toy}\ntests: {still: still.xyz}\n")
    text = outline(write_report(study).parent).text
    assert "1 evaluation without a number" in text
    assert "all reference forces" in text
