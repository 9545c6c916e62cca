"""Isolated molecules and atoms: whole, as they were, alone, neutral unless their atoms say otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from made_structures import made, water_box
from whet import FrameError, export_frames, frame_key
from whet.contracts.labeling import isolated_atom
from whet.data.frame_checks import check_frame
from whet.data.frame_identity import total_charge
from whet.testing import check_structures


def all_of(path: Path, **options: object) -> list[Atoms]:
    isolated = made("isolated", file=str(path), **options)
    return [isolated.make(index, 1) for index in range(isolated.count or 0)]


def test_the_conformance_kit(tmp_path: Path) -> None:
    export_frames(tmp_path / "water.extxyz", [water_box(count=2)])
    assert check_structures({"use": "isolated", "file": str(tmp_path / "water.extxyz")}).ok


def test_each_molecule_is_whole_and_alone(tmp_path: Path) -> None:
    export_frames(tmp_path / "water.extxyz", [water_box(count=2)])
    frames = all_of(tmp_path / "water.extxyz", vacuum=9.0)
    assert [str(one.symbols) for one in frames] == ["OH2"] * 8 + ["H", "O"]
    wanted = molecule("H2O").get_all_distances()
    for one in frames[:8]:
        np.testing.assert_allclose(one.get_all_distances(), wanted, atol=1e-10)
        free = one.cell.lengths() - np.ptp(one.positions, axis=0)
        np.testing.assert_allclose(free, [9.0, 9.5, 10.0])
        assert not one.pbc.any() and one.positions.min() > 4 and one.info == {"config_type": "IsolatedMolecule"}
        assert (one.cell.lengths() - one.positions.max(axis=0)).min() > 4
    # The labels of these atoms are those of reference energies.
    assert [frame_key(one) for one in frames[8:]] == [frame_key(isolated_atom(symbol, 9.0)) for symbol in "HO"]
    assert [one.info["config_type"] for one in frames[8:]] == ["IsolatedAtom"] * 2


def test_one_of_each_kind(tmp_path: Path) -> None:
    """Formic acid and two isomers: dimethyl ether is not ethanol, though the formula is the same."""
    box = Atoms(cell=[40, 12, 12], pbc=True)
    for place, name in enumerate(["CH3OCH3", "CH3CH2OH", "CH3OCH3", "HCOOH"]):
        one = molecule(name)
        one.positions += [10 * place, 0, 0]
        box += one
    box.wrap()
    export_frames(tmp_path / "mixture.extxyz", [box, box])
    assert len(all_of(tmp_path / "mixture.extxyz", atoms=False)) == 4  # the second box is the first one again
    kinds = all_of(tmp_path / "mixture.extxyz", atoms=False, one_of_each=True)
    assert [one.get_chemical_formula() for one in kinds] == ["C2H6O", "C2H6O", "CH2O2"]
    assert [len(one) for one in all_of(tmp_path / "mixture.extxyz", molecules=False)] == [1, 1, 1]


def test_a_network_has_no_molecule(tmp_path: Path) -> None:
    export_frames(tmp_path / "salt.extxyz", [bulk("NaCl", "rocksalt", 5.64)])
    assert [str(one.symbols) for one in all_of(tmp_path / "salt.extxyz", periodic=True)] == ["Cl", "Na"]
    with pytest.raises(FrameError) as caught:
        made("isolated", file=str(tmp_path / "salt.extxyz"), atoms=False).make(0, 1)
    hint = "Set `atoms: true`, or name ions without bonds (`unbonded`)"
    assert str(caught.value) == f"{tmp_path / 'salt.extxyz'}: there is no molecule in it. {hint}"


def test_ions_have_the_charges_of_their_atoms(tmp_path: Path) -> None:
    hydroxide, water = molecule("OH"), molecule("H2O")
    water.positions += [5, 0, 0]
    both = hydroxide + water + Atoms("Li", [[0, 5, 0]])
    both.cell, both.pbc = [11, 11, 11], True
    both.info["charge"] = 1
    export_frames(tmp_path / "charged.extxyz", [both])
    with pytest.raises(FrameError) as caught:
        made("isolated", file=str(tmp_path / "charged.extxyz")).make(0, 1)
    what = "structure 1 has a charge, and nobody says which of its atoms have it. Give its atoms initial charges"
    assert str(caught.value) == f"{tmp_path / 'charged.extxyz'}: {what}"
    del both.info["charge"]
    both.set_initial_charges([-1.2, 0.2, -0.8, 0.4, 0.4, 1.0])
    export_frames(tmp_path / "ions.extxyz", [both])
    frames = all_of(tmp_path / "ions.extxyz", unbonded=["Li"], atoms=False)
    assert [(one.get_chemical_formula(), total_charge(one)) for one in frames] == [("HO", -1.0), ("H2O", 0.0)]
    for one in frames:
        check_frame(one)
