"""Velocity Verlet with a crude thermostat: enough dynamics for a seam."""

from __future__ import annotations

from whet import MDEngine, Simulation, initial_momenta


class ToyEngine(MDEngine):
    """Molecular dynamics for tests."""

    name = "toy"
    together = True

    def simulation(self, start, potential):
        return ToySimulation(start, potential, self.protocol)


class ToySimulation(Simulation):
    """One run."""

    def __init__(self, start, potential, protocol):
        import numpy as np

        self.potential, self.protocol = potential, protocol
        self._atoms, self._last = start.atoms.copy(), None
        self._atoms.set_momenta(initial_momenta(self._atoms, protocol, np.random.default_rng(start.seed)))

    @property
    def atoms(self):
        return self._atoms

    @property
    def labels(self):
        assert self._last is not None
        return self._last

    def advance(self, steps):
        from ase import units

        if self._last is None:
            self.evaluate()
        for _ in range(steps):
            masses, dt = self._atoms.get_masses()[:, None], self.protocol.timestep * units.fs
            half = self._atoms.get_momenta() + 0.5 * dt * self.labels.forces
            self._atoms.set_positions(self._atoms.get_positions() + dt * half / masses)
            self.evaluate()
            momenta = half + 0.5 * dt * self.labels.forces
            kinetic = float((momenta**2 / masses).sum()) / 3 / len(masses)
            if self.protocol.ensemble == "nvt" and kinetic > 0:
                momenta *= (units.kB * self.protocol.temperature / kinetic) ** 0.05
            self._atoms.set_momenta(momenta)

    def evaluate(self):
        (self._last,) = self.potential.evaluate([self._atoms], self.protocol.properties)

    def save(self):
        return {"positions": self._atoms.get_positions(), "momenta": self._atoms.get_momenta()}

    def restore(self, state):
        self._atoms.set_positions(state["positions"])
        self._atoms.set_momenta(state["momenta"])
