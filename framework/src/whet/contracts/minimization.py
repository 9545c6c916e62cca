"""Minimization: how a structure is relaxed to a minimum of the energy, in words that mean the same for every driver."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from whet.contracts.options import Options


class Minimization(Options):
    """How a structure is relaxed. Atoms move, the cell stays as it is; constraints of the structure hold."""

    optimizer: Literal["BFGS", "FIRE", "LBFGS"] = "BFGS"
    """Optimizer of ASE: `BFGS` (few evaluations; slow above about a thousand atoms), `FIRE` (more evaluations; any
    size, and where forces are noisy or jump), or `LBFGS` (any size; may climb where the curvature is negative)."""
    fmax: float = Field(default=0.05, gt=0)
    """eV/Å; converged when the force on no free atom is larger."""
    steps: int = Field(default=500, ge=1)
    """Most steps; one that is not converged then is used as it is, and the report says so."""
    frames: int = Field(default=1, ge=1)
    """How many frames of the path are kept, spread evenly over its steps: 1 is the minimum alone, 2 the start and the
    minimum, …"""
