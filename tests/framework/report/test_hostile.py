"""What others wrote stays text: on the page, in pictures, in file names, in scripts."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pages import contents, outline
from whet.contracts.findings import Column, Figure, Findings, Table, Verdict
from whet.report.page import write_report
from whet.report.report_folder import OWN_NAME
from whet.report.safe_svg import SafeSvg
from whet.report.vega import unpacked
from whet.study.record import Record
from whet.study.section import Section

from .records import errors

HOSTILE = [
    "</script><script>alert(1)</script>",
    "</style></svg></title><img src=x onerror=alert(1)>",
    "<!-- ]]> <![CDATA[",
    "${alert(1)} {{ 7*7 }} {% raw %}",
    "'\"`\\\\ \\u003cscript\\u003e",
    "datum['x'] || alert(1)",
    "javascript:alert(1)",
    "&lt;b&gt; &amp;amp; &#60;",
    "\u202egnp.exe \u2066\u2067 \u200f\u200b",
    "\x00\x08\x0b\x1f\x7f\x85\ufffe",
    "half \ud800 a character \udfff",
    "line\nbreak\r\n\ttab \u2028\u2029",
    "../../etc/passwd",
    "C:\\CON|<>*?",
    "=cmd|' /C calc'!A0",
    "x" * 3000,
    "\U0001f4a9 日本語 Å",
    "",
    "".join(["x" * count + "\U0001f4a9" for count in range(20)]),  # wherever Vega cuts it off
]


def hostile(word: str) -> Record:
    """A record that says the word wherever it can say one."""
    table = errors([word, "untouched"])
    columns = [Column(f"{word}1", word, word), *table.columns]
    table = Table("errors", word, columns, [[word, *row] for row in table.rows])
    spec = {
        "data": {"name": "errors"},
        "title": word,
        "mark": "point",
        "encoding": {
            "x": {"field": "labels", "type": "quantitative", "title": word},
            "y": {"field": "MAE F", "type": "quantitative"},
            "color": {"field": "state", "type": "nominal", "title": word},
            "href": {"field": "state"},
            "tooltip": {"field": "state"},
        },
    }
    found = Findings(
        f"t {word}",
        word,
        [table],
        [Figure("curve", word, word, spec, prominent=True)],
        [Verdict(word, word, word, 5, word, True, word)],
        word,
        word,
        [word],
    )
    sections = [Section(word, [found, found])]
    about = {"results": word.encode(errors="replace").decode()}
    return Record(word, sections, [word], [word], [word], [{word: word}], about)


def check(word: str, folder: Path) -> None:
    """A report that says the word is whole, and nothing in it acts."""
    page = outline(write_report(hostile(word), folder))
    assert not page.open
    assert len(page.ids) == len(set(page.ids))
    assert page.tags.count("script") == 3
    assert not {"img", "iframe", "object", "embed", "foreignobject", "b"} & set(page.tags)
    assert not [name for name in page.names if name.startswith("on")]
    assert not [
        link for link in page.links if not re.fullmatch(r"#[a-z0-9-]+|[a-z]+/[a-z0-9-]+\.[a-z.]+|scores\.json", link)
    ]
    for name, content in contents(folder).items():
        assert OWN_NAME.fullmatch(name), name
        text = content.decode()
        if name.endswith(".svg"):
            tree = ElementTree.fromstring(text)
            assert not [
                one.tag for one in tree.iter() if one.tag.rpartition("}")[2] in ("script", "a", "foreignObject")
            ]
            assert not [key for one in tree.iter() for key in one.attrib if key.lower().startswith("on")]


@pytest.mark.parametrize("word", HOSTILE)
def test_hostile_words_stay_text(word: str, tmp_path: Path) -> None:
    check(word, tmp_path)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(), max_size=40))
def test_any_word_stays_text(tmp_path_factory: pytest.TempPathFactory, word: str) -> None:
    check(word, tmp_path_factory.mktemp("any"))


def test_a_word_is_seen_as_it_was_written(tmp_path: Path) -> None:
    word = '</script> & "quotes" ${x} {{ 1 }}'
    text = outline(write_report(hostile(word), tmp_path)).text
    assert text.count(word) > 15


def test_data_of_scripts_cannot_end_them(tmp_path: Path) -> None:
    html = write_report(hostile("</script><!--"), tmp_path).read_text()
    packed = re.findall(r'<script type="text/plain" id="[a-z-]+">([^<]*)</script>', html)
    assert len(packed) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9+/=]+", text) for text in packed)
    assert "</script><!--" in unpacked(packed[0])


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" {}>{}</svg>'


@pytest.mark.parametrize(
    ("attributes", "inside"),
    [
        ("", "<script>alert(1)</script>"),
        ('onload="alert(1)"', ""),
        ("", '<rect onclick="alert(1)" width="3"/>'),
        ("", '<rect OnClick="alert(1)"/>'),
        ("", '<image href="http://example.org/x.png"/>'),
        ("", '<image xlink:href="data:image/svg+xml;base64,AAAA"/>'),
        ("", '<use href="http://example.org/x.svg#a"/>'),
        ("", "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>x</body></foreignObject>"),
        ("", '<rect fill="url(http://example.org/x)"/>'),
        ("", "<rect style=\"fill:url('//example.org/x')\"/>"),
        ("", "<style>@import 'http://example.org/x.css';</style>"),
        ("", "<style>rect { fill: u\\72l(http://example.org) }</style>"),
        ("", '<set attributeName="href" to="javascript:alert(1)"/>'),
        ("", '<animate attributeName="href" values="javascript:alert(1)"/>'),
        ("", '<h:iframe xmlns:h="http://www.w3.org/1999/xhtml" src="http://example.org"/>'),
    ],
)
def test_a_picture_of_others_does_nothing(attributes: str, inside: str) -> None:
    safe = SafeSvg.of(SVG.format(attributes, inside + '<circle r="3"/>'), "p", "title")
    assert not safe.is_inline
    assert not re.search(r"example|alert|javascript|<script|onload|onclick|iframe|AAAA", safe.text, re.I)
    assert "<circle" in safe.text


@pytest.mark.parametrize(
    "svg",
    [
        "",
        "text",
        "<html/>",
        "<svg",
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>',
        '<!DOCTYPE svg SYSTEM "x" [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
        SVG.format("", "<g>" * 5000 + "</g>" * 5000),
    ],
)
def test_what_is_no_safe_picture_is_refused_in_a_line(svg: str) -> None:
    with pytest.raises(ValueError, match="SVG") as caught:
        SafeSvg.of(svg, "p", "title")
    assert "\n" not in str(caught.value)


def test_a_harmless_picture_stays_as_it_is_with_ids_of_its_own() -> None:
    inside = (
        '<defs><clipPath id="a"><rect width="3" height="3"/></clipPath></defs><metadata>who made it</metadata>'
        '<g clip-path="url(#a)"><use xlink:href="#b"/><path id="b" d="M0 0h3" style="stroke:currentColor"/></g>'
        '<image href="data:image/png;base64,iVBORw0KGgo="/><text>H<tspan dy="2">2</tspan>O</text>'
    )
    header = (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://x/svg11.dtd">\n'
    )
    safe = SafeSvg.of(header + SVG.format('viewBox="0 0 9 9"', inside), "p", "Water & ice")
    assert safe.is_inline
    assert '<clipPath id="p-1">' in safe.text
    assert 'clip-path="url(#p-1)"' in safe.text
    assert 'href="#p-2"' in safe.text
    assert 'id="p-2" d=' in safe.text
    assert 'style="stroke:currentColor"' in safe.text
    assert "iVBORw0KGgo=" in safe.text
    assert "who made it" not in safe.text
    assert '<title id="p-title">Water &amp; ice</title>' in safe.text
    assert "".join(ElementTree.fromstring(safe.text).itertext()).endswith("H2O")


def test_a_link_leads_nowhere() -> None:
    safe = SafeSvg.of(SVG.format("", '<a xlink:href="javascript:alert(1)"><rect/></a>'), "p", "title")
    assert safe.is_inline
    assert "<g><rect /></g></svg>" in safe.text
    assert "href" not in safe.text


def test_a_picture_with_a_style_sheet_of_its_own_reaches_nothing_else(tmp_path: Path) -> None:
    svg = SVG.format("", '<style>* { fill: red } .a { stroke: blue } #b {}</style><rect class="a" id="b"/>')
    found = Findings("Sketch", figures=[Figure("sketch", "A sketch.", 'A "square" <b>', svg=svg)])
    page = outline(write_report(Record("a study", [Section("sketch", [found])]), tmp_path))
    assert "img" in page.tags
    assert "svg" not in page.tags
    assert any(link.startswith("data:image/svg+xml;base64,") for link in page.links)
    text = (tmp_path / "figures" / "sketch.svg").read_text()
    assert "fill: red" in text
    assert 'class="a" id="b"' in text
