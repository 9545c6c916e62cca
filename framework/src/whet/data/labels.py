"""Labels: what a potential predicts or a labeler computes for one frame; and Failure, a label that could not be had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from whet.data.errors import FrameError
from whet.data.units import VOIGT

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

EXTRA_SHAPES: dict[str, tuple[str, str]] = {
    "energies": ("atom", "eV"),
    "magmoms": ("atom", "μB"),
    "charges": ("atom", "e"),
    "dipole": ("3", "e·Å"),
    "free_energy": ("", "eV"),
    "force_spread": ("atom", "eV/Å"),
}
"""Registered names of `Labels.extra`: shape (`atom` is n_atoms) and unit. They are ASE's names, but for
`force_spread`: the standard deviation of an atom's force over the members of a committee."""


LABEL_PREFIXES = ("REF_", "", "dft_", "DFT_", "ref_")
FORCES_NAMES = ("forces", "force")
VIRIAL_NAMES = ("virials", "virial")
"""Labels in a file stand under these prefixes and, after them, `energy`, `stress` and one of these names."""

LABEL_NAMES = frozenset(
    prefix + name
    for prefix in LABEL_PREFIXES
    for name in ("energy", "free_energy", "stress", *FORCES_NAMES, *VIRIAL_NAMES)
)
"""Every key of a frame's info and arrays under which a label may stand."""


def without_labels(atoms: Atoms) -> Atoms:
    """A copy of the frame with everything but its labels, under whatever usual name and prefix these stand."""
    bare = atoms.copy()
    for name in LABEL_NAMES:
        bare.info.pop(name, None)
        bare.arrays.pop(name, None)
    return bare


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of one frame.

    | field  | shape        | unit                                            |
    |--------|--------------|-------------------------------------------------|
    | energy | scalar       | eV, total; the energy that the forces belong to |
    | forces | (n_atoms, 3) | eV/Å                                            |
    | stress | (3, 3)       | eV/Å³, tension positive; None where not had     |
    | extra  | by name      | see EXTRA_SHAPES                                |
    """

    energy: float
    forces: np.ndarray
    stress: np.ndarray | None = None
    extra: Mapping[str, np.ndarray] = field(default_factory=dict)

    def checked(self, n_atoms: int) -> Labels:
        """Itself with float64 arrays, once shapes fit `n_atoms` and every number is finite. Raises FrameError."""
        import numpy as np

        forces = np.asarray(self.forces, dtype=np.float64)
        if forces.shape != (n_atoms, 3):
            raise FrameError(f"forces have the shape {forces.shape}, a frame of {n_atoms} atoms needs ({n_atoms}, 3)")
        stress = None if self.stress is None else np.asarray(self.stress, dtype=np.float64)
        if stress is not None and stress.shape != (3, 3):
            raise FrameError(f"stress has the shape {stress.shape}, not (3, 3)")
        energy = float(self.energy)
        for name, value in (("energy", energy), ("forces", forces), ("stress", stress)):
            if value is not None and not np.all(np.isfinite(value)):
                raise FrameError(f"{name} {'is' if name != 'forces' else 'are'} not finite (NaN or infinite)")
        for name, value in self.extra.items():
            if name not in EXTRA_SHAPES:
                raise FrameError(f"extra label {name!r} is not registered: one of {', '.join(EXTRA_SHAPES)}")
            if not np.all(np.isfinite(value)):
                raise FrameError(f"{name} is not finite (NaN or infinite)")
        return replace(self, energy=energy, forces=forces, stress=stress)

    def shifted(self, energy: float) -> Labels:
        """The same labels with `energy` (eV) added to the total energy."""
        return replace(self, energy=self.energy + energy)

    def attach(self, atoms: Atoms) -> Atoms:
        """A copy of the frame that carries these labels as ASE's single-point results, and no others."""
        import numpy as np
        from ase.calculators.singlepoint import SinglePointCalculator

        labeled = without_labels(atoms)
        results: dict[str, object] = {"energy": self.energy, "forces": np.array(self.forces), **self.extra}
        if self.stress is not None:
            results["stress"] = np.array([self.stress[i, j] for i, j in VOIGT])
        labeled.calc = SinglePointCalculator(labeled)
        labeled.calc.results = results  # ASE's constructor takes no name that it does not know
        return labeled

    def as_arrays(self) -> dict[str, np.ndarray]:
        """The labels as arrays by name, to be kept in an archive; `from_arrays` reads them back bit for bit."""
        import numpy as np

        found = {"energy": np.float64(self.energy), "forces": np.asarray(self.forces, dtype=np.float64)}
        if self.stress is not None:
            found["stress"] = np.asarray(self.stress)
        return found | {f"extra/{name}": np.asarray(value) for name, value in self.extra.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Labels:
        """The labels among these arrays; others are passed over. KeyError where there are none."""
        return cls(
            energy=float(arrays["energy"]),
            forces=arrays["forces"],
            stress=arrays.get("stress"),
            extra={name.removeprefix("extra/"): arrays[name] for name in arrays if name.startswith("extra/")},
        )

    @classmethod
    def of(cls, atoms: Atoms) -> Labels:
        """The labels that a frame carries. FrameError where it carries no energy or no forces."""
        import numpy as np

        results = getattr(atoms.calc, "results", {}) if atoms.calc is not None else {}
        for needed in ("energy", "forces"):
            if results.get(needed) is None:
                raise FrameError(f"the frame carries no {needed}")
        stress = results.get("stress")
        if stress is not None and np.shape(stress) != (3, 3):
            xx, yy, zz, yz, xz, xy = np.asarray(stress, dtype=np.float64)
            stress = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        extra = {name: np.asarray(results[name]) for name in EXTRA_SHAPES if results.get(name) is not None}
        return cls(float(results["energy"]), np.asarray(results["forces"], dtype=np.float64), stress, extra)


@dataclass(frozen=True)
class Failure:
    """A label that could not be had: why, and where the log is (empty where there is none)."""

    reason: str
    log: str = ""
