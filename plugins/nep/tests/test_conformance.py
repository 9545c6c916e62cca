"""The conformance kit."""

from __future__ import annotations

import pytest

from whet.testing import PotentialConformance
from whet_nep.foundation import MODELS

if MODELS["nep89"].find() is None:
    pytest.skip("the weights of NEP89 are not here: pip install --no-deps neptrainkit==2.5.4", allow_module_level=True)


class TestNep89(PotentialConformance):
    given = "nep"
