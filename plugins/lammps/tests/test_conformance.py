"""The conformance kit."""

from __future__ import annotations

from whet.testing import EngineConformance


class TestLammps(EngineConformance):
    given = "lammps"


class TestLammpsPair(EngineConformance):
    given = {"use": "lammps", "forces": "pair"}  # noqa: RUF012 -- as the kit takes it
