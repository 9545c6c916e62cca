"""TorchSim: molecular dynamics of many trajectories as one batch, driven by any potential."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from whet import MDEngine, Start, recording_of
from whet_torch_sim.options import TorchSimOptions
from whet_torch_sim.references import TORCH_SIM

if TYPE_CHECKING:
    from whet import Potential, Progress, Simulation, Trajectory


class TorchSim(MDEngine[TorchSimOptions]):
    """Molecular dynamics with torch-sim's integrator steps: nve, nvt (Langevin, Bussi).

    All trajectories of a batch move together and are one question to the potential at each step. What a trajectory
    does depends neither on those beside it nor on how often it was killed and taken up, as far as the potential
    answers a frame alike in every batch.
    """

    name = "torch-sim"
    title = "TorchSim"
    packages: ClassVar[Mapping[str, str]] = {"torch_sim": "torch-sim-atomistic>=0.3", "torch": "torch>=2.4"}
    constraints = frozenset({"FixAtoms"})
    together = True

    @classmethod
    def references(cls, options: TorchSimOptions) -> Sequence[str]:
        return (TORCH_SIM,)

    def simulation(self, start: Start, potential: Potential) -> Simulation:
        from whet_torch_sim.asking import Asking
        from whet_torch_sim.replica import Replica

        return Replica(start, Asking(potential, self.protocol.properties), self.protocol)

    def run_together(self, starts: Sequence[Start], potential: Potential, progress: Progress) -> list[Trajectory]:
        """Many trajectories, in order, moved as one batch; one that ends leaves it, and the others go on."""
        from whet_torch_sim.asking import Asking
        from whet_torch_sim.batch_run import BatchRun, Member
        from whet_torch_sim.replica import Replica

        asking = Asking(potential, self.protocol.properties)
        replicas = [Replica(start, asking, self.protocol) for start in starts]
        members = [
            Member(replica, lambda start=start: recording_of(self, start, potential))
            for replica, start in zip(replicas, starts, strict=True)
        ]
        return BatchRun(members, asking, self.protocol, progress).run()
