"""Test classes to inherit: pytest makes a test out of each check."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

import pytest

from whet.contracts.component import Component
from whet.testing.analyses import ANALYSIS_CHECKS
from whet.testing.analysis_subject import AnalysisSubject
from whet.testing.check import TIERS, Check, Tier
from whet.testing.conformance import run_checks
from whet.testing.descriptors import DESCRIPTOR_CHECKS, DescriptorSubject
from whet.testing.engine_subject import EngineSubject
from whet.testing.engines import ENGINE_CHECKS
from whet.testing.labelers import LABELER_CHECKS, LabelerSubject
from whet.testing.potential_subject import PotentialSubject
from whet.testing.potentials import POTENTIAL_CHECKS
from whet.testing.probes import PROBE_CHECKS, ProbeSubject
from whet.testing.structure_sources import STRUCTURE_CHECKS, StructureSubject
from whet.testing.subject import Subject


class _Conformance:
    """What the classes have in common: a test for each check that is in `tests`.

    given: how a user names the backend; where it takes a fixture to say, override the fixture `backend` instead.
    expected_failures: check -> reason; a check that passes in spite of it is a failure. checks: all of the kind; tests:
    names of tiers of which the class has tests. under_test: makes the subject of the kind.
    """

    checks: ClassVar[tuple[Check, ...]]
    tests: ClassVar[Collection[Tier]] = TIERS
    under_test: ClassVar[Callable[..., Subject | EngineSubject]]
    given: ClassVar[str | Mapping[str, Any]] = ""
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Of pytest: a test for each check."""
        if "check" in metafunc.fixturenames:
            chosen = [check for check in self.checks if check.tier in self.tests]
            metafunc.parametrize("check", chosen, ids=[check.name for check in chosen])

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls) -> str | Mapping[str, Any] | Component:
        """What is tested: a name, a mapping with `use:`, or a component."""
        return cls.given

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, backend: Any) -> Any:
        """The backend under test, made once for the class."""
        return cls.under_test(backend, **cls.settings())

    @classmethod
    def settings(cls) -> Mapping[str, Any]:
        """What else the subject is told."""
        return {}

    def test_conforms(self, check: Check, subject: Any) -> None:
        found = run_checks(self.checks, subject, expected_failures=self.expected_failures, only=[check.name])
        (outcome,) = found.outcomes
        if outcome.status == "not applicable":
            pytest.skip(outcome.said)
        if outcome.status == "expected":
            pytest.xfail(outcome.said)
        assert outcome.status == "passed", f"{outcome.said}\n{check.meaning}\nSee {check.page}"


class PotentialConformance(_Conformance):
    """Contract, physics and device of a potential."""

    checks, under_test = POTENTIAL_CHECKS, PotentialSubject
    tests = tuple(tier for tier in TIERS if tier != "training")


class TrainingConformance(_Conformance):
    """Fine-tuning of a potential. fine_tune: settings of every training that the checks make, which share them."""

    checks, under_test, tests = POTENTIAL_CHECKS, PotentialSubject, ("training",)
    fine_tune: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def settings(cls) -> Mapping[str, Any]:
        """Those of the trainings."""
        return {"fine_tune": cls.fine_tune}


class DescriptorConformance(_Conformance):
    """A descriptor."""

    checks, under_test = DESCRIPTOR_CHECKS, DescriptorSubject


class StructureConformance(_Conformance):
    """A source of starting structures."""

    checks, under_test = STRUCTURE_CHECKS, StructureSubject


class EngineConformance(_Conformance):
    """An MD engine, driven by a potential of the kit's own."""

    checks, under_test = ENGINE_CHECKS, EngineSubject


class LabelerConformance(_Conformance):
    """A labeler, on a small molecule. molecule: its chemical formula, as ASE's collection of molecules has it."""

    checks, under_test = LABELER_CHECKS, LabelerSubject
    molecule: ClassVar[str] = "H2O"

    @classmethod
    def settings(cls) -> Mapping[str, Any]:
        """The molecule."""
        return {"molecule": cls.molecule}


class AnalysisConformance(_Conformance):
    """An analysis, on a small study that the kit makes up."""

    checks, under_test = ANALYSIS_CHECKS, AnalysisSubject


class ProbeConformance(_Conformance):
    """A probe, on a crystal of the kit."""

    checks, under_test = PROBE_CHECKS, ProbeSubject
