"""The conformance kit: real calculations of a molecule."""

from __future__ import annotations

import shutil

import pytest

from whet.testing import LabelerConformance


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cp2k.psmp") is None, reason="CP2K is not installed: see the README of whet-cp2k")
class TestCp2k(LabelerConformance):
    given = {  # noqa: RUF012 -- as the kit takes it
        "use": "cp2k",
        "cutoff": 3500.0,
        "relative_cutoff": 500.0,
        "k_spacing": 10.0,
        "smearing": 0.0,
        "solver": "ot",
        "net_force": 0.1,
    }
