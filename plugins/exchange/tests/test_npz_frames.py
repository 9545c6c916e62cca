"""Archives as sGDML and NequIP write them: read in the units that they state, or that are said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ase.units
import numpy as np
import pytest

from whet import Failure, InputError, Labels, UnitSystem
from whet_exchange.npz_frames import NpzArchive

OWN = UnitSystem()

RANDOM = np.random.default_rng(3)
POSITIONS, ENERGIES, FORCES = RANDOM.normal(size=(4, 3, 3)), RANDOM.normal(size=4), RANDOM.normal(size=(4, 3, 3))


def archive(tmp_path: Path, *, compressed: bool = False, **changed: Any) -> Path:
    arrays = {"R": POSITIONS, "z": np.array([8, 1, 1], np.uint8), "E": ENERGIES, "F": FORCES, **changed}
    path = tmp_path / "a.npz"
    (np.savez_compressed if compressed else np.savez)(path, **{k: v for k, v in arrays.items() if v is not None})
    return path


@pytest.mark.parametrize("compressed", [False, True])
def test_units_that_the_archive_states_are_those_of_ase(tmp_path: Path, compressed: bool) -> None:
    path = archive(tmp_path, compressed=compressed, e_unit=np.array("kcal/mol"), r_unit=np.array("Ang"))
    found = list(NpzArchive().records(path, {}, None))
    unit = ase.units.kcal / ase.units.mol
    for index, record in enumerate(found):
        assert record.frame is not None and isinstance(record.answer, Labels)
        assert record.frame.get_chemical_formula() == "H2O"
        assert not record.frame.pbc.any()
        assert not record.frame.info
        np.testing.assert_array_equal(record.frame.positions, POSITIONS[index])
        assert record.answer.energy == pytest.approx(ENERGIES[index] * unit, rel=1e-9)
        np.testing.assert_allclose(record.answer.forces, FORCES[index] * unit, rtol=1e-9)
    assert len(found) == 4


def test_units_that_are_said_scale_everything(tmp_path: Path) -> None:
    path = archive(tmp_path, E=ENERGIES[:, None], cell=np.eye(3) * 9.0)
    for index, record in enumerate(NpzArchive().records(path, {}, UnitSystem.parse("hartree,bohr"))):
        assert record.frame is not None and isinstance(record.answer, Labels)
        assert record.frame.pbc.all()
        np.testing.assert_allclose(record.frame.cell.lengths(), 9 * ase.units.Bohr, rtol=1e-9)
        np.testing.assert_allclose(record.frame.positions, POSITIONS[index] * ase.units.Bohr, rtol=1e-9)
        forces = FORCES[index] * ase.units.Hartree / ase.units.Bohr
        np.testing.assert_allclose(record.answer.forces, forces, rtol=1e-9)


def test_a_frame_that_is_no_label_costs_no_other(tmp_path: Path) -> None:
    energies = ENERGIES.copy()
    energies[1] = np.nan
    found = [record.answer for record in NpzArchive().records(archive(tmp_path, E=energies), {}, OWN)]
    assert [isinstance(answer, Failure) for answer in found] == [False, True, False, False]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"F": None}, "the archive has no array 'F'"),
        ({"F": FORCES[:2]}, "different numbers of frames (R of 4, E of 4, F of 2)"),
        ({"E": np.array([1, "x"], object)}, "of a kind that is not read"),
        ({"e_unit": np.array("furlong"), "r_unit": np.array("Ang")}, "'furlong' is no unit of energy"),
        ({"e_unit": np.array("eV"), "r_unit": np.array("Ang")}, "states the units eV, Å, not kcal/mol, Å"),
    ],
)
def test_an_archive_that_cannot_be_read_is_one_line(tmp_path: Path, changed: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError) as caught:
        list(NpzArchive().records(archive(tmp_path, **changed), {}, UnitSystem.parse("kcal/mol,Å")))
    assert what in str(caught.value) and "a.npz" in str(caught.value) and "\n" not in str(caught.value)


def test_without_units_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not state its units\. Add --units"):
        list(NpzArchive().records(archive(tmp_path), {}, None))
    (tmp_path / "b.npz").write_bytes(b"PK no archive")
    with pytest.raises(InputError, match=r"b\.npz: the archive cannot be read"):
        list(NpzArchive().records(tmp_path / "b.npz", {}, OWN))
