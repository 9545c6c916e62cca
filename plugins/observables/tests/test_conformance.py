"""The conformance kit, with the defaults and with options under which the kit's short trajectories are long enough."""

from __future__ import annotations

from importlib.util import find_spec
from typing import ClassVar

import pytest

from whet.testing import AnalysisConformance

SHORT = {"block": 20.0, "every": 10.0, "ballistic": 0.0, "equilibration": 0.0}


class TestRdf(AnalysisConformance):
    given = "rdf"


class TestDensity(AnalysisConformance):
    given = "density"


class TestDiffusion(AnalysisConformance):
    given = "diffusion"


class TestShortDiffusion(AnalysisConformance):
    given: ClassVar = {"use": "diffusion", **SHORT}


@pytest.mark.skipif(find_spec("kinisi") is None, reason="kinisi is not installed")
class TestKinisi(AnalysisConformance):
    given: ClassVar = {"use": "kinisi", "start": 0.0, "equilibration": 0.0, "intervals": 5}


class TestSpectra(AnalysisConformance):
    given = "spectra"


class TestQuality(AnalysisConformance):
    given = "quality"


class TestShortQuality(AnalysisConformance):
    given: ClassVar = {"use": "quality", "horizon": 30.0, **SHORT}
