"""The page on writing an analysis is true: the package that stands in it passes the kit and runs in a study."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from whet.plugins.registry import registry
from whet.report.page import write_report
from whet.study.record import record_of
from whet.study.study import Study
from whet.testing import check_analysis

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "writing-an-analysis.md").read_text()

STUDY = """\
name: toy
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 3}
strategies: {naive: 1}
tests: {independent: {trajectories: 4}}
analyses: {force-angles: {least: 0.01}, equation-of-state: true, bonds: false}
"""


@pytest.fixture
def angles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package of the page, as pip would leave it."""
    home = tmp_path / "installed"
    for name, text in re.findall(r"```python\n# src/(whet_angles/\w+\.py)\n(.*?)```", PAGE, re.DOTALL):
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    entry = re.search(r"\[project.entry-points.whet\]\n(.*?)\n```", PAGE, re.DOTALL)
    assert entry
    info = home / "whet_angles-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: whet-angles\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(f"[whet]\n{entry.group(1)}\n".replace('"', ""))
    monkeypatch.syspath_prepend(str(home))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(home), os.environ.get("PYTHONPATH", "")]))
    registry.cache_clear()
    yield
    registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "whet_angles"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["force-angles", "equation-of-state"])
def test_the_analyses_of_the_page_pass_every_check(angles: None, name: str) -> None:
    check_analysis(name).raise_for_failures()


def test_they_run_in_a_study_and_stand_in_its_report(toy: None, angles: None, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    study = Study.load(tmp_path / "study.yaml")
    account = study.run(workers=2)
    assert not account.failed
    stored = Study.open(tmp_path / ".whet")
    found = stored.tables("force-angles")["force-angles"]
    assert found["state"].tolist() == ["main", "main naive 1"]
    assert max(found["angle"]) < 90
    (one,) = stored.findings("force-angles")
    assert one.verdicts[0].units == 4
    moduli = stored.tables("equation-of-state")["moduli"]
    assert moduli["state"].tolist() == ["labeler", "main", "main naive 1"]
    assert not stored.findings("bonds")
    page = write_report(record_of(stored), tmp_path / "report").read_text()
    assert "Directions of forces" in page
    assert "Equation of state" in page
    assert "Bond lengths" not in page
    assert (tmp_path / "report" / "tables" / "moduli.csv").read_text().count("\n") == 4


def test_one_analysis_is_run_by_name_and_said(toy: None, angles: None, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    Study.load(tmp_path / "study.yaml", ["analyses.force-angles=false"]).run(workers=0)
    words = [sys.executable, "-m", "whet", "analyze", "force-angles", "study.yaml", "--json"]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (found,) = json.loads(ended.stdout)
    assert [table["name"] for table in found["tables"]] == ["force-angles"]
    assert "listed" not in ended.stderr


def test_without_the_package_its_findings_are_still_read(
    toy: None, angles: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    Study.load(tmp_path / "study.yaml").run(workers=0)
    reads = (
        "import sys, whet\n"
        "from whet.plugins.registry import registry\n"
        "assert not {'force-angles'} & set(registry().names('analyses'))\n"
        "print(len(whet.Study.open(sys.argv[1]).findings('force-angles')))"
    )
    away = str(tmp_path / "installed")
    path = os.pathsep.join(part for part in os.environ["PYTHONPATH"].split(os.pathsep) if part != away)
    ended = subprocess.run(
        [sys.executable, "-c", reads, tmp_path / ".whet"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert ended.stdout.strip() == "1", ended.stderr
