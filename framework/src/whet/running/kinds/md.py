"""md: trajectories driven by a potential (or by the labeler itself), one a step, several at once where that pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from whet.contracts.dynamics import MDEngine, Start, Trajectory
from whet.data.errors import FrameError, WhetError
from whet.data.frame_log import write_frames
from whet.dynamics.run import run_trajectories, run_trajectory
from whet.labels.stored_labeler import LabelerPotential, StoredLabeler
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Starts from the last frame of `inputs.start`; leaves `frames`, with the driver's energies and forces.

    components: engine, and potential or labeler where no step made the potential. settings: seed. Values: frames,
    times (fs), end (monitor, what, time, keeps; null for a complete run), planned (frames).
    """
    engine: MDEngine = work.load("engine")
    if "labeler" not in work.step.components:
        return _outcome(work, engine, run_trajectory(engine, _start(work), work.potential(), work.progress))
    labeler = StoredLabeler(work.load("labeler"), work.store.labels, work.folder / "labeler")
    trajectory = run_trajectory(engine, _start(work), LabelerPotential(labeler), work.progress)
    return _outcome(work, engine, trajectory, bought=labeler.bought)


def run_together(works: Sequence[Work]) -> list[Outcome | WhetError]:
    """The same for several steps of one engine and one potential, as one batch; a fault is that of one step."""
    first = works[0]
    engine: MDEngine = first.load("engine")
    made = run_trajectories(engine, [_start(work) for work in works], first.potential(), first.progress)
    found: list[Outcome | WhetError] = []
    for work, one in zip(works, made, strict=True):
        try:
            found.append(_outcome(work, engine, one, together=len(works)))
        except FrameError as error:
            found.append(error)
    return found


def _start(work: Work) -> Start:
    return Start(work.frames("start")[-1], work.settings["seed"], work.folder / "engine")


def _outcome(work: Work, engine: MDEngine, trajectory: Trajectory, **measured: Any) -> Outcome:
    if not trajectory.frames:
        raise FrameError(f"the trajectory ended before its first frame: {trajectory.end}").at(work.step.title)
    path = trajectory.file or work.folder / "trajectory.frames"
    if trajectory.file is None:
        write_frames(path, trajectory.frames)
    values = {
        "frames": len(trajectory.frames),
        "times": list(trajectory.times),
        "end": trajectory.end.as_json() if trajectory.end else None,
        "planned": engine.protocol.frames,
    }
    if trajectory.resumed and engine.lost_on_resume:
        measured["lost_on_resume"] = engine.lost_on_resume
    return Outcome(values, {"frames": path}, measured={**measured, "resumed": trajectory.resumed})
