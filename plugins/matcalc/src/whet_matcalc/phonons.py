"""phonons: dispersion, highest frequencies and heat capacity out of finite displacements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from whet import CurveKind, FrameError, Measured, Options, Probe, Quantity
from whet_matcalc.calculation import PACKAGES, crystal, failures_told
from whet_matcalc.references import MATCALC, PHONOPY

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from ase.calculators.calculator import Calculator
    from pymatgen.core import Structure

    from whet import Progress

ACOUSTIC = 3
SAME_PLACE = 1e-3
"""Å; atoms that a smaller cell maps onto each other, in other words: how much of a supercell is still one."""

DISPERSION = "Phonon dispersion"


class PhononsOptions(Options):
    """Cell, displacement, temperature."""

    relax: bool = True
    """Relax cell and atoms first. A structure that is not at rest has no phonons."""
    primitive: bool = True
    """Of the primitive cell of the material, which has the fewest branches; else of the cell as it is given."""
    length: float = Field(default=12.0, gt=0)
    """Å; the supercell's edges are at least as long."""
    displacement: float = Field(default=0.015, gt=0, le=0.2)
    """Å; how far an atom is moved."""
    temperature: float = Field(default=300.0, gt=0)
    """K, of the heat capacity."""
    imaginary: float = Field(default=0.05, ge=0)
    """THz; modes count as imaginary from this size on. Rounding alone makes acoustic ones a little so."""
    points: int = Field(default=40, ge=2, le=500)
    """Points along the path of the dispersion, about."""
    fmax: float = Field(default=0.001, gt=0)
    """Largest force on an atom, and on the cell (ASE's measure, stress × volume), eV/Å."""
    steps: int = Field(default=1000, ge=1)
    """Relaxation steps at the most."""


class Phonons(Probe[PhononsOptions]):
    """Forces of displaced atoms in a supercell, by MatCalc and phonopy; no splitting of longitudinal optical modes."""

    name = "phonons"
    result_version = 2
    unpickles = False
    packages = PACKAGES
    quantities: ClassVar = (
        Quantity("highest frequency", "THz", "Of all modes on phonopy's mesh.", 3, stiffness=0.5),
        Quantity("optical frequency", "THz", "Highest at Γ, without the splitting LO–TO.", 3, stiffness=0.5),
        Quantity("heat capacity", "J/K/mol", "At constant volume, per mole of cells.", 2),
        Quantity("imaginary modes", "%", "Share of the modes on the mesh.", 1),
    )
    curves: ClassVar = (CurveKind(DISPERSION, "path", "frequency", "1/Å", "THz", "Imaginary ones below zero."),)

    @classmethod
    def references(cls, options: PhononsOptions) -> Sequence[str]:
        """MatCalc, and phonopy."""
        return [MATCALC, PHONOPY]

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """FrameError where the material is no crystal, does not come to rest, or has no real mode."""
        from ase.optimize import FIRE

        from whet_matcalc.asked_calculator import AskedCalculator
        from whet_matcalc.at_rest import at_rest
        from whet_matcalc.matcalc_import import matcalc_module

        wanted = self.options
        cell = crystal(atoms, "phonons")
        with failures_told("phonons"):
            if wanted.primitive:
                cell = cell.get_primitive_structure(tolerance=SAME_PLACE, use_site_props=True)
            found = (
                matcalc_module()
                .PhononCalc(
                    AskedCalculator(calculator, progress),
                    atom_disp=wanted.displacement,
                    min_length=wanted.length,
                    t_min=wanted.temperature,
                    t_max=wanted.temperature,
                    t_step=1,
                    fmax=wanted.fmax,
                    max_steps=wanted.steps,
                    optimizer=at_rest(FIRE),
                    relax_structure=wanted.relax,
                    write_phonon=False,
                )
                .calc(cell)
            )
            phonon, mesh = found["phonon"], found["frequencies"]
            phonon.run_qpoints([[0, 0, 0]])
            at_gamma = sorted(phonon.qpoints.frequencies[0], key=abs)
            curve, marks, path = self._dispersion(phonon, cell)
        if mesh.max() <= 0:
            raise FrameError("no mode is real: the structure is no minimum")
        values = {
            "highest frequency": mesh.max(),
            "heat capacity": found["thermal_properties"]["heat_capacity"][0],
            "imaginary modes": 100 * (mesh < -wanted.imaginary).mean(),
        }
        if len(at_gamma) > ACOUSTIC:
            values["optical frequency"] = max(at_gamma[ACOUSTIC:])
        values = {name: float(number) for name, number in values.items()}
        return Measured(values, {DISPERSION: curve}, list(self._notes(mesh, values, path)), {DISPERSION: marks})

    def _dispersion(
        self, phonon: Any, cell: Structure
    ) -> tuple[list[tuple[float, float, int]], list[tuple[float, str]], str]:
        """Points along ASE's path through the Brillouin zone of the cell as it was given, their marks, and it in words.

        One path for all potentials: relaxed cells differ from each other.
        """
        import numpy as np
        from ase.cell import Cell
        from ase.dft.kpoints import parse_path_string

        lattice = Cell(cell.lattice.matrix)
        path = lattice.bandpath(npoints=0)
        sections = parse_path_string(path.path)
        legs = [
            (section, path.special_points[start], path.special_points[end])
            for section, names in enumerate(sections)
            for start, end in pairwise(names)
        ]
        lengths = [2 * np.pi * np.linalg.norm((end - start) @ lattice.reciprocal()) for _, start, end in legs]
        drawn: list[tuple[float, float, int]] = []
        passed = 0.0
        for (section, start, end), length in zip(legs, lengths, strict=True):
            steps = np.linspace(0, 1, max(2, round(self.options.points * length / sum(lengths)) + 1))
            phonon.run_qpoints(start + steps[:, None] * (end - start))
            bands: np.ndarray = phonon.qpoints.frequencies
            branches = bands.shape[1]
            for branch, frequencies in enumerate(bands.T):
                place = section * branches + branch  # no line across a gap in the path
                along = passed + steps * length
                drawn += [(float(x), float(f), place) for x, f in zip(along, frequencies, strict=True)]
            passed += length
        ends = np.concatenate([[0.0], np.cumsum(lengths)]).tolist()
        return drawn, list(zip(ends, _stations(sections), strict=True)), path.path.replace(",", "|").replace("G", "Γ")

    def _notes(self, mesh: np.ndarray, values: dict[str, float], path: str) -> Sequence[str]:
        notes = [f"dispersion along {path}"]
        if values["imaginary modes"]:
            worst = f"{values['imaginary modes']:.3g} % of the modes are imaginary, down to {mesh.min():.3g} THz"
            notes.append(f"{worst}: the structure is no minimum, and the heat capacity leaves them out")
        return notes


def _stations(sections: Sequence[Sequence[str]]) -> list[str]:
    """`Γ`, `X`, `K|U`: what stands where a leg begins or ends; two points where the path jumps."""
    found: list[str] = []
    for names in sections:
        first, *rest = (name.replace("G", "Γ") for name in names)
        found[-1:] = [f"{found[-1]}|{first}"] if found else [first]
        found += rest
    return found
