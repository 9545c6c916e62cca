"""minimize: a structure relaxed to a minimum of the energy of a potential, or of the labeler itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from whet.contracts.component import Component
from whet.contracts.minimization import Minimization
from whet.contracts.ports import Frames, Port
from whet.contracts.task import Outcome, Task, Work
from whet.data.frame_log import write_frames

if TYPE_CHECKING:
    from ase import Atoms

    from whet.contracts.potential import Potential


TYPICAL = 100
"""Steps that a relaxation takes by rule of thumb: a few molecules, by BFGS, down to 0.1 eV/Å, took 70 to 120."""


class Minimize(Task):
    """Relaxes a structure with one of ASE's optimizers; the cell does not move."""

    name = "minimize"
    Options = Minimization
    inputs: ClassVar = {"start": Port(Frames, many=False, what="the last of its frames is relaxed")}
    components: ClassVar = {"potential": "potentials", "labeler": "labelers"}

    @classmethod
    def most_frames(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """As many of the path as are kept."""
        return options["frames"]

    @classmethod
    def most_labels(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """One for each step, and the start, where the labeler drives."""
        return options["steps"] + 1 if "labeler" in components else 0

    @classmethod
    def likely_labels(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """It mostly converges long before it may take no further step."""
        return min(TYPICAL, options["steps"]) + 1 if "labeler" in components else 0

    def run(self, work: Work) -> Outcome:
        """Leaves `frames`, with the driver's energies and forces; the last is the minimum.

        Values: frames, converged, steps, largest_force (eV/Å, on a free atom of the last frame). Measured: bought
        (labels that the labeler computed on the way; each is in the label store, where a relaxation that was killed
        finds it again). Raises FrameError where the driver cannot answer: there is no minimum then.
        """
        from whet.labels.stored_labeler import LabelerPotential

        start, wanted = work.one("start", Frames).frames[-1], self.options
        measured: dict[str, Any] = {}
        if work.has("labeler"):
            labeler = work.labeler()
            path, found = _relaxed(start, LabelerPotential(labeler), wanted, work)
            measured["bought"] = labeler.bought
        else:
            path, found = _relaxed(start, work.load("potential"), wanted, work)
        kept = [path[place] for place in _spread(len(path), wanted.frames)]
        file = work.folder / "minimization.frames"
        write_frames(file, kept)
        return Outcome({"frames": len(kept), **found}, {"frames": file}, measured=measured)


def _relaxed(
    start: Atoms, potential: Potential, wanted: Minimization, work: Work
) -> tuple[list[Atoms], dict[str, Any]]:
    """Every frame of the path, the start and the minimum included, and converged, steps, largest_force (eV/Å)."""
    import numpy as np
    from ase import optimize

    from whet.contracts.calculator import PotentialCalculator
    from whet.contracts.structures import no_longer_drawn
    from whet.data.labels import Labels

    moving = start.copy()
    moving.info.pop("time", None)  # of the dynamics that it may come from
    no_longer_drawn(moving)
    moving.calc = PotentialCalculator(potential)
    path: list[Atoms] = []
    converged, largest = False, 0.0
    with getattr(optimize, wanted.optimizer)(moving, logfile=None) as optimizer:
        for at_rest in optimizer.irun(fmax=wanted.fmax, steps=wanted.steps):
            converged = bool(at_rest)
            forces = moving.get_forces(apply_constraint=False)
            path.append(Labels(moving.get_potential_energy(), forces).attach(moving))
            largest = float(np.linalg.norm(moving.get_forces(), axis=1).max())
            work.progress(min(optimizer.nsteps, wanted.steps), wanted.steps)
        return path, {"converged": converged, "steps": optimizer.nsteps, "largest_force": largest}


def _spread(count: int, wanted: int) -> list[int]:
    """So many of `count` places, the last always and, from two on, the first, as evenly as whole numbers can be."""
    if wanted == 1:
        return [count - 1]
    wanted = min(count, wanted)
    return [round(place * (count - 1) / max(wanted - 1, 1)) for place in range(wanted)]
