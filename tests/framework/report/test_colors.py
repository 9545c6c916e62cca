"""Colors: told apart by everyone, in light and dark; text that can be read; one look for a state, on gray paper too."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from color_vision import EYES, ciede2000, contrast, least_difference
from whet.contracts.findings import Column, Figure, Findings, Table
from whet.report.page import write_report
from whet.report.series import SeriesScales
from whet.report.states import KNOWN, Look, State, States
from whet.report.theme import CATEGORIES, DARK, GRAY, HUES, INK, PAGE, PAPER, READ
from whet.study.record import Record
from whet.study.section import Section

from .records import curve, errors, findings, record

TOGETHER = (INK, GRAY, *HUES)
"""Colors that may stand side by side."""

PAPERS = {"light": PAPER, "dark": DARK[PAPER]}


def shade(color: str, page: str) -> str:
    """As it is on a light page or on a dark one."""
    return DARK[color] if page == "dark" else color


def test_the_measure_is_that_of_its_paper() -> None:
    for one, other, known in (  # pairs 1, 7, 17 and 25 of the supplement of Sharma, Wu & Dalal
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ):
        assert ciede2000(np.array(one, float), np.array(other, float)) == pytest.approx(known, abs=1e-4)


@pytest.mark.parametrize("page", PAPERS)
@pytest.mark.parametrize("eye", EYES)
def test_any_two_states_are_told_apart_whatever_cones_an_eye_has(eye: str, page: str) -> None:
    difference, one, other = least_difference([shade(color, page) for color in TOGETHER], eye)
    assert difference >= (18 if eye == "all cones" else 12), f"{one} and {other}"


@pytest.mark.parametrize("page", PAPERS)
def test_what_is_drawn_stands_out_from_the_page(page: str) -> None:
    for color in (*TOGETHER, *CATEGORIES):  # WCAG 2.1, 1.4.11
        assert contrast(shade(color, page), PAPERS[page]) >= 3, color


@pytest.mark.parametrize("page", PAPERS)
def test_all_text_can_be_read(page: str) -> None:
    for text, below in READ:  # WCAG 2.1, 1.4.3
        assert contrast(PAGE[text][page == "dark"], PAGE[below][page == "dark"]) >= 4.5, f"{text} on {below}"


@pytest.mark.parametrize("page", PAPERS)
def test_no_category_looks_like_a_state(page: str) -> None:
    for category in CATEGORIES:
        for state in TOGETHER:
            difference, *_ = least_difference([shade(category, page), shade(state, page)], "all cones")
            assert difference >= 10, (category, state)


def look_of(word: str, planned: list[tuple[str, str]]) -> Look:
    states = States(planned)
    return states.look(states.named(word) or State("", word))


def test_a_preset_has_its_look_in_every_report() -> None:
    full = [("main", done) for done in ("", "naive", "periodic", "hybrid", "long")]
    for word, (color, *_) in KNOWN.items():
        assert look_of(word, full).color == color
    for missing in full:
        rest = [one for one in full if one != missing]
        for _, done in rest:
            assert look_of(done or "untouched", rest) == look_of(done or "untouched", full)


def test_strategies_of_any_name_have_colors_of_their_own() -> None:
    planned = [("main", done) for done in ("", "few", "naive", "mine", "packed-first")]
    looks = [look_of(done or "untouched", planned) for _, done in planned]
    assert len({look.color for look in looks}) == len(looks)


def test_rounds_and_sizes_of_a_strategy_have_its_color_and_looks_of_their_own() -> None:
    states = ["untouched", "naive 1", "naive 2", "naive 3", "few, 1 frame", "few, 100 frames"]
    figure, table = curve(), errors(states)
    scales = SeriesScales([(figure, {"errors": table})], [("main", ""), ("main", "naive"), ("main", "few")])
    looks = {state: scales.look(state) for state in states}
    assert len({look.color for look in looks.values()}) == 3
    assert looks["naive 1"].color == looks["naive 3"].color
    assert len({(look.color, tuple(look.dash)) for look in looks.values()}) == len(states)


def test_of_several_potentials_the_color_says_which() -> None:
    planned = [(potential, done) for potential in ("a", "a b", "c") for done in ("few", "", "more")]
    states = States(planned)
    looks = {
        word: states.look(states.named(word) or State("", word))
        for word in ("a", "a untouched", "a few, 1 frame", "a b more 3", "c")
    }
    assert looks["a"] == looks["a untouched"]
    assert looks["a few, 1 frame"].color == looks["a"].color
    assert len({looks[word].color for word in ("a", "a b more 3", "c")}) == 3


@pytest.mark.parametrize("several", [False, True])
def test_gray_paper_can_be_read(several: bool) -> None:
    strategies = ("", "naive", "periodic", "hybrid", "mine")
    planned = [(potential, done) for potential in ("a", "b")[: 1 + several] for done in strategies[: 5 - 2 * several]]
    states = States(planned)
    looks = [states.look(State(potential if several else "", done or "untouched")) for potential, done in planned]
    for one, other in combinations(looks, 2):
        assert one.dash != other.dash
        assert one.shape != other.shape


def test_a_word_that_names_no_potential_takes_it_from_its_table() -> None:
    columns = (Column("potential"), Column("state"), Column("labels"), Column("MAE F"))
    rows = [("b", "untouched", 1, 0.1), ("b", "few 3", 2, 0.2)]
    figure, table = curve(), Table("errors", "", columns, rows)
    planned = [(potential, done) for potential in ("a", "b") for done in ("", "few")]
    scales = SeriesScales([(figure, {"errors": table})], planned)
    assert scales.look("few 3") == scales.states.look(State("b", "few"))


def test_columns_of_any_name_have_the_colors_of_the_states_that_they_hold() -> None:
    words = ["reference dynamics", "own run of untouched", "own run of naive 3", "data of naive"]
    table = errors(words)
    columns = (Column("sampled by"), *table.columns[1:])
    spec = json.loads(json.dumps(curve().spec).replace('"state"', '"sampled by"'))
    figure, table = Figure("curve", "", "", spec), Table("errors", "", columns, table.rows)
    scales = SeriesScales([(figure, {"errors": table})], [("main", ""), ("main", "naive")])
    found = scales.applied(spec, {"errors": table})["encoding"]["color"]["scale"]
    naive = KNOWN["naive"][0]
    assert found == {"domain": words, "range": [INK, GRAY, naive, naive]}
    elements = Table("errors", "", columns, [("H", 1, 0.1), ("O", 2, 0.2)])
    plain = SeriesScales([(figure, {"errors": elements})]).applied(spec, {"errors": elements})
    assert "scale" not in plain["encoding"]["color"]


def test_text_in_a_figure_has_the_color_of_text() -> None:
    spec = {**(curve().spec or {}), "mark": "text"}
    done = SeriesScales([(Figure("a", "", "", spec), {"errors": errors()})]).applied(spec, {"errors": errors()})
    assert done["encoding"]["color"] == {"value": INK}


def test_the_key_of_a_page_shows_what_its_figures_show(tmp_path: Path) -> None:
    states = ["untouched", "naive 1", "naive 2"]
    planned = [("main", ""), ("main", "naive"), ("main", "hybrid")]
    told = Record("a study", [Section("errors", [findings(tables=[errors(states)])])], states=planned)
    html = write_report(told, tmp_path).read_text()
    key = html[html.index('class="key"') : html.index("</nav>")]
    assert [word for word in ("untouched", "naive", "hybrid", "naive 2") if f"</svg> {word}</li>" in key] == [
        "untouched",
        "naive",
    ]
    assert f'stroke="{KNOWN["naive"][0]}"' in key
    lone = write_report(record(Findings("Alone", tables=[errors()])), tmp_path / "none").read_text()
    assert 'class="key"' not in lone
