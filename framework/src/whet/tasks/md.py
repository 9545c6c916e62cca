"""md: trajectories driven by a potential (or by the labeler itself), one a step, several at once where that pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from whet.contracts.component import Component
from whet.contracts.dynamics import MDEngine, Start, Trajectory
from whet.contracts.options import Options
from whet.contracts.ports import Frames, Port
from whet.contracts.task import Outcome, Task, Work
from whet.data.errors import FrameError, WhetError
from whet.data.frame_log import write_frames


class MDSettings(Options):
    """Settings of a step `md`."""

    seed: int
    """Of the initial velocities and of the thermostat."""


class MolecularDynamics(Task):
    """Samples a trajectory."""

    name = "md"
    result_version = 2
    Options = MDSettings
    inputs: ClassVar = {"start": Port(Frames, many=False, what="the last of its frames is where the trajectory starts")}
    components: ClassVar = {"engine": "md_engines", "potential": "potentials", "labeler": "labelers"}

    @classmethod
    def batch_key(cls, components: Mapping[str, Component], inputs: Mapping[str, Sequence[str]]) -> str | None:
        """The same for trajectories of one engine that can run many at once, driven by one potential."""
        engine = components["engine"]
        if not engine.together or "labeler" in components:
            return None
        return f"{engine.key} {components['potential'].key if 'potential' in components else inputs['potential'][0]}"

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """As the protocol says."""
        production, every = (components["engine"].options.get(key) for key in ("production", "every"))
        return production // every + 1 if isinstance(production, int) and isinstance(every, int) else None

    @classmethod
    def most_labels(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """One for each step, and the start, where the labeler drives."""
        steps = [components["engine"].options.get(key) for key in ("equilibration", "production")]
        if "labeler" not in components:
            return 0
        known = [one for one in steps if isinstance(one, int)]
        return 1 + sum(known) if len(known) == len(steps) else None

    def run(self, work: Work) -> Outcome:
        """Leaves `frames`, with the driver's energies and forces.

        Values: frames, times (fs), end (monitor, what, time, keeps; null for a complete run), planned (frames).
        """

        from whet.dynamics.run import run_trajectory
        from whet.labels.stored_labeler import LabelerPotential

        engine: MDEngine = work.load("engine")
        if not work.has("labeler"):
            return _outcome(work, engine, run_trajectory(engine, _start(work), work.load("potential"), work.progress))
        labeler = work.labeler()
        trajectory = run_trajectory(engine, _start(work), LabelerPotential(labeler), work.progress)
        return _outcome(work, engine, trajectory, bought=labeler.bought)

    def run_batch(self, works: Sequence[Work]) -> list[Outcome | WhetError]:
        """The same for several steps; a fault is that of one step."""

        from whet.dynamics.run import run_trajectories

        first = works[0]
        engine: MDEngine = first.load("engine")
        starts = [_start(work) for work in works]
        made = run_trajectories(engine, starts, first.load("potential"), first.progress)
        found: list[Outcome | WhetError] = []
        for work, one in zip(works, made, strict=True):
            try:
                found.append(_outcome(work, engine, one, together=len(works)))
            except FrameError as error:
                found.append(error)
        return found


def _start(work: Work) -> Start:
    return Start(work.one("start", Frames).frames[-1], work.settings["seed"], work.folder / "engine")


def _outcome(work: Work, engine: MDEngine, trajectory: Trajectory, **measured: Any) -> Outcome:
    if not trajectory.frames:
        raise FrameError(f"the trajectory ended before its first frame: {trajectory.end}").at(work.title)
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
