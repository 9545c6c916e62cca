"""Velocity Verlet with a crude thermostat: enough dynamics for a seam."""

from __future__ import annotations

from whet import FrameError, FrameSet, Labels, MDEngine, Trajectory


class ToyEngine(MDEngine):
    """Molecular dynamics for tests."""

    name = "toy"

    def run(self, start, potential, *, seed, folder, progress):
        import numpy as np
        from ase import units

        protocol, rng = self.protocol, np.random.default_rng(seed)
        atoms = start.copy()
        masses = atoms.get_masses()[:, None]
        spread = np.sqrt(units.kB * protocol.temperature * masses)
        atoms.set_momenta(rng.normal(size=(len(atoms), 3)) * spread)
        dt = protocol.timestep * units.fs
        frames, times, total = [], [], protocol.equilibration + protocol.production
        (labels,) = potential.evaluate([atoms], ("energy", "forces"))
        for step in range(total + 1):
            made = step - protocol.equilibration
            if made >= 0 and made % protocol.every == 0:
                frames.append(Labels(labels.energy, labels.forces).attach(atoms))
                times.append(step * protocol.timestep)
            progress(step, total)
            if step == total:
                break
            half = atoms.get_momenta() + 0.5 * dt * labels.forces
            atoms.set_positions(atoms.get_positions() + dt * half / masses)
            try:
                (labels,) = potential.evaluate([atoms], ("energy", "forces"))
            except FrameError as error:
                return Trajectory(FrameSet(frames), tuple(times), str(error))
            momenta = half + 0.5 * dt * labels.forces
            kinetic = float((momenta**2 / masses).sum()) / 3 / len(atoms)
            if protocol.ensemble == "nvt" and kinetic > 0:
                momenta *= (units.kB * protocol.temperature / kinetic) ** 0.05
            atoms.set_momenta(momenta)
        return Trajectory(FrameSet(frames), tuple(times))
