"""Graphs: from `ase.Atoms` to CHGNet's crystal graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet import FrameError, boxed

if TYPE_CHECKING:
    from ase import Atoms
    from chgnet.graph.crystalgraph import CrystalGraph
    from chgnet.model.model import CHGNet


def crystal_graph(atoms: Atoms, model: CHGNet) -> CrystalGraph:
    """The graph of a frame, on the model's device; the frame is not changed.

    CHGNet knows periodic structures only: along directions that are not periodic the frame gets a box that keeps
    images out of each other's reach. Raises FrameError for a cell without a volume, and where
    CHGNet cannot make a graph.
    """
    from pymatgen.core import Lattice, Structure

    inside = boxed(atoms, model.graph_converter.atom_graph_cutoff + 0.5)
    structure = Structure(
        Lattice(inside.cell.array), inside.get_chemical_symbols(), inside.get_scaled_positions(wrap=True)
    )
    try:
        graph = model.graph_converter(structure)
    except (RuntimeError, ValueError) as error:
        raise FrameError(f"CHGNet makes no graph of {atoms.get_chemical_formula()} ({error})") from error
    return graph.to(next(model.parameters()).device)
