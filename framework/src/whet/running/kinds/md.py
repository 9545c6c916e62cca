"""md: one trajectory, driven by a potential (or by the labeler itself)."""

from __future__ import annotations

from whet.data.errors import FrameError
from whet.data.frame_files import write_frames
from whet.running.shelved_labeler import LabelerPotential, ShelvedLabeler
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Starts from the last frame of `inputs.start`; leaves `frames`, with the driver's energies and forces.

    components: engine, and potential or labeler where no step made the potential. settings: seed.
    """
    engine = work.load("engine")
    labeler = None
    if "labeler" in work.step.components:
        labeler = ShelvedLabeler(work.load("labeler"), work.store.shelf, work.folder / "labeler")
    potential = LabelerPotential(labeler) if labeler else work.potential()
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
    return Outcome(values, {"frames": path}, measured={"bought": labeler.bought} if labeler else {})
