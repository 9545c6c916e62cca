"""DFT-D3 dispersion for Whet. Importing this module imports neither dftd3 nor NumPy."""

from __future__ import annotations

from whet import Potential, hookimpl
from whet_d3.potential import D3Potential

whet_api = {"potentials": 1}


@hookimpl
def potentials() -> list[type[Potential]]:
    return [D3Potential]
