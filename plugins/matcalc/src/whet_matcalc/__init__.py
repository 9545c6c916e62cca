"""Probes that MatCalc computes. Importing this module imports neither MatCalc nor pymatgen nor phonopy."""

from __future__ import annotations

from whet import Probe, hookimpl
from whet_matcalc.barrier import Barrier
from whet_matcalc.defect import Defect
from whet_matcalc.elastic import Elastic
from whet_matcalc.mixing import Mixing
from whet_matcalc.phonons import Phonons
from whet_matcalc.surface import Surface

whet_api = {"probes": 1}


@hookimpl
def probes() -> list[type[Probe]]:
    return [Elastic, Phonons, Barrier, Surface, Defect, Mixing]
