"""Backends that are wrong on purpose, one fault each: what the conformance kit is to find."""

from __future__ import annotations

from whet import hookimpl
from whet_faulty.analysis import FaultyAnalysis
from whet_faulty.fine_tuning import FaultyFineTuner
from whet_faulty.potential import FaultyPotential

whet_api = 1


@hookimpl
def potentials():
    return [FaultyPotential]


@hookimpl
def fine_tuners():
    return [FaultyFineTuner]


@hookimpl
def analyses():
    return [FaultyAnalysis]
