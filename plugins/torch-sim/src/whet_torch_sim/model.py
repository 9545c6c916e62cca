"""PotentialModel: any potential of Whet as a model of torch-sim."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch_sim.models.interface import ModelInterface

from whet import Labels, Stopped

if TYPE_CHECKING:
    from ase import Atoms

    from whet_torch_sim.asking import Asking


class PotentialModel(ModelInterface):
    """A potential that answers a batched state of torch-sim.

    The state lives in float64 on the CPU, where the frames are made and the monitors look; the potential takes them
    to its own device. systems: the batch's structures, for all that the state does not carry (periodicity along each
    axis, charges, spins); without them frames have only what it does carry.

    answers: to the last question, one a system: its labels, or why its run ends.
    """

    def __init__(self, asking: Asking, systems: Sequence[Atoms] = ()) -> None:
        super().__init__()
        self._device, self._dtype = torch.device("cpu"), torch.float64
        self._compute_forces, self._compute_stress = True, "stress" in asking.properties
        self.asking = asking
        self.systems = systems
        self.answers: list[Labels | Stopped] = []

    def forward(self, state: Any, **_: Any) -> dict[str, torch.Tensor]:
        """What the potential says of the state's systems; raises what `Asking.answers` raises.

        | key    | shape             | unit                                                           |
        |--------|-------------------|----------------------------------------------------------------|
        | energy | (n_systems,)      | eV; zero for a system without an answer                        |
        | forces | (n_atoms, 3)      | eV/Å; zero for a system without an answer                      |
        | stress | (n_systems, 3, 3) | eV/Å³, tension positive; where it is asked for; NaN if not had |
        """
        frames = frames_of(state, self.systems)
        self.answers = self.asking.answers(frames)
        labels = [
            found if isinstance(found, Labels) else Labels(0.0, np.zeros((len(frame), 3)))
            for frame, found in zip(frames, self.answers, strict=True)
        ]
        answer = {
            "energy": np.array([one.energy for one in labels]),
            "forces": np.concatenate([one.forces for one in labels]),
        }
        if self._compute_stress:
            unknown = np.full((3, 3), np.nan)
            answer["stress"] = np.array([unknown if one.stress is None else one.stress for one in labels])
        return {name: torch.from_numpy(array) for name, array in answer.items()}


def frames_of(state: Any, systems: Sequence[Atoms] = ()) -> list[Atoms]:
    """A frame a system with the state's positions (Å) and cell; the rest is that of `systems`, constraints excepted."""
    frames = [atoms.copy() for atoms in systems] or state.to_atoms()
    positions = np.split(state.positions.numpy(), np.cumsum([len(frame) for frame in frames])[:-1])
    # torch-sim keeps the cell's vectors as columns, ASE as rows.
    for frame, place, cell in zip(frames, positions, state.row_vector_cell.numpy(), strict=True):
        frame.set_constraint()
        frame.set_cell(cell)
        frame.positions[:] = place
    return frames
