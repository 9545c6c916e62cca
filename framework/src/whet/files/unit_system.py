"""UnitSystem: the units in which somebody wrote down labels, stated in words, and the factors out of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet.data.errors import FrameError, InputError
from whet.data.units import BAR, BOHR, GPA, HARTREE, KBAR, KCAL_PER_MOL, KJ_PER_MOL

if TYPE_CHECKING:
    import numpy as np

ENERGIES = {
    "eV": 1.0,
    "meV": 1e-3,
    "hartree": HARTREE,
    "rydberg": HARTREE / 2,
    "kcal/mol": KCAL_PER_MOL,
    "kJ/mol": KJ_PER_MOL,
}
"""Words for units of energy, and each in eV."""

LENGTHS = {"Å": 1.0, "bohr": BOHR, "nm": 10.0}
"""Words for units of length, and each in Å."""

STRESSES = {"eV/Å^3": 1.0, "GPa": GPA, "kbar": KBAR, "bar": BAR, "hartree/bohr^3": HARTREE / BOHR**3}
"""Words for units of stress, and each in eV/Å³."""

SIGNS = {"tension": 1.0, "compression": -1.0}
"""What a positive stress is, and the factor to where it is tension."""

SAME = {
    "ha": "hartree",
    "eh": "hartree",
    "ry": "rydberg",
    "ryd": "rydberg",
    "kcal": "kcal/mol",
    "a": "Å",
    "å": "Å",
    "ang": "Å",
    "angs": "Å",
    "angstrom": "Å",
    "au": "bohr",
    "a0": "bohr",
    "kb": "kbar",
    "ev/å³": "eV/Å^3",
    "ev/a^3": "eV/Å^3",
    "ev/a3": "eV/Å^3",
    "ev/ang^3": "eV/Å^3",
    "ev/angstrom^3": "eV/Å^3",
}
"""Other spellings, in small letters."""


@dataclass(frozen=True)
class UnitSystem:
    """Units of energy and length; forces follow from both, and stress does unless it has its own unit.

    positive: what a positive stress is, `tension` (as in ASE) or `compression` (as VASP prints it). A virial is always
    an energy, and is −stress × volume with tension positive.
    """

    energy: str = "eV"
    length: str = "Å"
    stress: str = ""
    positive: str = "tension"

    @classmethod
    def parse(cls, text: str, stress: str = "", positive: str = "", where: str = "--units") -> UnitSystem:
        """The units that `ENERGY,LENGTH` names (`eV,Å`, `hartree,bohr`).

        Raises InputError for a word that is none, and for a unit of stress without what a positive stress is.
        """
        energy, comma, length = (part.strip() for part in text.partition(","))
        if not comma:
            hint = "For example eV,Å or hartree,bohr"
            raise InputError(f"{text!r} is no unit of energy, a comma, and a unit of length", where=where, hint=hint)
        if stress and not positive:
            hint = "Add --stress-sign tension (ASE, tension is positive) or --stress-sign compression (VASP's OUTCAR)"
            raise InputError("a unit of stress says nothing about its sign", where="--stress-unit", hint=hint)
        return cls(
            _known(energy, ENERGIES, "unit of energy", where),
            _known(length, LENGTHS, "unit of length", where),
            _known(stress, STRESSES, "unit of stress", "--stress-unit") if stress else "",
            _known(positive, SIGNS, "sign of a stress", "--stress-sign") if positive else "tension",
        )

    @classmethod
    def stated_in(cls, about: Mapping[str, Any]) -> UnitSystem | None:
        """The units that a frame's own keys state: `energy_unit=eV forces_unit=eV/A`; None where they state none.

        Raises FrameError where they are not known, or do not fit together.
        """
        energy, forces = (about.get(name) for name in ("energy_unit", "forces_unit"))
        if energy is None or forces is None:
            return None
        place = "energy_unit, forces_unit"
        try:
            per, _, length = str(forces).rpartition("/")
            found = cls.parse(f"{energy},{length}", where=place)
            if _known(per, ENERGIES, "unit of energy", place) != found.energy:
                raise FrameError(f"energies are in {energy}, but forces in {forces}", where=place)
            if (stress := about.get("stress_unit")) is not None:
                given = STRESSES[_known(str(stress), STRESSES, "unit of stress", "stress_unit")]
                if abs(given / found.stress_factor - 1) > 1e-6:
                    raise FrameError(f"the stress is in {stress}; its sign is not stated", where="stress_unit")
        except InputError as error:
            raise FrameError(error.what, where=error.where, hint=error.hint) from None
        return found

    @property
    def energy_factor(self) -> float:
        """From energies as written to eV."""
        return ENERGIES[self.energy]

    @property
    def length_factor(self) -> float:
        """From lengths as written to Å."""
        return LENGTHS[self.length]

    @property
    def force_factor(self) -> float:
        """From forces as written to eV/Å."""
        return self.energy_factor / self.length_factor

    @property
    def stress_factor(self) -> float:
        """From stresses as written to eV/Å³, tension positive."""
        unit = STRESSES[self.stress] if self.stress else self.energy_factor / self.length_factor**3
        return unit * SIGNS[self.positive]

    @property
    def is_own(self) -> bool:
        """Whether nothing needs to be converted."""
        return all(factor == 1 for factor in (self.energy_factor, self.length_factor, self.stress_factor))

    def scale(self, value: Any, factor: float) -> np.ndarray:
        """Numbers times a factor; as they are, bit for bit, where it is one."""
        import numpy as np

        array = np.asarray(value, dtype=np.float64)
        return array if factor == 1 else array * factor

    def __str__(self) -> str:
        stress = f", stress in {self.stress}, {self.positive} positive" if self.stress else ""
        return f"{self.energy}, {self.length}{stress}"


def _known(word: str, table: Mapping[str, float], what: str, where: str) -> str:
    lowered = word.strip().lower()
    plain = {known.lower(): known for known in table}
    found = plain.get(lowered) or SAME.get(lowered, "")
    if found not in table:
        hint = f"Known: {', '.join(table)}"
        raise InputError(f"{word!r} is no {what}", where=where, hint=hint)
    return found
