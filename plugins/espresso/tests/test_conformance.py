"""The conformance kit: real calculations of a molecule."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from whet.testing import LabelerConformance

FOLDER = Path("/usr/share/espresso/pseudo")


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("pw.x") is None or not FOLDER.is_dir(),
    reason="Quantum ESPRESSO is not installed: see the README of whet-espresso",
)
class TestEspresso(LabelerConformance):
    molecule = "Si2"  # its plane waves converge at a cutoff at which the stress has no Pulay part to speak of
    given = {  # noqa: RUF012 -- as the kit takes it
        "use": "espresso",
        "pseudopotentials": {"Si": "Si.pz-vbc.UPF"},
        "pseudo_folder": str(FOLDER),
        "cutoff": 400.0,
        "k_spacing": 10.0,
        "smearing": 0.1,
        "spin": False,
    }
