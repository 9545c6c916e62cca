"""Example: a frame as its model sees it, and what is to be learned from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from whet import Labels

if TYPE_CHECKING:
    import torch
    from ase import Atoms
    from torch import Tensor

Graph = TypeVar("Graph")
"""Whatever a plugin makes of a frame for its model."""


@dataclass(frozen=True)
class Example(Generic[Graph]):
    """A graph and its targets, float64 tensors.

    energy: eV per atom, scalar. forces: (n_atoms, 3), eV/Å. stress: (3, 3), eV/Å³; None where it is not trained on.
    """

    graph: Graph
    energy: Tensor
    forces: Tensor
    stress: Tensor | None = None

    @classmethod
    def of(cls, frame: Atoms, graph: Graph, *, stress: bool, device: torch.device) -> Example[Graph]:
        """The graph of a labeled frame with the frame's labels, on the device."""
        import torch

        labels = Labels.of(frame)
        tensor = partial(torch.tensor, dtype=torch.float64, device=device)
        return cls(
            graph,
            energy=tensor(labels.energy / len(frame)),
            forces=tensor(labels.forces),
            stress=tensor(labels.stress) if stress else None,
        )
