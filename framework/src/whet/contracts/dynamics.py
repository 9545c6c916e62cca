"""Dynamics: the contract of an MD engine. An author writes `simulation`: a state and how it moves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from whet.contracts.component import Backend, Spec
from whet.contracts.fine_tuning import Progress
from whet.contracts.monitor import End, Monitor
from whet.contracts.options import Options
from whet.contracts.potential import Potential
from whet.contracts.protocol import Protocol
from whet.data.errors import KeyProblem, OptionsError, UnknownName
from whet.data.frames import FrameSet

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from whet.data.labels import Labels

State = Mapping[str, "np.ndarray"]
"""Everything that the next step of a simulation depends on, by name."""


@dataclass(frozen=True)
class Start:
    """Where one trajectory begins.

    atoms: not changed. seed: of everything random in it. folder: its own, for what the engine writes; a run that was
    killed is taken up from there.
    """

    atoms: Atoms
    seed: int
    folder: Path


@dataclass(frozen=True)
class Trajectory:
    """What a run left.

    frames: with velocities, and the driving potential's energy, forces and (where it was asked for) stress as labels;
    positions are not wrapped into the cell. times: fs since the start of the run, one a frame (also each frame's
    `info["time"]`). end: why and when it ended before its time, None for a complete run. file: where the frames are, if
    they are in a file of the run's folder. resumed: how often it was killed and taken up from a checkpoint.
    """

    frames: FrameSet
    times: tuple[float, ...]
    end: End | None = None
    file: Path | None = None
    resumed: int = 0


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

    def run_together(self, starts: Sequence[Start], potential: Potential, progress: Progress) -> list[Trajectory]:
        """Many trajectories, in order, of an engine that is `together`; without it they run one after the other.

        The bookkeeping of each is `whet.recording_of`'s. progress: of all steps of all of them.
        """
        raise NotImplementedError

    @property
    def lost_on_resume(self) -> str:
        """What a run with this protocol, killed and taken up again, does not keep; empty if it goes on bit for bit."""
        return ""

    @property
    def protocol(self) -> Any:
        """The options, as a Protocol."""
        return self.options

    @property
    def monitors(self) -> list[Monitor]:
        """The living monitors of its runs."""
        return [part for part in self.parts.values() if isinstance(part, Monitor)]

    @classmethod
    def prepared(cls, given: Mapping[str, Any], find: Callable[[str, str], Any]) -> Mapping[str, Any]:
        if not isinstance(name := given.get("preset"), str):
            return given
        try:
            words = find("protocols", name).words
        except UnknownName as error:
            problem = KeyProblem(("preset",), f"{error.what}. {error.hint}")
            raise OptionsError(f"options of MD engine {cls.name!r}", problems=[problem]) from None
        return {**words, **{key: value for key, value in given.items() if key != "preset"}}

    @classmethod
    def find_parts(cls, options: Any) -> Mapping[str, Spec]:
        wanted = {"max_temperature": {}, **options.monitors}
        return {
            f"monitor:{name}": Spec(
                name, value if isinstance(value, dict) else {"limit": value}, place=("monitors", name)
            )
            for name, value in wanted.items()
            if value is not None
        }
