"""The map in a report in a browser: a click starts it, a click on a point shows its atoms, nothing is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis_inputs import frames_of, labeled_frames, predictions
from chromium import NONE, PROGRAM, Chromium
from whet import Descriptor
from whet.report.page import write_report
from whet.study.record import Record
from whet.study.section import Section

from .conftest import MAIN, NEAR, OLD, Run

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=NONE)

POINT = """(() => {
  const plot = map.map._plot, layout = plot._fullLayout, at = plot.getBoundingClientRect();
  const value = name => map._dataset.properties[name].values[NUMBER];
  const x = layout._size.l + layout.xaxis.d2p(value("PC 1")), y = layout._size.t + layout.yaxis.d2p(value("PC 2"));
  return [at.left + x, at.top + y];
})()"""
"""Where a point lies in its frame, pixels."""

ATOMS = """[...map.structure._cellsData.values()][0].viewer._current.model.selectedAtoms({})
  .map(one => [one.elem, one.x, one.y, one.z])"""
"""What is drawn of a structure."""

FRAMES = frames_of(20)


@pytest.fixture
def report(run: Run, everything: Descriptor, tmp_path: Path) -> Path:
    found = run(
        labeled_frames(NEAR, FRAMES),
        labeled_frames(OLD, frames_of(10, seed=700)),
        predictions(MAIN.on(NEAR), FRAMES, off=0.2),
        descriptor=everything,
    )
    return write_report(Record("a study", [Section("map", [found])]), tmp_path / "report")


def opened(browser: Chromium, report: Path) -> str:
    """The frame of the map, which is ready."""
    browser.open(report)
    assert browser.value("document.querySelectorAll('iframe').length") == 0
    browser.click_on(".opener button")
    inside = browser.frame()
    browser.until("document.body?.dataset.ready", inside)
    browser.value("document.querySelector('iframe').scrollIntoView({block: 'center', behavior: 'instant'})")
    browser.rest(1)
    return inside


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)], ids=["laptop", "phone"])
def test_a_click_on_a_point_shows_its_atoms(report: Path, tmp_path: Path, width: int, height: int) -> None:
    with Chromium(tmp_path / "profile", width, height) as browser:
        inside = opened(browser, report)
        number = int(np.argmax(browser.value("map._dataset.properties['PC 1'].values", inside)))  # it lies alone
        x, y = browser.value(POINT.replace("NUMBER", str(number)), inside)
        left, top = browser.value(
            "(one => [one.getBoundingClientRect().left + one.clientLeft, one.getBoundingClientRect().top + "
            "one.clientTop])(document.querySelector('iframe'))"
        )
        before = browser.value(ATOMS, inside)
        browser.click(left + x, top + y)
        browser.until(f"document.body.dataset.shown === '{number}'", inside)
        set_name, frame = ("near", number) if number < 20 else ("old", number - 20)
        assert browser.value("document.getElementById('said').textContent", inside) == f"{set_name}, frame {frame}"
        atoms = FRAMES[number] if number < 20 else frames_of(10, seed=700)[number - 20]
        browser.rest(1)
        drawn = browser.value(ATOMS, inside)
        assert [one[0] for one in drawn] == atoms.get_chemical_symbols()
        np.testing.assert_allclose([one[1:] for one in drawn], atoms.positions, atol=0.0051)
        assert number == 0 or drawn != before
        assert browser.value("document.documentElement.scrollWidth") == width
        assert (browser.requests, browser.complaints) == ([], [])


def test_colors_are_chosen_and_sets_have_their_names(report: Path, tmp_path: Path) -> None:
    with Chromium(tmp_path / "profile") as browser:
        inside = opened(browser, report)
        assert browser.value("document.getElementById('key').innerText", inside).split() == ["near", "old"]
        names = browser.value("[...document.getElementById('color').options].map(one => one.value)", inside)
        assert names[:4] == ["set", "round", "Q-residual", "force error of main"]
        choose = (
            "(one => {{ one.value = '{}'; one.dispatchEvent(new Event('change')); }})(document.getElementById('color'))"
        )
        for name in names:
            browser.value(choose.format(name), inside)
            assert browser.value("map.map._options.color.property.value", inside) == name
        assert browser.value("document.getElementById('key').innerText", inside) == ""
        browser.value(choose.format("set"), inside)
        assert browser.value("document.getElementById('key').innerText", inside).split() == ["near", "old"]
        assert (browser.requests, browser.complaints) == ([], [])
