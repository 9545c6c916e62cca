"""GaussianOutput: every step of Gaussian's log whose forces are those of the self-consistent energy."""

from __future__ import annotations

import re
from typing import Any

from whet import FrameError
from whet_dpdata.code_output import CodeOutput

NOT_CONVERGED = re.compile(r"Convergence criterion not met|Convergence failure")

BEYOND = re.compile(r"\bE\w*MP\d\w* *=|\bE2\(|E\(CORR\)|E\(CI|DE\(Corr\)|Excited State|Counterpoise|ONIOM")
"""Words of methods whose energy is not the one behind `SCF Done`, which dpdata takes."""

IDENTITY = re.compile(r"Charge *= *(-?\d+) +Multiplicity *= *(\d+)")


class GaussianOutput(CodeOutput):
    """Logs of Gaussian with forces: single points, optimizations and dynamics with HF and DFT (no MP2, TD, …)."""

    name = "output of Gaussian"
    outputs = ("*.log*", "*.out*")
    dpdata_name = "gaussian/md"
    ase_name = "gaussian-out"
    mark = re.compile(rb"Entering Gaussian System")

    def doubt(self, text: str) -> str:
        if "SCF Done:" not in text or NOT_CONVERGED.search(text):
            return "Gaussian does not say that its self-consistency converged"
        if found := BEYOND.search(text):
            return f"its forces are not those of the self-consistent energy ({found[0].strip()}), which dpdata takes"
        if "Forces (Hartrees/Bohr)" not in text:
            return "Gaussian printed no forces (the keyword Force)"
        if len(set(IDENTITY.findall(text))) != 1:
            return "Gaussian printed no charge and multiplicity, or several"
        return ""

    def identity(self, text: str) -> dict[str, Any]:
        found = IDENTITY.search(text)
        if found is None:
            raise FrameError("Gaussian printed no charge")
        return {"charge": int(found[1]), "spin": int(found[2])}
