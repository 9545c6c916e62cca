"""The kit finds what is wrong with an analysis: each fault is caught by the check that names it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from whet.contracts.findings import Column, Findings, Table
from whet.plugins.registry import registry
from whet.testing import check_analysis
from whet.testing.analyses import ANALYSIS_CHECKS
from whet.testing.backends import check_backends
from whet.testing.figure_fields import unknown_fields

FAULTY = Path(__file__).parents[2] / "faulty"
FRESH = "analyses_leave_the_process_as_it_was"
"""Starts an interpreter, which takes seconds."""

FAULTS = [
    ("wants always", {"nothing_is_wanted_of_an_empty_study"}, "it wants 1 steps"),
    ("same label", {"what_is_wanted_can_be_had"}, "two steps have the label ''"),
    ("many into one", {"what_is_wanted_can_be_had"}, "'one', which takes one"),
    ("no such port", {"what_is_wanted_can_be_had"}, "'frame', which is none of its `inputs`: frames, one"),
    ("other kind", {"what_is_wanted_can_be_had"}, "takes labeled, and is fed with potentials"),
    ("no such role", {"what_is_wanted_can_be_had"}, "a component 'forces', which is none of its `components`"),
    ("bare error", {"nothing_to_look_at_is_said"}, "Error: "),
    ("interval of a point", {"little_is_looked_at_or_refused"}, "has an interval of one frame"),
    ("counts frames", {"verdicts_count_independent_units"}, "states 15 trajectories; its inputs have 7"),
    ("first is best", {"order_of_inputs_changes_no_number"}, "verdicts: .* becomes"),
    ("no unit", {"numbers_say_what_they_are"}, "'force' of 'largest-forces' has neither unit nor description"),
    ("no such field", {"figures_show_columns_of_their_tables"}, "no column 'forces' is in the table 'largest-forces'"),
    ("no such mark", {"figures_can_be_drawn"}, "figure 'forces': "),
    ("no caption", {"figures_can_be_drawn"}, "has no caption"),
    ("loads a script", {"interactive_pages_stand_alone"}, '<script src="https://cdn.example.org/plot.js">'),
    ("numpy", {"findings_survive_storage"}, "JSON cannot hold them: .*float32"),
    ("two of a name", {"findings_are_sound"}, "the table 'largest-forces' has two columns 'set'"),
    ("no name", {"findings_are_sound"}, "'largest forces' is no name"),
    ("clock", {"same_input_same_bytes"}, "the second run on the same inputs differs"),
    ("in place", {"same_input_same_bytes"}, "the second run on the same inputs differs"),
    ("seeds", {FRESH}, "changed: random numbers of NumPy"),
    ("order of a set", {FRESH}, "another process finds something else"),
    ("prints", {FRESH}, "printed on standard output: 'working"),
    ("leaves files", {FRESH}, "changed: files in the working directory"),
]
"""Fault, the check that names it, and what it says."""

CONSEQUENCES = {
    "numpy": {"figures_can_be_drawn"},
    "loads a script": {"findings_are_sound", "little_is_looked_at_or_refused"},
    "no name": {"little_is_looked_at_or_refused"},
    "two of a name": {"findings_survive_storage", "little_is_looked_at_or_refused"},
    "clock": {"order_of_inputs_changes_no_number"},
    "in place": {"order_of_inputs_changes_no_number"},
}
"""Fault -> checks that it fails as well, because what they ask for rests on it."""


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin of faulty backends, for this process and those that it starts."""
    monkeypatch.syspath_prepend(str(FAULTY))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FAULTY), os.environ.get("PYTHONPATH", "")]))
    registry.cache_clear()
    yield
    registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "whet_faulty"]:
        del sys.modules[name]


def test_without_a_fault_everything_passes(faulty: None) -> None:
    check_analysis("faulty").raise_for_failures()


@pytest.mark.parametrize(("fault", "checks", "said"), FAULTS, ids=[case[0] for case in FAULTS])
def test_a_fault_is_caught_by_the_check_that_names_it(
    faulty: None, fault: str, checks: set[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    only = [check.name for check in ANALYSIS_CHECKS if FRESH in checks or check.name != FRESH]
    found = {one.check: one.said for one in check_analysis({"use": "faulty", "fault": fault}, only=only).failed}
    assert checks <= found.keys() <= checks | CONSEQUENCES.get(fault, set()), found
    assert all(re.search(said, found[name]) for name in checks), found


def test_every_check_has_a_fault_that_it_catches() -> None:
    assert {check.name for check in ANALYSIS_CHECKS} == {name for _, checks, _ in FAULTS for name in checks}


def test_an_analysis_is_checked_by_its_name_alone() -> None:
    (found,) = check_backends({"use": "data"}, tiers=["contract"], only=["numbers_say_what_they_are"])
    assert found.subject == "analysis data"
    assert found.ok


BUILT_IN = [line.name for line in registry().listings() if (line.hook, line.distribution) == ("analyses", "whet")]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_analyses_pass_every_check(name: str) -> None:
    check_analysis(name).raise_for_failures()


FOUND = Findings("x", tables=(Table("t", "", (Column("a"), Column("r2.x"), Column("b", interval=True)), ()),))


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        ({"encoding": {"x": {"field": "a"}, "y": {"field": "b 95 % low"}}}, ""),
        ({"encoding": {"x": {"field": "c"}}}, "no column 'c'"),
        ({"encoding": {"x": {"field": "r2\\.x"}}}, ""),
        ({"encoding": {"x": {"field": "r2.x"}}}, r"reads as a part of something: write 'r2\\\\.x'"),
        ({"layer": [{"encoding": {"x": {"field": "a"}}}, {"encoding": {"x": {"field": "c"}}}]}, "no column 'c'"),
        ({"facet": {"field": "c"}, "spec": {"encoding": {"x": {"field": "a"}}}}, "no column 'c'"),
        ({"transform": [{"calculate": "datum.a", "as": "c"}], "layer": [{"encoding": {"x": {"field": "c"}}}]}, ""),
        ({"transform": [{"aggregate": [{"op": "mean", "field": "c", "as": "m"}]}]}, "no column 'c'"),
        ({"transform": [{"fold": ["a", "b"]}], "encoding": {"x": {"field": "key"}, "y": {"field": "value"}}}, ""),
        ({"encoding": {"y": {"field": "a", "sort": {"field": "c"}}}}, "no column 'c'"),
        ({"layer": [{"transform": [{"calculate": "1", "as": "c"}]}, {"encoding": {"x": {"field": "c"}}}]}, "no column"),
    ],
)
def test_fields_are_looked_for_where_a_view_gets_them(spec: dict, wrong: str) -> None:
    found = unknown_fields({"data": {"name": "t"}, **spec}, FOUND)
    assert re.search(wrong, found[0]) if wrong else not found
