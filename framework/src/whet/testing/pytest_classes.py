"""Test classes to inherit: pytest makes a test out of each check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from whet.contracts.component import Component
from whet.testing.analyses import ANALYSIS_CHECKS, AnalysisSubject
from whet.testing.check import Check
from whet.testing.conformance import run_checks
from whet.testing.descriptors import DESCRIPTOR_CHECKS, DescriptorSubject
from whet.testing.engine_subject import EngineSubject
from whet.testing.engines import ENGINE_CHECKS
from whet.testing.labelers import LABELER_CHECKS, LabelerSubject
from whet.testing.potential_subject import PotentialSubject
from whet.testing.potentials import POTENTIAL_CHECKS
from whet.testing.probes import PROBE_CHECKS, ProbeSubject
from whet.testing.structure_sources import STRUCTURE_CHECKS, StructureSubject

UNTRAINED = tuple(check for check in POTENTIAL_CHECKS if check.tier != "training")
TRAINING = tuple(check for check in POTENTIAL_CHECKS if check.tier == "training")


def _tests_of(checks: tuple[Check, ...]) -> Any:
    return pytest.mark.parametrize("check", checks, ids=[check.name for check in checks])


class _Conformance:
    """What the classes have in common.

    given: how a user names the backend; where it takes a fixture to say, override the fixture `backend` instead.
    expected_failures: check -> reason; a check that passes in spite of it is a failure.
    """

    checks: ClassVar[tuple[Check, ...]]
    given: ClassVar[str | Mapping[str, Any]] = ""
    expected_failures: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls) -> str | Mapping[str, Any] | Component:
        """What is tested: a name, a mapping with `use:`, or a component."""
        return cls.given

    def _run(self, check: Check, subject: Any) -> None:
        found = run_checks(self.checks, subject, expected_failures=self.expected_failures, only=[check.name])
        (outcome,) = found.outcomes
        if outcome.status == "not applicable":
            pytest.skip(outcome.said)
        if outcome.status == "expected":
            pytest.xfail(outcome.said)
        assert outcome.status == "passed", f"{outcome.said}\n{check.meaning}\nSee {check.page}"


class PotentialConformance(_Conformance):
    """Contract, physics and device of a potential."""

    checks = POTENTIAL_CHECKS

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, backend: Any) -> Iterator[PotentialSubject]:
        """The potential under test, loaded once for the class."""
        yield PotentialSubject(backend)

    @_tests_of(UNTRAINED)
    def test_conforms(self, check: Check, subject: PotentialSubject) -> None:
        self._run(check, subject)


class TrainingConformance(_Conformance):
    """Fine-tuning of a potential. fine_tune: settings of every training that the checks make."""

    checks = POTENTIAL_CHECKS
    fine_tune: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, backend: Any) -> Iterator[PotentialSubject]:
        """The potential under test, loaded once for the class; trainings are shared by the checks."""
        yield PotentialSubject(backend, fine_tune=cls.fine_tune)

    @_tests_of(TRAINING)
    def test_conforms(self, check: Check, subject: PotentialSubject) -> None:
        self._run(check, subject)


class DescriptorConformance(_Conformance):
    """A descriptor."""

    checks = DESCRIPTOR_CHECKS

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, backend: Any) -> Iterator[DescriptorSubject]:
        """The descriptor under test."""
        yield DescriptorSubject(backend)

    @_tests_of(DESCRIPTOR_CHECKS)
    def test_conforms(self, check: Check, subject: DescriptorSubject) -> None:
        self._run(check, subject)


class StructureConformance(_Conformance):
    """A source of starting structures."""

    checks = STRUCTURE_CHECKS

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, backend: Any) -> Iterator[StructureSubject]:
        """The source under test."""
        yield StructureSubject(backend)

    @_tests_of(STRUCTURE_CHECKS)
    def test_conforms(self, check: Check, subject: StructureSubject) -> None:
        self._run(check, subject)


class EngineConformance(_Conformance):
    """An MD engine, driven by a potential of the kit's own."""

    checks = ENGINE_CHECKS

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, backend: Any) -> Iterator[EngineSubject]:
        """The engine under test."""
        yield EngineSubject(backend)

    @_tests_of(ENGINE_CHECKS)
    def test_conforms(self, check: Check, subject: EngineSubject) -> None:
        self._run(check, subject)


class LabelerConformance(_Conformance):
    """A labeler, on a small molecule. molecule: its chemical formula, as ASE's collection of molecules has it."""

    checks = LABELER_CHECKS

    molecule: ClassVar[str] = "H2O"

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, backend: Any) -> Iterator[LabelerSubject]:
        """The labeler under test."""
        yield LabelerSubject(backend, molecule=cls.molecule)

    @_tests_of(LABELER_CHECKS)
    def test_conforms(self, check: Check, subject: LabelerSubject) -> None:
        self._run(check, subject)


class AnalysisConformance(_Conformance):
    """An analysis, on a small study that the kit makes up."""

    checks = ANALYSIS_CHECKS

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, backend: Any) -> Iterator[AnalysisSubject]:
        """The analysis under test."""
        yield AnalysisSubject(backend)

    @_tests_of(ANALYSIS_CHECKS)
    def test_conforms(self, check: Check, subject: AnalysisSubject) -> None:
        self._run(check, subject)


class ProbeConformance(_Conformance):
    """A probe, on a crystal of the kit."""

    checks = PROBE_CHECKS

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, backend: Any) -> Iterator[ProbeSubject]:
        """The probe under test."""
        yield ProbeSubject(backend)

    @_tests_of(PROBE_CHECKS)
    def test_conforms(self, check: Check, subject: ProbeSubject) -> None:
        self._run(check, subject)
