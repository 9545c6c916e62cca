"""EngineSubject: an MD engine under test, with Lennard-Jones argon to drive it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Component, Spec
from whet.contracts.dynamics import MDEngine, Start, Trajectory
from whet.contracts.potential import Property
from whet.data.labels import Labels
from whet.data.packed import pack
from whet.dynamics import recording
from whet.dynamics.run import run_trajectory
from whet.plugins.registry import registry
from whet.testing.lennard_jones import LennardJones

if TYPE_CHECKING:
    from ase import Atoms

PROTOCOL: dict[str, Any] = {"temperature": 40.0, "timestep": 4.0, "production": 60, "every": 10}


class Killed(BaseException):
    """As a signal would: nothing in the engine may catch it."""


class Failing(LennardJones):
    """Argon that raises at one of its calls."""

    def __init__(self, at: int, fault: BaseException) -> None:
        super().__init__()
        self.at, self.fault = at, fault

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        if self.calls + 1 >= self.at:
            raise self.fault
        yield from super().predict(frames, properties)


class Watched(LennardJones):
    """Argon that notes at which of its calls a force was first above a limit (eV/Å); 0 where none was."""

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit, self.first = limit, 0

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        for labels in super().predict(frames, properties):
            if not self.first and not (labels.forces**2).sum(axis=1).max() <= self.limit**2:
                self.first = self.calls
            yield labels


class Uncertain(LennardJones):
    """Argon that answers like a committee whose members disagree from one of its calls on."""

    def __init__(self, since: int) -> None:
        super().__init__()
        self.since = since

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        import numpy as np

        for frame, labels in zip(frames, super().predict(frames, properties), strict=True):
            spread = np.full(len(frame), 1.0 if self.calls >= self.since else 0.1)
            yield Labels(labels.energy, labels.forces, labels.stress, {"force_spread": spread})


class EngineSubject:
    """An engine under test: how a user names it; options of the protocol are the checks' own."""

    def __init__(self, given: Component | str | Mapping[str, Any]) -> None:
        if isinstance(given, Component):
            self.spec = Spec(given.name, given.options)
        else:
            self.spec = Spec.parse(given, folder=Path.cwd())
        self._scratch = tempfile.TemporaryDirectory(prefix="whet-check-")
        self._runs = 0
        self.plain = cache(self._plain)

    def __str__(self) -> str:
        return f"MD engine {self.spec.name}"

    @property
    def expected_failures(self) -> Mapping[str, str]:
        """Those that the plugin states of itself."""
        here = registry()
        return here.expected_failures(
            here.resolve("md_engines", Spec(self.spec.name, {**self.spec.options, **PROTOCOL}))
        )

    @property
    def start(self) -> Atoms:
        """32 argon atoms, a little off their sites."""
        from ase.build import bulk

        atoms = bulk("Ar", "fcc", a=5.4, cubic=True) * 2
        atoms.rattle(0.05, seed=1)
        return atoms

    def engine(self, **options: Any) -> MDEngine:
        """The engine with a protocol."""
        here = registry()
        options = {**self.spec.options, **PROTOCOL, **options}
        return here.load(here.resolve("md_engines", Spec(self.spec.name, options)))

    def folder(self) -> Path:
        """A fresh folder."""
        self._runs += 1
        path = Path(self._scratch.name) / str(self._runs)
        path.mkdir()
        return path

    @cached_property
    def asks_at_every_step(self) -> bool:
        """Whether the potential is asked at every step (and not only for frames)."""
        potential = LennardJones()
        self.run(potential, ensemble="nve")
        return potential.calls >= PROTOCOL["production"]

    @contextmanager
    def eager(self) -> Iterator[None]:
        """Within it a checkpoint is written at every step."""
        before = recording.CHECKPOINT_SECONDS, recording.CHECKPOINT_PATIENCE
        recording.CHECKPOINT_SECONDS = recording.CHECKPOINT_PATIENCE = 0.0
        try:
            yield
        finally:
            recording.CHECKPOINT_SECONDS, recording.CHECKPOINT_PATIENCE = before

    def run(
        self,
        potential: Any = None,
        *,
        start: Atoms | None = None,
        seed: int = 1,
        folder: Path | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
        **options: Any,
    ) -> Trajectory:
        """One trajectory."""
        begin = Start(start or self.start, seed, folder or self.folder())
        return run_trajectory(self.engine(**options), begin, potential or LennardJones(), progress)

    def _plain(self, **options: Any) -> Trajectory:
        return self.run(**options)


def same_trajectory(first: Trajectory, second: Trajectory) -> bool:
    """Whether two trajectories are the same bit for bit: times, end, and all that their frames carry."""
    ends = (first.times, first.end) == (second.times, second.end)
    return ends and [pack(frame) for frame in first.frames] == [pack(frame) for frame in second.frames]
