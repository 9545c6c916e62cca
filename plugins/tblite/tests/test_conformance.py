"""The conformance kit."""

from __future__ import annotations

from whet.testing import LabelerConformance


class TestTblite(LabelerConformance):
    given = "tblite"
