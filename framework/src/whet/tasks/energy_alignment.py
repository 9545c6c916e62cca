"""alignment: the reference energies of a fine-tuning, from where its settings say, or fitted where that cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from whet.contracts.labeling import isolated_atom
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.errors import InputError
from whet.data.labels import Labels

if TYPE_CHECKING:
    from whet.contracts.potential import Potential
    from whet.data.frames import FrameSet
    from whet.data.theory import LevelOfTheory

KNOWS_ATOMS = 1.0
"""eV/atom; the root mean square of what isolated atoms may leave of label − prediction on the training frames. Cohesive
energies of two theories differ by less; beyond it the potential's isolated atom is no atom. CHGNet (LiCl 3.25, Cu 3.43,
MgO 5.09 eV/atom) and MACE-MP-0 small (2.74, 3.33, 5.10) do know atoms: PBE has about 3.5, 3.5 and 5.1."""

SAME_SCALE = 0.1
"""eV/atom; labels of a potential's own theory are not farther from its predictions."""


@dataclass(frozen=True)
class EnergySource:
    """Where reference energies come from.

    word: of the settings. atoms: labels of isolated atoms, eV by symbol. before: those of the fine-tuning that made the
    start. theories: levels of theory of the labels, as far as they are known.
    """

    word: str = "fit"
    atoms: Mapping[str, float] = field(default_factory=dict)
    before: ReferenceEnergies | None = None
    theories: Sequence[LevelOfTheory] = ()


def alignment(
    bare: Potential, frames: FrameSet, predicted: Sequence[Labels], source: EnergySource
) -> ReferenceEnergies:
    """The per-element shift between the labels of these frames and what the bare potential predicts for them.

    `atoms`: label − the potential's own energy of the isolated atom. Where the potential does not answer one, or
    answers what leaves more than `KNOWS_ATOMS`, it is fitted, and the note says why. A start that was itself aligned by
    atoms keeps its shifts: what training did to its isolated atoms is not taken for a difference of theories. Raises
    InputError where an element has no labeled atom, and where `foundation` is asked for labels of another theory.
    """
    if source.word == "none" or not frames:
        return ReferenceEnergies({}, 0, 0.0, 0, source.word)
    energies = [one.energy for one in predicted]
    labels = [Labels.of(frame).energy for frame in frames]
    if source.word == "foundation":
        _refuse_other_theories(bare, source.theories)
        found = ReferenceEnergies.given({}, frames, labels, energies, source="foundation")
        apart = f"{1000 * found.residual:.0f} meV/atom"
        note = f"the labels are {apart} from the potential's energies: are the theories one?"
        return replace(found, note=note if found.residual > SAME_SCALE else "")
    why = ""
    if source.word == "atoms":
        shift, why = _shift_of_atoms(bare, frames.elements, source)
        if not why:
            found = ReferenceEnergies.given(shift, frames, labels, energies, source="atoms")
            if found.residual <= KNOWS_ATOMS or source.before:
                return found
            left = f"isolated atoms leave {found.residual:.2f} eV/atom between labels and potential"
            why = f"{left}: it knows no atoms, or theirs are energies of another theory or state"
    return replace(ReferenceEnergies.fit(frames, labels, energies), note=why)


def _shift_of_atoms(bare: Potential, elements: Sequence[str], source: EnergySource) -> tuple[dict[str, float], str]:
    """Label − the potential's own energy of each isolated atom, eV by symbol; or why that cannot be had.

    Of all elements that are labeled and that the potential answers: those to come may not be among these frames.
    """
    before = source.before
    if before and before.source == "fit" and before.note:
        return {}, before.note
    shift = dict(before.shift) if before and before.source == "atoms" else {}
    if lacking := sorted(set(elements) - set(source.atoms) - set(shift)):
        what = f"there is no energy of an isolated atom of {', '.join(lacking)}"
        raise InputError(what, hint="Give it: `reference_energies: {atoms: …}`, or let them be fitted: `fit`")
    for symbol in sorted({*elements, *source.atoms} - set(shift)):
        own = _own_energy(bare, symbol)
        if isinstance(own, float):
            shift[symbol] = source.atoms[symbol] - own
        elif symbol in elements:
            return {}, f"the potential does not answer an isolated atom of {symbol} ({own})"
    return shift, ""


def _own_energy(bare: Potential, symbol: str) -> float | str:
    """The potential's own energy of an isolated atom, eV, or why it has none."""
    try:
        (answer,) = bare.answers([isolated_atom(symbol)], ("energy", "forces"))
    except Exception as error:  # a graph without an edge breaks models in ways of their own
        return type(error).__name__
    return answer.energy if isinstance(answer, Labels) else answer.what


def _refuse_other_theories(bare: Potential, theories: Iterable[LevelOfTheory]) -> None:
    own = bare.capabilities.theory
    if own is None:
        return
    for theory in theories:
        if _energies_of(theory) != _energies_of(own):
            what = f"the labels are {_told(theory)}, the potential {bare.name!r} is {_told(own)}"
            raise InputError(
                f"{what}: their energies are not on one scale", hint="`reference_energies: atoms` or `fit`"
            )


def _energies_of(theory: LevelOfTheory) -> tuple[str, str, str]:
    """What decides whether energies are of one scale, as far as potentials state it: not U, which is mixed in some."""
    method = theory.method.partition("/")[0].partition("+U")[0]
    return method.casefold(), (theory.dispersion or "").casefold(), str(theory.settings.get("corrections", ""))


def _told(theory: LevelOfTheory) -> str:
    corrections = theory.settings.get("corrections")
    return f"{theory}" + (f", corrected by {corrections}" if corrections else "")
