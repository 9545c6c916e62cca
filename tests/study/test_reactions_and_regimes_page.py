"""docs/how-to/reactions-and-regimes.md does what it says, in a toy study."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from in_process import whet
from whet.plugins.registry import registry
from whet.study.study import Study

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "reactions-and-regimes.md").read_text(encoding="utf-8")
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
COMMANDS = [line.split() for line in re.findall(r"(?m)^whet (.*)$", PAGE)]
(NOTEBOOK,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NEEDED = {"reactions", "coordination", "regimes"}

STUDY = """\
name: toy
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 400, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: {naive: 1}
tests: {independent: {trajectories: 1}}
"""


@pytest.mark.slow
@pytest.mark.skipif(not set(registry().names("analyses")) >= NEEDED, reason="its plugins are not installed")
def test_the_page_is_worked_through(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [words[0] for words in COMMANDS] == ["run", "report"]
    monkeypatch.chdir(tmp_path)
    study = yaml.safe_load(STUDY)
    for block in BLOCKS:
        study["analyses"] = {**study.get("analyses", {}), **block["analyses"]}
        Path("study.yaml").write_text(yaml.safe_dump(study))
        for words in COMMANDS:
            whet(*words)
    stored = Study.load("study.yaml").stored
    rates = stored.tables("reactions")["reaction-rates"]
    assert rates["state"].iloc[0] == "reference dynamics" and len(rates) == 3
    series = stored.tables("regimes")["regime-series"]
    assert set(series["series"]) == {"energy residual", "force error"} and set(series["frames"]) == {41}
    (coordination,) = stored.findings("coordination")
    assert list(coordination.notes) == ["no trajectory has a frame with both Co and Cl or O"]
    page = Path("report/index.html").read_text(encoding="utf-8")
    assert "Reactions along trajectories" in page and "Regimes along trajectories" in page
    exec(compile(NOTEBOOK, "notebook", "exec"), {})
    assert "energy RMSE" in capsys.readouterr().out
