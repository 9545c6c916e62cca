"""OrcaOutput: a single point of ORCA with its gradient."""

from __future__ import annotations

import re
from typing import Any

from whet_dpdata.code_output import CodeOutput

NOT_CONVERGED = re.compile(r"SCF NOT CONVERGED|not fully converged|have NOT converged", re.IGNORECASE)
CHARGE = re.compile(r"Total Charge +Charge +\.+ +(-?\d+)")
SPIN = re.compile(r"Multiplicity +Mult +\.+ +(\d+)")


class OrcaOutput(CodeOutput):
    """Single points of ORCA with a gradient (`! EnGrad`), as the program printed them."""

    name = "output of ORCA"
    outputs = ("*.out*", "*.log*")
    dpdata_name = "orca/spout"
    ase_name = "orca-output"
    mark = re.compile(rb"\* O +R +C +A \*")

    def doubt(self, text: str) -> str:
        if "SCF CONVERGED AFTER" not in text or NOT_CONVERGED.search(text):
            return "ORCA does not say that its self-consistency converged"
        if "ORCA TERMINATED NORMALLY" not in text:
            return "ORCA did not end as it should"
        for words in ("FINAL SINGLE POINT ENERGY", "\nCARTESIAN GRADIENT"):
            if text.count(words) != 1:
                return "it is no single point of ORCA with a gradient, and dpdata reads no others"
        if not (CHARGE.search(text) and SPIN.search(text)):
            return "ORCA printed no charge and multiplicity"
        return ""

    def identity(self, text: str) -> dict[str, Any]:
        return {"charge": int(CHARGE.findall(text)[-1]), "spin": int(SPIN.findall(text)[-1])}
