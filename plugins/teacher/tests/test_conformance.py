"""The conformance kit, CHGNet being the teacher."""

from __future__ import annotations

from typing import ClassVar

import pytest

from whet.testing import LabelerConformance

pytest.importorskip("chgnet")


class TestTeacher(LabelerConformance):
    given: ClassVar = {"use": "teacher", "potential": "chgnet"}
