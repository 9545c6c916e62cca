"""ASE's integrators for Whet. Importing this module imports neither ASE nor NumPy."""

from __future__ import annotations

from whet import MDEngine, hookimpl
from whet_ase_md.engine import AseMD

whet_api = {"md_engines": 1}


@hookimpl
def md_engines() -> list[type[MDEngine]]:
    return [AseMD]
