"""TbliteLabeler: labels of an extended tight-binding Hamiltonian (xTB)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from whet import Failure, FrameError, Labeler, Labels, LevelOfTheory, Options, multiplicity, total_charge, units
from whet_tblite.references import GFN1, GFN2

if TYPE_CHECKING:
    from ase import Atoms

GUESSES = {"sad": 0, "eeq": 1}


class TbliteOptions(Options):
    """The Hamiltonian, and how exactly it is solved."""

    method: Literal["GFN1-xTB", "GFN2-xTB", "IPEA1-xTB"] = "GFN1-xTB"
    """Parametrization of the Hamiltonian. In periodic cells the energy of IPEA1-xTB has jumps of some 1e-4 eV between
    neighboring geometries (tblite 0.8), which its forces do not know; those of the other two are smooth."""
    accuracy: float = Field(default=1.0, gt=0)
    """Factor on the thresholds of integrals and self-consistency: smaller is more exact."""
    electronic_temperature: float = Field(default=300.0, gt=0)
    """K; of the occupation of orbitals. The energy is the free energy at it."""
    max_iterations: int = Field(default=250, ge=1)
    """Self-consistent iterations before a frame fails. Moves no label."""
    mixer_damping: float = Field(default=0.4, gt=0, le=1)
    """Damping of the self-consistent mixer; smaller helps frames that do not converge."""
    initial_guess: Literal["sad", "eeq"] = "sad"
    """Where the self-consistency starts: superposed atomic densities, or charges of electronegativity equilibration."""
    spin_polarization: float | None = None
    """Scale of the spin-polarization energy (1 for spGFN); without it unpaired electrons only fill orbitals."""


class TbliteLabeler(Labeler[TbliteOptions]):
    """Extended tight binding by tblite: GFN1-xTB, GFN2-xTB, IPEA1-xTB, for molecules, their liquids and crystals.

    A frame's total charge is `info["charge"]` (e), else the sum of its initial charges; its multiplicity 2S + 1 is
    `info["spin"]`, else the lowest. Energy is the electronic free energy, which forces and stress are derivatives
    of; extra labels are `charges` (e, Mulliken) and, for molecules, `dipole` (e·Å).
    """

    name = "tblite"
    title = "tblite"
    packages: ClassVar[Mapping[str, str]] = {"tblite": "tblite>=0.8"}

    @classmethod
    def references(cls, options: TbliteOptions) -> Sequence[str]:
        return {"GFN1-xTB": (GFN1,), "GFN2-xTB": (GFN2,)}.get(options.method, ())

    @property
    def theory(self) -> LevelOfTheory:
        settings = self.options.as_json()
        del settings["max_iterations"]
        return LevelOfTheory(settings.pop("method"), code="tblite", settings=settings)

    def label(self, frames: Sequence[Atoms], folder: Path) -> Iterator[Labels | Failure]:
        """As the contract says. A frame fails where self-consistency is not reached, atoms coincide, an element is
        beyond Z = 86, the multiplicity does not fit the electrons, or only some directions are periodic.
        """
        from tblite.exceptions import TBLiteRuntimeError, TBLiteValueError

        for frame in frames:
            try:
                answer = self._solved(frame)
            except (FrameError, TBLiteRuntimeError, TBLiteValueError) as error:
                answer = Failure(" ".join(str(error).split()))
            yield answer

    def _solved(self, frame: Atoms) -> Labels:
        from ase.units import Bohr, kB
        from tblite.interface import Calculator

        options = self.options
        periodic = bool(frame.pbc.any())
        if periodic and not frame.pbc.all():
            raise FrameError("periodic in some directions only; tblite would take it as periodic in all")
        charge = total_charge(frame)
        lattice = {"lattice": frame.cell.array / Bohr, "periodic": frame.pbc} if periodic else {}
        solver = Calculator(
            options.method, frame.numbers, frame.positions / Bohr, charge, unpaired(frame, charge), **lattice
        )
        for attribute, value in (
            ("verbosity", 0),
            ("accuracy", options.accuracy),
            ("temperature", options.electronic_temperature * kB / units.HARTREE),
            ("max-iter", options.max_iterations),
            ("mixer-damping", options.mixer_damping),
            ("guess", GUESSES[options.initial_guess]),
        ):
            solver.set(attribute, value)
        if options.spin_polarization is not None:
            solver.add("spin-polarization", options.spin_polarization)
        found = solver.singlepoint()
        extra = {"charges": found.get("charges")}
        if not periodic:
            extra["dipole"] = found.get("dipole") * Bohr
        return Labels(
            energy=float(found.get("energy")) * units.HARTREE,
            forces=-found.get("gradient") * (units.HARTREE / Bohr),
            # tblite's virial is the derivative of the energy with respect to strain: tension positive, once over volume
            stress=found.get("virial") * (units.HARTREE / frame.get_volume()) if periodic else None,
            extra=extra,
        )


def unpaired(frame: Atoms, charge: float) -> int:
    """Unpaired electrons: the frame's multiplicity less one, else as few as the number of electrons allows."""
    stated = multiplicity(frame)
    return round(float(frame.numbers.sum()) - charge) % 2 if stated is None else stated - 1
