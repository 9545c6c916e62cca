"""No structure is used for two purposes, and validation frames come from no training trajectory."""

from __future__ import annotations

import re
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase.build import bulk

from in_process import whet
from whet import Study
from whet.contracts.ports import Dataset, SampledTrajectory
from whet.data.errors import InputError
from whet.data.frame_identity import frame_key
from whet.running.stored_step import StoredSteps

PURPOSES = "tests={near: {trajectories: 2, driver: foundation}, far: {trajectories: 1, driver: foundation}}"
NEEDED = 3 + 2 + 1 + 1
"""Structures for the training of `naive: 3`, for the two test sets and for own trajectories."""


def structures(folder: Path, count: int) -> Path:
    """A file of so many different structures, each of them twice, as a concatenated file may have them."""
    made = []
    for number in range(count):
        atoms = bulk("Ar", "fcc", a=4.6, cubic=True)
        atoms.positions += np.random.default_rng(number).normal(scale=0.15, size=(4, 3))
        made += [atoms, atoms.copy()]
    ase.io.write(path := folder / "structures.extxyz", made)
    return path


def overrides(path: Path) -> list[str]:
    return [f"structures={{file: {path}}}", "strategies={naive: 3}", PURPOSES, "fine_tune.epochs=1"]


def starts(study: Study) -> dict[str, set[str]]:
    """Purpose -> identity of the structures that its trajectories started from."""
    stored, found = StoredSteps(study.store), {}
    for one in study.plan.all(SampledTrajectory):
        start = SampledTrajectory.read(stored[one.key], one.ref).start
        purpose = one.ref.set_kind if one.ref.set_kind in ("training", "self") else one.ref.set
        found.setdefault(purpose, []).append(frame_key(start))
    assert len(found["training"]) == 3 and len(set(found["training"])) == 3
    return {purpose: set(keys) for purpose, keys in found.items()}


def test_a_file_of_structures_is_shared_out(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, overrides(structures(study_file.parent, NEEDED)))
    assert not study.run(workers=0).failed
    found = starts(study)
    assert {purpose: len(keys) for purpose, keys in found.items()} == {"training": 3, "near": 2, "far": 1, "self": 1}
    assert len(set.union(*found.values())) == NEEDED


def test_a_longer_training_moves_no_test(toy: None, study_file: Path) -> None:
    given = overrides(structures(study_file.parent, NEEDED + 1))
    plans = [Study.load(study_file, [*given, f"strategies={{naive: {rounds}}}"]).plan for rounds in (3, 4)]
    tests = [[one.key for one in plan.all(SampledTrajectory, set_kind="independent")] for plan in plans]
    assert len(tests[0]) == 3 and tests[0] == tests[1]


def test_too_few_are_told_by_check(toy: None, study_file: Path) -> None:
    path = structures(study_file.parent, NEEDED - 1)
    study_file.write_text(study_file.read_text().replace("{use: toy, repeat: 2}", f"{{file: {path}}}"))
    set_ = [word for override in overrides(path)[1:] for word in ("--set", override)]
    said = whet("check", study_file, *set_, code=2).stderr
    assert re.search(r"study\.yaml, line 2, key structures\.file: ", said)
    assert f"the study needs {NEEDED} different structures" in said
    assert "3 for training" in said and "2 for near" in said and f"the file has {NEEDED - 1}" in said
    assert not (study_file.parent / ".whet").exists()


@pytest.mark.parametrize("strategy", ["naive", "hybrid"])
def test_validation_frames_are_of_no_training_trajectory(toy: None, study_file: Path, strategy: str) -> None:
    words = [f"strategies={{{strategy}: 3}}", "tests={}", "self_generated={of: none}"]
    study = Study.load(study_file, words)
    assert not study.run(workers=0).failed
    stored = StoredSteps(study.store)
    trajectory_of = {
        frame_key(frame): one.key
        for one in study.plan.all(SampledTrajectory, set_kind="training")
        for frame in stored[one.key].frames()
    }
    held_back = 0
    for piece in study.plan.all(Dataset):
        data = Dataset.read(stored[piece.key], piece.ref)
        train, valid = ({trajectory_of[frame_key(frame)] for frame in part} for part in (data.train, data.valid))
        if len(train | valid) >= 3:
            assert train and valid and not train & valid
            held_back += 1
    assert held_back


def test_a_study_without_structures_says_what_they_are_for(toy: None, study_file: Path) -> None:
    study_file.write_text(study_file.read_text().replace("structures: {use: toy, repeat: 2}\n", ""))
    with pytest.raises(InputError, match="this needs starting structures"):
        Study.load(study_file)
