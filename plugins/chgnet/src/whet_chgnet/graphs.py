"""Graphs: from `ase.Atoms` to CHGNet's crystal graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whet import FrameError

if TYPE_CHECKING:
    from ase import Atoms
    from chgnet.graph.crystalgraph import CrystalGraph
    from chgnet.model.model import CHGNet


def crystal_graph(atoms: Atoms, model: CHGNet) -> CrystalGraph:
    """The graph of a frame, on the model's device; the frame is not changed.

    CHGNet knows periodic structures only: along directions that are not periodic the frame gets a box that keeps
    images out of each other's reach. Raises FrameError for a periodic direction without a cell vector, and where
    CHGNet cannot make a graph.
    """
    from pymatgen.core import Lattice, Structure

    boxed = _boxed(atoms, model.graph_converter.atom_graph_cutoff)
    structure = Structure(
        Lattice(boxed.cell.array), boxed.get_chemical_symbols(), boxed.get_scaled_positions(wrap=True)
    )
    try:
        graph = model.graph_converter(structure)
    except (RuntimeError, ValueError) as error:
        raise FrameError(f"CHGNet makes no graph of {atoms.get_chemical_formula()} ({error})") from error
    return graph.to(next(model.parameters()).device)


def _boxed(atoms: Atoms, cutoff: float) -> Atoms:
    """The frame in a cell: itself where it is periodic, else a copy with vacuum along the other directions."""
    for axis in range(3):
        if atoms.pbc[axis] and not atoms.cell.array[axis].any():
            raise FrameError(
                f"{atoms.get_chemical_formula()} is periodic along axis {axis} but has no cell vector there"
            )
    if not atoms.pbc.all():
        atoms = atoms.copy()
        atoms.calc = None
        atoms.center(vacuum=cutoff + 0.5, axis=[axis for axis in range(3) if not atoms.pbc[axis]])
    if not abs(atoms.cell.volume) > 1e-6:
        raise FrameError(f"the cell of {atoms.get_chemical_formula()} has no volume")
    return atoms
