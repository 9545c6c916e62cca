"""Interactive pages in a report: each text once, nothing runs before a click, nothing gets out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from chromium import NONE, PROGRAM, Chromium
from whet.contracts.findings import Column, Findings, Table
from whet.contracts.interactive_page import InteractivePage
from whet.report.page import write_report
from whet.study.record import Record
from whet.study.section import Section

from .records import curve, findings, record

needs_browser = pytest.mark.skipif(PROGRAM is None, reason=NONE)

LIBRARY = 'const greet = name => `hello </script> <!-- <script> ${name}`; window.begun = "library";'
DOCUMENT = """<!DOCTYPE html>
<html><head><title>page</title></head><body><p id="said"></p><script>
document.getElementById("said").textContent = greet(whet.names.main ?? "main");
</script></body></html>"""

PHONE = 390


def pages(*html: str) -> list[Findings]:
    """Findings of several sets, each with a page that uses the library."""
    made = [InteractivePage(one, [LIBRARY], opens="Open it").named({"main": "CHGNet"}) for one in html]
    return [findings(label=str(place), figures=[replace(curve(), page=page)]) for place, page in enumerate(made)]


def written(folder: Path, *html: str) -> Path:
    return write_report(record(*pages(*html or [DOCUMENT])), folder / "report")


def test_a_text_that_several_pages_use_is_in_a_report_once(tmp_path: Path) -> None:
    html = written(tmp_path, DOCUMENT, DOCUMENT + "<p>other</p>").read_text()
    texts = re.findall(r'<script type="text/plain" id="whet-text-([0-9a-f]{64})">[^<]+</script>', html)
    assert len(texts) == len(set(texts)) == 3
    (contents,) = re.findall(r'<script type="application/json" id="whet-pages">([^<]+)</script>', html)
    listed = json.loads(contents)
    assert {page["scripts"][0] for page in listed.values()} == {texts[0]}
    assert len({page["html"] for page in listed.values()}) == 2


def test_a_report_without_pages_has_nothing_of_them(tmp_path: Path) -> None:
    html = write_report(record(), tmp_path).read_text()
    for word in ("whet-pages", "iframe.srcdoc", "Content-Security-Policy", 'class="opener"', "data-page"):
        assert word not in html


def test_names_of_potentials_cannot_end_the_script_that_tells_them(tmp_path: Path) -> None:
    page = InteractivePage(DOCUMENT).named({"main": "</script><script>alert(1)</script>"})
    html = write_report(record(findings(figures=[replace(curve(), page=page)])), tmp_path).read_text()
    assert "<script>alert" not in html


@needs_browser
def test_a_page_starts_at_a_click_and_is_told_names_and_the_theme(tmp_path: Path) -> None:
    with Chromium(tmp_path / "profile", dark=True) as browser:
        browser.open(written(tmp_path))
        assert browser.value("document.querySelectorAll('iframe').length") == 0
        assert browser.value("document.querySelector('.opener').innerText") == "Open it"
        browser.click_on(".opener button")
        inside = browser.frame()
        said = browser.until("document.getElementById('said')?.textContent", inside)
        assert said == "hello </script> <!-- <script> CHGNet"
        assert browser.value("document.compatMode", inside) == "CSS1Compat"
        assert browser.value("whet.isDark", inside) is True
        assert browser.value("getComputedStyle(document.querySelector('[data-page] .drawing')).visibility") == "visible"
        assert browser.value("document.querySelector('[data-page] .drawing').offsetHeight") == 0
        browser.click_on(".opener button")
        browser.until("document.querySelectorAll('iframe').length === 0")
        assert browser.value("document.querySelector('[data-page] .drawing').offsetHeight") > 100
        assert (browser.requests, browser.complaints) == ([], [])


TRIED = {
    "fetch": "fetch('OUT').then(() => 'out', () => 'held')",
    "image": "new Promise(done => { const one = new Image(); one.onerror = () => done('held'); one.src = 'OUT'; })",
    "report": "(() => { try { return parent.document.title; } catch { return 'held'; } })()",
    "storage": "(() => { try { return localStorage.length; } catch { return 'held'; } })()",
    "window": "(() => { try { return String(open('OUT') ?? 'held'); } catch { return 'held'; } })()",
    "leaving": "new Promise(done => { location.href = 'OUT'; setTimeout(() => done('held'), 500); })",
    "leading away": "(() => { try { top.location.href = 'OUT'; } catch { return 'held'; } })()",
}


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str]]]:
    """An address on this machine, and what was asked of it."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/out", asked
        server.shutdown()


@needs_browser
@pytest.mark.parametrize("way", TRIED)
def test_nothing_gets_out_of_a_page(tmp_path: Path, way: str, outside: tuple[str, list[str]]) -> None:
    address, asked = outside
    with Chromium(tmp_path / "profile") as browser:
        page = written(tmp_path)
        browser.open(page)
        browser.click_on(".opener button")
        inside = browser.frame()
        browser.until("document.getElementById('said')?.textContent", inside)
        browser.begin(TRIED[way].replace("OUT", address), inside)
        browser.rest(1)
        assert browser.value("location.href") == page.as_uri()
        assert not asked
        if browser.frames:
            assert browser.value("window.tried ?? 'held'", browser.frame()) == "held"
        # The address does answer: it is the frame that holds them.
        browser.value(f"fetch('{address}', {{mode: 'no-cors'}}).then(() => 1)")
        assert asked == ["/out"]


@needs_browser
def test_paper_shows_the_picture_and_no_frame(tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("there is no pdftotext to read the print with")
    with Chromium(tmp_path / "profile") as browser:
        browser.open(written(tmp_path))
        browser.click_on(".opener button")
        browser.until("document.getElementById('said')?.textContent", browser.frame())
        browser.pdf(tmp_path / "page.pdf")
    text = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert "Force errors against labels." in text
    assert "untouched" in text
    for word in ("hello", "Open it", "Close"):
        assert word not in text


@needs_browser
def test_on_a_phone_a_wide_table_and_a_page_stay_within_the_page(tmp_path: Path) -> None:
    columns = [Column("state"), *(Column(f"a quantity {place}", "meV/atom") for place in range(12))]
    wide = Findings("Wide", tables=[Table("wide", "Wide", columns, [("periodic 3", *range(12))])])
    whole = Record("a study", [Section("errors", pages(DOCUMENT)), Section("wide", [wide])])
    with Chromium(tmp_path / "profile", PHONE, 844) as browser:
        browser.open(write_report(whole, tmp_path / "report"))
        table = "document.querySelector('[aria-labelledby=table-wide]')"
        assert browser.value("innerWidth") == PHONE
        assert browser.value(f"{table}.scrollWidth") > PHONE
        browser.value(f"{table}.scrollTo({{left: 200, behavior: 'instant'}})")
        assert browser.value(f"{table}.scrollLeft") == 200
        browser.click_on(".opener button")
        browser.until("document.getElementById('said')?.textContent", browser.frame())
        assert browser.value("document.querySelector('iframe').getBoundingClientRect().right") <= PHONE
        assert browser.value("document.documentElement.scrollWidth") == PHONE
        assert (browser.requests, browser.complaints) == ([], [])
