"""Relative energies: offsets are taken out, differences between frames stay, and no difference is made by the fit."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from whet.bias.contrast import Contrast
from whet.bias.errors import errors
from whet.bias.holm import holm
from whet.bias.paired_errors import ENERGIES, PairedErrors
from whet.bias.pairs import Comparison
from whet.data.errors import FrameError
from whet.data.labels import Labels

ONE = ["Li2Cl2"] * 6
SEVERAL = ["Li2Cl2", "Li3Cl", "LiCl3", "Li2Cl2", "Li4", "Li3Cl"]
REPETITIONS = 300


def comparison(formulas, off, each=2):
    """off: (n_units, each) errors of the energy per atom, eV; `each` frames a trajectory."""
    reference, predicted, units = [], [], []
    for number, formula in enumerate(formulas):
        for place in range(each):
            atoms = Atoms(formula, np.random.default_rng(number * each + place).uniform(0, 6, (4, 3)), cell=[6] * 3)
            reference.append(Labels(0.0, np.zeros((4, 3))).attach(atoms))
            predicted.append(Labels(4.0 * off[number][place], np.zeros((4, 3))).attach(atoms))
            units.append(number)
    return Comparison.of(reference, predicted, units=units, units_of="trajectories")


def paired(formulas, first, second):
    return PairedErrors.of(ENERGIES, {1: comparison(formulas, first)}, {1: comparison(formulas, second)})


@pytest.mark.parametrize("formulas", [ONE, SEVERAL], ids=["one composition", "several"])
def test_they_are_the_errors_after_a_fit_on_the_very_frames(formulas):
    random = np.random.default_rng(0)
    off = random.normal(0.2, 0.02, (2, 6, 2))
    found = paired(formulas, *off)
    wanted = [errors(comparison(formulas, one)).energy_fitted_here.mae for one in off]
    assert found.maes == pytest.approx(wanted, rel=1e-6)
    assert found.fitted == (1 if formulas == ONE else 2)


def test_the_offset_of_one_composition_is_the_mean_error():
    off = np.array([[-0.02, -0.01], [-0.03, -0.02]] * 3)
    found = paired(ONE, off, off - 0.1)
    assert found.offsets == pytest.approx((20, 120))
    assert found.maes == pytest.approx((5, 5))
    assert Contrast.of(found).p == 1


def test_what_a_unit_leaves_out_is_fitted_anew():
    off = np.random.default_rng(1).normal(0, 0.02, (2, 6, 2))
    found = paired(SEVERAL, *off)
    assert found.without is not None
    for place in range(6):
        kept = [number for number in range(6) if number != place]
        alone = paired([SEVERAL[number] for number in kept], *off[:, kept])
        assert found.without[0][place, 0] == pytest.approx(alone.first.sum(), rel=1e-6)
        assert found.without[1][place, 0] == pytest.approx(alone.second.sum(), rel=1e-6)


@pytest.mark.parametrize("spread", [0.0, 1.0], ids=["alike", "a few hold most"])
@pytest.mark.parametrize("formulas", [ONE[:4], ONE, SEVERAL], ids=["four", "six", "several compositions"])
def test_no_difference_is_claimed_in_five_percent_at_most(formulas, spread):
    random, claims = np.random.default_rng(2), 0
    units = len(formulas)
    for _ in range(REPETITIONS):
        hard = np.exp(random.normal(0, spread, (units, 1)))
        first, second = (
            offset + 0.01 * hard * (random.normal(size=(units, 1)) + 0.3 * random.normal(size=(units, 2)))
            for offset in (0.02, 0.3)
        )
        claims += holm([Contrast.of(paired(formulas, first, second)).p or 0])[0] < 0.05
    assert claims / REPETITIONS <= 0.075  # two standard errors above 0.05


def test_as_many_reference_energies_as_frames_leave_nothing():
    formulas = ["Li4", "Cl4"]
    one = comparison(formulas, np.ones((2, 1)), each=1)
    with pytest.raises(FrameError, match="fitted to 2 frames leave no error of energies"):
        PairedErrors.of(ENERGIES, {1: one}, {1: one})


def test_a_perfect_fit_has_no_ratio():
    found = paired(ONE, np.full((6, 2), 0.3), np.random.default_rng(3).normal(0, 0.01, (6, 2)))
    assert found.maes[0] == 0
    assert Contrast.of(found).change.value is None
