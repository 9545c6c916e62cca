"""elastic: elastic constants and moduli out of stresses of a strained crystal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from whet import Measured, Options, Probe, Quantity
from whet_matcalc.calculation import PACKAGES, crystal, failures_told
from whet_matcalc.references import ELASTICITY, MATCALC

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from whet import Progress

CONSTANTS = ("11", "22", "33", "12", "13", "23", "44", "55", "66")
WITHOUT_ITS_WARNING = -1
"""MatCalc's mean R² counts constants that are zero by symmetry, where rounding alone makes it low."""

Strain = Annotated[float, Field(gt=0, le=0.1)]


class ElasticOptions(Options):
    """How the crystal is strained."""

    relax: bool = True
    """Relax cell and atoms first; else the crystal as it is given, whose stress is subtracted."""
    relax_atoms: bool = True
    """Relax atoms in each strained cell, as in an experiment; without it the constants are those of clamped ions."""
    normal: tuple[Strain, ...] = Field(default=(0.005, 0.01), min_length=1)
    """Normal strains, each to both sides."""
    shear: tuple[Strain, ...] = Field(default=(0.03, 0.06), min_length=1)
    """Shear strains, each to both sides. They are MatCalc's; where a crystal is soft under shear they may reach beyond
    the straight line, and its constants come out wrong: hold them against those of `[0.005, 0.01]`."""
    axes: Literal["standard", "given"] = "standard"
    """Axes that the constants refer to: those of the IEEE standard for the crystal's symmetry, or of the file."""
    fmax: float = Field(default=0.005, gt=0)
    """Largest force on an atom, and on the cell (ASE's measure, stress × volume), eV/Å."""
    steps: int = Field(default=500, ge=1)
    """Steps of each relaxation at the most."""


class Elastic(Probe[ElasticOptions]):
    """Stress against strain, fitted by MatCalc: one straight line for each constant."""

    name = "elastic"
    title = "elastic constants"
    unpickles = False
    packages = PACKAGES
    quantities: ClassVar = (
        Quantity("bulk modulus", "GPa", "Mean of Voigt's and Reuss's: Hill's.", 2, stiffness=1),
        Quantity("shear modulus", "GPa", "Mean of Voigt's and Reuss's: Hill's.", 2, stiffness=1),
        Quantity("Young's modulus", "GPa", "Of the two moduli, isotropic.", 2, stiffness=1),
        *(Quantity(f"C{pair}", "GPa", "Elastic constant in Voigt's notation.", 2, stiffness=1) for pair in CONSTANTS),
    )

    @classmethod
    def references(cls, options: ElasticOptions) -> Sequence[str]:
        """MatCalc, and the scheme."""
        return [MATCALC, ELASTICITY]

    @classmethod
    def most_frames(cls, options: ElasticOptions) -> int:
        """One for each strain, and the steps of the relaxations."""
        relaxation = options.steps + 1
        strained = 6 * (len(options.normal) + len(options.shear))  # three axes, two sides
        return options.relax * relaxation + strained * (1 + options.relax_atoms * relaxation) + 1

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """FrameError where the material is no crystal or does not come to rest."""
        import numpy as np
        from ase.optimize import FIRE

        from whet_matcalc.asked_calculator import AskedCalculator
        from whet_matcalc.at_rest import at_rest
        from whet_matcalc.matcalc_import import matcalc_module

        wanted = self.options
        structure = crystal(atoms, "elastic constants")
        with failures_told("elastic constants"):
            calculation = matcalc_module().ElasticityCalc(
                AskedCalculator(calculator, progress, self.most_frames(wanted)),
                norm_strains=_both_sides(wanted.normal),
                shear_strains=_both_sides(wanted.shear),
                fmax=wanted.fmax,
                relax_structure=wanted.relax,
                relax_deformed_structures=wanted.relax_atoms,
                units_GPa=True,
                r2_min=WITHOUT_ITS_WARNING,
                relax_calc_kwargs={"optimizer": at_rest(FIRE), "max_steps": wanted.steps},
            )
            found = calculation.calc(structure)
            tensor = found["elastic_tensor"]
            if wanted.axes == "standard":
                tensor = tensor.convert_to_ieee(found["structure"])
        notes = []
        if (softest := float(np.linalg.eigvalsh((tensor.voigt + tensor.voigt.T) / 2)[0])) <= 0:
            notes.append(f"not stable under strain: the lowest eigenvalue of the elastic tensor is {softest:.3g} GPa")
        values = {
            "bulk modulus": found["bulk_modulus_vrh"],
            "shear modulus": found["shear_modulus_vrh"],
            "Young's modulus": found["youngs_modulus"],
        }
        values |= {f"C{pair}": tensor.voigt[int(pair[0]) - 1, int(pair[1]) - 1] for pair in CONSTANTS}
        return Measured({name: float(number) for name, number in values.items()}, notes=notes)


def _both_sides(strains: Sequence[float]) -> tuple[float, ...]:
    return tuple(sorted([-one for one in strains] + list(strains)))
