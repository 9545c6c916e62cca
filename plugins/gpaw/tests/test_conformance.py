"""The conformance kit: real calculations of a molecule."""

from __future__ import annotations

import pytest

from whet.testing import LabelerConformance

pytest.importorskip("gpaw", reason="GPAW is not installed: see the README of whet-gpaw")


@pytest.mark.slow
class TestGpaw(LabelerConformance):
    molecule = "H2"  # converged at a cutoff at which the stress has no Pulay part to speak of
    given = {"use": "gpaw", "cutoff": 700.0, "xc": "LDA", "k_spacing": 3.0}  # noqa: RUF012 -- as the kit takes it
