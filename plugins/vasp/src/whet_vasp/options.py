"""VaspOptions: the input set, as words; and the INCAR that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from whet import CodeOptions, FolderPath, multiplicity
from whet_vasp.tags import DISPERSIONS, FIXED, FUNCTIONALS, OWN, SMEARINGS, others

if TYPE_CHECKING:
    from ase import Atoms

ALWAYS: dict[str, Any] = {"LASPH": True}
"""Tags that `incar:` may take back."""

HANDLERS = ["VaspErrorHandler", "StdErrHandler", "UnconvergedErrorHandler"]


class VaspOptions(CodeOptions):
    """Functional, plane waves, k-points, pseudopotentials, convergence; and how VASP is run."""

    not_identity = CodeOptions.not_identity | {
        "library",
        "max_iterations",
        "stress",
        "handlers",
        "most_repairs",
        "look_every",
    }

    potcars: dict[str, str] = Field(min_length=1)
    """Pseudopotential by element: its name in the library (`Li: Li_sv`), or its whole titel
    (`Li: PAW_PBE Li_sv 10Sep2004`), which is then checked."""
    library: FolderPath = ""
    """Folder of the pseudopotentials, with a folder `NAME/POTCAR` for each; by default that of the environment
    variable `VASP_PP_PATH`. They are never copied into a store."""
    functional: Literal["PBE", "PBEsol", "RPBE", "AM05", "SCAN", "r2SCAN", "PBE0", "HSE06"] = "PBE"
    """Exchange-correlation functional; for others give its tags under `incar:`."""
    hubbard_u: dict[str, float] = Field(default={})
    """Effective U in eV by element (Dudarev); it enters where a frame has the element."""
    hubbard_shell: dict[str, Literal["p", "d", "f"]] = Field(default={})
    """Shell of U by element; by default f for lanthanides and actinides, d for all others."""
    dispersion: Literal["D2", "D3(0)", "D3(BJ)", "D4"] | None = None
    """Dispersion correction."""
    cutoff: float = Field(default=520.0, gt=0)
    """eV; of the plane waves (ENCUT)."""
    k_spacing: float = Field(default=0.25, gt=0)
    """1/Å, with the 2π; the k-points are the coarsest regular grid about Γ that is at least as dense."""
    smearing: Literal["gaussian", "fermi", "methfessel-paxton", "tetrahedron"] = "gaussian"
    """Of the occupation. The energy is the free energy, which the forces belong to; with `tetrahedron` the forces of
    metals are only nearly its slope."""
    width: float = Field(default=0.05, gt=0)
    """eV; of the smearing (SIGMA)."""
    convergence: float = Field(default=1e-6, gt=0)
    """eV; where self-consistency ends (EDIFF)."""
    precision: Literal["Normal", "Accurate"] = "Accurate"
    """Of the grids (PREC)."""
    real_space: bool = False
    """Projectors in real space (LREAL = Auto): faster for large cells, less exact."""
    spin: bool | None = None
    """Spin polarization; by default where the frame has initial magnetic moments or `info["spin"]`, or an element of
    `magmoms`."""
    magmoms: dict[str, float] = Field(default={})
    """Initial magnetic moment in μB by element, for spin-polarized frames that carry none (0.6 for other elements)."""
    max_iterations: int = Field(default=200, ge=1)
    """Electronic steps before a frame fails (NELM)."""
    incar: dict[str, Any] = Field(default={})
    """Any other INCAR tag, by its own name (`LASPH: false`, `NCORE: 4`)."""
    stress: bool = True
    """Whether a calculation without stress fails."""
    handlers: list[str] = HANDLERS
    """Custodian's error handlers, by the names of its classes. A repair that changes what was asked for gives no
    label, but a failure that says what was changed."""
    most_repairs: int = Field(default=5, ge=0)
    """Repairs before a frame fails."""
    look_every: float = Field(default=10.0, gt=0)
    """s; how often custodian looks at a calculation."""

    @field_validator("incar")
    @classmethod
    def _only_others(cls, given: dict[str, Any]) -> dict[str, Any]:
        upper = {tag.upper(): value for tag, value in given.items()}
        for tag in upper:
            if tag in OWN:
                raise ValueError(f"write `{OWN[tag]}:` instead of the tag {tag}")
            if tag in FIXED:
                raise ValueError(f"{tag} is {FIXED[tag]}: a label is a single point")
        return upper


def incar_of(options: VaspOptions, frame: Atoms, order: list[int]) -> dict[str, Any]:
    """Every tag of a frame's INCAR. order: the atoms, sorted as POSCAR has them."""
    frame = frame[order]
    symbols = list(dict.fromkeys(frame.get_chemical_symbols()))
    tags: dict[str, Any] = {
        **FIXED,
        "ENCUT": options.cutoff,
        "PREC": options.precision,
        "EDIFF": options.convergence,
        "NELM": options.max_iterations,
        "ISMEAR": SMEARINGS[options.smearing],
        "SIGMA": options.width,
        "LREAL": "Auto" if options.real_space else False,
        **ALWAYS,
        **FUNCTIONALS[options.functional],
        **(DISPERSIONS[options.dispersion] if options.dispersion else {}),
        **_hubbard(options, symbols),
        **_spin(options, frame),
    }
    return tags | options.incar


def numbers(options: VaspOptions) -> dict[str, Any]:
    """The options that move a number and are neither functional, U, dispersion nor pseudopotential."""
    named = {
        "cutoff": options.cutoff,
        "k_spacing": options.k_spacing,
        "smearing": options.smearing,
        "width": options.width,
        "convergence": options.convergence,
        "precision": options.precision,
        "real_space": options.real_space,
    }
    said = {
        key: value for key, value in (("spin", options.spin), ("magmoms", options.magmoms)) if value not in (None, {})
    }
    return named | said | {"incar": others(ALWAYS | options.incar)}


def chosen_by_element(options: VaspOptions) -> dict[str, dict[str, Any]]:
    """The options by element that move a number, beside U and the pseudopotentials."""
    given = {"magmoms": options.magmoms, "hubbard_shell": options.hubbard_shell}
    return {name: dict(values) for name, values in given.items() if values}


def _hubbard(options: VaspOptions, symbols: list[str]) -> dict[str, Any]:
    if not any(options.hubbard_u.get(symbol) for symbol in symbols):
        return {}
    shells = [_shell(options, symbol) if options.hubbard_u.get(symbol) else -1 for symbol in symbols]
    return {
        "LDAU": True,
        "LDAUTYPE": 2,
        "LDAUL": shells,
        "LDAUU": [float(options.hubbard_u.get(symbol, 0.0)) for symbol in symbols],
        "LDAUJ": [0.0] * len(symbols),
        "LMAXMIX": 6 if 3 in shells else 4,
    }


def _shell(options: VaspOptions, symbol: str) -> int:
    from ase.data import atomic_numbers

    number = atomic_numbers[symbol]
    usual = "f" if 57 <= number <= 71 or 89 <= number <= 103 else "d"
    return {"p": 1, "d": 2, "f": 3}[options.hubbard_shell.get(symbol, usual)]


def _spin(options: VaspOptions, frame: Atoms) -> dict[str, Any]:
    stated, moments = multiplicity(frame), frame.get_initial_magnetic_moments()
    elements = frame.get_chemical_symbols()
    polarized = options.spin
    if polarized is None:
        is_open = moments.any() or stated not in (None, 1)
        polarized = bool(is_open or any(symbol in options.magmoms for symbol in elements))
    if not polarized:
        return {"ISPIN": 1}
    if not moments.any():
        moments = [options.magmoms.get(symbol, 0.6) for symbol in elements]
        if stated is not None:
            moments = [(stated - 1) / len(frame)] * len(frame)
    fixed = {} if stated is None else {"NUPDOWN": stated - 1}
    return {"ISPIN": 2, "MAGMOM": [float(moment) for moment in moments], **fixed}
