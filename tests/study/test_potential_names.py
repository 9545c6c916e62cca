"""What people read for a potential's name in a study."""

from __future__ import annotations

import pytest

from whet.contracts.findings import Column, Estimate, Figure, Findings, Table, Verdict
from whet.study.potential_names import PotentialNames


@pytest.mark.parametrize(
    ("architectures", "wanted"),
    [
        ({"main": "CHGNet 0.3.0"}, ["CHGNet 0.3.0"]),
        ({"chgnet": "CHGNet 0.3.0", "mace": "MACE-MP-0 small"}, ["CHGNet 0.3.0", "MACE-MP-0 small"]),
        ({"tuned": "MACE my.model"}, ["tuned (MACE my.model)"]),
        ({"main": "CHGNet 0.3.0", "second": "NEP89"}, ["main (CHGNet 0.3.0)", "second (NEP89)"]),
        ({"mace": "MACE a", "MACE": "MACE a"}, ["mace (MACE a)", "MACE (MACE a)"]),
        ({"CHGNet 0.3.0 again": "CHGNet 0.3.0"}, ["CHGNet 0.3.0 again"]),
    ],
)
def test_a_name_says_which_and_what(architectures: dict[str, str], wanted: list[str]) -> None:
    assert list(PotentialNames(architectures).shown.values()) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("main: soft by 20 %", "X 1: soft by 20 %"),
        ("own trajectory of main periodic 3", "own trajectory of X 1 periodic 3"),
        ("“main set” is soft", "“main set” is soft"),
        ("give `main: toy` in a/main.yaml or main=3", "give `main: toy` in a/main.yaml or main=3"),
        ("mainly, remains, main-group", "mainly, remains, main-group"),
        ("of main.", "of X 1."),
    ],
)
def test_only_the_name_is_replaced(words: str, wanted: str) -> None:
    assert PotentialNames({"main": "X 1"}, kept=["main set", "naive"]).text(words) == wanted


def test_a_strategy_of_the_same_name_leaves_all_as_it_is() -> None:
    assert PotentialNames({"main": "X 1"}, kept=["main"]).text("main: soft") == "main: soft"


def test_tables_figures_and_verdicts_agree() -> None:
    table = Table("t", "Of main", (Column("state"), Column("MAE", interval=True)), [("main naive 1", Estimate(1.0))])
    spec = {
        "data": {"name": "t"},
        "encoding": {"y": {"field": "main", "sort": ["main naive 1"]}},
        "transform": [{"filter": "datum.state == 'main naive 1'"}],
    }
    figure = Figure("f", "Of main.", "main.", spec)
    drawn = Figure("g", "", "", svg='<svg id="main"><text>main</text></svg>')
    verdict = Verdict("How soft?", "main: soft", "main on “far”", decided=False)
    given = Findings("Main", "own run of main", [table], [figure, drawn], [verdict], "By main.", notes=["main."])
    found = PotentialNames({"main": "X 1"}).findings(given)
    assert found.table("t").rows[0][0] == "X 1 naive 1"
    assert found.figures[0].spec == {
        "data": {"name": "t"},
        "encoding": {"y": {"field": "main", "sort": ["X 1 naive 1"]}},
        "transform": [{"filter": "datum.state == 'X 1 naive 1'"}],
    }
    assert found.figures[1].svg == '<svg id="main"><text>X 1</text></svg>'
    assert (found.verdicts[0].claim, found.label, found.notes[0]) == ("X 1: soft", "own run of X 1", "X 1.")
    assert found.definition == "By main."
