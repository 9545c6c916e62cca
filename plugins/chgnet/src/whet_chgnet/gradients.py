"""Gradients: energy, forces and stress of graphs from one pass forward and one back.

CHGNet's own forward takes forces and stress from two gradients, each kept differentiable even for inference. Here
one gradient with respect to fractional coordinates and lattices gives both, through the public interface alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chgnet.graph.crystalgraph import CrystalGraph
    from chgnet.model.model import CHGNet
    from torch import Tensor


@dataclass(frozen=True)
class Answer:
    """What the model says of one graph.

    energy: eV, total, float64 scalar. forces: (n_atoms, 3), eV/Å. stress: (3, 3), eV/Å³, tension positive.
    magmoms: (n_atoms,), μB. Those that were not asked for are None.
    """

    energy: Tensor
    forces: Tensor | None = None
    stress: Tensor | None = None
    magmoms: Tensor | None = None


def answers(
    model: CHGNet,
    graphs: Sequence[CrystalGraph],
    *,
    forces: bool = True,
    stress: bool = False,
    magmoms: bool = False,
    differentiable: bool = False,
) -> list[Answer]:
    """The model's answer for each graph, in order, evaluated as one batch.

    differentiable: whether a loss of forces and stress can be differentiated by the parameters (training). With
    x = s L (fractional coordinates s, lattice L in rows) forces are −(∂E/∂s) L⁻ᵀ, and stress is Lᵀ (∂E/∂L) / V.
    """
    import torch

    with warnings.catch_warnings():
        # CHGNet makes plain numbers of volumes that could be differentiated; it does not use them for energies.
        warnings.filterwarnings("ignore", "Converting a tensor with requires_grad", UserWarning)
        predicted = model(list(graphs), task="em" if magmoms else "e")
    sizes = predicted["atoms_per_graph"]
    energies = predicted["e"].double() * sizes if model.is_intensive else predicted["e"].double()
    moments = [moment.detach() for moment in predicted["m"]] if magmoms else [None] * len(graphs)
    if not forces and not stress:
        return [Answer(energy, magmoms=moment) for energy, moment in zip(energies, moments, strict=True)]

    places = [graph.atom_frac_coord for graph in graphs]
    lattices = [graph.lattice for graph in graphs]
    slopes = torch.autograd.grad(
        energies.sum(),
        places + lattices if stress else places,
        create_graph=differentiable,
        materialize_grads=True,  # an atom that has no neighbors feels no force
    )
    found = []
    for index, (energy, moment) in enumerate(zip(energies, moments, strict=True)):
        lattice = lattices[index].detach().double()
        force = -torch.linalg.solve(lattice, slopes[index].double().T).T
        tension = None
        if stress:
            strained = lattice.T @ slopes[len(graphs) + index].double() / torch.linalg.det(lattice).abs()
            tension = (strained + strained.T) / 2
        found.append(Answer(energy if differentiable else energy.detach(), force, tension, moment))
    return found
