"""The page: findings of any analysis in their order, whole HTML, nothing from elsewhere, the same bytes again."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pages import contents, outline
from whet.contracts.findings import Column, Figure, Findings, Table
from whet.report.page import is_current, write_report
from whet.study.record import Record
from whet.study.section import Section

from .records import curve, errors, findings, record, rich


def test_a_report_is_whole(tmp_path: Path) -> None:
    page = outline(write_report(rich(), tmp_path))
    assert not page.open
    assert len(page.ids) == len(set(page.ids))
    assert sorted(contents(tmp_path)) == sorted(
        [
            "index.html",
            "scores.json",
            "whet-report.json",
            *("tables/errors.csv", "tables/hidden.csv", "tables/errors-1-near-i.csv", "tables/errors-2-far.csv"),
            *(f"figures/{name}.{kind}" for name in ("first", "curve") for kind in ("svg", "vl.json")),
            *(f"figures/learning-{place}.{kind}" for place in ("1-near-i", "2-far") for kind in ("svg", "vl.json")),
            *(f"figures/sketch-{place}.svg" for place in ("1-near-i", "2-far")),
        ]
    )
    assert json.loads((tmp_path / "scores.json").read_text()) == [{"potential": "a", "mae": 0.1}]


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    page = outline(write_report(rich(), tmp_path))
    assert not {"link", "iframe", "object", "embed", "base"} & set(page.tags)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (tmp_path / link).is_file(), link
    for path in (tmp_path / "index.html", *(tmp_path / "figures").glob("*.svg")):
        text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", path.read_text(encoding="utf-8"))
        assert not re.search(r"https?://|@import|url\((?!#)", text), path


def test_the_order_of_a_page(tmp_path: Path) -> None:
    text = outline(write_report(rich(), tmp_path)).text
    wanted = [
        "a study",
        "main: toy",
        "·",
        "reference: PBE",
        "Two steps failed.",
        "In short",
        "How biased?",
        "soft by 12 %",
        "Evidence and limits",
        "from 6 trajectories",
        "scale 0.88",
    ]
    wanted += ["Limits: surfaces", "Naive or periodic?", "near <i>", "periodic is better on near <i>", "far"]
    wanted += ["undecided: 2 trajectories", "Force errors against labels.", "Not covered", "No descriptor is named."]
    wanted += ["How this is computed", "The mean over all components.", "A paper, Eq. 3", "Force errors", "0.30"]
    wanted += ["Frames of one trajectory are alike.", "Learning", "The same for both.", "near <i>", "far"]
    place = 0
    for words in wanted:
        assert words in text[place:], f"{words} does not come after what comes before it"
        place = text.index(words, place) + 1
    assert text.count("The same for both.") == 1
    assert "Not on the page" not in text


def test_what_stands_on_the_first_screen_is_not_said_again_right_below(tmp_path: Path) -> None:
    text = outline(write_report(rich(), tmp_path)).text
    assert text.count("soft by 12 %") == 1
    assert text.count("periodic is better on near <i>") == 2


def test_runs_of_one_analysis_have_headings_and_one_run_has_none(tmp_path: Path) -> None:
    html = write_report(rich(), tmp_path / "two").read_text()
    assert "<h3>near &lt;i&gt;</h3>" in html
    html = write_report(record(findings(label="alone")), tmp_path / "one").read_text()
    assert "<h3>alone</h3>" not in html
    assert (tmp_path / "one" / "tables" / "errors-1-alone.csv").is_file()


def test_analyses_that_call_their_tables_the_same_do_not_collide(tmp_path: Path) -> None:
    sections = [Section(name, [findings()]) for name in ("errors", "other", "other")]
    page = outline(write_report(Record("a study", sections), tmp_path))
    assert len(page.ids) == len(set(page.ids))
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "errors.csv",
        "other-errors-2.csv",
        "other-errors.csv",
    ]


@pytest.mark.parametrize("title", ["In short", "Table errors", "whet vega", "Figure curve title", "Å", ""])
def test_no_title_takes_the_place_of_another(title: str, tmp_path: Path) -> None:
    found = findings()
    found = Findings(title, tables=found.tables, figures=found.figures)
    page = outline(write_report(Record("a study", [Section("x", [found]), Section("y", [found])]), tmp_path))
    assert len(page.ids) == len(set(page.ids))


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    write_report(rich(), tmp_path / "here")
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path; from records import rich; from whet.report.page import write_report\n"
        f"write_report(rich(), Path({str(tmp_path / 'there')!r}))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_files_of_the_report_before_go(tmp_path: Path) -> None:
    write_report(rich(), tmp_path)
    assert is_current(rich(), tmp_path)
    small = Record("small", [Section("errors", [findings(figures=[])])], about={"results": "2"})
    assert not is_current(small, tmp_path)
    write_report(small, tmp_path)
    assert sorted(contents(tmp_path)) == ["index.html", "scores.json", "tables/errors.csv", "whet-report.json"]
    assert is_current(small, tmp_path)
    assert not is_current(rich(), tmp_path)


def test_a_section_called_in_short_goes_on_with_the_first_screen(tmp_path: Path) -> None:
    found = Findings("In short", tables=[errors()], notes=["A note."])
    html = write_report(Record("a study", [Section("summary", [found])], missing=["A thing."]), tmp_path).read_text()
    assert html.count(">In short</h2>") == 1
    assert '<a href="#in-short">In short</a>' in html
    assert "A note." in html


def test_what_has_nothing_to_show_has_no_heading(tmp_path: Path) -> None:
    hidden = findings(label="hidden", tables=[errors(shown=False)], figures=[], verdicts=[], notes=[])
    html = write_report(record(findings(label="seen"), hidden), tmp_path / "one").read_text()
    assert "<h3>" in html  # of a question
    assert "<h3>hidden</h3>" not in html
    assert "<h3>seen</h3>" not in html
    assert (tmp_path / "one" / "tables" / "errors-2-hidden.csv").is_file()
    page = outline(write_report(Record("a study", [Section("errors", [hidden])]), tmp_path / "two"))
    assert "Errors" not in page.text


def test_a_record_of_nothing_is_a_page(tmp_path: Path) -> None:
    page = outline(write_report(Record("nothing", [], missing=["Nothing has run."]), tmp_path))
    assert not page.open
    assert "Nothing has run." in page.text


def test_a_figure_that_cannot_be_drawn_is_said_to_be_so(tmp_path: Path) -> None:
    wrong = Figure("wrong", "A caption.", "", {"data": {"name": "errors"}, "layer": 3})
    torn = Figure("torn", "Another.", "", svg="<svg")
    page = outline(write_report(record(findings(figures=[wrong, torn, curve()])), tmp_path))
    assert page.text.count("This figure could not be drawn: ") == 2
    assert "A caption." in page.text
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "curve.svg",
        "curve.vl.json",
        "wrong.vl.json",
    ]


def test_a_page_without_figures_carries_no_vega(tmp_path: Path) -> None:
    light = write_report(record(findings(figures=[])), tmp_path / "light").stat().st_size
    whole = write_report(record(), tmp_path / "whole").stat().st_size
    assert light < 40_000 < 400_000 < whole < 600_000


def test_folded_tables_are_folded(tmp_path: Path) -> None:
    html = write_report(record(findings(tables=[errors(folded=True)], definition="", source="")), tmp_path).read_text()
    assert re.search(r'<details><summary id="table-errors">Force errors', html)


def test_a_long_table_is_cut_on_the_page_and_whole_in_the_file(tmp_path: Path) -> None:
    table = Table("steps", "Steps", [Column("step"), Column("seconds", "s")], [(f"n{n}", n / 7) for n in range(5000)])
    text = outline(write_report(record(Findings("Steps", tables=[table])), tmp_path)).text
    assert "The first 500 of 5,000 rows; the CSV has all." in text
    assert "n499" in text
    assert "n500" not in text
    assert len(list(csv.reader((tmp_path / "tables" / "steps.csv").open()))) == 5001


@pytest.mark.timeout(120)  # whoever draws a figure twice, or starts the converter for each, takes longer
def test_a_large_report_is_drawn(tmp_path: Path) -> None:
    states = [f"state {n}" for n in range(30)]
    sections = [
        Section(f"analysis {n}", [findings(label=f"set {k}", tables=[errors(states)]) for k in range(2)])
        for n in range(6)
    ]
    page = outline(write_report(Record("large", sections), tmp_path / "large"))
    assert page.tags.count("table") >= 12
