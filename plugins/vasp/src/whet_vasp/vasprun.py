"""VaspRun: what stands in a vasprun.xml, in Whet's units, with the settings that really ran."""

from __future__ import annotations

import gzip
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import Labels, LevelOfTheory, units
from whet_vasp.tags import SMEARINGS, dispersion_of, method_of, others, ran_with

if TYPE_CHECKING:
    from ase import Atoms

END = b"</modeling>"
"""How a vasprun.xml ends that VASP came to write whole."""


class Unreadable(Exception):
    """Why there is nothing to read."""


@dataclass(frozen=True)
class IonicStep:
    """One structure of a run, with what VASP found for it.

    electronic: steps of self-consistency. labels: energy (eV) that the forces belong to, forces (eV/Å), stress
    (eV/Å³, tension positive; None where VASP computed none); None where the run was cut off before they were written.
    """

    frame: Atoms
    electronic: int
    labels: Labels | None


class VaspRun:
    """A vasprun.xml (perhaps .gz), read by pymatgen. Raises Unreadable where there is none, or nothing is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise Unreadable("there is no vasprun.xml")
        self.is_cut_off = not _tail(path).rstrip().endswith(END)
        from pymatgen.io.vasp import Vasprun

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self._read: Any = Vasprun(
                    path,
                    parse_dos=False,
                    parse_eigen=False,
                    parse_potcar_file=False,
                    exception_on_bad_xml=False,
                )
                _ = self._read.parameters, self._read.incar, self._read.ionic_steps, self._read.atomic_symbols
            except Exception as error:
                if self.is_cut_off:
                    raise Unreadable("vasprun.xml is cut off") from error
                raise Unreadable(f"vasprun.xml cannot be read ({type(error).__name__}: {error})") from error

    @property
    def incar(self) -> Mapping[str, Any]:
        """The tags that VASP echoes."""
        return self._read.incar

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The tags that VASP ran with, as far as it says so."""
        return self._read.parameters

    @property
    def symbols(self) -> list[str]:
        """Chemical symbol of each atom."""
        return list(self._read.atomic_symbols)

    @property
    def titels(self) -> list[str]:
        """Titel of each pseudopotential, in the order of POTCAR."""
        return [" ".join(str(spec["titel"]).split()) for spec in self._read.potcar_spec]

    @property
    def grid(self) -> tuple[int, ...] | None:
        """Points of the regular k-point grid; None where the points were listed."""
        kpoints = self._read.kpoints
        regular = str(kpoints.style).split(".")[-1] in ("Gamma", "Monkhorst", "Automatic") and kpoints.kpts
        return tuple(round(points) for points in kpoints.kpts[0]) if regular else None

    @property
    def is_about_gamma(self) -> bool:
        """Whether the regular grid of k-points has one at Γ."""
        return str(self._read.kpoints.style).split(".")[-1] == "Gamma" or all(points % 2 for points in self.grid or ())

    @property
    def most_electronic(self) -> int:
        """NELM."""
        return int(self.parameters["NELM"])

    @cached_property
    def steps(self) -> Sequence[IonicStep]:
        """The ionic steps, as far as they were written."""
        return [self._step(raw) for raw in self._read.ionic_steps if raw.get("structure") is not None]

    @cached_property
    def theory(self) -> LevelOfTheory:
        """What really ran, in the words of the labeler's options: equal settings have equal fingerprints."""
        ran = {tag: ran_with(tag, self.incar, self.parameters) for tag in ("ISMEAR", "SIGMA", "EDIFF", "PREC", "LREAL")}
        smearing = {number: name for name, number in SMEARINGS.items()}.get(int(ran["ISMEAR"]), f"{ran['ISMEAR']}")
        precision = {"accu": "Accurate", "norm": "Normal"}.get(str(ran["PREC"]).lower()[:4], str(ran["PREC"]))
        settings = {
            "cutoff": float(ran_with("ENCUT", self.incar, self.parameters)),
            "k_spacing": self._k_spacing,
            "smearing": smearing,
            "width": float(ran["SIGMA"]),
            "convergence": float(ran["EDIFF"]),
            "precision": precision,
            "real_space": bool(ran["LREAL"]),
            "incar": others(self.incar),
        }
        return LevelOfTheory(
            method=method_of(self.incar, self.parameters, self.titels),
            code="VASP",
            dispersion=dispersion_of(self.incar, self.parameters),
            hubbard_u=self.hubbard_u,
            pseudopotentials=family(self.titels),
            settings=settings,
            by_element={"pseudopotentials": {element_of(titel): titel for titel in sorted(self.titels)}},
        )

    @property
    def hubbard_u(self) -> dict[str, float]:
        """Effective U (eV) of the elements that have one."""
        if not self._read.is_hubbard:
            return {}
        return {symbol: float(value) for symbol, value in sorted(self._read.hubbards.items()) if value}

    @property
    def _k_spacing(self) -> float | str:
        """1/Å: KSPACING, or what the grid is at least as dense as, in steps of 0.05."""
        import numpy as np

        if "KSPACING" in self.incar:
            return float(self.incar["KSPACING"])
        if self.grid is None or not self.steps:
            return "listed points"
        lengths = 2 * np.pi * np.linalg.norm(np.asarray(self.steps[0].frame.cell.reciprocal()), axis=1)
        widest = max(length / points for length, points in zip(lengths, self.grid, strict=True))
        return round(math.ceil(widest / 0.05 - 1e-6) * 0.05, 2)

    def _step(self, raw: Mapping[str, Any]) -> IonicStep:
        import numpy as np
        from ase import Atoms

        structure = raw["structure"]
        frame = Atoms(self.symbols, positions=structure.cart_coords, cell=structure.lattice.matrix, pbc=True)
        if int(self.parameters.get("ISPIN") or 1) == 2 and self.parameters.get("MAGMOM"):
            moments = np.ravel(self.parameters["MAGMOM"])
            if len(moments) == len(frame):
                frame.set_initial_magnetic_moments(moments)
        electronic = raw.get("electronic_steps") or []
        energy = _energy(raw, electronic)
        forces = raw.get("forces")
        labels = None
        if energy is not None and forces is not None and np.shape(forces) == (len(frame), 3):
            # Printed in kB with compression positive; ISIF = 1 has nothing but the trace.
            stress = raw.get("stress") if self.parameters.get("ISIF") != 1 else None
            tension = None if stress is None else -units.KBAR * np.asarray(stress, dtype=float)
            labels = Labels(energy, np.asarray(forces, dtype=float), tension)
        return IonicStep(frame, len(electronic), labels)


def family(titels: Sequence[str]) -> str:
    """The family of pseudopotentials: the first word of their titels."""
    return " and ".join(sorted({titel.split()[0] for titel in titels}))


def element_of(titel: str) -> str:
    """Chemical symbol in a titel (`PAW_PBE Na_pv 19Sep2006`)."""
    return titel.split()[1].split("_")[0].split(".")[0]


def _energy(raw: Mapping[str, Any], electronic: Sequence[Mapping[str, Any]]) -> float | None:
    """The free energy, which the forces belong to: of the ionic step, which includes dispersion.

    `e_0_energy`, extrapolated to no smearing, is another one, and some versions write 0 for it there.
    """
    found = raw.get("e_fr_energy")
    if not found and electronic:
        found = electronic[-1].get("e_fr_energy")
    return None if found is None else float(found)


def _tail(path: Path) -> bytes:
    """The last bytes. Raises Unreadable for an empty or damaged file."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                content = b""
                while block := file.read(1 << 20):
                    content = content[-200:] + block
        else:
            with path.open("rb") as file:
                file.seek(max(path.stat().st_size - 200, 0))
                content = file.read()
    except EOFError:
        return b"cut off"
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read ({error})") from error
    if not content.strip():
        raise Unreadable("vasprun.xml is empty")
    return content


def output_in(folder: Path) -> Path:
    """The folder's vasprun.xml, compressed or not."""
    compressed = folder / "vasprun.xml.gz"
    return compressed if compressed.is_file() else folder / "vasprun.xml"
