"""Answers: energies, forces and stresses of a batch of graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sevenn.atom_graph_data import AtomGraphData  # pyright: ignore[reportMissingImports]
    from sevenn.nn.sequential import AtomGraphSequential  # pyright: ignore[reportMissingImports]
    from torch import Tensor

MATRIX = ((0, 3, 5), (3, 1, 4), (5, 4, 2))
"""Where the elements of a tensor stand in SevenNet's order xx, yy, zz, xy, yz, zx."""


@dataclass(frozen=True)
class Answer:
    """What the model says of a batch, float64.

    energies: (n_frames,), eV, total. forces: (n_atoms, 3), eV/Å. stresses: (n_frames, 3, 3), eV/Å³, tension positive;
    meaningless for frames that have no volume.
    """

    energies: Tensor
    forces: Tensor
    stresses: Tensor


def answer(model: AtomGraphSequential, batch: AtomGraphData, *, differentiable: bool = False) -> Answer:
    """The model's answer; differentiable: whether a loss of forces and stresses can be differentiated (training)."""
    import torch

    model.train(differentiable)  # upstream's switch for exactly that; nothing else in the model hangs on it
    with torch.enable_grad():
        found = model(batch)
    # Summed in float64: the float32 sum over a large frame has an error that finite differences would see.
    atomic = found["atomic_energy"].double().view(-1)
    energies = atomic.new_zeros(len(batch["num_atoms"])).index_add(0, batch["batch"], atomic)
    stresses = -found["inferred_stress"].double()[:, MATRIX]
    forces = found["inferred_force"].double()
    if differentiable:
        return Answer(energies, forces, stresses)
    return Answer(energies.detach(), forces.detach(), stresses.detach())
