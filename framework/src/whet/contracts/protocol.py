"""Protocol: what a molecular-dynamics run simulates, in words that mean the same in every engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from whet.contracts.options import Options
from whet.contracts.potential import Property
from whet.data.errors import suggestion

MONITORS: Mapping[str, float] = {"max_force": 1000.0, "max_volume_change": 5.0}
"""Monitors of every run, with their limits, unless it says otherwise; `max_temperature` is one, too, with a limit that
follows the temperature."""


class Protocol(Options):
    """What is simulated. An engine's own options extend it, and say which ensembles, thermostats and barostats it has.

    The center of mass rests in every ensemble, unless atoms are held in place. The usual names are `nve`, `nvt` and
    `npt`; `langevin`, `nose-hoover` (a chain of three) and `bussi` (stochastic velocity rescaling); and for a cell that
    keeps its shape `isotropic`, whose lengths move one by one `anisotropic`, of which all moves `full`.
    """

    thermostats: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "nve": (),
        "nvt": ("langevin", "nose-hoover", "bussi"),
        "npt": ("nose-hoover",),
    }
    """The engine's ensembles, and its thermostats for each, the default first."""
    barostats: ClassVar[Mapping[str, tuple[str, ...]]] = {"npt": ("isotropic", "anisotropic", "full")}
    """Those of its ensembles in which the cell moves, and how it can, the default first."""

    preset: str | None = None
    """A published protocol to start from (`wong-yang`); the keys beside it replace its own."""
    ensemble: str = Field(default="nvt", validate_default=True)
    """Ensemble of the whole run, one that the engine has: `nve`, `nvt`, `npt`."""
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
    thermostat: str | None = None
    """One that the engine has for the ensemble: `langevin`, `nose-hoover` (a chain of three), `bussi` (stochastic
    velocity rescaling). By default the first: `langevin` for nvt (robust in short runs), `nose-hoover` for npt."""
    thermostat_time: float = Field(default=50.0, gt=0)
    """fs; damping time of the thermostat. The friction of `langevin` is its inverse."""
    barostat: str | None = None
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
    monitors: dict[str, Any] = Field(default=dict(MONITORS))
    """When a run has gone wrong, or far enough: name of a monitor -> its limit, or a mapping of its options; `null`
    turns it off. `max_force`, `max_temperature` and `max_volume_change` are on."""

    @field_validator("monitors", mode="before")
    @classmethod
    def _with_defaults(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        on = {*MONITORS, "max_temperature"}
        plain = {name: _plain(value) for name, value in {**MONITORS, **given}.items()}
        return {name: value for name, value in plain.items() if value is not None or name in on}

    @field_validator("ensemble", "thermostat", "barostat")
    @classmethod
    def _is_had(cls, word: str | None, about: ValidationInfo) -> str | None:
        """The engine's own words: an unknown one is refused with those that it has."""
        ensemble = about.data.get("ensemble")
        if about.field_name == "ensemble":
            known, where = cls.thermostats, "this engine"
        elif word is None or ensemble is None:
            return word
        else:
            had = cls.thermostats if about.field_name == "thermostat" else cls.barostats
            known, where = had.get(ensemble, ()), f"this engine in {ensemble}"
        if word not in known:
            way_out = suggestion(str(word), known) or (f"It has {', '.join(known)}" if known else "Leave it out")
            raise ValueError(f"{where} has no {about.field_name} {word!r}. {way_out}")
        return word

    @model_validator(mode="after")
    def _fits(self) -> Protocol:
        if self.preset is not None:
            raise ValueError(f"preset {self.preset!r} is a plugin's: it is looked up where the engine is named")
        if self.production % self.every:
            raise ValueError(f"production ({self.production}) is not a multiple of every ({self.every})")
        return self

    @property
    def coupling(self) -> str | None:
        """The thermostat that is used; None in nve."""
        known = self.thermostats[self.ensemble]
        return self.thermostat or (known[0] if known else None)

    @property
    def moves_cell(self) -> bool:
        """Whether the cell moves in this ensemble."""
        return self.ensemble in self.barostats

    @property
    def properties(self) -> tuple[Property, ...]:
        """What the driving potential is asked for at every step."""
        return ("energy", "forces", "stress") if self.stress or self.moves_cell else ("energy", "forces")

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


def _plain(value: Any) -> Any:
    """A monitor's value in one form: the limit alone where that is all, whole numbers as any others."""
    if isinstance(value, Mapping) and set(value) == {"limit"}:
        value = value["limit"]
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1e300 else value
