"""Charges and spins in the files that users bring: what counts as one, and what is no charge or spin at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.build import bulk, molecule

from file_cases import case, said
from in_process import whet
from whet import FrameError, Labels, export_frames, frame_key, read_labeled

WATER = """\
3
Properties=species:S:1:pos:R:3:forces:R:3 pbc="F F F" energy=-14.0 ABOUT
O 5.0 5.0 5.0 0.0 0.0 0.1
H 5.76 5.59 5.0 0.0 0.0 -0.05
H 4.24 5.59 5.0 0.0 0.0 -0.05
"""
NO_CHARGES = ["charge=neutral", "charge=None", "charge=1+", 'charge="1 2"', "charge=nan", 'charge=""', "charge=T"]
NO_SPINS = ["spin=singlet", "spin=0", "spin=1.5", "spin=-1", "spin=inf", 'total_spin="1 1"']
CONTRADICTIONS = ["charge=1 total_charge=0", "spin=1 total_spin=3"]


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("about", [*NO_CHARGES, *NO_SPINS, *CONTRADICTIONS])
def test_a_charge_or_spin_that_is_none_costs_its_frame_alone(tmp_path: Path, about: str) -> None:
    good = WATER.replace("ABOUT", "")
    (tmp_path / "many.extxyz").write_text(good + WATER.replace("ABOUT", about) + good.replace("-14.0", "-14.0"))
    for command in ("evaluate", "check", "run"):
        ended = said(tmp_path, command, "many.extxyz")
        assert "line 6 (frame 1)" in ended.stderr and ended.stderr.count("\n") == 1
    ended = said(tmp_path, "import", "many.extxyz")
    assert ended.stdout.count("refused: ") == 1 and "line 6 (frame 1)" in ended.stdout
    found = json.loads(whet("labels", "list", "--store", "s", "--json", folder=tmp_path).stdout)
    assert [one["labels"] for one in found] == [1]
    shown = json.loads(whet("frames", "show", "many.extxyz", "--json", code=2, folder=tmp_path).stdout)
    assert (shown["frames"], len(shown["refused"])) == (2, 1)


@pytest.mark.usefixtures("toy")
def test_frames_that_cannot_be_read_fail_by_themselves_when_labeled(tmp_path: Path) -> None:
    export_frames(tmp_path / "good.extxyz", [bulk("Ar", "fcc", a=5.2, cubic=True)])
    good = (tmp_path / "good.extxyz").read_text()
    (tmp_path / "many.extxyz").write_text(good.replace("pbc=", "charge=neutral pbc=") + good)
    ended = said(tmp_path, "label", "many.extxyz")
    assert "1 of 2 labeled" in ended.stdout
    assert "failed: many.extxyz, line 1 (frame 0): `charge` is 'neutral', no number" in ended.stdout


@pytest.mark.parametrize(
    "charges",
    [
        (-0.834, 0.417, 0.417),
        (-0.1 - 0.2, 0.1, 0.2),
        (-0.333, -0.333, 0.667),
        (np.float32(-0.8), np.float32(0.4), np.float32(0.4)),
        (0.0, 0.0, 0.0),
    ],
)
def test_a_column_of_charges_that_sums_to_nothing_is_a_neutral_frame(charges: Sequence[float]) -> None:
    neutral = molecule("H2O")
    charged = neutral.copy()
    charged.set_initial_charges(charges)
    assert frame_key(charged) == frame_key(neutral)
    from whet import total_charge

    assert total_charge(charged) == 0.0


def test_the_case_of_partial_charges_is_the_neutral_frame(reference_data: Path, tmp_path: Path) -> None:
    (frame,) = read_labeled(case(reference_data, "m-partial.extxyz", tmp_path))
    neutral = frame.copy()
    del neutral.arrays["initial_charges"]
    assert frame_key(frame) == frame_key(neutral)


def test_a_column_of_charges_that_is_far_from_whole_has_to_be_explained() -> None:
    atoms = molecule("H2O")
    atoms.set_initial_charges([0.1, 0.1, 0.1])
    with pytest.raises(FrameError, match=r"the initial charges add up to 0\.3 e"):
        frame_key(atoms)
    atoms.info["charge"] = 0
    assert frame_key(atoms) == frame_key(molecule("H2O"))


@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.float64(2.0), np.array(2)], ids=str)
def test_a_multiplicity_is_one_however_it_is_written(value: Any) -> None:
    one, other = molecule("OH"), molecule("OH")
    one.info["spin"], other.info["total_spin"] = value, value
    stated = molecule("OH")
    stated.info["spin"] = 2
    assert frame_key(one) == frame_key(other) == frame_key(stated)


def test_names_of_mace_are_part_of_what_is_labeled(tmp_path: Path) -> None:
    pytest.importorskip("tblite")
    states: list[dict[str, float]] = [{}, {"charge": 1, "spin": 2}, {"total_charge": 1, "total_spin": 2}]
    frames = [molecule("H2O") for _ in states]
    for frame, state in zip(frames, states, strict=True):
        frame.info.update(state)
    export_frames(tmp_path / "water.extxyz", frames)
    whet("label", "water.extxyz", "-l", "tblite", "--out", "labels.extxyz", folder=tmp_path)
    neutral, cation, named = (Labels.of(frame).energy for frame in read_labeled(tmp_path / "labels.extxyz"))
    assert neutral == pytest.approx(-156.97, abs=0.01)
    assert cation == pytest.approx(-136.37, abs=0.01)
    assert named == cation
