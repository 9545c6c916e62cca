"""Predictions as comparisons, and the reference energies that align an untouched potential with the labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from whet.contracts.analysis import Piece, StudyPieces
from whet.contracts.ports import FineTuning, Predictions

if TYPE_CHECKING:
    from whet.bias.pairs import Comparison
    from whet.contracts.reference_energies import ReferenceEnergies


def compared(predictions: Predictions) -> Comparison:
    """The predictions beside their labels. FrameError where no frame is left."""
    from whet.bias.pairs import Comparison, LeftOut

    out = [LeftOut(index, reason) for index, reason in predictions.left_out]
    return Comparison.of(predictions.reference, predictions.predicted, indices=predictions.indices, left_out=out)


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
