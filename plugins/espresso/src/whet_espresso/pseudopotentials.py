"""What stands in the head of a pseudopotential's file (UPF, versions 1 and 2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from whet import InputError

SHORT = {
    "SLA PZ NOGX NOGC": "LDA",
    "PZ": "LDA",
    "LDA": "LDA",
    "SLA PW PBE PBE": "PBE",
    "SLA PW PBX PBC": "PBE",
    "SLA PW PSX PSC": "PBEsol",
    "PBESOL": "PBEsol",
    "REVPBE": "revPBE",
    "SLA LYP B88 BLYP": "BLYP",
}
"""The literature's names of Quantum ESPRESSO's functionals."""


@dataclass(frozen=True)
class Pseudopotential:
    """element: chemical symbol. valence: electrons that it leaves. xc: functional. conserves_norm: or it is ultrasoft
    or PAW, and the density needs a higher cutoff."""

    element: str
    valence: float
    xc: str
    conserves_norm: bool


@cache
def read_pseudopotential(path: Path) -> Pseudopotential:
    """The head of a UPF file. InputError where it has none."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if attributes := re.search(r"<PP_HEADER\s+([^>]*)/?>", text):
        found = {key: value.strip() for key, value in re.findall(r'(\w+)\s*=\s*"([^"]*)"', attributes[1])}
    elif lines := re.search(r"<PP_HEADER>(.*?)</PP_HEADER>", text, flags=re.DOTALL):
        found = _version_1(lines[1])
    else:
        found = {}
    try:
        kind = found["pseudo_type"].upper()
        valence = float(found["z_valence"].replace("D", "E").replace("d", "e"))
        return Pseudopotential(found["element"], valence, named(found["functional"]), kind in ("NC", "SL", "1/R"))
    except (KeyError, ValueError):
        raise InputError("this is no pseudopotential in UPF form", where=str(path)) from None


def named(functional: str) -> str:
    """A functional as the literature calls it, where it is known; else as Quantum ESPRESSO does."""
    words = " ".join(functional.upper().split())
    return SHORT.get(words, words)


def _version_1(head: str) -> dict[str, str]:
    found = {}
    for key, meaning in (
        ("element", "Element"),
        ("pseudo_type", r"(?:Ultrasoft|Norm|PAW)"),
        ("functional", "Exchange-Correlation"),
        ("z_valence", "Z valence"),
    ):
        if match := re.search(rf"^\s*(.*?)\s+{meaning}", head, flags=re.MULTILINE):
            found[key] = match[1]
    if "functional" in found:  # four words, and a short name behind them
        found["functional"] = " ".join(found["functional"].split()[:4])
    return found
