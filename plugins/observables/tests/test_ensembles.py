"""What is held against the reference: the same atoms under the same conditions, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units

from made_trajectories import box, found, own, reference, trajectory
from whet import SampledTrajectory
from whet_observables.rdf import RadialDistribution

ATOMS = 60


def gas(seed: int, kelvin: float) -> list[Atoms]:
    """Argon anywhere, with the velocities of a temperature."""
    rng, frames = np.random.default_rng(seed), []
    for _ in range(20):
        atoms = box(["Ar"] * ATOMS, rng.uniform(0, 12, (ATOMS, 3)), 12)
        atoms.set_momenta(rng.normal(scale=np.sqrt(atoms.get_masses()[:, None] * units.kB * kelvin), size=(ATOMS, 3)))
        frames.append(atoms)
    return frames


@pytest.mark.parametrize(("kelvin", "compared"), [(300.0, True), (500.0, False)])
def test_dynamics_at_another_temperature_decides_nothing(tmp_path: Path, kelvin: float, compared: bool) -> None:
    data: list[SampledTrajectory] = []
    for number in range(4):
        data += [trajectory(reference(number), gas(number, 300)), trajectory(own(number), gas(50 + number, kelvin))]
    findings = found(RadialDistribution, tmp_path, *data)
    assert bool(findings.verdicts) == compared
    said = [note for note in findings.notes if "compared with nothing: it has" in note]
    assert bool(said) != compared and all(
        "K on average, reference dynamics 30" in note or "29" in note for note in said
    )
