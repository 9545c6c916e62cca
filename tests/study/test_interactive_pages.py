"""An interactive page on its way from an analysis to a report: a file of its step, which the store alone hands on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from in_process import whet
from whet import Study
from whet.plugins.registry import registry

FAULTY = Path(__file__).parents[1] / "faulty"

STUDY = """\
name: paged
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
tests: {far: {trajectories: 1, driver: foundation}}
self_generated: {of: none}
analyses: [faulty]
"""


@pytest.fixture
def store(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a study that ran with an analysis that left a page."""
    monkeypatch.syspath_prepend(str(FAULTY))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FAULTY), os.environ.get("PYTHONPATH", "")]))
    registry.cache_clear()
    (tmp_path / "study.yaml").write_text(STUDY)
    ended = Study.load(tmp_path / "study.yaml").run()
    assert not ended.failed, ended.failed
    registry.cache_clear()
    return tmp_path / ".whet"


def step_of(store: Path) -> Path:
    (found,) = [path.parent for path in (store / "steps").glob("faulty-*/result.json")]
    return found


def test_a_page_is_a_file_of_its_step_and_not_in_its_findings(store: Path) -> None:
    step = step_of(store)
    (page,) = step.glob("page-*.gz")
    assert page.read_bytes()[:2] == b"\x1f\x8b"
    assert "<p>Forces" not in (step / "findings.json").read_text()
    assert page.stem in (step / "result.json").read_text()


def test_the_report_draws_it_from_the_store_alone(store: Path, tmp_path: Path) -> None:
    script = f"""
import whet
study = whet.Study.open({str(store)!r})
print(whet.write_report(whet.record_of(study), {str(tmp_path / "report")!r}))
"""
    plain = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "framework" / "src")}
    subprocess.run([sys.executable, "-c", script], env=plain, check=True, capture_output=True)
    html = (tmp_path / "report" / "index.html").read_text()
    assert html.count('id="whet-text-') == 1
    assert "Open the interactive figure" in html


def test_other_commands_do_not_read_it(store: Path) -> None:
    (page,) = step_of(store).glob("page-*.gz")
    page.unlink()
    assert "paged" in whet("status", store.parent / "study.yaml").stdout
    assert Study.open(store).tables("faulty")["largest-forces"].shape[0]


def test_a_page_that_is_gone_is_said(store: Path) -> None:
    (page,) = step_of(store).glob("page-*.gz")
    page.unlink()
    said = whet("report", store.parent / "study.yaml", code=2).faults[0]
    again = f"Remove the folder {page.parent} and run again: labels stay in the label store"
    assert said == f"whet: {page}: the file is gone. {again}"
