"""Pictures of the docs are what their scripts draw."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from doc_scripts import DOCS, script


def test_the_picture_of_the_strategies_is_what_its_script_draws() -> None:
    drawn = script("draw_strategies").picture()
    assert (DOCS / "strategies.svg").read_text(encoding="utf-8") == drawn, "run python docs/draw_strategies.py"


def test_every_color_of_it_has_one_for_the_dark() -> None:
    style = script("draw_strategies").STYLE
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for rules in re.findall(r"([^{}\n]+?) \{[^}]*(?:fill|stroke|background): #[^}]*\}", light):
        assert rules.strip() in dark, f"{rules} has no color on a dark page"


@pytest.mark.parametrize("preset", ["naive", "periodic", "hybrid"])
def test_it_draws_the_rounds_that_the_preset_has(preset: str) -> None:
    from whet.plugins.registry import registry

    drawing = script("draw_strategies")
    drawn = next(one for one in drawing.PRESETS if one.name == preset)
    kind = registry().find("strategies", preset)
    rounds = list(kind(kind.Options(rounds=drawing.ROUNDS)).rounds())
    assert len(rounds) == drawing.ROUNDS
    assert {one.trajectories for one in rounds} == {drawn.trajectories}
    assert {one.driver for one in rounds} == ({"current"} if drawn.adapts else {"foundation"})
    assert [one.start for one in rounds[1:]] == ["last" if drawn.goes_on else "fresh"] * (drawing.ROUNDS - 1)
    assert {one.train_from for one in rounds} == {"foundation"}


def test_it_is_a_picture_with_words_for_those_who_do_not_see_it() -> None:
    root = ElementTree.fromstring(script("draw_strategies").picture())
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None and title.text and root.get("role") == "img"
