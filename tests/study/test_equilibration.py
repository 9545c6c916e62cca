"""A curvature is read from an ensemble: of runs that remember their starting structures nothing is decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from whet import Study

STUDY = """\
name: toy
structures: {{use: toy, repeat: 1}}
potentials: {{main: toy}}
labeler: toy
dynamics: {{use: toy, timestep: 10, equilibration: {steps}, production: 20, every: 10, temperature: 100}}
tests: {{near: {{trajectories: 4}}}}
self_generated: {{trajectories: 2}}
"""


@pytest.mark.parametrize(("steps", "is_equilibrated"), [(50, False), (300, True)])
def test_frames_of_runs_that_have_just_begun_do_not_decide(
    toy: None, tmp_path: Path, steps: int, is_equilibrated: bool
) -> None:
    """Ten periods of the fastest mode of argon are 2.9 ps."""
    (tmp_path / "study.yaml").write_text(STUDY.format(steps=steps))
    study = Study.load(tmp_path)
    assert not study.run(workers=0).failed
    found = {score["set"]: score["softening"] for score in study.stored.scores}
    assert len(found) == 2
    for on, slopes in found.items():
        assert (slopes["curvature"] is not None) == is_equilibrated, on
        assert ("frames begin 500 fs after the start" in slopes["verdict"].replace("\N{NO-BREAK SPACE}", " ")) != (
            is_equilibrated
        )
    (detail,) = study.stored.findings("softening")
    ratios = [row["curvature ratio"] for row in detail.table("by-element").records()]
    assert [one is not None for one in ratios] == [is_equilibrated]
