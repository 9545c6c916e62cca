"""What the tests of chaos start from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.harness import Chaos, undisturbed


@pytest.fixture(scope="session")
def toy_in_processes() -> Iterator[None]:
    """The toy plugin, for processes that are started."""
    if sys.platform != "linux":
        pytest.skip("processes are found by Linux's /proc")
    patch = pytest.MonkeyPatch()
    toy = str(Path(__file__).parents[1] / "toy")
    patch.setenv("PYTHONPATH", os.pathsep.join([toy, os.environ.get("PYTHONPATH", "")]))
    patch.setenv("OMP_NUM_THREADS", "1")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def peace(toy_in_processes: None, tmp_path_factory: pytest.TempPathFactory) -> Chaos:
    """The study, run in peace."""
    return undisturbed(tmp_path_factory.mktemp("peace"))
