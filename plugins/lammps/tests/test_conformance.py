"""The conformance kit; its physics, which takes minutes, among the slow tests."""

from __future__ import annotations

import pytest

from whet.testing import EngineConformance


class TestLammps(EngineConformance):
    tests = ("contract",)
    given = "lammps"


@pytest.mark.slow
class TestLammpsPhysics(EngineConformance):
    tests = ("physics",)
    given = "lammps"


class TestLammpsPair(EngineConformance):
    tests = ("contract",)
    given = {"use": "lammps", "forces": "pair"}  # noqa: RUF012 -- as the kit takes it


@pytest.mark.slow
class TestLammpsPairPhysics(EngineConformance):
    tests = ("physics",)
    given = {"use": "lammps", "forces": "pair"}  # noqa: RUF012 -- as the kit takes it
