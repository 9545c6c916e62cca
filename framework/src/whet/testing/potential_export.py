"""Checks of a potential's export: the file that its own package reads answers with the energy shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from whet.contracts.component import Spec
from whet.contracts.potential import Potential
from whet.data.errors import Unsupported
from whet.data.labels import Labels
from whet.plugins.registry import registry
from whet.testing import fresh_interpreter, structures
from whet.testing.check import CheckFailed, NotApplicable, check, demand

if TYPE_CHECKING:
    from ase import Atoms

    from whet.contracts.upstream_model import UpstreamModel
    from whet.testing.potential_subject import PotentialSubject

SHIFT = (-7.25, 3.5)
"""eV of two elements. They differ in sign and size, so that no mistake of the one hides behind the other."""


@check("contract")
def exported_file_has_the_shift(subject: PotentialSubject) -> None:
    """What `export` writes, loaded again as `NAME:PATH`, has the energies with the shift in them, and the same forces.

    It is asked at several compositions: the shift counts for each atom, once, with its sign. The potential that exports
    is afterwards as it was.
    """
    shifted, exported, frames = _exported(subject)
    wanted = list(shifted.evaluate(frames, subject.properties))
    spec = Spec(subject.component.name, {"model": str(exported.path.absolute()), **exported.options})
    again = subject.load(registry().resolve("potentials", spec))
    demand(not again.energy_shift, "its component has an energy shift beside the file")
    _compare(subject, frames, list(again.evaluate(frames, subject.properties)), wanted)


@check("contract")
def own_package_reads_what_was_exported(subject: PotentialSubject) -> None:
    """The lines that `export` states make a calculator of the potential's own package that answers the same.

    They run in a fresh interpreter, as somebody would run them who has no Whet.
    """
    shifted, exported, frames = _exported(subject)
    wanted = list(shifted.evaluate(frames, ("energy", "forces")))
    found = fresh_interpreter.answers_of_lines(exported.python, exported.path, frames)
    _compare(subject, frames, found, wanted)


def _exported(subject: PotentialSubject) -> tuple[Potential, UpstreamModel, Sequence[Atoms]]:
    """The potential with a shift, what it wrote, and frames of several compositions."""
    if type(subject.potential).export is Potential.export:
        raise NotApplicable("it has no `export`")
    first, second = subject.pair
    component = replace(subject.component, energy_shift={first: SHIFT[0], second: SHIFT[1]})
    potential = subject.load(component)
    frames = [subject.crystal, *(structures.one_atom_cell(symbol).repeat((2, 1, 1)) for symbol in subject.pair)]
    before = subject.answer(subject.crystal)
    try:
        made = potential.export(subject.folder("exported"))
    except Unsupported as error:
        raise NotApplicable(error.what) from None
    demand(made.path.exists(), f"it names {made.path}, which is not there")
    inside = [path for path in made.path.rglob("*") if path.is_file()] if made.path.is_dir() else [made.path]
    registry().vouch_for_made(subject.component, inside, start=potential)
    (after,) = subject.load().evaluate([subject.crystal], subject.properties)
    demand(not subject.tolerance.difference(after, before), "the files of the potential itself were changed")
    return potential, made, frames


def _compare(
    subject: PotentialSubject, frames: Sequence[Atoms], found: Sequence[Labels], wanted: Sequence[Labels]
) -> None:
    shift = dict(zip(subject.pair, SHIFT, strict=True))
    for frame, mine, theirs in zip(frames, wanted, found, strict=True):
        comparable = theirs if theirs.stress is not None else replace(theirs, stress=mine.stress)
        if differs := subject.tolerance.difference(comparable, mine):
            mistake = _mistake(frame, shift, theirs.energy - mine.energy, subject.tolerance.energy)
            raise CheckFailed(f"{frame.get_chemical_formula()}: {differs}{mistake}")


def _mistake(frame: Atoms, shift: Mapping[str, float], off: float, tolerance: float) -> str:
    """What was done to the shift, where that explains the difference."""
    whole = sum(shift[symbol] for symbol in frame.get_chemical_symbols())
    known = {"the shift is left out": -1, "the shift is counted twice": 1, "the shift has the wrong sign": -2}
    said = (word for word, times in known.items() if abs(off - times * whole) <= len(frame) * tolerance)
    return "".join(f"; {word}" for word in said)
