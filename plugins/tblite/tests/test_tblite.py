"""tblite as a labeler: derivatives, failures as values, and what its theory counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from whet import Failure, Labels, Spec
from whet.plugins.registry import registry


def labeler(**options: Any) -> Any:
    return registry().load(registry().resolve("labelers", Spec("tblite", options)))


def label(frame: Atoms, folder: Path, **options: Any) -> Labels:
    (answer,) = labeler(**options).label([frame], folder)
    assert isinstance(answer, Labels), answer
    return answer.checked(len(frame))


def ice() -> Atoms:
    """Two distorted molecules in a skew periodic cell."""
    one, other = molecule("H2O"), molecule("H2O")
    other.rotate(70, "x")
    other.translate((1.6, 2.3, 1.4))
    frame = one + other
    frame.set_cell([[4.6, 0.0, 0.0], [0.5, 4.9, 0.0], [0.2, -0.4, 4.4]])
    frame.pbc = True
    frame.rattle(0.1, seed=2)
    return frame


@pytest.mark.parametrize("temperature", [300.0, 20000.0])
@pytest.mark.parametrize("method", ["GFN1-xTB", "GFN2-xTB"])
def test_forces_and_stress_are_derivatives_of_the_energy(method: str, temperature: float, tmp_path: Path) -> None:
    # At 20000 K the electronic entropy counts: only the free energy has these derivatives.
    options = {"method": method, "electronic_temperature": temperature, "accuracy": 0.001}
    frame = ice()
    labels = label(frame, tmp_path, **options)
    step = 2e-4  # at 1e-3 the difference quotient itself is off by 2e-4 eV/Å
    for atom, axis in ((0, 2), (4, 1)):
        energies = []
        for sign in (1, -1):
            moved = frame.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(label(moved, tmp_path, **options).energy)
        assert labels.forces[atom, axis] == pytest.approx(-(energies[0] - energies[1]) / (2 * step), abs=2e-5)
    assert labels.stress is not None
    np.testing.assert_allclose(labels.stress, labels.stress.T, atol=1e-8)
    for i, j in ((0, 0), (1, 2)):
        energies = []
        for sign in (1, -1):
            strain = np.zeros((3, 3))
            strain[i, j] += sign * step / 2
            strain[j, i] += sign * step / 2
            strained = frame.copy()
            strained.set_cell(frame.cell.array @ (np.eye(3) + strain), scale_atoms=True)
            energies.append(label(strained, tmp_path, **options).energy)
        slope = (energies[0] - energies[1]) / (2 * step) / frame.get_volume()
        assert labels.stress[i, j] == pytest.approx(slope, abs=4e-6)


def test_energy_of_water_is_the_documented_one(tmp_path: Path) -> None:
    labels = label(molecule("H2O"), tmp_path)
    assert labels.energy == pytest.approx(-156.9675, abs=1e-3)  # tblite's own documentation
    assert labels.stress is None
    assert labels.extra["charges"].sum() == pytest.approx(0.0, abs=1e-8)
    assert labels.extra["dipole"].shape == (3,)


def test_charge_and_multiplicity_come_from_the_frame(tmp_path: Path) -> None:
    water, ion = molecule("H2O"), molecule("H2O")
    ion.info["charge"] = 1
    assert label(ion, tmp_path).extra["charges"].sum() == pytest.approx(1.0, abs=1e-8)
    assert label(ion, tmp_path).energy > label(water, tmp_path).energy + 5
    triplet = molecule("H2O")
    triplet.info["spin"] = 3
    assert label(triplet, tmp_path).energy > label(water, tmp_path).energy + 1
    # One atom less: an odd number of electrons needs no word.
    assert label(molecule("CH3"), tmp_path).energy < 0


def test_spin_polarization_lowers_a_triplet(tmp_path: Path) -> None:
    oxygen = molecule("O2")
    oxygen.info["spin"] = 3
    assert label(oxygen, tmp_path, spin_polarization=1.0).energy < label(oxygen, tmp_path).energy - 0.1


def test_a_frame_that_fails_is_a_value_and_the_next_goes_on(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    touching, heavy, slab, doublet, odd = (molecule("H2O") for _ in range(5))
    touching.positions[1] = touching.positions[0]
    heavy.numbers[0] = 95
    slab.set_cell([8, 8, 8])
    slab.pbc = (True, True, False)
    doublet.info["spin"] = 2
    odd.info["spin"] = 0.5
    frames = [touching, heavy, slab, doublet, odd, molecule("H2O")]
    answers = list(labeler().label(frames, tmp_path))
    reasons = [answer.reason for answer in answers[:5]]
    assert "Too close" in reasons[0]
    assert "Z >86" in reasons[1]
    assert "some directions only" in reasons[2]
    assert "unpaired" in reasons[3]
    assert "multiplicity" in reasons[4]
    assert isinstance(answers[5], Labels)
    (unsolved,) = labeler(max_iterations=2).label([molecule("H2O")], tmp_path)
    assert isinstance(unsolved, Failure) and "not converged in 2" in unsolved.reason
    assert capfd.readouterr() == ("", "")


def test_every_option_that_moves_a_number_moves_the_theory() -> None:
    reference = labeler().theory.fingerprint
    for options in (
        {"method": "GFN2-xTB"},
        {"accuracy": 0.1},
        {"electronic_temperature": 500.0},
        {"mixer_damping": 0.2},
        {"initial_guess": "eeq"},
        {"spin_polarization": 1.0},
    ):
        assert labeler(**options).theory.fingerprint != reference, options
    assert labeler(max_iterations=500).theory.fingerprint == reference
    assert labeler().theory.method == "GFN1-xTB"
    assert labeler(accuracy=0.1).theory.surface == labeler().theory.surface
