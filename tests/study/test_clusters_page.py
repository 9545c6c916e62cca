"""The page on clusters is true: its blocks move a study to a real Slurm, and what was done before is not done again."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml

from bits import contents
from one_machine_slurm import OneMachineSlurm
from whet import Study
from whet.data.errors import WhetError
from whet.running.step import Step
from whet.running.watcher import Silent

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "clusters.md"
BLOCKS = {
    yaml.safe_load(block)["running"].get("use", "local"): block
    for block in re.findall(r"```yaml\n(running:.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
}
STUDY = """\
name: moved
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 40, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: {naive: 1}
analyses: {bonds: false, data: false, minima: false, residuals: false, softening: false, summary: false}
"""


class StopsAtTheFirstTrajectory(Silent):
    """Ends the run on the laptop."""

    def ended(self, step: Step, fault: WhetError | None, seconds: float) -> None:
        if step.kind == "md":
            raise KeyboardInterrupt


def test_the_page_has_a_block_for_each_place() -> None:
    assert list(BLOCKS) == ["local", "slurm", "parsl"]


@pytest.mark.slow
@pytest.mark.parametrize("use", ["slurm", "parsl"])
def test_a_study_is_moved_by_one_block(toy: None, slurm: OneMachineSlurm, tmp_path: Path, use: str) -> None:
    pytest.importorskip(f"whet_{use}")
    path = tmp_path / "study.yaml"
    path.write_text(f"{STUDY}store: here\n{BLOCKS['local']}")
    whole = Study.load(path)
    assert not whole.run().failed
    path.write_text(f"{STUDY}store: moved\n{BLOCKS['local']}")
    begun = Study.load(path)
    with pytest.raises(KeyboardInterrupt):
        begun.run(StopsAtTheFirstTrajectory())
    done = {key for key in begun.plan.steps if begun.store.is_done(key)}
    assert 0 < len(done) < len(begun.plan.steps)
    path.write_text(f"{STUDY}store: moved\n{BLOCKS[use]}")
    moved = Study.load(path)
    account = moved.run()
    assert not account.failed and not account.not_run
    assert set(account.reused) >= done and not done & set(account.ran)
    assert contents(moved.store) == contents(whole.store)
    deadline = time.monotonic() + 60  # a block that was taken back completes for a moment
    while slurm.queue():
        assert time.monotonic() < deadline
        time.sleep(0.2)
