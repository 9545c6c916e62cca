"""run_trajectory and run_trajectories: the loop around an engine's simulation, and what is checked before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whet.contracts.dynamics import MDEngine, Start, Trajectory
from whet.contracts.fine_tuning import Progress
from whet.contracts.monitor import Stopped
from whet.contracts.potential import Potential
from whet.contracts.protocol import Protocol
from whet.data.errors import InputError
from whet.data.frame_identity import frame_key
from whet.data.identity import key_of
from whet.dynamics.recording import Recording
from whet.dynamics.watch import answering

if TYPE_CHECKING:
    from ase import Atoms


def run_trajectory(engine: MDEngine, start: Start, potential: Potential, progress: Progress) -> Trajectory:
    """One trajectory. A run that cannot go on ends with its reason and keeps what is good; it raises nothing.

    Raises InputError for a start that cannot be run at all, and where the potential does not give what a monitor needs.
    """
    check_start(engine, start.atoms)
    protocol, recording = engine.protocol, recording_of(engine, start, potential)
    if recording.is_over:
        return recording.trajectory()
    simulation = engine.simulation(start, potential)
    step = recording.step
    try:
        with answering():
            if recording.state is not None:
                simulation.restore(recording.state)
            else:
                simulation.advance(0)
                recording.see(0, simulation.atoms, simulation.labels, simulation.save)
            while not recording.is_over:
                stride = min(simulation.stride, _until_next(protocol, step))
                step += stride
                simulation.advance(stride)
                recording.see(step, simulation.atoms, simulation.labels, simulation.save)
                if step % protocol.every == 0 or step == protocol.steps:
                    progress(step, protocol.steps)
    except Stopped as stopped:
        recording.stop(step, stopped)
    finally:
        simulation.close()
    return recording.trajectory()


def run_trajectories(
    engine: MDEngine, starts: Sequence[Start], potential: Potential, progress: Progress
) -> list[Trajectory]:
    """Many trajectories, in order; one after the other, unless the engine knows better.

    progress: of all steps of all of them. Raises as `run_trajectory`; where they move together, before any does.
    """
    if engine.together and type(engine).run_together is not MDEngine.run_together:
        for start in starts:
            check_start(engine, start.atoms)
        return engine.run_together(starts, potential, progress)
    steps = engine.protocol.steps
    total = steps * len(starts)
    return [
        run_trajectory(engine, start, potential, lambda done, _, before=before: progress(before + done, total))
        for before, start in zip(range(0, total, steps), starts, strict=True)
    ]


def recording_of(engine: MDEngine, start: Start, potential: Potential) -> Recording:
    """The bookkeeping of a run, gone on with where its folder has some of the same one."""
    atoms, protocol = start.atoms, engine.protocol
    momenta = atoms.get_momenta().tolist() if protocol.velocities == "start" else None
    held = [repr(constraint.todict()) for constraint in atoms.constraints]
    masses = atoms.get_masses().tolist()
    words = {key: value for key, value in engine.options.as_json().items() if key not in engine.Options.not_identity}
    others = [
        [monitor.name, monitor.result_version, monitor.options.as_json()]
        for monitor in engine.monitors
        if monitor.name not in words["monitors"] and monitor.name != "max_temperature"
    ]
    identity = [words, start.seed, frame_key(atoms), masses, momenta, held, potential.name, *others]
    return Recording(start.folder, key_of(identity), protocol, atoms, engine.monitors)


def check_start(engine: MDEngine, start: Atoms) -> None:
    """InputError for a start that the engine cannot run at all."""
    protocol: Protocol = engine.protocol
    if len(start) < 2:
        raise InputError("dynamics needs at least two atoms")
    if protocol.moves_cell and not start.pbc.all():
        hint = "Use nvt, or give it a cell"
        raise InputError(f"{protocol.ensemble} needs a structure that is periodic in all directions", hint=hint)
    names = {type(constraint).__name__ for constraint in start.constraints}
    held = frozenset() if protocol.moves_cell else engine.constraints
    if unheld := sorted(names - held):
        where = f"{engine.name} in {protocol.ensemble}"
        known = ", ".join(sorted(held)) or "none"
        hint = f"It holds {known}; remove the others from the starting structure"
        raise InputError(f"{where} does not hold the constraint {', '.join(unheld)}", hint=hint)


def _until_next(protocol: Protocol, step: int) -> int:
    """Steps until a state that is to be kept, or the last one."""
    since = step - protocol.equilibration
    due = protocol.equilibration if since < 0 else step + protocol.every - since % protocol.every
    return min(due, protocol.steps) - step
