"""Figures: one color for one state on the whole page, readable, with a specification that opens elsewhere."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vl_convert
from numpy.typing import NDArray

from whet.contracts.findings import Column, Figure, Findings, Table
from whet.report.drawing import Drawing
from whet.report.interaction import interactive
from whet.report.page import write_report
from whet.report.series import SeriesScales
from whet.report.states import KNOWN
from whet.report.theme import DARK, GRAY, SMALL
from whet.report.vega import bundle, packed, unpacked
from whet.study.record import Record
from whet.study.section import Section

from .records import curve, errors, findings, record

NAIVE = KNOWN["naive"][0]


def drawn(figure: Figure, *tables: Table) -> Drawing:
    """The figure alone on its page."""
    named = {table.name: table for table in tables or (errors(),)}
    return Drawing.of(figure.name, figure, named, SeriesScales([(figure, named)]))


def scales(folder: Path, name: str) -> dict[str, dict[str, str]]:
    """Channel -> word -> what it looks like, in a specification on disk."""
    encoding = json.loads((folder / "figures" / f"{name}.vl.json").read_text())["encoding"]
    found = {channel: one["scale"] for channel, one in encoding.items() if "scale" in one}
    return {channel: dict(zip(one["domain"], map(str, one["range"]), strict=True)) for channel, one in found.items()}


def test_a_state_has_one_color_and_dash_in_all_figures(tmp_path: Path) -> None:
    parts = [["untouched", "naive 2"], ["periodic 2", "naive 2"], ["naive 2", "untouched"]]
    sections = [Section(f"s{n}", [findings(tables=[errors(states)])]) for n, states in enumerate(parts)]
    write_report(Record("a study", sections), tmp_path)
    found = [scales(tmp_path, name) for name in ("curve", "s1-curve", "s2-curve")]
    for channel in ("color", "strokeDash"):
        looks: dict[str, set[str]] = {}
        for one in found:
            for word, look in one[channel].items():
                looks.setdefault(word, set()).add(look)
        assert all(len(look) == 1 for look in looks.values())
        assert len({next(iter(look)) for look in looks.values()}) == 3
    assert found[0]["color"] == {"untouched": GRAY, "naive 2": NAIVE}
    assert list(found[2]["color"]) == ["untouched", "naive 2"]


def test_what_a_specification_says_of_its_colors_stands() -> None:
    spec = json.loads(json.dumps(curve().spec))
    spec["encoding"]["color"]["scale"] = {"range": ["#123456", "#654321"]}
    drawing = drawn(Figure("curve", "", "", spec))
    assert drawing.picture
    assert "#123456" in drawing.picture.text


def test_colors_reach_layers_from_the_view_around_them() -> None:
    spec = json.loads(json.dumps(curve().spec))
    point = {"mark": "point"}
    spec["layer"] = [{"mark": spec.pop("mark")}, point]
    drawing = drawn(Figure("curve", "", "", spec))
    assert drawing.spec
    line, points = drawing.spec["layer"]
    assert line["encoding"]["color"]["scale"] == points["encoding"]["color"]["scale"]
    assert "strokeDash" in line["encoding"]
    assert "shape" in points["encoding"]


def test_a_specification_opens_elsewhere_and_holds_what_it_shows(tmp_path: Path) -> None:
    write_report(record(), tmp_path)
    spec = json.loads((tmp_path / "figures" / "curve.vl.json").read_text())
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/v6")
    assert spec["data"] == {"name": "errors"}
    assert spec["datasets"]["errors"][0] == {"state": "untouched", "labels": 0, "MAE F": 0.3}
    assert "naive 2" in vl_convert.vegalite_to_svg(spec)


def test_a_picture_says_what_it_shows_and_has_the_theme() -> None:
    drawing = drawn(Figure("curve", "", 'Errors "fall" & fall <fast>', curve().spec))
    assert drawing.picture
    svg = drawing.picture.text
    assert 'role="img" aria-labelledby="figure-curve-title"' in svg
    assert '<title id="figure-curve-title">Errors "fall" &amp; fall &lt;fast&gt;</title>' in svg
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', svg))
    assert {GRAY, NAIVE} < used <= set(DARK), "every color is known in the dark"


def test_a_figure_is_the_same_however_many_were_drawn_before() -> None:
    spec = {**(curve().spec or {}), "mark": {"type": "line", "clip": True}}
    first, second = (drawn(Figure("curve", "", "", spec)) for _ in range(2))
    assert first.picture
    assert "clip-path" in first.picture.text
    assert first.picture == second.picture
    assert first.vega == second.vega


def test_text_stays_readable_on_a_narrow_page() -> None:
    drawing = drawn(curve())
    assert drawing.picture
    width = float(re.search(r' width="([\d.]+)"', drawing.picture.text)[1])  # pyright: ignore[reportOptionalSubscript]
    smallest = min(float(size) for size in re.findall(r'font-size="([\d.]+)', drawing.picture.text))
    assert smallest * drawing.least_width / width == pytest.approx(9, abs=0.05)
    assert drawing.least_width < 375, "a plain figure fits a phone"


def test_no_text_is_smaller_than_the_theme_wants() -> None:
    spec = {**(curve().spec or {}), "title": {"text": "Small", "fontSize": 5}}
    drawing = drawn(Figure("curve", "", "", spec))
    assert drawing.picture
    assert min(float(size) for size in re.findall(r'font-size="([\d.]+)', drawing.picture.text)) == SMALL


def test_a_cloud_of_points_is_light_and_looks_the_same() -> None:
    rows = [(f"n{place // 700}", place % 97, place % 89 / 89) for place in range(2000)]
    table = Table("errors", "", [Column("state"), Column("labels"), Column("MAE F")], rows)
    spec = {**(curve().spec or {}), "mark": {"type": "point", "filled": True, "opacity": 0.4}}
    drawing = drawn(Figure("curve", "", "", spec), table)
    assert drawing.picture
    assert drawing.vega
    svg = drawing.picture.text
    plain = vl_convert.vega_to_svg(json.dumps(drawing.vega))
    assert len(svg) < len(plain) / 3
    change = np.abs(pixels(svg) - pixels(plain))
    assert change.mean() < 0.2  # of 255: places are rounded to a hundredth of a pixel
    assert change.max() < 40


def pixels(svg: str) -> NDArray[np.int64]:
    """Of a picture, drawn."""
    Image = pytest.importorskip("PIL.Image")
    return np.asarray(Image.open(io.BytesIO(vl_convert.svg_to_png(svg))).convert("RGB"), dtype=np.int64)


def test_symbols_of_a_legend_have_no_dashes() -> None:
    spec = {**(curve().spec or {}), "mark": {"type": "line", "point": True}}
    drawing = drawn(Figure("curve", "", "", spec))
    assert drawing.picture
    assert drawing.picture.text.count("stroke-dasharray") >= 1
    assert "strokeDash" not in json.dumps((drawing.vega or {})["legends"])


def test_a_legend_can_be_chosen_from_where_there_is_one() -> None:
    plain = curve().spec
    assert plain
    live = interactive(plain)
    assert live["params"][0]["bind"] == "legend"
    assert live["encoding"]["opacity"]["condition"]["param"] == "chosen"
    assert "params" not in plain
    own = {**plain, "params": [{"name": "mine", "value": 1}]}
    assert interactive(own)["params"] == own["params"]
    unnamed = {**plain, "encoding": {**plain["encoding"], "color": {"value": "red"}}}
    assert "params" not in interactive(unnamed)


@pytest.mark.parametrize("mark", ["errorband", "errorbar", "boxplot", "area", "bar", "tick", "rule", "arc", "text"])
@pytest.mark.parametrize("around", ["plain", "layer", "facet", "hconcat", "repeat"])
def test_every_mark_is_drawn_and_answers(mark: str, around: str) -> None:
    encoding = {
        "x": {"field": "labels", "type": "quantitative"},
        "y": {"field": "MAE F", "type": "quantitative"},
        "color": {"field": "state", "type": "nominal"},
    }
    unit: dict[str, Any] = {"mark": mark, "encoding": encoding}
    spec = {
        "plain": unit,
        "layer": {"layer": [unit, {"mark": "point", "encoding": encoding}]},
        "facet": {"facet": {"field": "state"}, "spec": unit},
        "hconcat": {"hconcat": [unit, unit]},
        "repeat": {"repeat": ["labels"], "spec": unit},
    }[around]
    drawing = drawn(Figure("any", "", "", {"data": {"name": "errors"}, **spec}))
    assert not drawing.fault
    assert drawing.vega


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"mark": "no such mark"},
        {"layer": 3},
        {"mark": "point", "encoding": "x"},
        {"mark": 5, "encoding": {"color": {"field": ["state"]}}},
        {
            "mark": "point",
            "encoding": {"x": {"field": "labels", "type": "quantitative", "scale": {"domain": [0, float("nan")]}}},
        },
        {"mark": "point", "transform": [{"calculate": "nonsense((", "as": "b"}]},
        {"mark": "point", "config": 3},
        {
            "mark": "point",
            "title": {"text": "a", "font": "\"><b>'&"},
            "config": {"font": "<\x00", "axis": {"labelFont": "&"}},
        },
    ],
)
def test_no_specification_breaks_a_report(spec: dict[str, Any], tmp_path: Path) -> None:
    wrong = Figure("wrong", "This one.", "", {"data": {"name": "errors"}, **spec})
    page = write_report(record(findings(figures=[wrong, curve()])), tmp_path)
    assert "This one." in page.read_text()
    assert (tmp_path / "figures" / "curve.svg").is_file()


def test_a_specification_loads_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n731\n")
    lookup = {"lookup": "labels", "from": {"data": {"url": secret.as_uri()}, "key": "a", "fields": ["a"]}}
    image = {"type": "image", "url": "http://127.0.0.1:9/x.png"}
    for spec in (
        {"data": {"url": secret.as_uri()}, "mark": "text", "encoding": {"text": {"field": "a"}}},
        {"data": {"url": "http://127.0.0.1:9/x.csv"}, "mark": "point"},
        {"data": {"name": "errors"}, "transform": [lookup], "mark": "text", "encoding": {"text": {"field": "a"}}},
        {"data": {"name": "errors"}, "mark": image, "encoding": {"x": {"field": "labels"}}},
    ):
        drawing = drawn(Figure("wrong", "", "", spec))
        text = drawing.picture.text if drawing.picture else ""
        assert "731" not in text
        assert "127.0.0.1" not in text


def test_numbers_that_are_none_are_left_out() -> None:
    table = Table("odd", "", [Column("a"), Column("b")], [[0, float("nan")], [1, float("inf")], [2, None], [3, 1.0]])
    spec = {
        "data": {"name": "odd"},
        "mark": "point",
        "encoding": {axis: {"field": field, "type": "quantitative"} for axis, field in (("x", "a"), ("y", "b"))},
    }
    drawing = drawn(Figure("odd", "", "", spec), table)
    assert drawing.picture
    assert "NaN" not in drawing.picture.text
    assert [row["b"] for row in json.loads(drawing.specification())["datasets"]["odd"]] == [None, None, None, 1.0]


def test_the_bundle_is_kept_and_made_again_where_it_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    whole = bundle.__wrapped__()
    assert "window.vegaEmbed=" in unpacked(whole)
    (kept,) = (tmp_path / "whet").iterdir()
    for damage in ("", "no base64", whole[: len(whole) // 2], packed("alert(1)")):
        kept.write_text(damage)
        assert bundle.__wrapped__() == whole
        assert kept.read_text() == whole


def test_findings_of_a_picture_only_need_no_vega(tmp_path: Path) -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><circle r="3"/></svg>'
    found = Findings("Sketch", figures=[Figure("sketch", "A sketch.", "A circle.", svg=svg)])
    page = write_report(record(found), tmp_path).read_text()
    assert 'id="whet-vega"' not in page
    assert "<circle" in page
