"""Reaction: bonds that were made and broken together; reactions_of gathers the changes of one trajectory to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from whet_reactions.pair_history import Change, PairHistory
from whet_reactions.species import Species

if TYPE_CHECKING:
    import networkx as nx

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Reaction:
    """time: fs, and frame: its number, of the first change. made, broken: pairs of atoms. before, after: the species
    that these atoms are of."""

    time: float
    frame: int
    made: tuple[Pair, ...]
    broken: tuple[Pair, ...]
    before: Counter[Species]
    after: Counter[Species]


@dataclass(frozen=True, eq=False)
class Chemistry:
    """What happened in one trajectory. first: the species of the starting structure."""

    first: Counter[Species]
    reactions: Sequence[Reaction]


def chemistry_of(history: PairHistory) -> Chemistry:
    """Gathers the changes of bonds: those that begin within one dwell time and touch the same species are a reaction.

    So a proton that lets go of one molecule and is bound to another a few steps later is one transfer.
    """
    import networkx as nx

    bonds = nx.Graph()
    symbols = history.start.get_chemical_symbols()
    bonds.add_nodes_from((number, {"element": symbol}) for number, symbol in enumerate(symbols))
    bonds.add_edges_from(map(tuple, history.pairs(history.first).tolist()))
    first = Counter(Species.of(bonds, atoms) for atoms in nx.connected_components(bonds))
    changes, found = sorted(history.changes), []
    gathered: set[Change] = set()
    for place, earliest in enumerate(changes):
        if earliest in gathered:
            continue
        near = []
        for one in islice(changes, place + 1, None):
            if one.time >= earliest.time + history.dwell and one.time > earliest.time:
                break
            near.append(one)
        chosen, atoms = _together(bonds, earliest, [one for one in near if one not in gathered])
        found.append(_react(bonds, chosen, atoms))
        gathered |= set(chosen)
    return Chemistry(first, found)


def _together(bonds: nx.Graph, earliest: Change, near: Sequence[Change]) -> tuple[list[Change], set[int]]:
    """A change with those near it in time that touch its species, and the atoms of the species that they touch.

    No pair changes twice within a dwell time, so each stands among them once.
    """
    import networkx as nx

    chosen, atoms, place = [earliest], set[int](), 0
    while place < len(chosen):
        for atom in set(chosen[place].atoms) - atoms:
            atoms |= nx.node_connected_component(bonds, atom)
        place += 1
        if place == len(chosen):
            chosen += [one for one in near if one not in chosen and not atoms.isdisjoint(one.atoms)]
    return chosen, atoms


def _react(bonds: nx.Graph, changes: Sequence[Change], atoms: set[int]) -> Reaction:
    """Applies changes to a graph."""
    before = _species(bonds, atoms)
    made = tuple(sorted(one.atoms for one in changes if one.together))
    broken = tuple(sorted(one.atoms for one in changes if not one.together))
    bonds.add_edges_from(made)
    bonds.remove_edges_from(broken)
    earliest = min(changes)
    return Reaction(earliest.time, earliest.frame, made, broken, before, _species(bonds, atoms))


def _species(bonds: nx.Graph, atoms: set[int]) -> Counter[Species]:
    import networkx as nx

    return Counter(Species.of(bonds, part) for part in nx.connected_components(bonds.subgraph(atoms)))
