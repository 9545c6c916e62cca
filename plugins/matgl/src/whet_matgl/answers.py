"""Answers: energies, forces and stresses of graphs from one pass forward and one back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from whet import units
from whet_matgl.graphs import Graph, joined
from whet_torch.answers import Answers

if TYPE_CHECKING:
    from matgl.apps.pes import Potential


def answers(model: Potential, graphs: Sequence[Graph], *, stress: bool = False) -> Answers:
    """The model's answers, evaluated as one batch; differentiable by its parameters while it is in training mode."""
    batch, lattices, charges = joined(graphs)
    # Without forces upstream makes no gradient of anything, not even for a training on energies.
    model.calc_forces, model.calc_stresses = True, stress
    given: dict[str, Any] = {"total_charge": charges} if model.calc_charge else {}
    energies, forces, pressures, *_ = model(batch, lattices, **given)
    # Upstream keeps what every layer answered, and with it the whole autograd graph, until the next call.
    network: Any = model.model
    network.feature_dict = {}
    tensions = None
    if stress:
        tensions = pressures.reshape(-1, 3, 3).double() * units.GPA
        tensions = (tensions + tensions.transpose(1, 2)) / 2
    return Answers(energies.reshape(-1).double(), forces.double(), tensions)
