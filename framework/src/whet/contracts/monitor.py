"""Monitor: the contract of what ends a run of dynamics that has gone wrong, or far enough. An author writes `watch`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from whet.contracts.component import Backend

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.labels import Labels

    Look = Callable[[Atoms, Labels], None]
    """Takes the present state, with velocities, and the driving potential's answer for it; neither is to be changed."""


@dataclass(frozen=True)
class Watched:
    """The run that is watched.

    start: its first structure. temperature: K, that it is meant to have. seconds: wall time that it had taken before
    it was killed and taken up, 0 for one that begins.
    """

    start: Atoms
    temperature: float
    seconds: float = 0.0


class Stopped(Exception):
    """The run is not to go on.

    monitor: one word for the reason, under which a report counts it. what: a sentence with numbers and units. keeps:
    whether its present state is a good frame, to be kept as the last one.
    """

    def __init__(self, monitor: str, what: str, *, keeps: bool = False) -> None:
        super().__init__(what)
        self.monitor, self.what, self.keeps = monitor, what, keeps


@dataclass(frozen=True)
class End:
    """Why and when a run ended before its time.

    monitor: `answer`, `memory`, or the word of the monitor that ended it (`force`, `temperature`, `density`, …). what:
    a sentence. time: fs since the start of the run, t_stab where the monitor is of stability. keeps: whether the state
    in which it ended is the last frame.
    """

    monitor: str
    what: str
    time: float
    keeps: bool = False

    def __str__(self) -> str:
        """`at 28 fs: the largest force is …`."""
        return f"at {self.time:g} fs: {self.what}"

    def as_json(self) -> dict[str, Any]:
        """Plain data; `End(**data)` reads it back."""
        return asdict(self)


class Monitor(Backend, ABC):
    """Looks at the states of a run. Its name is a key under `monitors:`; a bare value there is its option `limit`."""

    unpickles: ClassVar[bool] = False
    needs: ClassVar[frozenset[str]] = frozenset()
    """Names of extra labels (`force_spread`) that the driver must give, or there is nothing to look at."""
    keeps: ClassVar[bool] = False
    """Whether it hands over the state in which it ends a run; it then looks after those that judge whether that state
    is any good."""

    @abstractmethod
    def watch(self, run: Watched) -> Look:
        """What is called with every state of that run; it raises Stopped where the run is not to go on.

        Raises InputError for a run that it cannot watch.
        """
