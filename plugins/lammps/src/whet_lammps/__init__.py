"""LAMMPS for Whet. Importing this module imports neither LAMMPS nor NumPy."""

from __future__ import annotations

from whet import MDEngine, hookimpl
from whet_lammps.engine import Lammps

whet_api = {"md_engines": 1}


@hookimpl
def md_engines() -> list[type[MDEngine]]:
    return [Lammps]
