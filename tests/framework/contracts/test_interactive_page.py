"""Interactive pages: what leads out of them is found, they are stored by content, and read when they are wanted."""

from __future__ import annotations

import json

import pytest

from whet import Figure, Findings, InteractivePage
from whet.contracts import interactive_page

PICTURE = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>'


def found(*pages: InteractivePage) -> Findings:
    figures = [Figure(f"map-{place}", "A map.", "A map.", svg=PICTURE, page=page) for place, page in enumerate(pages)]
    return Findings("Map", figures=figures)


@pytest.mark.parametrize(
    ("html", "named"),
    [
        ('<script src="https://cdn.example.org/plot.js"></script>', '<script src="https://cdn.example.org/plot.js">'),
        ('<link rel="stylesheet" href="//example.org/a.css">', '<link href="//example.org/a.css">'),
        ('<script src="plot.js"></script>', '<script src="plot.js">'),
        ('<a href="https://example.org">x</a>', '<a href="https://example.org">'),
        ('<img srcset="a.png 2x">', '<img srcset="a.png 2x">'),
        ("<style>p { background: url(a.png) }</style>", "url(a.png)"),
        ("<style>@import 'a.css';</style>", "@import 'a.css'"),
        ('<p style="background: url(https://example.org/a.png)">x</p>', "url(https://example.org/a.png)"),
        ('<meta http-equiv="Refresh" content="0; url=https://example.org">', "<meta>"),
        ('<base href="#">', "<base>"),
    ],
)
def test_what_leads_out_of_a_page_is_refused_and_named(html: str, named: str) -> None:
    said = f"the interactive page of the figure 'map-0' refers to what is not inside it: {named}"
    with pytest.raises(ValueError) as caught:
        found(InteractivePage(f"<!DOCTYPE html>{html}")).check()
    assert str(caught.value) == said


def test_what_is_inside_a_page_is_not_refused() -> None:
    inside = '<a href="#b">x</a><img src="data:image/png;base64,AA=="><p style="fill: url(#b)">x</p>'
    words = '<script>const a = "https://example.org", b = "<img src=a.png>";</script><p>see https://example.org</p>'
    found(InteractivePage(f"<!DOCTYPE html>{inside}{words}<style>p {{ fill: url('#b') }}</style>")).check()


def test_a_page_has_a_size_that_a_report_can_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactive_page, "MOST_BYTES", 50_000)
    large = "".join(f"{number * number:x}" for number in range(30_000))
    said = r"the interactive page of the figure 'map-0' has 0\.1 MB gzipped, and may have 0\.05 MB"
    with pytest.raises(ValueError, match=said):
        found(InteractivePage("<p>", [large])).check()


def test_a_button_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="the interactive page of the figure 'map-0' has no words for its button"):
        found(InteractivePage("<p>", opens=" ")).check()


def test_a_script_of_two_pages_is_kept_once() -> None:
    whole = found(InteractivePage("<p>1", ["f()"]), InteractivePage("<p>2", ["f()"]))
    assert sorted(text.text for text in whole.files.values()) == ["<p>1", "<p>2", "f()"]


def test_findings_name_the_texts_of_a_page_and_read_them_when_they_are_wanted() -> None:
    before = found(InteractivePage("<p>1", ["f()"], opens="Open it"))
    stored = json.dumps(before.as_json())
    assert "<p>1" not in stored
    asked: list[str] = []

    def left(role: str) -> bytes:
        asked.append(role)
        return before.files[role].read()

    after = Findings.from_json(json.loads(stored), left)
    assert after.figures[0] == before.figures[0]
    assert not asked
    page = after.figures[0].page
    assert page and (page.html.text, page.scripts[0].text, page.opens) == ("<p>1", "f()", "Open it")
    assert len(asked) == 2


def test_a_figure_without_a_page_is_stored_as_it_was_before_there_were_pages() -> None:
    (said,) = Findings("Map", figures=[Figure("map", "A map.", "A map.", svg=PICTURE)]).as_json()["figures"]
    assert said == {
        "name": "map", "caption": "A map.", "text": "A map.", "spec": None, "svg": PICTURE, "prominent": False,
    }  # fmt: skip
    assert Findings.from_json({**Findings("Map").as_json(), "figures": [said]}).figures[0].page is None
