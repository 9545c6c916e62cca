"""Batch: several trajectories as one state of torch-sim, moved together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ase import units
from torch_sim.integrators.md import MDState, momentum_step, position_step

from whet import Stopped
from whet_torch_sim.model import PotentialModel

if TYPE_CHECKING:
    from whet import Protocol
    from whet_torch_sim.asking import Asking
    from whet_torch_sim.replica import Replica


class Batch:
    """One state over all atoms of its replicas, of any sizes; a batch of others is a new one.

    nve, Bussi: velocity Verlet. Langevin: BAOAB. Every step is elementwise or done replica by replica, so that a
    replica's numbers are the same, to the last bit, in every batch. After a step the replicas have its outcome.
    """

    def __init__(self, replicas: Sequence[Replica], asking: Asking, protocol: Protocol) -> None:
        self.replicas = replicas
        self.model = PotentialModel(asking, [replica.atoms for replica in replicas])
        sizes = [len(replica.atoms) for replica in replicas]
        self._ends = np.cumsum(sizes)[:-1]
        self._held = torch.from_numpy(np.concatenate([replica.held for replica in replicas])[:, None])
        self._timestep = torch.tensor(protocol.timestep * units.fs, dtype=torch.float64, device="cpu")
        self._inside = protocol.coupling == "langevin"
        self._state = self._begun(sizes)

    def look(self) -> list[Stopped | None]:
        """Asks the potential about the present state; for each replica why its run ends there, or None."""
        self._ask()
        return self._told()

    def step(self) -> list[Stopped | None]:
        """One timestep of all; for each replica why its run ends on the way, or None."""
        whole, half = self._timestep, self._timestep / 2
        self._state = momentum_step(self._state, half)
        if self._inside:
            self._state = position_step(self._state, half)
            self._exchange()
            self._state = position_step(self._state, half)
        else:
            self._state = position_step(self._state, whole)
        self._ask()
        self._state = momentum_step(self._state, half)
        if not self._inside:
            self._exchange()
        return self._told()

    def _begun(self, sizes: Sequence[int]) -> Any:
        def joined(arrays: Sequence[np.ndarray]) -> torch.Tensor:
            return torch.from_numpy(np.concatenate(arrays))

        structures = [replica.atoms for replica in self.replicas]
        cells = np.array([atoms.cell.array for atoms in structures])
        return MDState(
            positions=joined([atoms.positions for atoms in structures]),
            momenta=joined([atoms.get_momenta() for atoms in structures]),
            forces=joined([replica.forces for replica in self.replicas]),
            energy=torch.zeros(len(sizes), dtype=torch.float64, device="cpu"),
            masses=joined([atoms.get_masses() for atoms in structures]),
            cell=torch.from_numpy(cells).mT.contiguous(),  # torch-sim keeps the cell's vectors as columns
            # Where this is true torch-sim wraps positions into the cell; frames have their own periodicity.
            pbc=False,
            atomic_numbers=joined([atoms.numbers for atoms in structures]),
            system_idx=torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)),
        )

    def _ask(self) -> None:
        answer = self.model(self._state)
        self._state.energy = answer["energy"]
        self._state.forces = answer["forces"].masked_fill(self._held, 0.0)

    def _exchange(self) -> None:
        """What the thermostats do."""
        parts = [
            momenta if replica.thermostat is None else replica.thermostat(momenta, replica.random)
            for replica, momenta in zip(self.replicas, self._parted(self._state.momenta), strict=True)
        ]
        self._state.momenta = torch.from_numpy(np.concatenate(parts))

    def _told(self) -> list[Stopped | None]:
        stops: list[Stopped | None] = []
        state = zip(self._parted(self._state.positions), self._parted(self._state.momenta), strict=True)
        for replica, (positions, momenta), answer in zip(self.replicas, state, self.model.answers, strict=True):
            if isinstance(answer, Stopped):
                stops.append(answer)
            else:
                replica.take(positions, momenta, answer)
                stops.append(None)
        return stops

    def _parted(self, tensor: torch.Tensor) -> list[np.ndarray]:
        return np.split(tensor.numpy(), self._ends)
