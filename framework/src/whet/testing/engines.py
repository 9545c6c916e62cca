"""check_engine: every check of an MD engine, driven by Lennard-Jones argon."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Component
from whet.contracts.dynamics import Start, Trajectory
from whet.data.errors import FrameError
from whet.data.kinetics import temperature
from whet.data.labels import Labels
from whet.dynamics.run import run_trajectories, run_trajectory
from whet.dynamics.velocities import initial_momenta
from whet.testing.check import TIERS, Check, Tier, check, demand
from whet.testing.conformance import Conformance, Kit, Outcome, run_checks
from whet.testing.engine_subject import EngineSubject, Failing, Killed, Uncertain, Watched, same_trajectory
from whet.testing.lennard_jones import LennardJones

if TYPE_CHECKING:
    import numpy as np


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
    first, again, other = (
        subject.plain(ensemble="nvt"),
        subject.run(ensemble="nvt"),
        subject.run(ensemble="nvt", seed=2),
    )
    demand(same_trajectory(first, again), "the same seed gave another trajectory")
    demand(not same_trajectory(first, other), "another seed gave the same trajectory")


@check("contract")
def first_velocities_are_those_of_the_seed(subject: EngineSubject) -> None:
    """A run starts with the velocities that `whet.initial_momenta` draws: one seed starts one run, in every engine."""
    import numpy as np

    engine, start = subject.engine(ensemble="nve"), subject.start
    wanted = initial_momenta(start, engine.protocol, np.random.default_rng(1))
    off = float(np.abs(subject.plain(ensemble="nve").frames[0].get_momenta() - wanted).max())
    demand(off < 1e-8 * float(np.abs(wanted).max()), f"the first momenta are off by {off:.2g} (u eV)^(1/2)")


@check("contract")
def a_failing_potential_ends_the_run(subject: EngineSubject) -> None:
    """Where the potential cannot answer, the run ends with the reason and keeps the frames that are good."""
    at = 35 if subject.asks_at_every_step else 5
    made = subject.run(Failing(at, FrameError("forces are not finite")), ensemble="nvt")
    demand("forces are not finite" in str(made.end), f"the reason is {made.end}")
    demand(made.end is not None and made.end.monitor == "answer", "it is not said that the potential did not answer")
    demand(0 < len(made.frames) < 7, f"{len(made.frames)} frames were kept, of some 4 that were good")


@check("contract")
def an_exploding_run_is_stopped(subject: EngineSubject) -> None:
    """A run that explodes (here by a time step that is far too long) is stopped with a reason, within ten steps.

    Every frame that is kept was within the limits.
    """
    import numpy as np

    limits = {"max_force": 50.0, "max_temperature": 5000.0}
    argon = Watched(50.0)
    made = subject.run(argon, ensemble="nve", timestep=400.0, production=2000, every=1, monitors=limits)
    demand(made.end is not None, "an exploded run went on to its end")
    after = argon.calls - argon.first if argon.first else 0
    demand(after <= 10, f"it went on for {after} evaluations after a force of more than 50 eV/Å")
    for frame in made.frames:
        largest, hot = float(np.abs(Labels.of(frame).forces).max()), temperature(frame)
        demand(largest <= 50.0 and hot <= 5000.0, f"a frame with {largest:.3g} eV/Å and {hot:.3g} K was kept")


@check("contract")
def an_uncertain_frame_is_handed_over(subject: EngineSubject) -> None:
    """The first frame about which a committee disagrees too much ends the run and is its last frame, to be labeled."""
    import numpy as np

    since = 25 if subject.asks_at_every_step else 5
    made = subject.run(Uncertain(since), ensemble="nve", monitors={"max_force_spread": 0.5})
    demand(made.end is not None and made.end.monitor == "spread", f"the end is {made.end}")
    demand(made.end is not None and made.times[-1] == made.end.time, "its time is not that of the last frame")
    demand(len(made.times) == len(made.frames), "times and frames differ in number")
    last = Labels.of(made.frames[-1])
    demand(float(np.max(last.extra["force_spread"])) == 1.0, "the last frame is not the one that was uncertain")


@check("contract")
def a_killed_run_is_taken_up(subject: EngineSubject) -> None:
    """A run that was killed, called again with the same folder, gives the trajectory of an uninterrupted one.

    In every ensemble and with every thermostat that the engine has; where it states `lost_on_resume`, one of the same
    length.
    """
    for words in _ensembles(subject):
        whole = subject.plain(**words)
        for at in (1, 12, 35) if subject.asks_at_every_step else (1, 4):
            folder = subject.folder()
            try:
                with subject.eager():
                    subject.run(Failing(at, Killed()), folder=folder, **words)
            except Killed:
                pass
            else:
                demand(False, "an exception that nothing should catch was caught")
            again = subject.run(folder=folder, **words)
            what = f"{words}, killed at evaluation {at}"
            demand(again.end is None and again.times == whole.times, f"{what}: it ends {again.end}")
            if not subject.engine(**words).lost_on_resume:
                demand(same_trajectory(again, whole), f"{what}: it gives another trajectory")


@check("contract")
def many_trajectories_are_those_of_each(subject: EngineSubject) -> None:
    """Trajectories that are run together are those that each start gives by itself; one that ends stops no other."""
    import numpy as np

    engine = subject.engine(ensemble="nve", monitors={"max_temperature": 400.0})
    small = subject.start
    hot = small.copy()
    hot.rattle(0.6, seed=3)  # too close: it heats up at once
    starts = [Start(one, seed, subject.folder()) for seed, one in enumerate((small, hot, small), 1)]
    made = run_trajectories(engine, starts, LennardJones(), lambda done, total: None)
    demand(len(made) == 3, f"{len(made)} trajectories instead of 3")
    demand(made[1].end is not None and made[0].end is None and made[2].end is None, "the wrong trajectory was ended")
    for place in (0, 2):
        alone = run_trajectory(
            engine, Start(small, place + 1, subject.folder()), LennardJones(), lambda done, total: None
        )
        off = np.abs(made[place].frames[-1].positions - alone.frames[-1].positions).max()
        demand(off < 1e-6, f"the last positions are off by {off:.2g} Å")


@check("physics")
def nve_is_velocity_verlet(subject: EngineSubject) -> None:
    """Without a thermostat 200 steps give the total energies of velocity Verlet, to 1e-5 eV, for the whole crystal."""
    import numpy as np
    from ase import units

    made = subject.run(ensemble="nve", production=200)
    atoms, dt = subject.start, 4.0 * units.fs
    masses = atoms.get_masses()[:, None]
    momenta = made.frames[0].get_momenta()
    (labels,) = LennardJones().evaluate([atoms], ("energy", "forces"))
    wanted = []
    for step in range(201):
        if step % 10 == 0:
            wanted.append(labels.energy + float((momenta**2 / masses).sum()) / 2)
        momenta = momenta + 0.5 * dt * labels.forces
        atoms.positions += dt * momenta / masses
        (labels,) = LennardJones().evaluate([atoms], ("energy", "forces"))
        momenta = momenta + 0.5 * dt * labels.forces
    off = float(np.abs(_total_energies(made) - wanted).max())
    demand(off < 1e-5, f"the total energy is off by {off:.2g} eV")


@check("physics")
def nve_conserves_energy_and_momentum(subject: EngineSubject) -> None:
    """Without a thermostat the total energy stays, to 1e-4 eV per atom, and the center of mass does not drift."""
    import numpy as np

    made = subject.run(ensemble="nve", production=200)
    atoms = len(made.frames[0])
    drift = float(np.ptp(_total_energies(made))) / atoms
    demand(drift < 1e-4, f"the total energy moves by {drift:.2g} eV/atom")
    momentum = float(np.abs(made.frames[-1].get_momenta().sum(axis=0)).max())
    demand(momentum < 1e-6 * atoms, f"the momentum of all atoms is {momentum:.2g} (u eV)^(1/2)")


@check("physics")
def held_atoms_stay(subject: EngineSubject) -> None:
    """Where the engine holds FixAtoms, held atoms do not move, and the others have the temperature."""
    import numpy as np
    from ase.constraints import FixAtoms

    if "FixAtoms" not in subject.engine().constraints:
        return
    start = subject.start
    start.set_constraint(FixAtoms([0, 5, 9, 12]))
    made = subject.run(start=start, ensemble="nvt", equilibration=300, production=1000)
    moved = np.abs(made.frames[-1].positions - start.positions).max(axis=1)
    demand(float(moved[[0, 5, 9, 12]].max()) < 1e-9, "a held atom moved")
    found = float(np.mean([temperature(frame) for frame in made.frames]))
    demand(abs(found - 40) < 6.5, f"the mean temperature of the others is {found:.1f} K instead of 40 K")


@check("physics")
def thermostat_holds_the_temperature(subject: EngineSubject) -> None:
    """The mean kinetic temperature of a run is the one that was asked for, within the fluctuations of 32 atoms."""
    import numpy as np

    for words in _ensembles(subject):
        if words["ensemble"] == "nve":
            continue
        made = subject.run(equilibration=300, **{**words, "production": 1000, "thermostat_time": 50.0})
        found = float(np.mean([temperature(frame) for frame in made.frames]))
        # √(2/93) of 40 K is 6 K for one frame; some twenty independent ones leave 1.3 K, and this is five of those.
        demand(abs(found - 40) < 6.5, f"{words}: the mean temperature is {found:.1f} K instead of 40 K")


@check("physics")
def barostat_holds_the_pressure(subject: EngineSubject) -> None:
    """The mean pressure of an npt run is the one that was asked for: 1000 bar, where the start has some 400 less."""
    import numpy as np
    from ase import units

    for words in _ensembles(subject):
        if words["ensemble"] != "npt":
            continue
        wanted = {"pressure": 1000.0, "barostat_time": 200.0, "equilibration": 1000, "production": 3000, "every": 5}
        pressures = []
        for frame in subject.run(**{**words, **wanted}).frames:
            stress = Labels.of(frame).stress
            kinetic = 2 / 3 * frame.get_kinetic_energy() / frame.get_volume()
            if stress is not None:
                pressures.append((kinetic - np.trace(stress) / 3) / units.bar)
        demand(len(pressures) == 601, "frames of npt carry no stress")
        found = float(np.mean(pressures))
        demand(abs(found - 1000) < 150, f"{words}: the mean pressure is {found:.0f} bar instead of 1000 bar")


def _ensembles(subject: EngineSubject) -> list[dict[str, Any]]:
    """Every ensemble, thermostat and barostat that the engine has, as words of a protocol."""
    has = subject.engine().protocol
    found: list[dict[str, Any]] = []
    for ensemble, thermostats in has.thermostats.items():
        if ensemble in has.barostats:
            found += [{"ensemble": ensemble, "barostat": one} for one in has.barostats[ensemble]]
        else:
            found += [{"ensemble": ensemble, "thermostat": one} for one in thermostats] or [{"ensemble": ensemble}]
    return found


def _total_energies(made: Trajectory) -> np.ndarray:
    import numpy as np

    return np.array([Labels.of(frame).energy + frame.get_kinetic_energy() for frame in made.frames])


ENGINE_CHECKS: tuple[Check, ...] = (
    trajectory_is_complete,
    start_is_untouched,
    same_seed_same_trajectory,
    first_velocities_are_those_of_the_seed,
    a_failing_potential_ends_the_run,
    an_exploding_run_is_stopped,
    an_uncertain_frame_is_handed_over,
    a_killed_run_is_taken_up,
    many_trajectories_are_those_of_each,
    nve_is_velocity_verlet,
    nve_conserves_energy_and_momentum,
    held_atoms_stay,
    thermostat_holds_the_temperature,
    barostat_holds_the_pressure,
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


KIT = Kit(ENGINE_CHECKS, check_engine)
