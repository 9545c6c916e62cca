"""Labels that contradict each other or repeat: two of one frame, of one structure, impossible ones, copies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from file_cases import STUDY, TRAINING, case, said
from in_process import whet
from whet import Labels, export_frames, frame_key, read_labeled, write_frames

TWO: dict[str, dict[str, Any]] = {
    "energy": {"REF_energy": -2.0, "REF_forces": np.full((4, 3), 0.1)},
    "an energy alone": {"dft_energy": -2.0},
    "forces": {"REF_energy": -1.0, "REF_forces": np.ones((4, 3))},
    "forces alone": {"DFT_force": np.ones((4, 3))},
    "stress": {"REF_energy": -1.0, "REF_forces": np.full((4, 3), 0.1), "REF_stress": np.eye(3).ravel()},
}


def with_two(name: str) -> Atoms:
    argon = bulk("Ar", "fcc", a=5.2, cubic=True)
    frame = Labels(-1.0, np.full((4, 3), 0.1), np.zeros((3, 3))).attach(argon)
    for key, value in TWO[name].items():
        (frame.arrays if np.shape(value) == (4, 3) else frame.info)[key] = value
    return frame


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(
    ("name", "suffix"), [(n, s) for n in TWO for s in ("extxyz", "frames")] + [("an energy alone", "traj")]
)
def test_two_different_labels_of_one_frame_are_refused_with_the_way_out(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "frames":
        write_frames(path, [with_two(name)])
    else:
        ase.io.write(path, with_two(name))
    for command in ("evaluate", "import", "check", "run"):
        ended = said(tmp_path, command, path.name)
        assert "two different labels" in ended.stdout + ended.stderr
        label = name.removeprefix("an ").removesuffix(" alone")
        way_out = f"--{label}-key KEY" if command in ("evaluate", "import") else f"`keys: {{{label}: KEY"
        assert way_out in ended.stdout + ended.stderr


@pytest.mark.usefixtures("toy")
def test_naming_the_label_that_counts_is_the_way_out(tmp_path: Path) -> None:
    ase.io.write(tmp_path / "a.extxyz", with_two("energy"))
    named = ("--energy-key", "REF_energy", "--forces-key", "REF_forces", "--stress-key", "stress")
    whet("evaluate", "a.extxyz", "--potential", "toy", *named, folder=tmp_path)
    whet("labels", "import", "a.extxyz", "--theory", "PBE", "--units", "eV,Å", *named, folder=tmp_path)
    keys = "{energy: REF_energy, forces: REF_forces}"
    (tmp_path / "study.yaml").write_text(f"{STUDY}tests: {{given: {{file: a.extxyz, keys: {keys}}}}}\n")
    whet("check", "study.yaml", folder=tmp_path)
    (frame,) = read_labeled(tmp_path / "a.extxyz", {"energy": "REF_energy"})
    assert Labels.of(frame).energy == -2.0


def test_the_same_label_under_two_names_is_one(tmp_path: Path) -> None:
    frame = Labels(-1.23456789, np.zeros((4, 3))).attach(bulk("Ar", "fcc", a=5.2, cubic=True))
    frame.info["REF_energy"], frame.arrays["REF_forces"] = -1.234568, np.zeros((4, 3))
    write_frames(tmp_path / "a.frames", [frame])
    assert len(read_labeled(tmp_path / "a.frames")) == 1


OUTLIERS = {"none": [], "one": [7], "two": [7, 20], "zero": [5]}


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("name", OUTLIERS)
def test_impossible_energies_are_named_and_no_others(reference_data: Path, tmp_path: Path, name: str) -> None:
    file = case(reference_data, f"{name}.extxyz", tmp_path)
    words = ("labels", "import", file, "--theory", "PBE", "--units", "eV,Å", "--dry-run", "--json")
    found = json.loads(whet(*words, folder=tmp_path).stdout)
    places = [place.rpartition("frame ")[2].rstrip(")") for one in found["suspicious"] for place in one["places"]]
    assert sorted(map(int, places)) == OUTLIERS[name]
    ended = said(tmp_path, "check", file, code=0)
    for index in OUTLIERS[name]:
        assert f"frame {index}" in ended.stdout
    assert ended.stdout.count("suspicious:") == bool(OUTLIERS[name])


CONFLICTS = ["conflict-good-first.extxyz", "conflict-bad-first.extxyz"]


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("name", CONFLICTS)
def test_two_labels_of_one_structure_are_told_whichever_comes_first(
    reference_data: Path, tmp_path: Path, name: str
) -> None:
    file = case(reference_data, name, tmp_path)
    assert "conflict: " in said(tmp_path, "import", file).stdout
    ended = said(tmp_path, "check", file, code=0)
    assert "two labels of one structure differ by 1250 meV/atom" in ended.stdout
    text = TRAINING.replace("FILE", str(file)).replace("OTHER", str(case(reference_data, "test.extxyz", tmp_path)))
    (tmp_path / "training.yaml").write_text(text)
    for command in ("check", "run"):
        ended = whet(command, "training.yaml", code=2, folder=tmp_path)
        assert "two labels of one structure differ by 1250 meV/atom" in ended.stderr
        assert ended.stderr.count("\n") == 1


@pytest.mark.usefixtures("toy")
def test_training_itself_refuses_two_labels_of_one_structure(tmp_path: Path) -> None:
    from whet import Study

    argon = bulk("Ar", "fcc", a=5.2, cubic=True)
    frames = [Labels(energy, np.zeros((4, 3))).attach(argon) for energy in (-1.0, -6.0)]
    export_frames(tmp_path / "data.extxyz", frames)
    export_frames(tmp_path / "test.extxyz", [Labels(-1.0, np.zeros((1, 3))).attach(bulk("Ar", "fcc", a=5.3))])
    text = TRAINING.replace("FILE", "data.extxyz").replace("OTHER", "test.extxyz").replace("[4]", "[1]")
    (tmp_path / "study.yaml").write_text(text)
    account = Study.load(tmp_path / "study.yaml").run(workers=0)
    (fault,) = account.failed.values()
    assert "one structure with two labels" in str(fault)


@pytest.mark.usefixtures("toy")
def test_copies_are_counted(reference_data: Path, tmp_path: Path) -> None:
    file = case(reference_data, "duplicates.extxyz", tmp_path)
    different = len({frame_key(frame) for frame in ase.io.read(file, ":")})  # pyright: ignore[reportArgumentType]
    shown = json.loads(whet("frames", "show", file, "--json", folder=tmp_path).stdout)
    assert (shown["frames"], shown["different"]) == (8, different)
    assert f"8 frames are {different} different structures" in said(tmp_path, "check", file, code=0).stdout
    assert f"{different} new labels" in said(tmp_path, "import", file, code=0).stdout
