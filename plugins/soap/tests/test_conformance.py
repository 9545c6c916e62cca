"""The conformance kit."""

from __future__ import annotations

from whet.testing import DescriptorConformance


class TestSoap(DescriptorConformance):
    given = "soap"
