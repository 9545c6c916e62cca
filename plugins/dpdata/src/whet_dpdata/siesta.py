"""SiestaOutput: a single point of SIESTA, as it printed it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from whet import FrameError, ReadFrame, opened_text
from whet_dpdata.code_output import CodeOutput, atoms_of

FREE = re.compile(r"^siesta: FreeEng\s*=\s*(\S+)", re.MULTILINE)
TOTAL = re.compile(r"^siesta: Etot\s*=\s*(\S+)", re.MULTILINE)
PRESSURE = re.compile(r"Pressure \(static\):\n.*\n.*\n\S+\s+(\S+)\s+\S+\s+eV/Ang\*\*3")
CHARGE = re.compile(r"redata: Net charge of the system\s*=\s*(\S+)")

SAME_ENERGY = 1e-3
"""eV; what is printed with four decimals and with six is the same energy."""


class SiestaOutput(CodeOutput):
    """Single points of SIESTA, as the program printed them."""

    name = "output of SIESTA"
    outputs = ("*.out*", "*.log*")
    dpdata_name = "siesta/output"
    mark = re.compile(rb"WELCOME TO SIESTA|^Siesta Version", re.MULTILINE)
    virial_sign = -1.0  # dpdata multiplies SIESTA's stress, of which tension is positive, by the volume

    def doubt(self, text: str) -> str:
        if "SCF cycle converged" not in text or re.search(r"SCF_NOT_CONV|SCF (?:cycle )?(?:has )?not converge", text):
            return "SIESTA does not say that its self-consistency converged"
        if text.count("outcoor: Atomic coordinates") != 1 or text.count("siesta: E_KS(eV) =") != 1:
            return "it is no single point of SIESTA, and dpdata does not say which step a label is of"
        if not (FREE.search(text) and PRESSURE.search(text)):
            return "SIESTA's free energy, or its pressure, is not printed"
        return ""

    def identity(self, text: str) -> dict[str, Any]:
        charge = float(found[1]) if (found := CHARGE.search(text)) else 0.0
        return {"charge": charge} if charge else {}

    def energy(self, text: str, found: float) -> float:
        """The free energy: with a smeared occupation E_KS is another. FrameError where they are of different steps."""
        total = float(TOTAL.findall(text)[-1])
        if abs(total - found) > SAME_ENERGY:
            raise FrameError(f"dpdata reads an energy of {found} eV, and SIESTA's last is {total} eV")
        return float(FREE.findall(text)[-1])

    def pressure(self, text: str) -> float | None:
        return float(PRESSURE.findall(text)[-1])

    def structures(self, path: Path) -> Iterator[ReadFrame]:
        with opened_text(path) as file:
            data = self.data(path, file.read(), labeled=False)
        yield ReadFrame(str(path), atoms_of(data, 0))
