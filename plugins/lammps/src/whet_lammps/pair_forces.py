"""PairForces: a run whose forces LAMMPS computes itself, with a pair style that the potential exports to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from whet import Labels, NotApplied, Unsupported, units
from whet_lammps.orientation import VOIGT
from whet_lammps.simulation import LammpsSimulation

if TYPE_CHECKING:
    pass

FORM = "lammps:"
"""Forms of a potential that are LAMMPS's pair styles begin so: `lammps:mliap unified`."""

TOLERANCES = {"float64": (1e-5, 1e-4, 1e-6), "float32": (1e-4, 2e-3, 2e-5)}
"""Precision of the potential -> eV/atom, eV/Å, eV/Å³ by which LAMMPS may differ on the starting structure."""


class PairForces(LammpsSimulation):
    """The forces of LAMMPS, compared with the potential's own before the first step.

    A frame carries the potential's own labels; between frames the forces are LAMMPS's. Raises Unsupported where the
    potential exports to no pair style that this LAMMPS has, NotApplied where LAMMPS gives another energy, force or
    stress for the starting structure than the potential.
    """

    stride = 10

    @property
    def labels(self) -> Labels:
        if self.options.is_kept(self.step):
            (labels,) = self.potential.evaluate([self.atoms], self.options.properties)
            return labels
        return Labels(float(self.lammps.get_thermo("pe")), self.oriented.back(self.gathered("f")))

    def forces(self) -> Iterable[str]:
        assert self.library is not None
        forms = [form.removeprefix(FORM) for form in self.potential.native_forms if form.startswith(FORM)]
        known = next((form for form in forms if self.library.has_pair_style(form)), None)
        if known is None:
            what = f"this LAMMPS has none of the pair styles that {self.potential.name!r} exports to"
            hint = "`forces: external` runs any potential in any LAMMPS"
            raise Unsupported(f"{what} ({', '.join(forms) or 'it exports to none'})", hint=hint)
        self.library.prepare_pair_style(known)
        yield from self.potential.native(FORM + known, self.folder, self.types.symbols)
        yield "compute whet_virial all pressure NULL virial"

    def connect(self) -> None:
        self.told("thermo 0", written=False)
        self.run("run 0 post no")
        if self.step == 0:
            self._compare()

    def structure(self) -> tuple[np.ndarray, np.ndarray]:
        images = np.array(self.lammps.gather_atoms("image", 0, 3)).reshape(-1, 3)
        return self.oriented.back(self.gathered("x") + images @ self.box()), self.cell()

    def _compare(self) -> None:
        frame = self.start.copy()
        frame.set_constraint()
        wanted = ("energy", "forces", "stress") if frame.pbc.all() else ("energy", "forces")
        (own,) = self.potential.evaluate([frame], wanted)
        shift = sum(self.potential.energy_shift.get(symbol, 0.0) for symbol in frame.get_chemical_symbols())
        per_atom = abs(float(self.lammps.get_thermo("pe")) - (own.energy - shift)) / len(frame)
        force = float(np.abs(self.oriented.back(self.gathered("f")) - own.forces).max())
        faults = [("energy", per_atom, "eV/atom"), ("force", force, "eV/Å")]
        if own.stress is not None:
            six = np.array(self.lammps.extract_compute("whet_virial", 0, 1)[:6]) * -units.BAR
            turned = self.oriented.tensor(own.stress)
            faults.append(("stress", max(abs(turned[at] - six[k]) for k, at in enumerate(VOIGT)), "eV/Å³"))
        limits = TOLERANCES[self.potential.capabilities.dtype]
        for (name, found, unit), limit in zip(faults, limits, strict=False):
            if not found <= limit:
                raise NotApplied(
                    f"LAMMPS gives another {name} than the potential for the starting structure: off by {found:.2g} "
                    f"{unit}",
                    hint="`forces: external` asks the potential itself",
                )
