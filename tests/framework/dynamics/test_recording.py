"""Recordings: what a run leaves, whatever its engine: times, checkpoints of this run only, damage, resuming."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms

from whet import Labels, Monitor, Protocol, Recording, Stopped
from whet.data.errors import StoreError
from whet.dynamics.built_in_monitors import MaxForceSpread, SpreadLimit

WORDS = {"timestep": 2.0, "equilibration": 4, "production": 12, "every": 4, "temperature": 50.0}


def crystal() -> Atoms:
    atoms = bulk("Ar", "fcc", a=5.3, cubic=True)
    atoms.set_momenta(np.full((4, 3), 0.01))
    return atoms


def calm() -> Labels:
    return Labels(-1.0, np.zeros((4, 3)), np.eye(3))


def recording(folder: Path, identity: str = "this", monitors: Sequence[Monitor] = (), **words: object) -> Recording:
    return Recording(folder, identity, Protocol.model_validate({**WORDS, **words}), crystal(), monitors)


def shown(record: Recording, steps: range) -> None:
    for step in steps:
        record.see(step, crystal(), calm(), lambda step=step: {"step": np.array(step)})


def test_frames_and_times(tmp_path: Path) -> None:
    record = recording(tmp_path)
    shown(record, range(17))
    assert record.is_over
    made = record.trajectory()
    assert made.times == (8.0, 16.0, 24.0, 32.0)
    assert [frame.info["time"] for frame in made.frames] == list(made.times)
    assert made.file == tmp_path / "trajectory.frames" and made.end is None
    assert Labels.of(made.frames[0]).stress is None  # nobody asked for it
    other = recording(tmp_path / "stress", stress=True)
    shown(other, range(17))
    assert Labels.of(other.trajectory().frames[0]).stress is not None


def test_a_checkpoint_is_that_of_this_run(tmp_path: Path) -> None:
    record = recording(tmp_path)
    shown(record, range(10))
    record.write({"x": np.arange(3.0)})
    shown(record, range(10, 14))  # frames beyond the checkpoint, which are forgotten
    again = recording(tmp_path)
    assert (again.step, len(again.frames), again.resumed) == (9, 2, 1)
    assert again.state is not None
    np.testing.assert_array_equal(again.state["x"], np.arange(3.0))
    shown(again, range(10, 17))
    assert again.trajectory().times == (8.0, 16.0, 24.0, 32.0) and again.trajectory().resumed == 1
    other = recording(tmp_path, identity="another")
    assert (other.step, other.state, len(other.frames)) == (0, None, 0)


def test_a_run_that_is_over_stays_over(tmp_path: Path) -> None:
    record = recording(tmp_path)
    shown(record, range(7))
    record.stop(7, Stopped("force", "the largest force is absurd"))
    made = record.trajectory()
    again = recording(tmp_path)
    assert again.is_over and again.state is None
    assert again.trajectory().end == made.end
    assert made.end is not None and (made.end.time, str(made.end)) == (14.0, "at 14 fs: the largest force is absurd")
    assert again.trajectory().resumed == 0


def test_a_frame_that_is_handed_over_is_the_last(tmp_path: Path) -> None:
    record = recording(tmp_path, monitors=[MaxForceSpread(SpreadLimit(limit=0.1))])
    sure = Labels(-1.0, np.zeros((4, 3)), None, {"force_spread": np.full(4, 0.01)})
    for step in range(10):
        record.see(step, crystal(), sure, dict)
    doubtful = Labels(-1.0, np.zeros((4, 3)), None, {"force_spread": np.full(4, 0.2)})
    record.see(10, crystal(), doubtful, dict)
    made = record.trajectory()
    assert made.times == (8.0, 16.0, 20.0)
    assert Labels.of(made.frames[-1]).extra["force_spread"].tolist() == [0.2] * 4


def test_constraints_of_the_engine_do_not_stay_in_frames(tmp_path: Path) -> None:
    record = recording(tmp_path)
    moving = crystal()
    moving.set_constraint(FixAtoms([0]))
    for step in range(5):
        record.see(step, moving, calm(), dict)
    assert not record.frames[0].constraints


def test_a_state_that_cannot_be_had_now_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_PATIENCE", 0.0)
    record = recording(tmp_path)
    for step in range(8):
        record.see(step, crystal(), calm(), lambda step=step: {"s": np.array(step)} if step % 5 == 0 else None)
    assert recording(tmp_path).step == 5


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 torn"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(content)
    with pytest.raises(StoreError, match=r"checkpoint\.npz: the checkpoint is damaged .* Remove it"):
        recording(tmp_path)
