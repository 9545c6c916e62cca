"""FoundationModel: published weights: their files, and how to tell that they answer right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from whet.data.model_file import ModelFile

if TYPE_CHECKING:
    from ase import Atoms

    from whet.contracts.component import FileRef
    from whet.data.labels import Labels
    from whet.data.theory import LevelOfTheory


@dataclass(frozen=True)
class KnownAnswer:
    """What a model answers for one small compound, by which misread weights are found out.

    The compound is a rock salt of two elements, primitive cell, its second atom off its site (`compound`).
    energy: eV, total. forces: (2, 3) eV/Å; empty where they are not known. tolerance: eV/atom and eV/Å; wide enough
    for another machine's rounding and far below what a misread parameter does.
    """

    energy: float
    forces: tuple[tuple[float, float, float], ...] = ()
    symbols: tuple[str, str] = ("Na", "Cl")
    lattice_constant: float = 5.64
    tolerance: float = 0.005

    @property
    def compound(self) -> Atoms:
        """The two atoms."""
        from ase.build import bulk

        atoms = bulk("".join(self.symbols), "rocksalt", a=self.lattice_constant)
        atoms.positions[1] += (0.12, -0.07, 0.04)
        return atoms

    @classmethod
    def of(cls, labels: Labels, symbols: tuple[str, str]) -> Self:
        """The answer that labels of the compound of these two elements are: what a plugin's author states."""
        rows = [tuple(round(float(number), 4) for number in row) for row in labels.forces]
        return cls(round(labels.energy, 5), (rows[0], rows[1]), symbols)  # pyright: ignore[reportArgumentType]

    def __str__(self) -> str:
        """As it stands in a plugin's source."""
        return f"KnownAnswer(energy={self.energy}, forces={self.forces}, symbols={self.symbols})"

    def fault(self, labels: Labels) -> str:
        """What is wrong with labels of the compound; empty where they are as they should be."""
        import numpy as np

        off = abs(labels.energy - self.energy) / 2
        if not off <= self.tolerance:
            return f"an energy of {labels.energy / 2:.3f} eV/atom instead of {self.energy / 2:.3f}"
        worst = float(np.abs(labels.forces - np.array(self.forces)).max()) if self.forces else 0.0
        return "" if worst <= self.tolerance else f"a force that is wrong by {worst:.3f} eV/Å"


@dataclass(frozen=True)
class FoundationModel:
    """Weights that somebody published, under a name of ours.

    files: role -> file, as the component carries them. licence: its SPDX name. theory: of the labels that it was
    trained on. answer: checked when the model is first used; None where nobody has measured one yet. reference: the
    paper, or where the model is described. title: what people call it (`MACE-MP-0 small`); empty: the title of the
    potential and the name. references: BibTeX entries to cite beside those of the potential.
    """

    files: Mapping[str, ModelFile]
    licence: str = ""
    theory: LevelOfTheory | None = None
    answer: KnownAnswer | None = None
    reference: str = ""
    title: str = ""
    references: Sequence[str] = ()

    @property
    def size(self) -> int:
        """Bytes of all files; 0 where one is not known."""
        sizes = [file.size for file in self.files.values()]
        return sum(sizes) if all(sizes) else 0

    def find(self) -> dict[str, Path] | None:
        """The files, where all of them lie here; else None."""
        found = {role: file.find() for role, file in self.files.items()}
        return None if None in found.values() else {role: path for role, path in found.items() if path}

    def obtain(self, progress: Callable[[int, int], None] = lambda done, total: None) -> dict[str, Path]:
        """The files; raises as `ModelFile.obtain` does."""
        return {role: file.obtain(progress) for role, file in self.files.items()}

    def is_content(self, files: Mapping[str, FileRef]) -> bool:
        """Whether references to these files are to the model's, by the checksums that are stated."""
        stated = {role: file.sha256 for role, file in self.files.items()}
        return all(stated.values()) and stated == {role: ref.sha256 for role, ref in files.items()}

    def is_in(self, files: Mapping[str, Path]) -> bool:
        """Whether these files are the model's, by content; never where a checksum is not known."""
        return files.keys() == self.files.keys() and all(
            file.sha256 and file.is_in(files[role]) for role, file in self.files.items()
        )
