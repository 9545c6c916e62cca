"""Protocol: what a molecular-dynamics run simulates, in words that mean the same in every engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from whet.contracts.monitors import Monitors
from whet.contracts.options import Options
from whet.contracts.potential import Property
from whet.data.errors import suggestion

Ensemble = Literal["nve", "nvt", "npt"]
Thermostat = Literal["langevin", "nose-hoover", "bussi"]
Barostat = Literal["isotropic", "anisotropic", "full"]

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "wong-yang": {
        "ensemble": "npt",
        "temperature": 300.0,
        "pressure": 0.0,
        "timestep": 0.5,
        "thermostat": "nose-hoover",
        "thermostat_time": 50.0,
        "barostat": "isotropic",
        "barostat_time": 500.0,
        "equilibration": 1_000_000,
        "production": 1_000_000,
        "every": 100_000,
    }
}
"""Name -> words of a published protocol. `wong-yang`: 0.5 ns and 0.5 ns at 300 K and 0 bar, a frame each 50 ps."""


class Protocol(Options):
    """What is simulated. An engine's own options extend it.

    The center of mass rests in every ensemble, unless atoms are held in place.
    """

    thermostats: ClassVar[Mapping[Ensemble, tuple[Thermostat, ...]]] = {
        "nvt": ("langevin", "nose-hoover", "bussi"),
        "npt": ("nose-hoover",),
    }
    """Thermostats that the engine has for each ensemble, the default first."""
    barostats: ClassVar[tuple[Barostat, ...]] = ("isotropic", "anisotropic", "full")
    """How an engine's cell can move; an engine that has none has no npt."""

    preset: str | None = None
    """A published protocol to start from (`wong-yang`); the keys beside it replace its own."""
    ensemble: Ensemble = "nvt"
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
    thermostat: Thermostat | None = None
    """By default `langevin` for nvt (robust in short runs), `nose-hoover` for npt (a chain of three) where the engine
    has them; `bussi` is stochastic velocity rescaling."""
    thermostat_time: float = Field(default=50.0, gt=0)
    """fs; damping time of the thermostat. The friction of `langevin` is its inverse."""
    barostat: Barostat | None = None
    """For npt: the cell keeps its shape (`isotropic`, the default), its lengths move one by one (`anisotropic`), or
    all of it does (`full`)."""
    barostat_time: float = Field(default=500.0, gt=0)
    """fs; damping time of the barostat."""
    velocities: Literal["drawn", "start"] = "drawn"
    """Initial velocities: drawn at the temperature, or those that the starting structure has."""
    rotation: Literal["free", "zero"] = "free"
    """Whether drawn velocities may turn a structure without periodic boundaries as a whole."""
    stress: bool = False
    """Compute and keep the stress of each frame outside npt too."""
    monitors: Monitors = Field(default_factory=Monitors)
    """When a run has gone wrong, or far enough."""

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, given: Any) -> Any:
        name = given.get("preset") if isinstance(given, Mapping) else None
        if name is None:
            return given
        if name not in PRESETS:
            raise ValueError(f"there is no preset {name!r}. {suggestion(str(name), PRESETS) or _known(PRESETS)}")
        own = {key: value for key, value in given.items() if key != "preset"}
        return {**PRESETS[name], **own}

    @model_validator(mode="after")
    def _fits(self) -> Protocol:
        if self.production % self.every:
            raise ValueError(f"production ({self.production}) is not a multiple of every ({self.every})")
        if self.ensemble == "npt" and not self.barostats:
            raise ValueError("ensemble npt is not had here; known: nve, nvt")
        known = self.thermostats.get(self.ensemble, ())
        if self.thermostat is not None and self.thermostat not in known:
            way_out = _known(known) if known else "leave it out"
            raise ValueError(f"thermostat {self.thermostat!r} does not go with ensemble {self.ensemble}; {way_out}")
        if self.barostat is not None and self.ensemble != "npt":
            raise ValueError(f"barostat {self.barostat!r} does not go with ensemble {self.ensemble}; leave it out")
        if self.barostat is not None and self.barostat not in self.barostats:
            raise ValueError(f"barostat {self.barostat!r} is not had here; {_known(self.barostats)}")
        return self

    @property
    def coupling(self) -> Thermostat | None:
        """The thermostat that is used; None in nve."""
        known = self.thermostats.get(self.ensemble, ())
        return self.thermostat or (known[0] if known else None)

    @property
    def properties(self) -> tuple[Property, ...]:
        """What the driving potential is asked for at every step."""
        return ("energy", "forces", "stress") if self.stress or self.ensemble == "npt" else ("energy", "forces")

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.equilibration + self.production

    @property
    def frames(self) -> int:
        """Frames of a complete trajectory."""
        return self.production // self.every + 1

    def is_kept(self, step: int) -> bool:
        """Whether the state after so many steps becomes a frame."""
        since = step - self.equilibration
        return since >= 0 and since % self.every == 0


def _known(names: Any) -> str:
    return f"known: {', '.join(names)}"
