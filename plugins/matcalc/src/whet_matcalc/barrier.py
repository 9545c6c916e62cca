"""barrier: energy barrier of a hop, or of any path between two structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from whet import CurveKind, FilePath, FrameError, Measured, Options, OptionsError, Probe, Quantity, read_structures
from whet_matcalc.calculation import PACKAGES, crystal, failures_told
from whet_matcalc.references import CLIMBING_IMAGE, MATCALC

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from pymatgen.core import Structure

    from whet import Progress

CURVE = "Minimum-energy path"
NAMED = ("material", "name")
"""Keys of the info by which an end is found for its material."""


class BarrierOptions(Options):
    """Between which two structures, and how closely the path is followed."""

    final: FilePath | None = None
    """A file with the end of the path, atoms in the order of the material's; of several the one whose `material` or
    `name` is the material's. Without it: the hop of an atom into a vacancy beside it."""
    element: str = ""
    """Of the atom that hops into a vacancy; empty: of the only element that the crystal has."""
    length: float = Field(default=8.0, gt=0)
    """Å; edges of the supercell in which an atom hops are at least as long. Of no effect with `final`."""
    relax: bool = True
    """Relax the crystal in which an atom hops, its cell too. Of no effect with `final`, whose cell is kept."""
    images: int = Field(default=5, ge=1, le=50)
    """Structures between the two ends."""
    climb: bool = True
    """Let the highest one climb to the saddle point."""
    fmax: float = Field(default=0.05, gt=0)
    """Largest force on an atom of the ends and of the path, eV/Å."""
    steps: int = Field(default=300, ge=1)
    """Steps of each relaxation, and of the path, at the most."""


class Barrier(Probe[BarrierOptions]):
    """The nudged elastic band of ASE, by MatCalc: ends relaxed in their cell, the path interpolated between them."""

    name = "barrier"
    title = "migration barrier"
    unpickles = False
    packages = PACKAGES
    quantities: ClassVar = (
        Quantity("barrier", "eV", "From the start of the path to its top.", 3),
        Quantity("reaction energy", "eV", "From the start of the path to its end.", 3),
    )
    curves: ClassVar = (CurveKind(CURVE, "image", "energy", "", "eV", "Above the start of the path."),)

    @classmethod
    def find_files(cls, options: BarrierOptions) -> Mapping[str, Path]:
        """The ends."""
        return {} if options.final is None else {"final": Path(options.final)}

    @classmethod
    def references(cls, options: BarrierOptions) -> Sequence[str]:
        """MatCalc, and the method."""
        return [MATCALC, CLIMBING_IMAGE]

    @classmethod
    def most_frames(cls, options: BarrierOptions) -> int:
        """The steps of the crystal, of the two ends, and of each image."""
        return (3 + options.images) * (options.steps + 2)

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """FrameError where there is no such hop, the ends are not of the same atoms, or the path does not settle."""
        from ase.optimize import BFGS, FIRE

        from whet_matcalc.asked_calculator import AskedCalculator
        from whet_matcalc.at_rest import at_rest
        from whet_matcalc.matcalc_import import matcalc_module

        wanted = self.options
        structure = crystal(atoms, "a barrier here")
        with failures_told("barrier"):
            upstream = matcalc_module()
            asked = AskedCalculator(calculator, progress, self.most_frames(wanted))
            rest = {"fmax": wanted.fmax, "max_steps": wanted.steps}
            if "final" in self.files:
                start, end = structure, self._final(atoms)
            else:
                if wanted.relax:
                    relaxer = upstream.RelaxCalc(asked, optimizer=at_rest(FIRE, "the crystal"), **rest)
                    structure = relaxer.calc(structure)["final_structure"]
                start, end = self._hop(structure)
            band = upstream.NEBCalc(asked, optimizer=at_rest(BFGS, "the path"), climb=wanted.climb, **rest)
            resting = {"optimizer": at_rest(FIRE, "an end of the path")}
            ends = band.calc_endpoints(start, end, relax_calc_kwargs=resting)
            found = band.calc_images(*(one["final_structure"] for one in ends), n_images=wanted.images, autosort_tol=0)
        energies = found["mep"].energies
        curve = [(float(number), float(energy - energies[0]), 0) for number, energy in enumerate(energies)]
        values = {"barrier": float(found["barrier"]), "reaction energy": float(found["reaction_energy"])}
        if values["barrier"] < wanted.fmax / 1000:
            raise FrameError("the two ends relax into one structure, or nothing lies between them", hint="Check them")
        return Measured(values, {CURVE: curve})

    def _hop(self, structure: Structure) -> tuple[Structure, Structure]:
        """A supercell without one atom, and the same with its nearest like atom in its place."""
        import numpy as np

        there = sorted(structure.symbol_set)
        element = self.options.element or (there[0] if len(there) == 1 else "")
        if element not in there:
            what = f"the crystal has no {element}" if element else f"which element hops, {' or '.join(there)}?"
            raise FrameError(what, hint=f"Give the option `element`: {', '.join(there)}")
        cell = structure.copy()
        cell.make_supercell([int(np.ceil(self.options.length / edge)) for edge in structure.lattice.abc])
        like = [number for number, site in enumerate(cell) if site.specie.symbol == element]
        if len(like) < 2:
            raise FrameError(f"the cell has one atom of {element}", hint="Raise `length`")
        gone, others = like[0], like[1:]
        apart = np.array([cell[gone].distance(cell[other]) for other in others])
        hops = others[int(np.flatnonzero(apart < apart.min() + 1e-6)[0])]
        start, end = cell.copy(), cell.copy()
        end.translate_sites(hops, cell[gone].frac_coords - cell[hops].frac_coords, to_unit_cell=False)
        for one in (start, end):
            one.remove_sites([gone])
        return start, end

    def _final(self, atoms: Atoms) -> Structure:
        """The other end for this material. OptionsError where the file has none, FrameError where it does not fit."""
        path = self.files["final"]
        frames = read_structures(path)
        said = [next((str(one.info[key]) for key in NAMED if key in one.info), "") for one in [atoms, *frames]]
        own = [frame for frame, name in zip(frames, said[1:], strict=True) if name == said[0]]
        own = own or (list(frames) if len(frames) == 1 and not said[1] else [])
        if len(own) != 1:
            what = f"{len(own)} structures are called {said[0]!r}" if said[0] else "the material has no name to find"
            raise OptionsError(what, where=str(path), hint="Give each end the `material` of its start")
        end = own[0]
        if list(end.numbers) != list(atoms.numbers) or abs(end.cell.array - atoms.cell.array).max() > 1e-4:
            raise FrameError("the end of the path has other atoms, another order of them, or another cell")
        return crystal(end, "a barrier here")
