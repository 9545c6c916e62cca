"""Cp2kOptions: what a user may ask of CP2K."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from whet import CodeOptions, NameOrPath
from whet_cp2k.functionals import sections_of
from whet_cp2k.sections import paths


class Cp2kOptions(CodeOptions):
    """Functional, basis, pseudopotentials, grid, k-points, smearing, convergence; and how CP2K is run."""

    xc: str = "PBE"
    """Exchange-correlation functional: `LDA`, `PBE`, `PBEsol`, `revPBE`, `RPBE`, `BLYP`, `TPSS`, `SCAN`, `r2SCAN`, or
    names of libxc joined by + (`GGA_X_RPBE+GGA_C_PBE`)."""
    dispersion: Literal["D3", "D3(BJ)"] | None = None
    """Grimme's D3, with zero or Becke-Johnson damping and the parameters of `xc`."""
    dispersion_cutoff: float = Field(default=25.0, gt=0)
    """Å; pairs of atoms beyond it have no dispersion."""
    basis: str = "DZVP-MOLOPT-SR-GTH"
    """Basis set of the elements that `basis_by_element` does not name."""
    basis_by_element: dict[str, str] = Field(default_factory=dict)
    """Basis set by chemical symbol."""
    potential: str = "GTH-PBE"
    """Pseudopotential of the elements that `potential_by_element` does not name; it should be of `xc`'s family."""
    potential_by_element: dict[str, str] = Field(default_factory=dict)
    """Pseudopotential by chemical symbol (`{Cu: GTH-PBE-q11}`)."""
    basis_files: list[NameOrPath] = Field(default=["BASIS_MOLOPT"], min_length=1)
    """Where the basis sets stand: names of files that come with CP2K, or paths."""
    potential_files: list[NameOrPath] = Field(default=["GTH_POTENTIALS"], min_length=1)
    """Where the pseudopotentials stand: names of files that come with CP2K, or paths."""
    cutoff: float = Field(default=8000.0, gt=0)
    """eV; of the finest grid (one Rydberg is 13.6 eV)."""
    relative_cutoff: float = Field(default=800.0, gt=0)
    """eV; decides which Gaussians go onto which of the coarser grids."""
    k_spacing: float = Field(default=0.3, gt=0)
    """1/Å, with the 2π; the k-points are the coarsest regular grid about Γ that is at least as dense. 10 is Γ alone."""
    smearing: float = Field(default=0.05, ge=0)
    """eV; width of the Fermi-Dirac occupation. The energy is the free energy, which the forces belong to."""
    spin: bool | None = None
    """Spin polarization; by default where the frame has initial magnetic moments, `info["spin"]` above 1, or an odd
    number of electrons."""
    solver: Literal["diagonalization", "ot"] = "diagonalization"
    """How self-consistency is reached; `ot` (orbital transformation) is for gapped systems at Γ without smearing."""
    convergence: float = Field(default=1e-6, gt=0)
    """CP2K's EPS_SCF: the largest change of the density matrix, or with `ot` the largest gradient (no unit)."""
    poisson: Literal["ANALYTIC", "MT", "WAVELET"] = "ANALYTIC"
    """Solver for frames that are not periodic in all directions. `MT` has no wires, `WAVELET` only cubic boxes and
    slabs that lie in xz."""
    input: dict[str, Any] = Field(default_factory=dict)
    """Anything else of CP2K's input: sections by name, keywords in them (`{FORCE_EVAL: {DFT: {SCF: {MIXING: {ALPHA:
    0.2}}}}}`). A section's own parameter stands behind its name (`KIND Fe`) or under `_`."""
    max_iterations: int = Field(default=200, ge=1)
    """Self-consistent iterations before a frame fails."""
    net_force: float = Field(default=0.02, gt=0)
    """eV/Å per atom; a frame fails whose forces sum to more, because the grid is too coarse for it. Raise `cutoff`."""

    not_identity = CodeOptions.not_identity | {"max_iterations", "net_force"}

    @field_validator("xc")
    @classmethod
    def _known(cls, value: str) -> str:
        sections_of(value)
        return value

    @field_validator("input")
    @classmethod
    def _free(cls, value: dict[str, Any]) -> dict[str, Any]:
        for path in paths(value):
            for owned, option in OWNED.items():
                if path[: len(owned)] == owned:
                    raise ValueError(f"{'.'.join(path)} is Whet's to set: {option}")
            if path[0] not in ("FORCE_EVAL", "GLOBAL"):
                raise ValueError(f"there is no {path[0]} in a single calculation; begin with FORCE_EVAL or GLOBAL")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.solver == "ot" and self.smearing > 0:
            raise ValueError("solver `ot` knows no smearing; say `smearing: 0`")
        if "HYB_" in self.xc.upper() and not any(path[2:4] == ("XC", "HF") for path in paths(self.input)):
            raise ValueError(f"xc {self.xc!r} needs exact exchange; give FORCE_EVAL.DFT.XC.HF under `input`")
        if self.dispersion is not None and "_" in self.xc:
            raise ValueError("`dispersion` needs a functional that D3 has parameters of, by its usual name")
        return self


_FORCES = "it is what labels are read from"
_FRAME = "it comes from the frame"
OWNED: dict[tuple[str, ...], str] = {
    ("GLOBAL", "PROJECT"): _FORCES,
    ("GLOBAL", "PROJECT_NAME"): _FORCES,
    ("GLOBAL", "RUN_TYPE"): _FORCES,
    ("GLOBAL", "PRINT_LEVEL"): _FORCES,
    ("FORCE_EVAL", "METHOD"): _FORCES,
    ("FORCE_EVAL", "STRESS_TENSOR"): _FORCES,
    ("FORCE_EVAL", "PRINT", "FORCES"): _FORCES,
    ("FORCE_EVAL", "PRINT", "STRESS_TENSOR"): _FORCES,
    ("FORCE_EVAL", "SUBSYS", "CELL"): _FRAME,
    ("FORCE_EVAL", "SUBSYS", "COORD"): _FRAME,
    ("FORCE_EVAL", "SUBSYS", "TOPOLOGY"): _FRAME,
    ("FORCE_EVAL", "SUBSYS", "KIND", "BASIS_SET"): "use the options basis and basis_by_element",
    ("FORCE_EVAL", "SUBSYS", "KIND", "POTENTIAL"): "use the options potential and potential_by_element",
    ("FORCE_EVAL", "SUBSYS", "KIND", "ELEMENT"): _FRAME,
    ("FORCE_EVAL", "SUBSYS", "KIND", "MAGNETIZATION"): "give the frame initial magnetic moments",
    ("FORCE_EVAL", "DFT", "BASIS_SET_FILE_NAME"): "use the option basis_files",
    ("FORCE_EVAL", "DFT", "POTENTIAL_FILE_NAME"): "use the option potential_files",
    ("FORCE_EVAL", "DFT", "CHARGE"): "give the frame info['charge']",
    ("FORCE_EVAL", "DFT", "MULTIPLICITY"): "give the frame info['spin']",
    ("FORCE_EVAL", "DFT", "UKS"): "use the option spin",
    ("FORCE_EVAL", "DFT", "LSD"): "use the option spin",
    ("FORCE_EVAL", "DFT", "SPIN_POLARIZED"): "use the option spin",
    ("FORCE_EVAL", "DFT", "UNRESTRICTED_KOHN_SHAM"): "use the option spin",
    ("FORCE_EVAL", "DFT", "KPOINTS"): "use the option k_spacing",
    ("FORCE_EVAL", "DFT", "POISSON", "PERIODIC"): _FRAME,
    ("FORCE_EVAL", "DFT", "POISSON", "POISSON_SOLVER"): "use the option poisson",
    ("FORCE_EVAL", "DFT", "POISSON", "PSOLVER"): "use the option poisson",
    ("FORCE_EVAL", "DFT", "MGRID", "CUTOFF"): "use the option cutoff",
    ("FORCE_EVAL", "DFT", "MGRID", "REL_CUTOFF"): "use the option relative_cutoff",
    ("FORCE_EVAL", "DFT", "SCF", "EPS_SCF"): "use the option convergence",
    ("FORCE_EVAL", "DFT", "SCF", "MAX_SCF"): "use the option max_iterations",
    ("FORCE_EVAL", "DFT", "SCF", "IGNORE_CONVERGENCE_FAILURE"): "a label that did not converge is none",
    ("FORCE_EVAL", "DFT", "SCF", "SMEAR"): "use the option smearing",
    ("FORCE_EVAL", "DFT", "XC", "XC_FUNCTIONAL"): "use the option xc",
    ("FORCE_EVAL", "DFT", "XC", "VDW_POTENTIAL"): "use the option dispersion",
}
"""Keywords and sections that `input` must not touch: path -> what to do instead."""
