"""AimsOutput: a periodic single point of FHI-aims."""

from __future__ import annotations

import re
from typing import Any

from whet_dpdata.code_output import CodeOutput

CONVERGED = "Self-consistency cycle converged"
FREE = re.compile(r"^\s*\| Electronic free energy\s*:.*?([-+\d.Ee]+) eV", re.MULTILINE)
CHARGE = re.compile(r"^\s*Charge\s*=\s*([-+\d.EeDd]+)", re.MULTILINE)


class AimsOutput(CodeOutput):
    """Single points of FHI-aims for periodic systems, as the program printed them; without stress."""

    name = "output of FHI-aims"
    outputs = ("*.out*", "*.log*")
    dpdata_name = "fhi_aims/scf"
    ase_name = "aims-output"
    mark = re.compile(rb"Invoking FHI-aims")

    def doubt(self, text: str) -> str:
        if "Self-consistency cycle converged" not in text or re.search(
            r"SELF-CONSISTENCY CYCLE DID NOT CONVERGE", text
        ):
            return "FHI-aims does not say that its self-consistency converged"
        if text.count("Begin self-consistency loop") != 1:
            return "it is no single point of FHI-aims, and dpdata does not read the cell of later steps"
        if "| Unit cell:" not in text:
            return "it is no periodic system, and dpdata reads no others of FHI-aims"
        if "Total atomic forces" not in text or not FREE.search(text.partition(CONVERGED)[2]):
            return "FHI-aims printed no forces, or no free energy"
        return ""

    def identity(self, text: str) -> dict[str, Any]:
        charge = float(found[1].replace("D", "E").replace("d", "e")) if (found := CHARGE.search(text)) else 0.0
        return {"charge": charge} if charge else {}

    def energy(self, text: str, found: float) -> float:
        """The free energy, which the forces belong to; dpdata takes the energy without the entropy of smearing."""
        return float(FREE.findall(text)[-1])
