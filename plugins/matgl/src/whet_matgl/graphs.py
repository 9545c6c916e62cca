"""Graphs: from `ase.Atoms` to the graphs that MatGL's potentials take.

Upstream's own converter takes a frame with an open direction, a slab say, as a molecule in no cell at all, and keeps
positions as they are, which costs precision far from the origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet import boxed, total_charge

if TYPE_CHECKING:
    from ase import Atoms
    from matgl.apps.pes import Potential
    from torch import Tensor
    from torch_geometric.data import Batch, Data

SAME = 1e-8
"""Å below which a neighbor is the atom itself."""


@dataclass(frozen=True)
class Graph:
    """A frame for the model, on its device.

    data: nodes with `node_type` and `frac_coords`, edges up to the cutoff sorted by their first atom (M3GNet counts on
    that). lattice: (3, 3), Å, vectors in rows. charge: e, of the whole frame (QET spreads it over the atoms).
    """

    data: Data
    lattice: Tensor
    charge: float

    def __len__(self) -> int:
        return len(self.data.node_type)


def graph_of(atoms: Atoms, model: Potential) -> Graph:
    """The graph of a frame; the frame is not changed.

    Along directions that are not periodic the frame gets a box that keeps images out of each other's reach. Raises
    FrameError for a cell without a volume.
    """
    import numpy as np
    import torch
    from pymatgen.optimization.neighbors import find_points_in_spheres
    from torch_geometric.data import Data

    network: Any = model.model
    cutoff = float(network.cutoff)
    inside = boxed(atoms, cutoff / 2 + 0.5)
    cell = np.ascontiguousarray(inside.cell.array)
    places = inside.get_scaled_positions(wrap=True)
    points = np.ascontiguousarray(places @ cell)
    first, second, images, distances = find_points_in_spheres(
        points, points, r=cutoff, pbc=np.ones(3, dtype=np.int64), lattice=cell, tol=SAME
    )
    kept = np.flatnonzero((first != second) | (distances > SAME))
    kept = kept[np.argsort(first[kept], kind="stable")]
    order = {symbol: index for index, symbol in enumerate(network.element_types)}
    device = model.data_mean.device
    data = Data(
        num_nodes=len(atoms),
        edge_index=torch.tensor(np.stack([first[kept], second[kept]]), dtype=torch.long, device=device),
        pbc_offset=torch.tensor(images[kept], dtype=torch.float32, device=device),
        node_type=torch.tensor([order[symbol] for symbol in atoms.get_chemical_symbols()], device=device),
        frac_coords=torch.tensor(places, dtype=torch.float32, device=device),
    )
    return Graph(data, torch.tensor(cell, dtype=torch.float32, device=device), total_charge(atoms))


def joined(graphs: Sequence[Graph]) -> tuple[Batch, Tensor, Tensor]:
    """Graphs as one: the batch, lattices (n_graphs, 3, 3) in Å, and charges (n_graphs,) in e."""
    import torch
    from torch_geometric.data import Batch

    batch = Batch.from_data_list([graph.data for graph in graphs])
    lattices = torch.stack([graph.lattice for graph in graphs])
    return batch, lattices, lattices.new_tensor([graph.charge for graph in graphs])
