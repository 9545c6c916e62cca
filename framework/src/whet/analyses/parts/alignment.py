"""Alignment: the reference energies that bring an untouched potential onto the energy scale of the labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ports import FineTuning

if TYPE_CHECKING:
    from whet.contracts.reference_energies import ReferenceEnergies


def first_fine_tunings(study: StudyPieces, potentials: Iterable[str]) -> list[Piece]:
    """The first fine-tuning of each of these potentials: it aligned the untouched one with the labels."""
    found: dict[str, Piece] = {}
    for piece in study.all(FineTuning):
        found.setdefault(piece.ref.potential, piece)
    return [found[name] for name in dict.fromkeys(potentials) if name in found]


def given_energies(fine_tunings: Sequence[FineTuning]) -> dict[str, ReferenceEnergies]:
    """Potential -> what its fine-tuning added to its energies before it began."""
    from whet.contracts.reference_energies import ReferenceEnergies

    return {one.ref.potential: ReferenceEnergies(**one.reference_energies) for one in fine_tunings}
