"""The published protocols that the core has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from whet.contracts.protocol_preset import ProtocolPreset


class WongYang(ProtocolPreset):
    """Wong & Yang: npt, 0.5 ns and 0.5 ns at 300 K and 0 bar, a frame each 50 ps."""

    name = "wong-yang"
    words: ClassVar[Mapping[str, Any]] = {
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
