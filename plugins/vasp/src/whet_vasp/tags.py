"""What INCAR tags mean: which move a number, which functional they name, and how VASP writes them back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

FUNCTIONALS: Mapping[str, Mapping[str, Any]] = {
    "PBE": {"GGA": "PE"},
    "PBEsol": {"GGA": "PS"},
    "RPBE": {"GGA": "RP"},
    "AM05": {"GGA": "AM"},
    "SCAN": {"METAGGA": "SCAN"},
    "r2SCAN": {"METAGGA": "R2SCAN"},
    "PBE0": {"GGA": "PE", "LHFCALC": True},
    "HSE06": {"GGA": "PE", "LHFCALC": True, "HFSCREEN": 0.2},
}
"""Functional -> the tags that name it."""

DISPERSIONS: Mapping[str, Mapping[str, Any]] = {
    "D2": {"IVDW": 10},
    "D3(0)": {"IVDW": 11},
    "D3(BJ)": {"IVDW": 12},
    "D4": {"IVDW": 13},
}
"""Dispersion correction -> its tag."""

SMEARINGS: Mapping[str, int] = {"fermi": -1, "gaussian": 0, "methfessel-paxton": 1, "tetrahedron": -5}
"""Smearing -> ISMEAR."""

OWN: Mapping[str, str] = {
    "GGA": "functional",
    "METAGGA": "functional",
    "LHFCALC": "functional",
    "HFSCREEN": "functional",
    "LDAU": "hubbard_u",
    "LDAUU": "hubbard_u",
    "LDAUJ": "hubbard_u",
    "LDAUL": "hubbard_shell",
    "LDAUTYPE": "hubbard_u",
    "IVDW": "dispersion",
    "ENCUT": "cutoff",
    "KSPACING": "k_spacing",
    "KGAMMA": "k_spacing",
    "ISMEAR": "smearing",
    "SIGMA": "width",
    "EDIFF": "convergence",
    "PREC": "precision",
    "LREAL": "real_space",
    "ISPIN": "spin",
    "MAGMOM": "magmoms",
    "NELM": "max_iterations",
}
"""Tags that an option of the labeler writes."""

FIXED: Mapping[str, Any] = {"IBRION": -1, "NSW": 0, "ISIF": 2, "LWAVE": False, "LCHARG": False}
"""Tags that make it a single point: energy, forces, stress, no files beyond those."""

DEFAULTS: Mapping[str, Any] = {"LASPH": False, "ADDGRID": False, "LUSE_VDW": False}
"""What VASP does where such a tag is not written."""

NEUTRAL = frozenset(
    tag
    for tags in (
        "SYSTEM ALGO IALGO NELM NELMIN NELMDL AMIX AMIX_MAG AMIN BMIX BMIX_MAG IMIX INIMIX MAXMIX MIXPRE WC TIME",
        "LMAXMIX NPAR NCORE KPAR NSIM LPLANE LSCALU LSCALAPACK LASYNC ISTART ICHARG INIWAV NBANDS ISYM SYMPREC",
        "LWAVE LCHARG LVTOT LVHAR LELF LAECHG LORBIT RWIGS NWRITE LDAUPRINT EMIN EMAX NEDOS KPOINT_BSE LPETIM LH5",
        "IBRION NSW ISIF EDIFFG POTIM NFREE SMASS TEBEG TEEND NBLOCK KBLOCK NPACO APACO",
        "LPEAD LCALCPOL LCALCEPS EFIELD_PEAD LEFG LRHFATM LMAXTAU LMIXTAU",
    )
    for tag in tags.split()
)
"""Tags that move no number of a converged single point: how it gets there, what is written, how it is spread."""


def others(tags: Mapping[str, Any]) -> dict[str, Any]:
    """The tags that no option writes, and that move a number."""
    known = NEUTRAL | set(OWN) | set(FIXED)
    return {tag: value for tag, value in sorted(tags.items()) if tag not in known and DEFAULTS.get(tag) != value}


def method_of(incar: Mapping[str, Any], parameters: Mapping[str, Any], titels: Sequence[str]) -> str:
    """The functional that ran, by its usual name; what has none is spelt out in tags.

    incar: the tags that VASP echoes; a meta-GGA stands only there. parameters: what it ran with; `GGA = --` is the
    functional of the pseudopotentials, which their titels begin with.
    """
    meta = str(incar.get("METAGGA", "--")).strip().upper()
    if meta not in ("--", "NONE", ""):
        return {"R2SCAN": "r2SCAN", "SCAN": "SCAN", "RSCAN": "rSCAN"}.get(meta, meta)
    gga = str(parameters.get("GGA") or "--").strip().upper()
    own = {"PAW_PBE": "PBE", "PAW_GGA": "PW91", "PAW": "LDA"}.get(titels[0].split()[0] if titels else "", "PBE")
    name = {"--": own, "PE": "PBE", "PS": "PBEsol", "RP": "RPBE", "AM": "AM05", "91": "PW91"}.get(gga, gga)
    if not parameters.get("LHFCALC"):
        return name
    screened, exact = float(parameters.get("HFSCREEN") or 0.0), float(parameters.get("AEXX") or 0.25)
    if name == "PBE" and exact == 0.25 and screened in (0.0, 0.2):
        return "HSE06" if screened else "PBE0"
    return f"{name} with {exact:g} exact exchange" + (f" screened by {screened:g} 1/Å" if screened else "")


def dispersion_of(incar: Mapping[str, Any], parameters: Mapping[str, Any]) -> str | None:
    """The dispersion correction that ran."""
    number = incar.get("IVDW") or parameters.get("IVDW") or 0
    names = {tags["IVDW"]: name for name, tags in DISPERSIONS.items()} | {1: "D2", 0: None}
    if incar.get("LUSE_VDW") or parameters.get("LUSE_VDW"):
        return "vdW-DF"
    return names.get(int(number), f"IVDW = {number}")


def ran_with(tag: str, incar: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """The value of a tag that VASP says it ran with; None where it says nothing."""
    if tag == "ENCUT":
        return parameters.get("ENMAX", incar.get(tag))
    if tag in ("METAGGA", "LDAUU", "LDAUJ", "LDAUL"):  # `parameters` loses them, or keeps only those that are not zero
        return incar.get(tag, parameters.get(tag))
    value = parameters.get(tag)
    return incar.get(tag) if value is None else value


def same(tag: str, asked: Any, ran: Any) -> bool:
    """Whether VASP ran with what was asked for; it writes some values in another way than it reads them."""
    if tag == "LREAL":  # `Auto` comes back as true
        return _truth(asked) == _truth(ran)
    if isinstance(asked, bool) or isinstance(ran, bool):
        return _truth(asked) == _truth(ran)
    if isinstance(asked, list | tuple) or isinstance(ran, list | tuple):
        first, second = _listed(asked), _listed(ran)
        return len(first) == len(second) and all(same("", a, b) for a, b in zip(first, second, strict=True))
    if isinstance(asked, int | float) and isinstance(ran, int | float):
        return math.isclose(asked, ran, rel_tol=1e-5, abs_tol=1e-8)
    first, second = str(asked).strip().lower(), str(ran).strip().lower()
    return first == second or (tag == "PREC" and first[:4] == second[:4])


def written(value: Any) -> str:
    """A value as INCAR has it."""
    if isinstance(value, bool):
        return ".TRUE." if value else ".FALSE."
    if isinstance(value, list | tuple):
        return " ".join(written(one) for one in value)
    return repr(value) if isinstance(value, float) else str(value)


def _truth(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip(" .").upper()[:1] in ("T", "A", "O")  # .TRUE., Auto, On
    return bool(value)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
