"""The conformance kit."""

from __future__ import annotations

from whet.testing import ProbeConformance


class TestElastic(ProbeConformance):
    given = "elastic"


class TestPhonons(ProbeConformance):
    given = "phonons"


class TestBarrier(ProbeConformance):
    given = "barrier"


class TestSurface(ProbeConformance):
    given = "surface"


class TestDefect(ProbeConformance):
    given = "defect"


class TestMixing(ProbeConformance):
    given = {"use": "mixing", "replace": "Ar", "by": "Ne", "length": 10.5, "configurations": 1}  # noqa: RUF012
