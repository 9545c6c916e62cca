"""Dynamics: the contract of an MD engine. An author writes `simulation`: a state and how it moves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from whet.contracts.component import Backend
from whet.contracts.fine_tuning import Progress
from whet.contracts.monitors import Stopped, answering
from whet.contracts.options import Options
from whet.contracts.potential import Potential
from whet.contracts.protocol import Protocol
from whet.contracts.recording import Recording, State, Trajectory
from whet.data.errors import InputError
from whet.data.frame_identity import frame_key
from whet.data.identity import key_of

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.labels import Labels


@dataclass(frozen=True)
class Start:
    """Where one trajectory begins.

    atoms: not changed. seed: of everything random in it. folder: its own, for what the engine writes; a run that was
    killed is taken up from there.
    """

    atoms: Atoms
    seed: int
    folder: Path


class Simulation(ABC):
    """The moving state of one run. Nothing in it depends on anything but what it was made of.

    stride: the most steps that may pass between two looks at the state.
    """

    stride: int = 1

    @abstractmethod
    def advance(self, steps: int) -> None:
        """So many steps more; with zero, what the first look at the state needs. Raises what the potential raises.

        After a fault the state is of no use.
        """

    @property
    @abstractmethod
    def atoms(self) -> Atoms:
        """The present state, with velocities; positions are not wrapped into the cell."""

    @property
    @abstractmethod
    def labels(self) -> Labels:
        """The driving potential's answer for the present state, as it gave it."""

    @abstractmethod
    def save(self) -> State | None:
        """Everything that the next step depends on; None where that cannot be had at this step."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Goes on from what `save` gave, in a simulation that was made of the same things."""

    def close(self) -> None:  # noqa: B027 -- most hold nothing
        """Gives back what it holds (a library, a process)."""


ProtocolT = TypeVar("ProtocolT", bound=Protocol)


class MDEngine(Backend[ProtocolT], ABC):
    """Runs molecular dynamics. Its `Options` extend `Protocol`, which is therefore `self.options`."""

    Options: ClassVar[type[Options]] = Protocol
    constraints: ClassVar[frozenset[str]] = frozenset()
    """Names of ASE's constraints that the engine holds when the starting structure has them."""
    together: ClassVar[bool] = False
    """Whether it gains from running many trajectories at once (`run_together`)."""

    @abstractmethod
    def simulation(self, start: Start, potential: Potential) -> Simulation:
        """A run from `start`, driven by `potential`, before its first step; the same seed gives the same trajectory."""

    def run(self, start: Start, potential: Potential, progress: Progress) -> Trajectory:
        """One trajectory. A run that cannot go on ends with its reason and keeps what is good; it raises nothing.

        Raises InputError for a start that cannot be run at all.
        """
        self.check(start.atoms)
        recording = self.recording(start, potential)
        if recording.is_over:
            return recording.trajectory()
        simulation = self.simulation(start, potential)
        step = recording.step
        try:
            with answering():
                if recording.state is not None:
                    simulation.restore(recording.state)
                else:
                    simulation.advance(0)
                    recording.see(0, simulation.atoms, simulation.labels, simulation.save)
                while not recording.is_over:
                    stride = min(simulation.stride, self._until_next(step))
                    step += stride
                    simulation.advance(stride)
                    recording.see(step, simulation.atoms, simulation.labels, simulation.save)
                    if step % self.protocol.every == 0 or step == self.protocol.steps:
                        progress(step, self.protocol.steps)
        except Stopped as stopped:
            recording.stop(step, stopped)
        finally:
            simulation.close()
        return recording.trajectory()

    def run_together(self, starts: Sequence[Start], potential: Potential, progress: Progress) -> list[Trajectory]:
        """Many trajectories, in order; one after the other, unless the engine knows better.

        progress: of all steps of all of them.
        """
        total = self.protocol.steps * len(starts)
        return [
            self.run(start, potential, lambda done, _, before=before: progress(before + done, total))
            for before, start in zip(range(0, total, self.protocol.steps), starts, strict=True)
        ]

    @property
    def lost_on_resume(self) -> str:
        """What a run with this protocol, killed and taken up again, does not keep; empty if it goes on bit for bit."""
        return ""

    @property
    def protocol(self) -> Any:
        """The options, as a Protocol."""
        return self.options

    def recording(self, start: Start, potential: Potential) -> Recording:
        """The bookkeeping of a run, gone on with where its folder has some of the same one."""
        atoms = start.atoms
        momenta = atoms.get_momenta().tolist() if self.protocol.velocities == "start" else None
        held = [repr(constraint.todict()) for constraint in atoms.constraints]
        masses = atoms.get_masses().tolist()
        words = {key: value for key, value in self.options.as_json().items() if key not in self.Options.not_identity}
        identity = [words, start.seed, frame_key(atoms), masses, momenta, held, potential.name]
        return Recording(start.folder, key_of(identity), self.protocol, atoms)

    def check(self, start: Atoms) -> None:
        """InputError for a start that cannot be run at all."""
        if len(start) < 2:
            raise InputError("dynamics needs at least two atoms")
        if self.protocol.ensemble == "npt" and not start.pbc.all():
            hint = "Use nvt, or give it a cell"
            raise InputError("npt needs a structure that is periodic in all directions", hint=hint)
        names = {type(constraint).__name__ for constraint in start.constraints}
        held = frozenset() if self.protocol.ensemble == "npt" else self.constraints
        if unheld := sorted(names - held):
            where = f"{self.name} in {self.protocol.ensemble}"
            known = ", ".join(sorted(held)) or "none"
            hint = f"It holds {known}; remove the others from the starting structure"
            raise InputError(f"{where} does not hold the constraint {', '.join(unheld)}", hint=hint)

    def _until_next(self, step: int) -> int:
        """Steps until a state that is to be kept, or the last one."""
        protocol = self.protocol
        since = step - protocol.equilibration
        due = protocol.equilibration if since < 0 else step + protocol.every - since % protocol.every
        return min(due, protocol.steps) - step
