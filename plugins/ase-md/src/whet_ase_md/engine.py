"""AseMD: molecular dynamics with ASE's integrators, driven by any potential."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from whet import FrameError, FrameSet, InputError, MDEngine, Progress, Protocol, Trajectory, frame_key, key_of

if TYPE_CHECKING:
    from ase import Atoms

    from whet import Potential

CHECKPOINT_SECONDS = 10.0
"""Wall time between two checkpoints; they move no number."""

CHECKPOINT_PATIENCE = 50.0
"""A checkpoint is followed by at least so many times the time that it took."""


class AseMDOptions(Protocol):
    """A protocol, the integrator, and when a run has gone wrong."""

    thermostat: Literal["langevin", "bussi", "nose-hoover"] | None = None
    """For nvt, by default `langevin` (friction 1/thermostat_time): robust in short runs. npt always has the
    Nosé-Hoover chains of its barostat, nve has none."""
    barostat: Literal["isotropic", "full"] = "isotropic"
    """For npt (Martyna, Tobias and Klein): the cell keeps its shape, or all of it moves."""
    max_force: float = Field(default=1000.0, gt=0)
    """eV/Å; a larger force on any atom ends the run."""
    max_temperature: float | None = Field(default=None, gt=0)
    """K; a hotter state ends the run. By default 20 times the temperature, plus 2000 K."""
    max_volume_change: float = Field(default=5.0, gt=1)
    """For npt: a volume that has grown or shrunk by more than this factor ends the run."""

    @model_validator(mode="after")
    def _thermostat_fits(self) -> AseMDOptions:
        if self.ensemble == "nve" and self.thermostat is not None:
            raise ValueError(f"thermostat {self.thermostat!r} does not go with ensemble nve; leave it out")
        if self.ensemble == "npt" and self.thermostat not in (None, "nose-hoover"):
            raise ValueError(f"thermostat {self.thermostat!r} does not go with ensemble npt; leave it out")
        return self


class AseMD(MDEngine):
    """Molecular dynamics with ASE's integrators: nve, nvt (Langevin, Bussi, Nosé-Hoover chain), npt (MTK).

    The center of mass rests in every ensemble; temperatures count the 3N − 3 degrees of freedom that are left.
    Positions are not wrapped into the cell. A potential is asked once a step, for a stress in npt only.
    """

    name = "ase-md"
    Options = AseMDOptions
    packages: ClassVar[Mapping[str, str]] = {"ase": "ase>=3.28"}

    def run(self, start: Atoms, potential: Potential, *, seed: int, folder: Path, progress: Progress) -> Trajectory:
        """As the contract says; bit for bit the same whether or not the run was killed and taken up again.

        Frames carry energy and forces of the potential, and in npt its stress. Raises InputError for a start that
        cannot be run at all, and what the potential raises other than FrameError.
        """
        from whet_ase_md.checkpoint import Checkpoint
        from whet_ase_md.simulation import Simulation, Stopped

        options: Any = self.options
        _check(start, options.ensemble)
        call = key_of([options.as_json(), seed, frame_key(start), start.get_masses().tolist(), potential.name])
        checkpoint = Checkpoint(folder, call)
        simulation = Simulation(start, potential, options, seed)
        frames = checkpoint.resume(simulation)
        total = options.equilibration + options.production
        next_write = time.monotonic() + CHECKPOINT_SECONDS

        def keep() -> None:
            since = simulation.step - options.equilibration
            if since >= 0 and since % options.every == 0:
                frames.append(simulation.frame())

        ended = ""
        try:
            if simulation.step == 0:
                simulation.begin()
                keep()
            while simulation.step < total:
                simulation.advance()
                keep()
                if simulation.step % options.every == 0 or simulation.step == total:
                    progress(simulation.step, total)
                if time.monotonic() >= next_write:
                    began = time.monotonic()
                    checkpoint.write(simulation, frames)
                    next_write = time.monotonic() + max(
                        CHECKPOINT_SECONDS, CHECKPOINT_PATIENCE * (time.monotonic() - began)
                    )
        except (Stopped, FrameError) as fault:
            ended = f"at {(simulation.step + simulation.begun) * options.timestep:g} fs: {fault}"
        times = (options.timestep * (options.equilibration + index * options.every) for index in range(len(frames)))
        return Trajectory(FrameSet(frames), tuple(times), ended)


def _check(start: Atoms, ensemble: str) -> None:
    if len(start) < 2:
        raise InputError("dynamics with the center of mass at rest needs at least two atoms")
    if start.constraints:
        names = ", ".join(sorted({type(constraint).__name__ for constraint in start.constraints}))
        raise InputError(f"ase-md does not hold constraints ({names})", hint="Remove them from the starting structure")
    if ensemble == "npt" and not start.pbc.all():
        raise InputError("npt needs a structure that is periodic in all directions", hint="Use nvt, or give it a cell")
