"""Training files keep every bit of a label, and pass on nothing that upstream would take as an instruction."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.io import iread

from whet import FrameSet, Labels
from whet_mace.training_files import write_training_file


def test_every_digit_survives(tmp_path, labeled):
    frames = labeled(3, 0)
    write_training_file(tmp_path / "train.xyz", frames, weight=0.1)
    for atoms, back in zip(frames, iread(tmp_path / "train.xyz"), strict=True):
        labels = Labels.of(atoms)
        np.testing.assert_array_equal(back.positions, atoms.positions)
        np.testing.assert_array_equal(back.cell.array, atoms.cell.array)
        np.testing.assert_array_equal(back.arrays["REF_forces"], labels.forces)
        np.testing.assert_array_equal(np.reshape(back.info["REF_stress"], (3, 3)), labels.stress)
        assert back.info["REF_energy"] == labels.energy
        assert back.info["config_weight"] == 0.1
        assert back.pbc.all()


def test_a_lone_atom_stays_a_frame(tmp_path):
    """Upstream takes a one-atom frame with config_type=IsolatedAtom out of the training."""
    atoms = Labels(-1.0, np.zeros((1, 3)), np.zeros((3, 3))).attach(Atoms("Li", info={"config_type": "IsolatedAtom"}))
    write_training_file(tmp_path / "train.xyz", FrameSet([atoms]))
    (back,) = iread(tmp_path / "train.xyz")
    assert "config_type" not in back.info
    assert "REF_stress" not in back.info
    assert not back.pbc.any()
    assert not back.cell.array.any()
