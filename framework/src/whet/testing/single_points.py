"""SinglePoints: a labeler's answers for the tests of a code, beside the slopes of its own energies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Spec
from whet.data.labels import Failure, Labels
from whet.plugins.registry import registry

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from whet.contracts.labeling import Labeler

MOVE, STRAIN = 0.01, 0.005
"""Å, and without a unit: steps of the differences."""


class SinglePoints:
    """Single points by the labeler of that name; options of a call add to those of all. folder: scratch space."""

    def __init__(self, name: str, folder: Path, **options: Any) -> None:
        self.name, self.folder, self.options = name, folder, options

    def labeler(self, **options: Any) -> Labeler:
        """The labeler with these options."""
        here = registry()
        return here.load(here.resolve("labelers", Spec(self.name, self.options | options)))

    def answer(self, frame: Atoms, **options: Any) -> Labels | Failure:
        """What it says of a frame."""
        (found,) = self.labeler(**options).label([frame], self.folder)
        return found

    def labels(self, frame: Atoms, **options: Any) -> Labels:
        """The labels of a frame that must not fail. AssertionError otherwise."""
        found = self.answer(frame, **options)
        assert isinstance(found, Labels), found
        return found.checked(len(frame))

    def force(self, frame: Atoms, atom: int, axis: int, **options: Any) -> float:
        """eV/Å; of one atom along one axis, by the slope of the energy."""
        energies = []
        for sign in (1, -1):
            moved = frame.copy()
            moved.positions[atom, axis] += sign * MOVE
            energies.append(self.labels(moved, **options).energy)
        return -(energies[0] - energies[1]) / (2 * MOVE)

    def stress(self, frame: Atoms, strain: np.ndarray, **options: Any) -> float:
        """eV/Å³; the sum over stress × strain, by the slope of the energy. strain: (3, 3); the identity for a trace."""
        import numpy as np

        energies = []
        for sign in (1, -1):
            strained = frame.copy()
            strained.set_cell(frame.cell.array @ (np.eye(3) + sign * STRAIN * strain), scale_atoms=True)
            energies.append(self.labels(strained, **options).energy)
        return (energies[0] - energies[1]) / (2 * STRAIN) / frame.get_volume()


def silicon_crystal(edge: float) -> Atoms:
    """Eight atoms of silicon, displaced by 0.05 Å. edge: Å; 5.43 at rest, 5.2 is under pressure."""
    from ase.build import bulk

    frame = bulk("Si", "diamond", a=edge, cubic=True)
    frame.rattle(0.05, seed=1)
    return frame


def liquid_water() -> Atoms:
    """Eight molecules of water at 1 g/cm³, placed at random, none closer to another than 1.55 Å."""
    import numpy as np
    from ase import Atoms
    from ase.build import molecule

    rng = np.random.default_rng(0)
    length = (8 * 18.015 / 0.60221) ** (1 / 3)
    frame = Atoms(cell=[length] * 3, pbc=True)
    while len(frame) < 24:
        one = molecule("H2O")
        one.euler_rotate(*rng.uniform(0, 360, 3))
        one.translate(rng.uniform(0, length, 3))
        tried = frame + one
        if len(frame) == 0 or tried.get_all_distances(mic=True)[-3:, : len(frame)].min() > 1.55:
            frame = tried
    return frame


def largest(forces: np.ndarray) -> tuple[int, int]:
    """Atom and axis of the largest component of forces (n_atoms, 3)."""
    import numpy as np

    atom, axis = np.unravel_index(np.abs(forces).argmax(), forces.shape)
    return int(atom), int(axis)
