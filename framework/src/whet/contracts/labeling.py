"""Labeling: the contract of what gives labels: a quantum-chemistry code, or a potential in the role of a teacher."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from whet.contracts.component import Backend, OptionsT
from whet.data.errors import InputError, Unsupported
from whet.data.frame_identity import total_charge
from whet.data.identity import JSON
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.labels import Failure
    from whet.data.recorded import Recorded
    from whet.data.theory import LevelOfTheory


class Labeler(Backend[OptionsT], ABC):
    """Computes labels of one level of theory."""

    outputs: ClassVar[Sequence[str]] = ()
    """Patterns of the names (`vasprun.xml*`) by which calculations that somebody ran are found in a tree of folders. Of
    several that match in one folder the first counts."""

    @property
    @abstractmethod
    def theory(self) -> LevelOfTheory:
        """Everything that moves a number: labels are kept under its fingerprint. Loads nothing heavy."""

    @abstractmethod
    def label(self, frames: Sequence[Atoms], folder: Path) -> Iterator[Labels | Failure]:
        """One answer a frame, in order and as soon as it is there: the core stores each before it asks for the next.

        folder: scratch space. A frame that fails is a Failure with its reason; what would fail for every frame
        (a missing program, a wrong option) raises.
        """

    @classmethod
    def suggested(cls, symbols: Sequence[str], given: Mapping[str, JSON]) -> Mapping[str, JSON]:
        """Options of a first study of these elements, which `whet init` writes: those without which there can be none.

        symbols: chemical symbols. given: what the user said already; it counts before what is suggested. Raises
        InputError where something is needed that only the user can know.
        """
        return {}

    @classmethod
    def variations(cls, options: OptionsT) -> Mapping[str, JSON]:
        """For options of text, lists and mappings another value that they accept: what the conformance kit tries.

        It varies each option and compares: one that moves a label and is not in `theory` would hand out the labels of
        one setting for those of another.
        """
        return {}

    @classmethod
    def recognizes(cls, head: bytes) -> bool:
        """Whether a file that begins with these bytes is an output of the code, whatever its name is.

        Such a file is read by `recorded` in every command: nobody else's reader is asked whether it converged.
        """
        return False

    @classmethod
    def recorded(cls, output: Path) -> Iterator[Recorded]:
        """What stands in an output file of a calculation that Whet did not run, with the theory that really ran.

        output: it may be compressed (.gz). Each labeled frame in the order in which it was computed, or why it is no
        label. Never raises for what is wrong with the file.
        """
        raise Unsupported(f"labeler {cls.name!r} does not read calculations that it did not run")


def isolated_atom(symbol: str, box: float = 12.0) -> Atoms:
    """The frame whose energy is an element's reference energy: one atom, open in all directions, in its ground state.

    `info["spin"]` is the multiplicity 2S + 1 of Hund's rules. box: Å; a cell for codes that need one, with edges that
    differ by 0.5 Å, so that no symmetry keeps the orbitals from filling.
    """
    from ase import Atoms
    from ase.data import atomic_numbers, ground_state_magnetic_moments

    atom = Atoms([symbol], cell=[box, box + 0.5, box + 1.0])
    atom.center()
    atom.info["spin"] = round(float(ground_state_magnetic_moments[atomic_numbers[symbol]])) + 1
    return atom


def lowest_atoms(frames: Iterable[Atoms]) -> dict[str, float]:
    """eV by chemical symbol of labeled single atoms: of several of one element the lowest, its ground state.

    Raises InputError for a frame of several atoms and for an ion, FrameError for one without a label.
    """
    found: dict[str, float] = {}
    for number, frame in enumerate(frames):
        if len(frame) != 1:
            what = f"frame {number} ({frame.get_chemical_formula()}) has {len(frame)} atoms, and should have one"
            raise InputError(what, hint="`whet label … --isolated-atoms` labels single atoms")
        if charge := total_charge(frame):
            what = f"frame {number} ({frame.symbols[0]}) has the charge {charge:+g}, and should be an atom"
            raise InputError(what, hint="Leave ions out of the file: an anion may be lower in energy than the atom")
        symbol, energy = str(frame.symbols[0]), Labels.of(frame).energy
        found[symbol] = min(energy, found.get(symbol, energy))
    return found
