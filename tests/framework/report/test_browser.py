"""The page in a browser: nothing cut off or too small on a phone, a contents list that follows, a dark page, paper."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from whet.contracts.findings import Column, Figure, Findings, Table
from whet.report.page import write_report
from whet.report.theme import PAGE
from whet.study.record import Record
from whet.study.section import Section

from .records import curve, errors, findings, rich

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to open the page with")

PHONE, SMALLEST = 390, 9
"""Pixels: the width of a phone, and the size below which no text is to be."""

MEASURE = """
addEventListener("load", () => setTimeout(() => {
  const box = document.documentElement, wide = [], small = [];
  const scrolls = one => one.closest(".scroll, .drawing, .tip, .skip");
  for (const one of document.querySelectorAll("body *")) {
    if (one.closest("script, style, details:not([open]) > :not(summary)") && !one.closest("summary")) continue;
    const { left, right, width } = one.getBoundingClientRect();
    if (width && !scrolls(one) && right > box.clientWidth + 1) wide.push(`${one.tagName}.${one.className}: ${right}`);
    const words = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!words || !width || ["title", "desc"].includes(one.tagName)) continue;
    const drawing = one.ownerSVGElement;
    const scale = drawing ? drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width : 1;
    const size = parseFloat(getComputedStyle(one).fontSize) * scale;
    if (size < SMALLEST - 0.05) small.push(`${one.textContent.trim().slice(0, 30)}: ${size}`);
  }
  const first = document.querySelector(".cut tbody th"), region = first?.closest(".scroll");
  if (region) region.scrollLeft = 60;
  const styled = (one, name) => getComputedStyle(document.querySelector(one))[name];
  const said = {
    width: innerWidth, room: box.clientWidth, page: box.scrollWidth, wide, small,
    paper: styled("body", "backgroundColor"), dark: styled("figure svg rect", "fill"),
    contents: document.querySelector(".contents").open,
    here: document.querySelector("nav [aria-current]")?.textContent,
    hint: region && getComputedStyle(region.parentElement.querySelector(".hint")).display,
    focusable: region && region.tabIndex,
    sticky: first && first.getBoundingClientRect().left - region.getBoundingClientRect().left,
    sidebar: styled("nav", "position"),
  };
  const place = Object.assign(document.createElement("pre"), { id: "said", textContent: JSON.stringify(said) });
  document.body.replaceChildren(place);
}, 300));
""".replace("SMALLEST", str(SMALLEST))


def study() -> Record:
    """Wide tables, long words, figures of several panels."""
    columns = [Column("state"), *(Column(f"a quantity {place}", "meV/atom") for place in range(12))]
    wide = Table(
        "wide", "Wide", columns, [("periodic 3", *range(12)), ("a_word_that_cannot_be_broken" * 3, *range(12))]
    )
    panels = {
        "data": {"name": "errors"},
        "hconcat": [{k: v for k, v in (curve().spec or {}).items() if k != "data"}] * 2,
    }
    figures = [Figure("panels", "Two panels.", "Two panels.", panels), curve()]
    found = Findings("Wide", tables=[wide, errors()], figures=figures, notes=["long_" * 40])
    said = rich()
    return Record(
        "a study with a_name_that_cannot_be_broken" * 2, [*said.sections, Section("wide", [found])], missing=["m"]
    )


@cache
def seen(folder: Path, width: int, theme: str = "light", height: int = 900) -> dict[str, Any]:
    """What the page says of itself in a window of a width (px), which a frame gives it however narrow it is."""
    page = write_report(study(), folder / "report")
    kept = f'<script>document.documentElement.dataset.theme = "{theme}"</script>'
    inner = folder / "inner.html"
    inner.write_text(page.read_text().replace("</head>", f"{kept}<script>{MEASURE}</script></head>"))
    relay = 'addEventListener("load", () => setTimeout(() => { const said = frames[0].document.getElementById("said"); '
    relay += "document.body.replaceChildren(document.importNode(said, true)); }, 1500));"
    frame = f'<iframe src="inner.html" style="width:{width}px;height:{height}px;border:0"></iframe>'
    outer = folder / "outer.html"
    outer.write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{frame}<script>{relay}</script>")
    dom = browsed("--allow-file-access-from-files", "--virtual-time-budget=20000", "--dump-dom", outer.as_uri())
    found = re.search(r'<pre id="said">(.*?)</pre>', dom, re.S)
    assert found, dom[-2000:]
    return json.loads(found[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


def browsed(*how: str) -> str:
    """What Chromium prints."""
    assert BROWSER
    own = ["--no-sandbox"] if os.geteuid() == 0 else []
    whole = [BROWSER, "--headless", "--disable-gpu", *own, *how]
    return subprocess.run(whole, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


def test_on_a_phone_nothing_is_cut_off_and_no_text_is_too_small(folder: Path) -> None:
    found = seen(folder, PHONE)
    assert found["width"] == PHONE
    assert found["page"] == found["room"], found["wide"]
    assert not found["wide"]
    assert not found["small"]


def test_a_table_that_is_too_wide_says_so_and_keeps_its_first_column(folder: Path) -> None:
    found = seen(folder, PHONE)
    assert found["hint"] == "block"
    assert found["focusable"] == 0
    assert found["sticky"] == pytest.approx(0, abs=1)


def test_contents_stand_beside_on_a_wide_page_and_are_folded_on_a_phone(folder: Path) -> None:
    wide = seen(folder, 1280)
    assert wide["contents"] is True
    assert wide["sidebar"] == "sticky"
    assert wide["here"] == "Errors"  # the first of them
    assert not wide["wide"]
    assert seen(folder, PHONE)["contents"] is False


def test_a_dark_page_has_dark_figures(folder: Path) -> None:
    for theme, place in (("light", 0), ("dark", 1)):
        paper = PAGE["paper"][place]
        found = seen(folder, 1280, theme)
        wanted = f"rgb({', '.join(str(int(paper[i : i + 2], 16)) for i in (1, 3, 5))})"
        assert (found["paper"], found["dark"]) == (wanted, wanted)


def test_paper_shows_what_is_folded_and_no_controls(folder: Path, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("there is no pdftotext to read the print with")
    page = write_report(Record("a study", [Section("errors", [findings(tables=[errors(folded=True)])])]), tmp_path)
    browsed(f"--print-to-pdf={tmp_path / 'page.pdf'}", "--no-pdf-header-footer", page.as_uri())
    text = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "The mean over all components." in text
    assert "naive 2" in text
    for control in ("Contents", "Dark page", "Scrolls sideways", "Vega-Lite"):
        assert control not in text
