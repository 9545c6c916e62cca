"""Species: what a connected set of atoms is, by its formula and by its graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx

USUAL = {"HO": "OH", "H3N": "NH3", "H4N": "NH4", "H2N": "NH2", "HS": "SH", "ClH": "HCl", "BrH": "HBr", "FH": "HF"}
"""Formulas that everybody writes otherwise."""

ROUNDS = 4
"""Of the refinement: atoms up to four bonds away tell two species apart."""


@dataclass(frozen=True, order=True)
class Species:
    """formula: in the usual order, without a charge, which nobody knows. graph: hash of its bonds and elements."""

    formula: str
    graph: str

    @classmethod
    def of(cls, bonds: nx.Graph, atoms: Iterable[int]) -> Species:
        """The species that these atoms of a graph are; nodes have an `element`.

        graph: the Weisfeiler-Lehman hash (Shervashidze et al., 2011): the same for the same species, whatever the
        order of atoms; some species of symmetric rings share one.
        """
        import networkx as nx
        from ase.formula import Formula

        part = bonds.subgraph(atoms)
        counts = Counter(str(element) for _, element in part.nodes(data="element"))
        plain = Formula.from_dict(dict(sorted(counts.items())))
        formula = str(plain.convert("hill" if "C" in counts else "metal"))
        hashed = nx.weisfeiler_lehman_graph_hash(part, node_attr="element", iterations=ROUNDS)
        return cls(USUAL.get(formula, formula), hashed)


def species_names(found: Iterable[Species]) -> dict[Species, str]:
    """`H2O`, `H3O`; where two species have one formula, with the beginning of the graph's hash: `C2H6O (3f2a)`."""
    every = sorted(set(found))
    often = Counter(one.formula for one in every)
    return {one: one.formula if often[one.formula] == 1 else f"{one.formula} ({one.graph[:4]})" for one in every}


def side(species: Counter[Species], names: Mapping[Species, str]) -> str:
    """One side of an equation: `H3O + 2 H2O`."""
    parts = sorted((names[one], count) for one, count in species.items())
    return " + ".join(name if count == 1 else f"{count} {name}" for name, count in parts)
