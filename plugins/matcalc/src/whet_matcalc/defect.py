"""defect: formation energy of a vacancy or an interstitial atom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from whet import FilePath, FrameError, Measured, Options, OptionsError, Probe, Quantity, read_structures
from whet_matcalc.calculation import PACKAGES, crystal, failures_told
from whet_matcalc.references import MATCALC

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from pymatgen.core import Structure

    from whet import Progress


class DefectOptions(Options):
    """Which defect, in which cell."""

    element: str = ""
    """Of the atom that is missing or added; empty: of the only element that the crystal has."""
    at: tuple[float, float, float] | None = None
    """Where the atom is added, in fractions of the conventional cell; without it an atom is missing."""
    elements: FilePath | None = None
    """A file of elemental crystals, whose energies are the atoms' chemical potentials; not needed for a crystal of one
    element. Each potential relaxes them itself."""
    length: float = Field(default=10.0, gt=0)
    """Å; opposite faces of the supercell are at least so far apart."""
    relax: bool = True
    """Relax the atoms around the defect, the cell kept."""
    fmax: float = Field(default=0.02, gt=0)
    """Largest force on an atom, and on the bulk's cell (ASE's measure, stress × volume), eV/Å."""
    steps: int = Field(default=500, ge=1)
    """Steps of each relaxation at the most."""


class Defect(Probe[DefectOptions]):
    """A neutral vacancy or interstitial atom in a supercell of the relaxed crystal, by MatCalc.

    E_f = E(defect) − E(crystal of as many atoms) ± μ of the atom, where μ is the energy per atom of its elemental
    crystal. Where a vacancy can be on several kinds of sites, the lowest counts.
    """

    name = "defect"
    title = "defect formation energy"
    unpickles = False
    packages = PACKAGES
    quantities: ClassVar = (Quantity("formation energy", "eV", "Of the neutral defect, elements at rest.", 3),)

    @classmethod
    def find_files(cls, options: DefectOptions) -> Mapping[str, Path]:
        """The elemental crystals."""
        return {} if options.elements is None else {"elements": Path(options.elements)}

    @classmethod
    def references(cls, options: DefectOptions) -> Sequence[str]:
        """MatCalc."""
        return [MATCALC]

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """FrameError where the material is no crystal, has no such atom, or the atom's elemental crystal is missing."""
        from ase.optimize import BFGS, FIRE

        from whet_matcalc.asked_calculator import AskedCalculator
        from whet_matcalc.at_rest import at_rest
        from whet_matcalc.matcalc_import import matcalc_module

        wanted = self.options
        structure = crystal(atoms, "a defect", magnetic=False)
        element = self._element(structure)
        with failures_told("defect's energy"):
            upstream, asked = matcalc_module(), AskedCalculator(calculator, progress)
            rest = {"fmax": wanted.fmax, "max_steps": wanted.steps}
            potentials = {}
            if elemental := self._elemental(element):
                relaxer = upstream.RelaxCalc(asked, optimizer=at_rest(FIRE, f"the crystal of {element}"), **rest)
                energies = [relaxer.calc(one)["energy"] / len(one) for one in elemental]
                potentials = {element: min(energies)}
            calculation = upstream.DefectCalc(
                asked,
                relax_defect=wanted.relax,
                optimizer=at_rest(BFGS, "the crystal or the defect"),
                chemical_potentials=potentials,
                elemental_refs={},
                **rest,
            )
            which: dict[str, Any] = {"vacancies": element} if wanted.at is None else {"vacancies": False}
            if wanted.at is not None:
                which["interstitials"] = {element: [wanted.at]}
            found = calculation.calc_defects(structure, min_length=wanted.length, **which)
        lowest = min(found, key=lambda one: one["formation_energy"])
        notes = [f"the lowest of {len(found)} kinds of sites"] if len(found) > 1 else []
        return Measured({"formation energy": float(lowest["formation_energy"])}, notes=notes)

    def _element(self, structure: Structure) -> str:
        """The atom's element. FrameError where it is not said and cannot be known, or the crystal has none of it."""
        there = sorted(structure.symbol_set)
        element = self.options.element or (there[0] if len(there) == 1 else "")
        if not element:
            raise FrameError(f"an atom of which element, {' or '.join(there)}?", hint="Give the option `element`")
        if self.options.at is None and element not in there:
            raise FrameError(f"the crystal has no {element}: it has {', '.join(there)}")
        if "elements" not in self.files and there != [element]:
            what = f"the energy of {element} outside the crystal is not known"
            raise FrameError(what, hint="Give `elements`, a file that has its elemental crystal")
        return element

    def _elemental(self, element: str) -> list[Structure]:
        """The elemental crystals of that element; none where no file is given. OptionsError where it has none."""
        if "elements" not in self.files:
            return []
        path = self.files["elements"]
        own = [frame for frame in read_structures(path) if set(frame.get_chemical_symbols()) == {element}]
        if not own:
            raise OptionsError(f"the file has no crystal of {element}", where=str(path))
        return [crystal(frame, "an elemental crystal's energy") for frame in own]
