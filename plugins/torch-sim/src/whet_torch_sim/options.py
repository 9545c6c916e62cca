"""TorchSimOptions: the protocol as far as torch-sim keeps it, and how many trajectories share a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from whet import Protocol


class TorchSimOptions(Protocol):
    """A protocol without npt and without Nosé-Hoover chains; the README says why."""

    thermostats: ClassVar[Mapping[str, tuple[str, ...]]] = {"nve": (), "nvt": ("langevin", "bussi")}
    barostats: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    not_identity = frozenset({"most"})

    most: int | None = Field(default=None, ge=1)
    """Most trajectories that move at once; the others wait until one of them ends. By default all do. It changes no
    number, and batches that an accelerator has no memory for are divided without it."""
