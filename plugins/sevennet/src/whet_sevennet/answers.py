"""Answers: energies, forces and stresses of a batch of graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet_torch.answers import Answers

if TYPE_CHECKING:
    from sevenn.atom_graph_data import AtomGraphData  # pyright: ignore[reportMissingImports]
    from sevenn.nn.sequential import AtomGraphSequential  # pyright: ignore[reportMissingImports]

MATRIX = ((0, 3, 5), (3, 1, 4), (5, 4, 2))
"""Where the elements of a tensor stand in SevenNet's order xx, yy, zz, xy, yz, zx."""


def answer(model: AtomGraphSequential, batch: AtomGraphData, *, differentiable: bool = False) -> Answers:
    """The model's answers, stresses too: those of frames that have no volume mean nothing.

    differentiable: whether a loss of forces and stresses can be differentiated (training).
    """
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
        return Answers(energies, forces, stresses)
    return Answers(energies.detach(), forces.detach(), stresses.detach())
