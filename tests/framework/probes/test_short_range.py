"""short-range: a planted repulsion is found, with its wells; ZBL itself has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.data import covalent_radii

from whet import Capabilities, Labels, Potential
from whet.bias.zbl import zbl_energy
from whet.data.errors import OptionsError
from whet.probes.short_range import ShortRange, ShortRangeOptions, wrong_wells
from whet.testing import ProbeConformance

SALT = bulk("NaCl", "rocksalt", 5.64)


class TestShortRange(ProbeConformance):
    given = "short-range"


class Pairs(Potential):
    """An energy for each pair of atoms, and one for each atom."""

    name = "pairs"

    def __init__(self, energy: Callable[[int, int, float], float]) -> None:
        self.energy = energy

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def predict(self, frames: Sequence[Atoms], properties: Sequence[str]) -> Iterator[Labels]:
        for frame in frames:
            numbers = frame.numbers.tolist()
            pairs = combinations(range(len(frame)), 2)
            energy = sum(self.energy(numbers[i], numbers[j], float(frame.get_distance(i, j))) for i, j in pairs)
            yield Labels(energy - 3.0 * sum(numbers), np.zeros((len(frame), 3)), np.zeros((3, 3)))


def zbl(first: int, second: int, distance: float) -> float:
    return float(zbl_energy(first, second, np.array([distance]))[0])


def test_zbl_itself_is_one_and_has_no_well() -> None:
    found = ShortRange(ShortRangeOptions()).measured(SALT, Pairs(zbl))
    assert found.values == pytest.approx({"lowest ratio to ZBL": 1.0, "highest ratio to ZBL": 1.0, "wrong wells": 0.0})
    assert found.notes == ["ratio to ZBL: Cl–Cl 1.00, Cl–Na 1.00, Na–Na 1.00"]
    pairs = {"Cl–Cl": (17, 17), "Cl–Na": (11, 17), "Na–Na": (11, 11)}
    assert {branch for _, _, branch in found.curves["Pair energy"]} == set(pairs)
    for distance, energy, branch in found.curves["Pair energy"]:
        assert energy == pytest.approx(zbl(*pairs[str(branch)], distance), abs=1e-9)
    assert all(share == pytest.approx(1) for _, share, _ in found.curves["Ratio to ZBL"])


def test_a_planted_share_and_a_planted_well_are_found() -> None:
    """Na–Cl repels 0.3 times as much as it should and has a well around 0.4 of its bond; the others are ZBL."""
    bond = float(covalent_radii[[11, 17]].sum())

    def energy(first: int, second: int, distance: float) -> float:
        if first == second:
            return zbl(first, second, distance)
        well = 200 * np.exp(-(((distance / bond - 0.4) / 0.02) ** 2))
        return 0.3 * zbl(first, second, distance) - float(well)

    found = ShortRange(ShortRangeOptions()).measured(SALT, Pairs(energy))
    assert found.values["lowest ratio to ZBL"] == pytest.approx(0.3, rel=1e-3)
    assert found.values["highest ratio to ZBL"] == pytest.approx(1, rel=1e-3)
    assert found.values["wrong wells"] == 1


def test_an_attraction_is_negative_and_a_well() -> None:
    found = ShortRange(ShortRangeOptions()).measured(Atoms("Ar"), Pairs(lambda i, j, r: -5 / r))
    assert found.values["lowest ratio to ZBL"] < 0 and found.values["wrong wells"] == 1


def test_wells_are_stretches_in_which_the_energy_falls_inward() -> None:
    distances = np.array([0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert wrong_wells(distances, np.array([9.0, 7.0, 5.0, 4.0, 3.0, 2.0])) == []
    assert wrong_wells(distances, np.array([9.0, 3.0, 5.0, 4.0, 4.5, 2.0])) == [0.7, 0.9]
    assert wrong_wells(distances, np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])) == [1.0]
    assert wrong_wells(distances, np.full(6, 2.0) + 1e-6 * np.arange(6)) == []  # rounding is no well


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(OptionsError, match="`shortest` must be less than `inside`"):
        ShortRangeOptions.checked({"shortest": 0.6}, of="the probe 'short-range'")
