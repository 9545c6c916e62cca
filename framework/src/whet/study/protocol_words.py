"""ProtocolWords: what dynamics simulate, as a reader wants it: in femtoseconds, and with the units of every option."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNITS = {"temperature": "K", "pressure": "bar", "timestep": "fs", "thermostat_time": "fs", "barostat_time": "fs"}
IN_STEPS = ("equilibration", "production", "every")
NEEDED = {"ensemble", "temperature", "timestep", "production"}


@dataclass(frozen=True)
class ProtocolWords:
    """options: those of an MD engine, as `whet.contracts.protocol` has them; an engine may have others."""

    options: Mapping[str, Any]

    @property
    def is_known(self) -> bool:
        """Whether the options are the usual ones; else there is nothing to say but `option`."""
        return self.options.keys() >= NEEDED

    @property
    def whole(self) -> str:
        """`NVT, 350 K: 150 fs of equilibration and 150 fs of production, in steps of 0.5 fs`."""
        pressure = f", {self.options['pressure']:g} bar" if self.has_pressure else ""
        before = f"{self.time('equilibration')} of equilibration and " if self.options.get("equilibration") else ""
        state = f"{self.options['ensemble'].upper()}, {self.options['temperature']:g} K{pressure}"
        return f"{state}: {before}{self.time('production')} of production, in steps of {self.options['timestep']:g} fs"

    @property
    def has_pressure(self) -> bool:
        """Whether the volume follows a pressure."""
        return self.options["ensemble"].startswith("np") and "pressure" in self.options

    def time(self, name: str) -> str:
        """How long so many steps are: `150 fs`, `500 ps`."""
        time = self.options[name] * self.options["timestep"]
        return f"{time / 1000:,.6g} ps" if time >= 10_000 else f"{time:,.6g} fs"

    def option(self, name: str) -> str:
        """`300 steps (150 fs)`, `350.0 K`; as it is where it has no unit."""
        value = self.options[name]
        if name in IN_STEPS and "timestep" in self.options:
            return f"{value} steps ({self.time(name)})"
        return f"{value} {UNITS[name]}" if name in UNITS else f"{value}"
