"""An exported checkpoint is read by SevenNet's own calculator, with the energies of the shifted potential."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ase import Atoms
from ase.build import bulk

from upstream_calculator import assert_agree, rattled, shifted

pytestmark = pytest.mark.skipif(
    find_spec("sevenn") is None, reason="sevenn is in an environment of its own: whet env create sevennet"
)

SINGLE = {"per_atom": 2e-6, "rel": 2e-7}
"""eV, and of the energy: the digits of float32."""


def structures() -> list[Atoms]:
    salt, sodium = bulk("NaCl", "rocksalt", 5.6, cubic=True), bulk("Na", cubic=True) * (3, 1, 1)
    return rattled([salt, sodium, bulk("NaCl", "rocksalt", 5.6)])


@pytest.mark.parametrize("options", [{"model": "7net-0"}, {"model": "7net-mf-0", "modal": "R2SCAN"}], ids=str)
def test_upstream_has_the_energies_of_the_labels_theory(options: dict[str, str], tmp_path: Path) -> None:
    potential = shifted({"Na": -1234.56789, "Cl": 432.1}, "sevennet", **options)
    assert_agree(potential, structures(), tmp_path, **SINGLE)


def test_one_number_for_all_elements_becomes_one_for_each(tiny: Any, tmp_path: Path) -> None:
    checkpoint = str(tiny.files["checkpoint"])
    frames = [bulk("LiF", "rocksalt", 3.9, cubic=True), bulk("Li", cubic=True) * (2, 2, 2)]
    assert_agree(shifted({"Li": -200.5, "F": 31.25}, "sevennet", model=checkpoint), frames, tmp_path, **SINGLE)
