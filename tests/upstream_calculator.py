"""What a potential's own package makes of an exported file, held against the potential with its energy shift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from whet import Potential, Spec, UpstreamModel
from whet.plugins.registry import registry


def shifted(shift: dict[str, float], name: str, **options: Any) -> Any:
    """A potential with an energy shift (eV by symbol), as a fine-tuning leaves it."""
    found = registry().resolve("potentials", Spec(name, options))
    return registry().load(replace(found, energy_shift=shift))


def calculator_of(made: UpstreamModel) -> Any:
    """Upstream's, by the lines that the card shows."""
    space: dict[str, Any] = {"model": str(made.path)}
    exec(made.python, space)
    return space["calculator"]


def rattled(frames: Sequence[Atoms]) -> list[Atoms]:
    """The frames, none at its minimum any more."""
    for seed, atoms in enumerate(frames):
        atoms.rattle(0.05, seed=seed)
    return list(frames)


def assert_agree(
    potential: Potential, frames: Sequence[Atoms], folder: Path, *, per_atom: float, rel: float = 0.0
) -> None:
    """Upstream's calculator, and Whet by the path, answer as the shifted potential.

    per_atom: eV, rel: of the energy; an energy may be off by the larger of the two.
    """
    made = potential.export(folder)
    calculator = calculator_of(made)
    spec = Spec(potential.name, {"model": str(made.path), **made.options})
    again: Potential = registry().load(registry().resolve("potentials", spec))
    assert again.energy_shift == {}
    for atoms, labels, read in zip(frames, potential.evaluate(frames), again.evaluate(frames), strict=True):
        atoms.calc = calculator
        close = pytest.approx(labels.energy, abs=per_atom * len(atoms), rel=rel)
        assert atoms.get_potential_energy() == close and read.energy == close
        np.testing.assert_allclose(atoms.get_forces(), labels.forces, atol=2e-5)
        assert labels.stress is not None
        np.testing.assert_allclose(atoms.get_stress(voigt=False), labels.stress, atol=1e-6)
