"""Reference energies of fine-tunings: from the labeler's atoms, given, or fitted; and what they do not cover."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from in_process import whet
from whet import InputError, Labels, OptionsError, Study, export_frames, isolated_atom
from whet.contracts.ports import FineTuning
from whet.running.stored_step import StoredSteps
from whet.study.record import record_of

CONSTANTS = {"Ar": -431.7, "Ne": -128.2, "Kr": -900.1}
"""What the toy's labels are off by, of each element."""

STUDY = """\
name: toy
potentials: {main: toy}
labeler: toy
data: {alloy: alloy.extxyz}
tests: {same: same.extxyz, other: other.extxyz}
strategies: {few: {preset: subsets, data: alloy, sizes: [8]}}
fine_tune: {epochs: 2}
self_generated: {of: none}
"""


def alloys(neon: int, count: int, seed: int) -> list:
    """Frames of 32 atoms, so many of them neon, the others argon, with the toy's labels."""
    from whet_toy.labeler import ToyLabeler, ToyLabelerOptions

    random = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        frame = bulk("Ar", "fcc", a=4.6, cubic=True).repeat(2)
        frame.symbols[random.permutation(32)[:neon]] = "Ne"
        frame.positions += random.normal(0, 0.15, frame.positions.shape)
        frames.append(frame)
    answers = list(ToyLabeler(ToyLabelerOptions()).label(frames, Path()))
    return [one.attach(frame) for one, frame in zip(answers, frames, strict=True) if isinstance(one, Labels)]


@pytest.fixture
def file(toy: None, tmp_path: Path) -> Path:
    """A study that trains on one composition, and is tested there and at another one."""
    export_frames(tmp_path / "alloy.extxyz", alloys(8, 8, seed=1))
    export_frames(tmp_path / "same.extxyz", alloys(8, 3, seed=2))
    export_frames(tmp_path / "other.extxyz", alloys(24, 3, seed=3))
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path / "study.yaml"


def done(file: Path, *words: str) -> Study:
    study = Study.load(file, words)
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    return study


def energies(study: Study) -> dict:
    (tuned,) = study.plan.all(FineTuning)
    return StoredSteps(study.store)[tuned.key].values["reference_energies"]


def error(study: Study, on: str) -> float:
    """Mean absolute error of the energy as predicted, meV/atom."""
    (score,) = [s for s in study.stored.scores if s["set"] == on and s["strategy"]]
    return score["energy"]["mae"]


def test_a_fit_to_one_composition_is_told_where_it_does_not_hold(file: Path) -> None:
    study = done(file)
    assert (energies(study)["rank"], energies(study)["span"]) == (1, ["Ar3Ne"])
    assert error(study, "same") < 50 and error(study, "other") > 5e3
    (note,) = study.stored.doubts
    assert note.startswith("few, 8 frames on “other”: the energy of ArNe3 cannot be compared with ")
    assert "with rank 1 for 2 elements (Ar, Ne)" in note and "forces and stress are not affected" in note
    (training,) = study.stored.findings("training")
    (row,) = training.table("fine-tuning").records()
    assert (row["reference energies"], row["elements aligned"]) == ("fitted", "1 of 2")
    assert "the compositions determine 1 of 2 reference energies (Ar, Ne)" in training.notes[0]
    sections = {one.label: one for one in study.stored.findings("scores")}
    assert list(sections["other"].notes) == [note] and not sections["same"].notes
    assert record_of(study.stored)


GIVEN = {
    "labeled": "atoms",
    "a mapping": "{atoms: {Ar: -431.7, Ne: -128.2, Kr: -900.1}}",
    "a file": "{atoms: atoms.extxyz}",
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN.keys())
def test_isolated_atoms_recover_planted_energies_at_every_composition(file: Path, given: str) -> None:
    atoms = [Labels(energy, np.zeros((1, 3))).attach(isolated_atom(symbol)) for symbol, energy in CONSTANTS.items()]
    export_frames(file.parent / "atoms.extxyz", atoms)
    study = done(file, f"fine_tune.reference_energies={given}")
    found = energies(study)
    assert found["source"] == "atoms" and found["rank"] == len(found["shift"])
    assert {symbol: found["shift"][symbol] for symbol in ("Ar", "Ne")} == pytest.approx({"Ar": -431.7, "Ne": -128.2})
    assert error(study, "other") < 100
    assert not study.stored.doubts
    (training,) = study.stored.findings("training")
    (row,) = training.table("fine-tuning").records()
    assert row["reference energies"] == "isolated atoms"
    assert not training.notes


def test_a_fit_in_place_of_atoms_is_announced_with_its_rank(file: Path) -> None:
    """Energies of atoms that are no atoms' (a cation of Ar) are not used, and whoever asked for them hears of it."""
    study = done(file, "fine_tune.reference_energies={atoms: {Ar: -415.9, Ne: -128.2, Kr: -900.1}}")
    assert "source" not in energies(study)
    note, _ = study.stored.doubts
    assert note.startswith("main few 1: fine-tune: reference energies: isolated atoms leave 11.8")
    assert note.endswith("they were fitted instead, with rank 1 for 2 elements")


def test_atoms_are_labeled_in_the_label_store_and_kept_in_later_rounds(toy: None, study_file: Path) -> None:
    study = Study.load(
        study_file,
        [
            "strategies={periodic: {rounds: 2, train_from: previous}}",
            "fine_tune.reference_energies=atoms",
            "tests={}",
            "self_generated={of: none}",
        ],
    )
    assert not study.run(workers=0).failed
    stored = StoredSteps(study.store)
    shifts = [stored[one.key].values["reference_energies"] for one in study.plan.all(FineTuning)]
    assert [one["shift"] for one in shifts] == [{"Ar": pytest.approx(-431.7)}] * 2
    assert [one["source"] for one in shifts] == ["atoms", "atoms"]
    found = study.store.labels.get(isolated_atom("Ar"), study.stored.theories[0])
    assert found is not None and found.energy == pytest.approx(-431.7)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("fitt", "should be fit, atoms, foundation, none or a mapping `atoms: FILE`, not 'fitt'"),
        ("{atom: a.extxyz}", "should have one key, `atoms`"),
        ("{atoms: {Xx: 1.0}}", "'Xx' is no chemical symbol"),
        ("{atoms: {Ar: much}}", "the energy of Ar is no number: 'much'"),
        ("{atoms: {}}", "there is no energy of an atom in it"),
    ],
)
def test_what_is_no_source_is_refused_with_its_key(file: Path, given: str, said: str) -> None:
    with pytest.raises((InputError, OptionsError)) as caught:
        Study.load(file, [f"fine_tune.reference_energies={given}"])
    assert said in str(caught.value)
    assert "reference_energies" in str(caught.value)


def test_atoms_that_cannot_be_had_are_refused_when_the_study_is_loaded(file: Path) -> None:
    text = STUDY.replace("labeler: toy\n", "").replace("epochs: 2", "epochs: 2, reference_energies: atoms")
    file.write_text(text)
    with pytest.raises(InputError, match="no labeler that could label isolated atoms"):
        Study.load(file)
    file.write_text(STUDY.replace("epochs: 2", "epochs: 2, reference_energies: {atoms: alloy.extxyz}"))
    with pytest.raises(InputError, match="has 32 atoms, and should have one"):
        Study.load(file)
    file.write_text(STUDY.replace("epochs: 2", "epochs: 2, reference_energies: {atoms: none.extxyz}"))
    with pytest.raises(InputError, match=r"none\.extxyz"):
        Study.load(file)


def test_an_element_without_an_energy_fails_its_fine_tuning_alone(file: Path) -> None:
    account = Study.load(file, ["fine_tune.reference_energies={atoms: {Ar: -431.7}}"]).run(workers=0)
    (fault,) = account.failed.values()
    assert "there is no energy of an isolated atom of Ne" in str(fault)


def test_the_terminal_says_what_the_report_says(file: Path) -> None:
    ended = whet("run", "study.yaml", folder=file.parent)
    wanted = "few, 8 frames on “other”: the energy of ArNe3 cannot be compared with that of other compositions"
    assert wanted in " ".join(ended.stdout.split())
    assert wanted in (file.parent / "report" / "index.html").read_text()


def test_the_old_ways_keep_their_keys(file: Path) -> None:
    """Keys as they were before there were other sources."""
    for word in ("fit", "none"):
        study = Study.load(file, [f"fine_tune.reference_energies={word}"])
        (tuned,) = study.plan.all(FineTuning)
        step = study.plan.steps[tuned.key]
        assert step.task.options["settings"]["reference_energies"] == word
        assert set(step.task.options) == {"settings", "seed"}
        assert set(step.inputs) == {"data"}
        assert not study.plan.of_kind("isolated-atoms")
