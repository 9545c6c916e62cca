"""Figures are drawn from what planted trajectories give, with no field that is missing and few points."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units

from made_trajectories import Made, found, own, reference, trajectory
from whet import Analysis
from whet_observables.density import Density
from whet_observables.diffusion import Diffusion
from whet_observables.quality import Quality
from whet_observables.rdf import RadialDistribution
from whet_observables.spectra import Spectra

BLOCKS = {"block": 1000.0, "every": 200.0, "ballistic": 100.0, "equilibration": 0.0}
PLANTED: list[tuple[type[Analysis], dict[str, Any]]] = [
    (RadialDistribution, {}),
    (Density, {}),
    (Diffusion, BLOCKS),
    (Spectra, {"window": 1500.0}),
    (Quality, {"horizon": 2000.0, **BLOCKS}),
]


def nitrogen(seed: int, speed: float) -> Made:
    """Twenty-seven N₂ that vibrate and walk at random, in a cell that breathes; 5 fs apart."""
    random = np.random.default_rng(seed)
    grid = 4.0 * np.array([[n % 3, n // 3 % 3, n // 9] for n in range(27)], dtype=float)
    axes = random.normal(size=(27, 3))
    axes /= np.linalg.norm(axes, axis=1)[:, None]
    walks = np.cumsum(random.normal(0, 0.02, (401, 27, 3)), axis=0)
    breath, omega = random.normal(0, 0.004, 401), 2 * np.pi / 50.0 * speed
    start = random.random(27) * 7

    def make(place: int) -> Atoms:
        angle = (omega * 5.0 * place + start)[:, None]
        half = axes * (0.55 + 0.04 * np.sin(angle))
        middles = grid + walks[place]
        frame = Atoms("N54", np.concatenate([middles - half, middles + half]), cell=[12.0] * 3, pbc=True)
        velocity = axes * 0.04 * omega * np.cos(angle) / units.fs
        frame.set_velocities(np.concatenate([-velocity, velocity]))
        frame.set_cell([12.0 * (1 + breath[place])] * 3)
        return frame

    return Made(401, make)


@pytest.mark.parametrize(("analysis", "options"), PLANTED, ids=[one.name for one, _ in PLANTED])
def test_every_figure_is_drawn(analysis: type[Analysis], options: dict[str, Any], tmp_path: Path) -> None:
    vl_convert = pytest.importorskip("vl_convert")
    runs = [trajectory(reference(n), nitrogen(n, 1.0), 5.0) for n in range(4)]
    runs += [trajectory(own(n), nitrogen(20 + n, 0.9), 5.0) for n in range(4)]
    chosen = {"fastest": 50.0} if analysis is Spectra else {}
    findings = found(analysis, tmp_path, *runs, **options, **chosen)
    assert findings.figures
    assert findings.definition
    assert findings.source
    for figure in findings.figures:
        spec = {**(figure.spec or {}), "datasets": {table.name: table.records() for table in findings.tables}}
        assert "<path" in vl_convert.vegalite_to_svg(json.loads(json.dumps(spec)))
    assert all(len(table.rows) <= 5000 for table in findings.tables)
    assert all(column.description for table in findings.tables for column in table.columns)
