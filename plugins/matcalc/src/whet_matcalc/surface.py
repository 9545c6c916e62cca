"""surface: energy of a surface, the lowest of its terminations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator

from whet import FrameError, Measured, Options, Probe, Quantity
from whet_matcalc.calculation import PACKAGES, crystal, failures_told
from whet_matcalc.references import MATCALC, SLABS

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from whet import Progress

J_PER_M2 = 16.02176634
"""One eV/Å² in J/m²."""


class SurfaceOptions(Options):
    """Which surface, and how thick the slab."""

    miller: tuple[int, int, int] = (1, 0, 0)
    """Miller indices, of the conventional cell."""
    thickness: float = Field(default=10.0, gt=0)
    """Å; the slab is at least as thick."""
    vacuum: float = Field(default=15.0, gt=0)
    """Å between a slab and its next image, at least."""
    repeat: tuple[int, int] = (1, 1)
    """Copies of the smallest slab along its two vectors: room to reconstruct."""
    relax: bool = True
    """Relax the atoms of the slab, its cell kept."""
    fmax: float = Field(default=0.02, gt=0)
    """Largest force on an atom, and on the bulk's cell (ASE's measure, stress × volume), eV/Å."""
    steps: int = Field(default=500, ge=1)
    """Steps of each relaxation at the most."""

    @field_validator("miller")
    @classmethod
    def _is_a_plane(cls, given: tuple[int, int, int]) -> tuple[int, int, int]:
        if not any(given):
            raise ValueError("no plane: one of the three indices is not 0")
        return given


class Surface(Probe[SurfaceOptions]):
    """Slabs that pymatgen cuts, whose energies MatCalc holds against that of the bulk.

    Of the terminations those count that have the crystal's composition. The bulk is relaxed first, and slabs are cut
    from what comes of it: MatCalc's `calc_slabs` cuts them from the structure as it was given, which leaves them
    strained.
    """

    name = "surface"
    title = "surface energy"
    unpickles = False
    packages = PACKAGES
    quantities: ClassVar = (Quantity("surface energy", "J/m²", "Lowest of the terminations.", 3),)

    @classmethod
    def references(cls, options: SurfaceOptions) -> Sequence[str]:
        """MatCalc, and the slabs."""
        return [MATCALC, SLABS]

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """FrameError where the material is no crystal, or no termination has its composition."""
        from ase.optimize import BFGS, FIRE

        from whet_matcalc.asked_calculator import AskedCalculator
        from whet_matcalc.at_rest import at_rest
        from whet_matcalc.matcalc_import import matcalc_module

        wanted = self.options
        structure = crystal(atoms, "a surface", magnetic=False)
        with failures_told("surface energy"):
            from pymatgen.core.surface import SlabGenerator

            upstream, asked = matcalc_module(), AskedCalculator(calculator, progress)
            rest = {"fmax": wanted.fmax, "max_steps": wanted.steps}
            relaxed = upstream.RelaxCalc(asked, optimizer=at_rest(FIRE, "the bulk"), **rest).calc(
                structure.to_conventional()
            )
            bulk = relaxed["final_structure"]
            cut = SlabGenerator(bulk, wanted.miller, wanted.thickness, wanted.vacuum, center_slab=True)
            slabs = [
                slab.make_supercell((*wanted.repeat, 1))
                for slab in cut.get_slabs(symmetrize=True)
                if slab.composition.reduced_formula == bulk.composition.reduced_formula
            ]
            calculation = upstream.SurfaceCalc(
                asked, relax_slab=wanted.relax, optimizer=at_rest(BFGS, "the slab"), **rest
            )
            known = {"bulk_energy_per_atom": relaxed["energy"] / len(bulk)}
            energies = []
            for number, slab in enumerate(slabs):
                energies.append(calculation.calc({"slab": slab, **known})["surface_energy"])
                progress(number + 1, len(slabs))
        plane = "({} {} {})".format(*wanted.miller)
        if not energies:
            what = f"no termination of {plane} has the crystal's composition on both sides of a slab"
            raise FrameError(what, hint="Choose other Miller indices")
        notes = [f"the lowest of {len(energies)} terminations of {plane}"] if len(energies) > 1 else []
        return Measured({"surface energy": float(min(energies)) * J_PER_M2}, notes=notes)
