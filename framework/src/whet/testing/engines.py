"""check_engine: every check of an MD engine, driven by Lennard-Jones argon."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Component, Spec
from whet.contracts.dynamics import MDEngine, Start
from whet.contracts.potential import Property
from whet.contracts.recording import Trajectory
from whet.data.errors import FrameError
from whet.data.labels import Labels
from whet.plugins.registry import registry
from whet.testing.check import TIERS, Check, Tier, check, demand
from whet.testing.conformance import Conformance, Outcome, run_checks
from whet.testing.lennard_jones import LennardJones

if TYPE_CHECKING:
    from ase import Atoms

PROTOCOL: dict[str, Any] = {"temperature": 40.0, "timestep": 4.0, "production": 60, "every": 10}


class _Killed(BaseException):
    """As a signal would: nothing in the engine may catch it."""


class _Failing(LennardJones):
    """Argon that raises at one of its calls."""

    def __init__(self, at: int, fault: BaseException) -> None:
        super().__init__()
        self.at, self.fault = at, fault

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        if self.calls + 1 >= self.at:
            raise self.fault
        yield from super().predict(frames, properties)


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
        return self.engine(**options).run(begin, potential or LennardJones(), progress)

    def _plain(self, ensemble: str) -> Trajectory:
        return self.run(ensemble=ensemble)


@check("contract")
def trajectory_is_complete(subject: EngineSubject) -> None:
    """A run leaves a frame at the start of production and one every so many steps, with times, velocities and labels.

    Times are in fs since the start of the run, equilibration included; labels are the driving potential's own.
    """
    import numpy as np

    told: list[tuple[int, int]] = []
    made = subject.run(ensemble="nvt", equilibration=20, progress=lambda done, total: told.append((done, total)))
    demand(made.end is None, f"the run ended early: {made.end}")
    wanted = [4.0 * step for step in range(20, 81, 10)]
    demand(list(made.times) == wanted, f"frames at {list(made.times)} fs instead of {wanted}")
    demand(len(made.frames) == len(wanted), f"{len(made.frames)} frames instead of {len(wanted)}")
    for frame in made.frames:
        found = Labels.of(frame)
        (own,) = LennardJones().evaluate([frame], ("energy", "forces"))
        demand(np.allclose(found.forces, own.forces, atol=1e-8), "a frame's forces are not those of its positions")
        demand(abs(found.energy - own.energy) < 1e-8, "a frame's energy is not that of its positions")
    demand(np.abs(made.frames[-1].get_velocities()).max() > 0, "frames carry no velocities")
    demand(told and told[-1] == (80, 80), f"progress ended at {told[-1] if told else 'nothing'} instead of (80, 80)")


@check("contract")
def start_is_untouched(subject: EngineSubject) -> None:
    """The starting structure is not changed."""
    start = subject.start
    before = start.copy()
    subject.run(start=start, ensemble="nvt")
    demand(start == before and start.calc is None, "the starting structure was changed")


@check("contract")
def same_seed_same_trajectory(subject: EngineSubject) -> None:
    """The same seed gives the same trajectory, bit for bit; another seed gives another one."""
    first, again, other = subject.plain("nvt"), subject.run(ensemble="nvt"), subject.run(ensemble="nvt", seed=2)
    demand(_same(first, again), "the same seed gave another trajectory")
    demand(not _same(first, other), "another seed gave the same trajectory")


@check("contract")
def a_failing_potential_ends_the_run(subject: EngineSubject) -> None:
    """Where the potential cannot answer, the run ends with the reason and keeps the frames that are good."""
    made = subject.run(_Failing(35, FrameError("forces are not finite")), ensemble="nvt")
    demand("forces are not finite" in str(made.end), f"the reason is {made.end}")
    demand(0 < len(made.frames) < 7, f"{len(made.frames)} frames were kept, of some 4 that were good")


@check("contract")
def a_killed_run_is_taken_up(subject: EngineSubject) -> None:
    """A run that was killed, called again with the same folder, gives the trajectory of an uninterrupted one."""
    folder = subject.folder()
    try:
        subject.run(_Failing(35, _Killed()), ensemble="nvt", folder=folder)
    except _Killed:
        pass
    else:
        demand(False, "an exception that nothing should catch was caught")
    demand(_same(subject.run(ensemble="nvt", folder=folder), subject.plain("nvt")), "it gives another trajectory")


@check("physics")
def nve_conserves_energy_and_momentum(subject: EngineSubject) -> None:
    """Without a thermostat the total energy stays, to 1e-4 eV per atom, and the center of mass does not drift."""
    import numpy as np

    made = subject.run(ensemble="nve", production=200)
    total = np.array([Labels.of(frame).energy + frame.get_kinetic_energy() for frame in made.frames])
    atoms = len(made.frames[0])
    drift = float(np.ptp(total)) / atoms
    demand(drift < 1e-4, f"the total energy moves by {drift:.2g} eV/atom")
    momentum = float(np.abs(made.frames[-1].get_momenta().sum(axis=0)).max())
    demand(momentum < 1e-6 * atoms, f"the momentum of all atoms is {momentum:.2g} (u eV)^(1/2)")


@check("physics")
def thermostat_holds_the_temperature(subject: EngineSubject) -> None:
    """The mean kinetic temperature of an nvt run is the one that was asked for, within the fluctuations of 32 atoms."""
    import numpy as np
    from ase import units

    made = subject.run(ensemble="nvt", equilibration=300, production=1000, thermostat_time=50.0)
    freedom = 3 * len(made.frames[0]) - 3
    found = np.mean([2 * float(frame.get_kinetic_energy()) / (freedom * units.kB) for frame in made.frames])
    # √(2/93) of 40 K is 6 K for one frame; some twenty independent ones leave 1.3 K, and this is five of those.
    demand(abs(found - 40) < 6.5, f"the mean temperature is {found:.1f} K instead of 40 K")


def _same(first: Trajectory, second: Trajectory) -> bool:
    def numbers(made: Trajectory) -> list[bytes]:
        return [
            array.tobytes()
            for frame in made.frames
            for array in (frame.positions, frame.get_momenta(), frame.cell.array, Labels.of(frame).forces)
        ]

    return (first.times, first.end) == (second.times, second.end) and numbers(first) == numbers(second)


ENGINE_CHECKS: tuple[Check, ...] = (
    trajectory_is_complete,
    start_is_untouched,
    same_seed_same_trajectory,
    a_failing_potential_ends_the_run,
    a_killed_run_is_taken_up,
    nve_conserves_energy_and_momentum,
    thermostat_holds_the_temperature,
)


def check_engine(
    engine: Component | str | Mapping[str, Any],
    expected_failures: Mapping[str, str] | None = None,
    *,
    tiers: Collection[Tier] = TIERS,
    only: Collection[str] = (),
    seen: Callable[[Outcome], None] = lambda outcome: None,
) -> Conformance:
    """Runs the checks of an MD engine; the arguments are those of `check_potential`."""
    return run_checks(
        ENGINE_CHECKS, EngineSubject(engine), expected_failures=expected_failures, tiers=tiers, only=only, seen=seen
    )
