"""VASP for Whet. Importing this module imports neither pymatgen nor custodian nor NumPy."""

from __future__ import annotations

from whet import Labeler, hookimpl
from whet_vasp.labeler import VaspLabeler

whet_api = {"labelers": 1}


@hookimpl
def labelers() -> list[type[Labeler]]:
    return [VaspLabeler]
