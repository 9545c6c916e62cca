"""A pair potential for Whet. Importing this module imports neither NumPy nor ASE, so that listing plugins is fast."""

from __future__ import annotations

from whet import FineTuner, Potential, hookimpl
from whet_pairwise.fine_tuning import PairwiseFineTuner
from whet_pairwise.potential import PairwisePotential

whet_api = {"potentials": 1, "fine_tuners": 1}
"""The version of each kind of hook that this plugin was written for."""


@hookimpl
def potentials() -> list[type[Potential]]:
    return [PairwisePotential]


@hookimpl
def fine_tuners() -> list[type[FineTuner]]:
    return [PairwiseFineTuner]
