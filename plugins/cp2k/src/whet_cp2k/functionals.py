"""Exchange-correlation functionals by the names of the literature, as CP2K's sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMED: Mapping[str, Mapping[str, Any]] = {
    "LDA": {"PADE": {}},
    "PBE": {"PBE": {}},
    "PBEsol": {"PBE": {"PARAMETRIZATION": "PBESOL"}},
    "revPBE": {"PBE": {"PARAMETRIZATION": "REVPBE"}},
    "RPBE": {"GGA_X_RPBE": {}, "GGA_C_PBE": {}},
    "BLYP": {"BECKE88": {}, "LYP": {}},
    "TPSS": {"TPSS": {}},
    "SCAN": {"MGGA_X_SCAN": {}, "MGGA_C_SCAN": {}},
    "r2SCAN": {"MGGA_X_R2SCAN": {}, "MGGA_C_R2SCAN": {}},
}
LIBXC = ("LDA_", "GGA_", "MGGA_", "HYB_")

DISPERSION: Mapping[str, str] = {"D3": "DFTD3", "D3(BJ)": "DFTD3(BJ)"}
"""What CP2K calls them."""


def sections_of(functional: str) -> Mapping[str, Any]:
    """The sections inside XC_FUNCTIONAL. ValueError for a name that is neither in the table nor libxc's."""
    if functional in NAMED:
        return NAMED[functional]
    names = [name.strip().upper() for name in functional.split("+")]
    if all(name.startswith(LIBXC) for name in names):
        return {name: {} for name in names}
    known = ", ".join(NAMED)
    raise ValueError(f"{functional!r} is unknown; known: {known}, or names of libxc joined by + (GGA_X_PBE+GGA_C_PBE)")
