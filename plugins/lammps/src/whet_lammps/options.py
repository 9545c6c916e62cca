"""LammpsOptions: a protocol, and how LAMMPS is run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from whet import Protocol


class LammpsOptions(Protocol):
    """A protocol, and how LAMMPS is run."""

    forces: Literal["external", "pair"] = "external"
    """Who computes forces: the potential at every step (`external`, any potential), or LAMMPS itself with a pair style
    that the potential exports to (`pair`), checked against the potential on the starting structure."""
    extra: list[str] = Field(default=[])
    """LAMMPS commands of your own (a fix, a dump, a compute), run after all others and before the first step; the
    groups are `all` and, where atoms are held in place, `mobile`. LAMMPS's units are `metal`."""
    arguments: list[str] = Field(default=[])
    """Command-line arguments of LAMMPS (`[-k, on, g, "1", -sf, kk]` for a GPU)."""
