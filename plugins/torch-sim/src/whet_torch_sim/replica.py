"""Replica: the moving state of one trajectory, alone or in a batch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from whet import Labels, Simulation, State, initial_momenta
from whet_torch_sim.batch import Batch
from whet_torch_sim.thermostats import held, thermostat

if TYPE_CHECKING:
    from ase import Atoms

    from whet import Protocol, Start
    from whet_torch_sim.asking import Asking


class Replica(Simulation):
    """One trajectory: its structure, labels and random numbers, which nothing else draws from.

    held: (n_atoms,) atoms that stay in place. Raises InputError where the start has not the velocities that the
    protocol asks for.
    """

    def __init__(self, start: Start, asking: Asking, protocol: Protocol) -> None:
        self.asking, self.protocol = asking, protocol
        self.random = np.random.default_rng(start.seed)
        self.held = held(start.atoms)
        self.thermostat = thermostat(start.atoms, protocol)
        self._atoms = start.atoms.copy()
        momenta = initial_momenta(start.atoms, protocol, self.random)
        momenta[self.held] = 0.0
        self._atoms.set_momenta(momenta, apply_constraint=False)
        self._labels: Labels | None = None

    @property
    def atoms(self) -> Atoms:
        return self._atoms

    @property
    def labels(self) -> Labels:
        assert self._labels is not None, "a run begins with advance(0)"
        return self._labels

    @property
    def forces(self) -> np.ndarray:
        """(n_atoms, 3) eV/Å: those that move it; zero on held atoms, and before the potential was asked."""
        if self._labels is None:
            return np.zeros((len(self._atoms), 3))
        return np.where(self.held[:, None], 0.0, self._labels.forces)

    def take(self, positions: np.ndarray, momenta: np.ndarray, labels: Labels) -> None:
        """The state that a batch has brought it to: Å, ASE's units, and the potential's answer."""
        self._atoms.positions[:] = positions
        self._atoms.set_momenta(momenta, apply_constraint=False)
        self._labels = labels

    def advance(self, steps: int) -> None:
        batch = Batch([self], self.asking, self.protocol)
        for move in [batch.step] * steps or [batch.look]:
            (stopped,) = move()
            if stopped is not None:
                raise stopped

    def save(self) -> State:
        return {
            "random": np.array(json.dumps(self.random.bit_generator.state)),
            "positions": self._atoms.get_positions(),
            "momenta": self._atoms.get_momenta(),
            "cell": np.array(self._atoms.cell),
            **self.labels.as_arrays(),
        }

    def restore(self, state: State) -> None:
        self._atoms.set_cell(state["cell"])
        self.take(state["positions"], state["momenta"], Labels.from_arrays(state))
        self.random.bit_generator.state = json.loads(str(state["random"]))
