"""The built-in probes: held against curves of known minimum and curvature, and against ASE by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.eos import EquationOfState as Fit

from whet import Capabilities, FrameError, Labels, Potential
from whet.data.units import GPA
from whet.probes.equation_of_state import EquationOfState, EquationOfStateOptions
from whet.probes.relaxation import Relaxation, RelaxationOptions
from whet.testing import LennardJones, ProbeConformance

EDGE, MODULUS = 4.0, 50.0  # Å, GPa


class Breathing(Potential):
    """Energy quadratic in the volume of a crystal: the minimum at EDGE³, with MODULUS there; atoms feel nothing."""

    name = "breathing"

    def __init__(self) -> None:
        super().__init__(self.Options())

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def predict(self, frames: Sequence[Atoms], properties: Sequence[str]) -> Iterator[Labels]:
        for frame in frames:
            change = frame.get_volume() - EDGE**3
            slope = MODULUS * GPA * change / EDGE**3
            yield Labels(0.5 * slope * change, np.zeros((len(frame), 3)), np.eye(3) * slope)


class TestEquationOfState(ProbeConformance):
    given = "equation-of-state"


class TestRelaxation(ProbeConformance):
    given = "relaxation"


@pytest.mark.parametrize("form", ["birchmurnaghan", "vinet", "murnaghan", "sj"])
def test_a_planted_minimum_and_modulus_are_found(form: Any) -> None:
    probe = EquationOfState(EquationOfStateOptions(strain=0.005, form=form))
    found = probe.measured(bulk("Cu", "sc", a=1.001 * EDGE), Breathing())
    assert found.values["volume"] == pytest.approx(EDGE**3, rel=1e-4)
    assert found.values["bulk modulus"] == pytest.approx(MODULUS, rel=0.01)
    assert len(found.curves["Equation of state"]) == 7


def test_it_is_the_fit_of_ase() -> None:
    crystal = bulk("Ar", "fcc", a=5.5, cubic=True) * (2, 2, 2)
    energies, volumes = [], []
    for strain in np.linspace(-0.03, 0.03, 7):
        scaled = crystal.copy()
        scaled.set_cell(crystal.cell * (1 + strain), scale_atoms=True)
        (labels,) = LennardJones().evaluate([scaled], ["energy"])
        energies.append(labels.energy / len(scaled))
        volumes.append(scaled.get_volume() / len(scaled))
    volume, _, modulus = Fit(volumes, energies, eos="birchmurnaghan").fit()
    found = EquationOfState(EquationOfStateOptions()).measured(crystal, LennardJones())
    assert found.values == {"volume": volume, "bulk modulus": modulus / GPA}


def test_a_minimum_outside_the_scan_is_refused() -> None:
    with pytest.raises(FrameError, match="the minimum has a smaller volume"):
        EquationOfState(EquationOfStateOptions()).measured(bulk("Cu", "sc", a=1.1 * EDGE), Breathing())
    with pytest.raises(FrameError, match="periodic in all three directions"):
        EquationOfState(EquationOfStateOptions()).measured(Atoms("Ar"), LennardJones())


def test_a_crystal_relaxes_to_its_planted_cell() -> None:
    found = Relaxation(RelaxationOptions(fmax=1e-4)).measured(bulk("Cu", "sc", a=1.03 * EDGE), Breathing())
    assert [found.values[edge] for edge in "abc"] == pytest.approx([EDGE] * 3, rel=1e-4)
    assert found.values["volume"] == pytest.approx(EDGE**3, rel=1e-4)
    assert found.values["energy gained"] > 0


def test_what_does_not_come_to_rest_is_refused() -> None:
    with pytest.raises(FrameError, match="not at rest after 2 steps"):
        Relaxation(RelaxationOptions(steps=2)).measured(bulk("Cu", "sc", a=1.03 * EDGE), Breathing())
