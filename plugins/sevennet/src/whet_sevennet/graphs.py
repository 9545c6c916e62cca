"""Graphs: from `ase.Atoms` to SevenNet's batches.

Upstream's own conversion is not used: along open directions it replaces cell vectors by Cartesian axes, which fails
where a periodic vector points the same way, and its box grows with the distance of a molecule from the origin, and
with it time and memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import FrameError

if TYPE_CHECKING:
    from ase import Atoms
    from sevenn.atom_graph_data import AtomGraphData  # pyright: ignore[reportMissingImports]
    from torch import Tensor


@dataclass(frozen=True)
class Graph:
    """A frame as SevenNet sees it; tensors on the CPU.

    numbers: (n_atoms,) int64, atomic numbers. edges: (2, n_edges) int64, from atom and to atom, images included.
    vectors: (n_edges, 3) float32, Å, from the first to the second. volume: Å³; 0 where a direction is open.
    """

    numbers: Tensor
    edges: Tensor
    vectors: Tensor
    volume: float


def graph_of(atoms: Atoms, cutoff: float) -> Graph:
    """The graph of a frame, which is not changed; an atom may have no edge at all. cutoff: Å.

    Raises FrameError where the cell of a periodic frame has no volume.
    """
    import numpy as np
    import torch
    from ase.geometry import complete_cell
    from matscipy.neighbours import neighbour_list  # pyright: ignore[reportMissingImports]

    # What a cell vector along an open direction is does not matter, as long as it is independent of the others.
    cell = complete_cell(np.where(atoms.pbc[:, None], atoms.cell.array, 0.0))
    if not abs(np.linalg.det(cell)) > 1e-6:
        raise FrameError(f"the cell of {atoms.get_chemical_formula()} has no volume")
    first, second, vectors = neighbour_list(
        "ijD", positions=atoms.positions, cell=cell, pbc=atoms.pbc, cutoff=float(cutoff)
    )
    return Graph(
        numbers=torch.tensor(atoms.numbers, dtype=torch.int64),
        edges=torch.tensor(np.stack([first, second]), dtype=torch.int64),
        vectors=torch.tensor(vectors, dtype=torch.float32),
        volume=float(abs(np.linalg.det(cell))) if atoms.pbc.all() else 0.0,
    )


def batch_of(graphs: Sequence[Graph], *, modal: str | None, device: str) -> AtomGraphData:
    """The graphs as one, fresh: the model writes into what it is given. modal: of a multi-fidelity model."""
    import torch
    from sevenn.atom_graph_data import AtomGraphData  # pyright: ignore[reportMissingImports]

    sizes = torch.tensor([len(graph.numbers) for graph in graphs])
    starts = (torch.cumsum(sizes, 0) - sizes).tolist()
    numbers = torch.cat([graph.numbers for graph in graphs])
    batch = AtomGraphData(
        x=numbers.clone(),
        edge_index=torch.cat([graph.edges + start for graph, start in zip(graphs, starts, strict=True)], dim=1),
        atomic_numbers=numbers,
        edge_vec=torch.cat([graph.vectors for graph in graphs]),
        cell_volume=torch.tensor([graph.volume for graph in graphs], dtype=torch.float32),
        num_atoms=sizes,
        batch=torch.repeat_interleave(torch.arange(len(graphs)), sizes),
    ).to(device)
    if modal is not None:
        batch["data_modality"] = [modal] * len(graphs)
    return batch
