"""The conformance kit: on a potential in float32 and on one in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from whet.testing import PotentialConformance


class TestPairwise(PotentialConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
        published = pytest.importorskip("whet_pairwise.foundation").MODELS["noble-gases"].find()["checkpoint"]
        # One more line, and these are weights of an unknown theory.
        path = tmp_path_factory.mktemp("weights") / "mine.json"
        path.write_text(published.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        return {"use": "d3", "potential": f"pairwise:{path}", "functional": "pbe"}


class TestChgnet(PotentialConformance):
    given: ClassVar = {"use": "d3", "potential": "chgnet"}

    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls) -> Any:
        pytest.importorskip("chgnet")
        return cls.given


@pytest.mark.slow
class TestMace(PotentialConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def backend(cls, small_file: Path) -> dict[str, Any]:
        potential = {"use": "mace", "model": str(small_file), "dtype": "float64"}
        return {"use": "d3", "potential": potential, "three_body": True}
