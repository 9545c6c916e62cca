"""Change points of errors along trajectories. Importing this module imports neither NumPy nor ruptures."""

from __future__ import annotations

from whet import Analysis, hookimpl
from whet_regimes.regimes import Regimes

whet_api = {"analyses": 1}


@hookimpl
def analyses() -> list[type[Analysis]]:
    return [Regimes]
