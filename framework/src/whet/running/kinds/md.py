"""md: one trajectory, driven by a potential (or by the labeler itself)."""

from __future__ import annotations

from whet.contracts.potential import LabelerPotential
from whet.data.errors import FrameError
from whet.data.frame_files import write_frames
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Starts from the last frame of `inputs.start`; leaves `frames`, with the driver's energies and forces.

    components: engine, and potential or labeler where no step made the potential. settings: seed.
    """
    engine = work.load("engine")
    if "labeler" in work.step.components:
        potential = LabelerPotential(work.load("labeler"), work.folder / "labeler")
    else:
        potential = work.potential()
    trajectory = engine.run(
        work.frames("start")[-1],
        potential,
        seed=work.settings["seed"],
        folder=work.folder / "engine",
        progress=work.progress,
    )
    if not trajectory.frames:
        raise FrameError(f"the trajectory ended before its first frame: {trajectory.ended}")
    path = work.folder / "trajectory.traj"
    write_frames(path, trajectory.frames)
    values = {
        "frames": len(trajectory.frames),
        "times": list(trajectory.times),
        "ended": trajectory.ended,
        "planned": engine.protocol.frames,
    }
    return Outcome(values, {"frames": path})
