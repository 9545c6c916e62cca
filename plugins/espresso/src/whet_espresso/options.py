"""EspressoOptions: what a user may ask of pw.x."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from whet import CodeOptions, FolderPath, NameOrPath


class EspressoOptions(CodeOptions):
    """Pseudopotentials, functional, cutoffs, k-points, smearing, convergence; and how pw.x is run."""

    pseudopotentials: dict[str, NameOrPath] = Field(min_length=1)
    """File of the pseudopotential (UPF) by chemical symbol, in `pseudo_folder` or as a path."""
    pseudo_folder: FolderPath = ""
    """The folder of those that are given by name. Its place moves no label: they count by their content."""
    xc: str | None = None
    """Exchange-correlation functional by Quantum ESPRESSO's name (`PBE`, `SCAN`); by default, and better, the one that
    the pseudopotentials were made with."""
    dispersion: Literal["D3", "D3(BJ)"] | None = None
    """Grimme's D3, with zero or Becke-Johnson damping, without the three-body term."""
    hubbard_u: dict[str, float] = Field(default_factory=dict)
    """eV, by element and shell (`{Fe-3d: 4.0}`); U − J, by Dudarev."""
    hubbard_projectors: Literal["atomic", "ortho-atomic"] = "atomic"
    """What the occupations of `hubbard_u` are taken of."""
    hubbard_input: Literal["card", "namelist"] = "card"
    """How `hubbard_u` is said: `card` from version 7.1 on, `namelist` before it (which knows one shell an element)."""
    cutoff: float = Field(default=800.0, gt=0)
    """eV; of the wave functions (one Rydberg is 13.6 eV)."""
    density_cutoff: float | None = Field(default=None, gt=0)
    """eV; of the density: by default 4 times `cutoff` where all pseudopotentials conserve the norm, else 10 times."""
    k_spacing: float = Field(default=0.3, gt=0)
    """1/Å, with the 2π; the k-points are the coarsest regular grid about Γ that is at least as dense. 10 is Γ alone."""
    smearing: float = Field(default=0.05, ge=0)
    """eV; width of the occupation, 0 for fixed ones. The energy is the free energy, which the forces belong to."""
    smearing_kind: Literal["fermi-dirac", "gaussian", "marzari-vanderbilt", "methfessel-paxton"] = "fermi-dirac"
    """Shape of the occupation."""
    spin: bool | None = None
    """Spin polarization; by default where the frame has initial magnetic moments, `info["spin"]` above 1, or an odd
    number of electrons."""
    convergence: float = Field(default=1e-8, gt=0)
    """eV; estimated error of the energy at which self-consistency is reached."""
    input: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Anything else of pw.x's namelists (`{ELECTRONS: {mixing_beta: 0.3}, SYSTEM: {nbnd: 40}}`)."""
    max_iterations: int = Field(default=200, ge=1)
    """Self-consistent iterations before a frame fails."""
    vacuum: float = Field(default=8.0, ge=0)
    """Å; a frame fails that has less between its atoms and their images along a direction that is not periodic."""

    not_identity = CodeOptions.not_identity | {"pseudo_folder", "hubbard_input", "max_iterations", "vacuum"}

    @field_validator("hubbard_u")
    @classmethod
    def _with_shell(cls, value: dict[str, float]) -> dict[str, float]:
        for name in value:
            if not re.fullmatch(r"[A-Z][a-z]?-[1-7][spdf]", name):
                raise ValueError(f"{name!r} names no element and shell; write for example Fe-3d")
        return value

    @field_validator("input")
    @classmethod
    def _free(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for namelist, keys in value.items():
            if namelist.upper() not in ("CONTROL", "SYSTEM", "ELECTRONS"):
                raise ValueError(f"there is no {namelist} in a single calculation; known: CONTROL, SYSTEM, ELECTRONS")
            for key in keys:
                if instead := OWNED.get(re.sub(r"\(.*", "", key.lower()).strip()):
                    raise ValueError(f"{namelist}.{key} is Whet's to set: {instead}")
        return value


_LABELS = "it is what labels are read from"
_FRAME = "it comes from the frame"
_U = "use the option hubbard_u"
OWNED: dict[str, str] = {
    **dict.fromkeys(("calculation", "prefix", "outdir", "tprnfor", "tstress", "restart_mode", "verbosity"), _LABELS),
    **dict.fromkeys(("scf_must_converge", "noncolin", "lspinorb"), "labels are of collinear, converged calculations"),
    **dict.fromkeys(("ibrav", "celldm", "a", "b", "c", "cosab", "cosac", "cosbc", "nat", "ntyp"), _FRAME),
    **dict.fromkeys(("lda_plus_u", "lda_plus_u_kind", "hubbard_u", "hubbard_j", "u_projection_type"), _U),
    **dict.fromkeys(("vdw_corr", "dftd3_version", "london"), "use the option dispersion"),
    "tot_charge": "give the frame info['charge']",
    "tot_magnetization": "give the frame info['spin']",
    "starting_magnetization": "give the frame initial magnetic moments",
    "nspin": "use the option spin",
    "pseudo_dir": "use the option pseudo_folder",
    "input_dft": "use the option xc",
    "ecutwfc": "use the option cutoff",
    "ecutrho": "use the option density_cutoff",
    "occupations": "use the option smearing",
    "degauss": "use the option smearing",
    "smearing": "use the option smearing_kind",
    "conv_thr": "use the option convergence",
    "electron_maxstep": "use the option max_iterations",
}
"""Keys of the namelists that `input` must not touch: what to do instead."""
