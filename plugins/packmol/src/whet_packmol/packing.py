"""Packing: one run of the Packmol program."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read, write
from ase.neighborlist import neighbor_list

from whet import InputError, Program

DOES_NOT_FIT = 173
"""Packmol's exit code where it gave up."""


class Pack:
    """Molecules with their numbers, and the edges of the periodic box in Å."""

    def __init__(self, molecules: Sequence[tuple[Atoms, int]], edges: tuple[float, float, float]) -> None:
        self.molecules = molecules
        self.edges = edges
        sizes = [len(molecule) for molecule, count in molecules for _ in range(count)]
        self.owners = np.repeat(np.arange(len(sizes)), sizes)
        """Which molecule each atom belongs to, (n_atoms,)."""

    def run(self, *, tolerance: float, loops: int, seed: int) -> Atoms:
        """The packed box. InputError where Packmol finds no place for everything, or stops for another reason."""
        from packmol.cli import get_binary_path

        with tempfile.TemporaryDirectory(prefix="whet-packmol-") as name:
            folder = Path(name)
            for number, (molecule, _) in enumerate(self.molecules):
                write(folder / f"{number}.xyz", Atoms(molecule.numbers, molecule.positions), format="xyz")
            # Short names, since Packmol cuts off long ones; and a file, since it rewinds its standard input.
            orders = folder / "orders.inp"
            orders.write_text(self._input(tolerance, loops, seed), encoding="ascii")
            printed = folder / "printed.txt"
            with (
                orders.open("rb") as standard_input,
                printed.open("wb") as output,
                Program([get_binary_path()], folder, stdin=standard_input, stdout=output) as packmol,
            ):
                code = packmol.wait()
            if code == DOES_NOT_FIT:
                raise InputError(
                    f"the molecules do not fit into a box of {' × '.join(f'{edge:.2f}' for edge in self.edges)} Å",
                    hint="Lower the density (or enlarge the box), lower the tolerance, or raise `loops`",
                )
            if code != 0 or not (folder / "packed.xyz").is_file():
                words = printed.read_text(encoding="utf-8", errors="replace").splitlines()
                said = [line.strip() for line in words if "ERROR" in line] or ["no message"]
                raise InputError(f"Packmol stopped with exit code {code}: {said[-1]}")
            positions = read(folder / "packed.xyz", format="xyz").positions  # pyright: ignore[reportAttributeAccessIssue]
        numbers = np.concatenate([np.tile(molecule.numbers, count) for molecule, count in self.molecules])
        return Atoms(numbers, positions, cell=self.edges, pbc=True)

    def _input(self, tolerance: float, loops: int, seed: int) -> str:
        lines = [
            f"tolerance {tolerance:.6f}",
            "filetype xyz",
            "output packed.xyz",
            f"seed {seed}",
            f"nloop {loops * len(self.molecules)}",
            f"pbc {' '.join(f'{edge:.9f}' for edge in self.edges)}",
        ]
        for number, (_, count) in enumerate(self.molecules):
            lines += [f"structure {number}.xyz", f"  number {count}", "end structure"]
        return "\n".join(lines) + "\n"


def closest(atoms: Atoms, owners: np.ndarray, within: float) -> float:
    """The smallest distance between atoms of different molecules or images, in Å; `within` where none is nearer.

    owners: (n_atoms,), the molecule of each atom; molecules are whole.
    """
    first, second, distances, images = neighbor_list("ijdS", atoms, within)
    apart = (owners[first] != owners[second]) | images.any(axis=1)
    return float(distances[apart].min(initial=within))
