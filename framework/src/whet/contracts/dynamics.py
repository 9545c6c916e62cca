"""Dynamics: the contract of an MD engine, and the words of a protocol that every engine shares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from whet.contracts.component import Backend
from whet.contracts.fine_tuning import Progress
from whet.contracts.options import Options
from whet.contracts.potential import Potential
from whet.data.frames import FrameSet

if TYPE_CHECKING:
    from ase import Atoms


class Protocol(Options):
    """What is simulated, in words that mean the same in every engine. An engine's own options extend it."""

    ensemble: Literal["nve", "nvt", "npt"] = "nvt"
    """Ensemble of the whole run."""
    temperature: float = Field(default=300.0, gt=0)
    """Kelvin; initial velocities are drawn at it in every ensemble."""
    pressure: float = 0.0
    """bar; for npt."""
    timestep: float = Field(default=1.0, gt=0)
    """fs."""
    equilibration: int = Field(default=0, ge=0)
    """Steps before the first frame is kept."""
    production: int = Field(default=100, ge=1)
    """Steps of the production run."""
    every: int = Field(default=10, ge=1)
    """Steps between two frames; the first and the last state of the production run are both kept."""
    thermostat_time: float = Field(default=50.0, gt=0)
    """fs; damping time of the thermostat."""
    barostat_time: float = Field(default=500.0, gt=0)
    """fs; damping time of the barostat."""

    @model_validator(mode="after")
    def _frames_fit(self) -> Protocol:
        if self.production % self.every:
            raise ValueError(f"production ({self.production}) is not a multiple of every ({self.every})")
        return self

    @property
    def frames(self) -> int:
        """Frames of a complete trajectory."""
        return self.production // self.every + 1


@dataclass(frozen=True)
class Trajectory:
    """What a run left.

    frames: with velocities, and the driving potential's energy and forces as labels. times: fs since the start of
    the run, one a frame. ended: empty for a complete run, else the reason why it stopped.
    """

    frames: FrameSet
    times: tuple[float, ...]
    ended: str = ""


class MDEngine(Backend, ABC):
    """Runs molecular dynamics. Its `Options` extend `Protocol`, which is therefore `self.options`."""

    Options: ClassVar[type[Options]] = Protocol

    @abstractmethod
    def run(self, start: Atoms, potential: Potential, *, seed: int, folder: Path, progress: Progress) -> Trajectory:
        """One trajectory from `start` (not changed), driven by `potential`; the same seed gives the same trajectory.

        folder: for what the engine writes; a run that was killed is taken up from there. A run that cannot go on
        (non-finite forces, absurd temperature) ends with its reason and keeps what is good; it raises nothing.
        """

    @property
    def protocol(self) -> Any:
        """The options, as a Protocol."""
        return self.options
