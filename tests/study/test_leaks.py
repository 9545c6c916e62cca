"""Leakage is told by frame and near-duplicate, whatever file or purpose the training frames come by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from file_cases import TRAINING, case
from in_process import whet
from whet import Labels, Study, export_frames
from whet.plugins.registry import registry
from whet.study.inspection import inspect

FILES = """\
name: toy
potentials: {main: toy, second: {use: toy, model: hard}}
fine_tune: {epochs: 2}
strategies: {few: {preset: subsets, data: given, sizes: [4], of: [second]}}
data: {given: {file: data.extxyz, first: 8}}
tests: {other: test.extxyz}
self_generated: {of: none}
"""

SAMPLED = """\
name: toy
potentials: {main: toy}
labeler: toy
structures: {file: structures.extxyz}
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: STRATEGIES
self_generated: {of: none}
"""


def argon(seed: int, nudged: float = 0.0) -> Atoms:
    random = np.random.default_rng(seed)
    frame = bulk("Ar", "fcc", a=4.6, cubic=True).repeat(2)
    frame.positions += random.normal(scale=0.15, size=frame.positions.shape)
    frame.positions += nudged * random.uniform(-1, 1, size=frame.positions.shape)
    return frame


def export(path: Path, frames: list[Atoms]) -> None:
    random = np.random.default_rng(1)
    labeled = [Labels(-1.0, random.normal(size=(len(one), 3))).attach(one) for one in frames]
    export_frames(path, labeled, overwrite=True)


def told(folder: Path, text: str) -> list[str]:
    """What `whet check` calls suspicious, file names without their folder."""
    (folder / "study.yaml").write_text(text)
    return [said.replace(f"{folder}/", "") for said in inspect(Study.load(folder / "study.yaml")).suspicious]


@pytest.mark.usefixtures("toy")
def test_near_duplicates_in_the_data_of_another_potential_are_told(tmp_path: Path) -> None:
    export(tmp_path / "data.extxyz", [argon(seed) for seed in range(10)])
    # The first is trained on, the second nearly; the third is beyond `first`; the fourth is new.
    tests = [argon(2), argon(5, nudged=0.006), argon(9), argon(50)]
    export(tmp_path / "test.extxyz", tests)
    exact, near = told(tmp_path, FILES)
    assert exact == "test.extxyz: 1 of its 4 frames are training frames of data.extxyz (frame 0)"
    assert near.startswith("test.extxyz: 1 of its 4 frames are near-duplicates of training frames of data.extxyz: no ")
    assert near.endswith("Å (frame 1)")


@pytest.mark.usefixtures("toy")
def test_a_training_file_with_fewer_digits_that_holds_every_test_frame(tmp_path: Path) -> None:
    frames = [argon(seed) for seed in range(10)]
    export(tmp_path / "test.extxyz", frames[:6])
    for frame in frames:
        frame.positions = frame.positions.round(4)
        frame.wrap()
    export(tmp_path / "data.extxyz", frames)
    (said,) = told(tmp_path, FILES)
    assert "6 of its 6 frames are near-duplicates of training frames" in said


@pytest.mark.usefixtures("toy")
def test_parts_of_one_file_leak_where_they_overlap(tmp_path: Path) -> None:
    frames = [argon(seed) for seed in range(10)]
    for number, frame in enumerate(frames):
        frame.info["config_type"] = "cold" if number < 6 else "hot"
    export(tmp_path / "data.extxyz", frames)
    parts = FILES.replace("data.extxyz, first: 8}", "data.extxyz, only: {config_type: cold}}")
    apart = parts.replace("test.extxyz", "{file: data.extxyz, only: {config_type: hot}}")
    assert not told(tmp_path, apart)
    (overlap,) = told(tmp_path, apart.replace("config_type: hot", 'config_type: ["hot", "c*"]'))
    assert overlap.startswith("data.extxyz: 6 of its 10 frames are training frames of data.extxyz")


@pytest.mark.usefixtures("toy")
def test_independent_frames_are_no_leak(tmp_path: Path) -> None:
    export(tmp_path / "data.extxyz", [argon(seed) for seed in range(10)])
    export(tmp_path / "test.extxyz", [argon(seed) for seed in range(20, 30)])
    assert told(tmp_path, FILES) == []


@pytest.mark.usefixtures("toy")
def test_tests_that_share_frames_are_told(tmp_path: Path) -> None:
    export(tmp_path / "data.extxyz", [argon(seed) for seed in range(8)])
    export(tmp_path / "test.extxyz", [argon(seed) for seed in range(20, 24)])
    export(tmp_path / "more.extxyz", [argon(seed) for seed in range(22, 30)])
    (said,) = told(tmp_path, FILES.replace("other: test.extxyz", "other: test.extxyz, more: more.extxyz"))
    assert said == "test.extxyz: 2 of its 4 frames are frames of the test more.extxyz, too (frame 2, frame 3)"


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("strategies", ["{naive: 2}", "{packed-first: {rounds: 1, trajectories: 2}}"])
def test_structures_that_training_starts_from_or_labels_are_told(tmp_path: Path, strategies: str) -> None:
    export(tmp_path / "structures.extxyz", [argon(seed) for seed in range(6)])
    export(tmp_path / "test.extxyz", [argon(0), argon(1, nudged=0.006), argon(60)])
    text = SAMPLED.replace("STRATEGIES", strategies) + "tests: {other: test.extxyz}\n"
    exact, near = told(tmp_path, text)
    assert exact == "test.extxyz: 1 of its 3 frames are training structures of structures.extxyz (frame 0)"
    assert "1 of its 3 frames are near-duplicates of training structures of structures.extxyz" in near


@pytest.mark.usefixtures("toy")
def test_a_sampled_test_that_starts_nearly_where_training_does_is_told(tmp_path: Path) -> None:
    export(tmp_path / "structures.extxyz", [argon(0), argon(1), argon(2), argon(0, nudged=0.005)])
    text = SAMPLED.replace("STRATEGIES", "{naive: 1}") + "tests: {sampled: {trajectories: 2}}\n"
    (said,) = told(tmp_path, text)
    wanted = "structures.extxyz: 1 of its 2 starting structures are near-duplicates of training structures of "
    assert said.startswith(wanted)


@pytest.mark.usefixtures("toy")
def test_replay_frames_are_training_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tuner = registry().find("fine_tuners", "toy")
    monkeypatch.setattr(tuner, "strategies", frozenset({"multihead-replay"}))
    monkeypatch.setattr(tuner, "words", frozenset({"replay"}))
    export(tmp_path / "data.extxyz", [argon(seed) for seed in range(8)])
    export(tmp_path / "replay.extxyz", [argon(seed) for seed in range(20, 28)])
    export(tmp_path / "test.extxyz", [argon(20), argon(40)])
    export(tmp_path / "old.extxyz", [argon(21), argon(0)])
    text = FILES.replace("{epochs: 2}", "{epochs: 2, strategy: multihead-replay, replay: replay.extxyz}")
    text = text.replace("other: test.extxyz", "other: test.extxyz, old: {file: old.extxyz, kind: replay}")
    assert told(tmp_path, text) == [
        "test.extxyz: 1 of its 2 frames are replay frames of replay.extxyz (frame 0)",
        "old.extxyz: 1 of its 2 frames are replay frames of replay.extxyz (frame 0)",
    ]


@pytest.mark.usefixtures("toy")
def test_the_run_and_its_report_tell(tmp_path: Path) -> None:
    export(tmp_path / "data.extxyz", [argon(seed) for seed in range(8)])
    export(tmp_path / "test.extxyz", [argon(seed, nudged=0.005) for seed in range(4)])
    (tmp_path / "study.yaml").write_text(FILES.replace("sizes: [4]", "sizes: [8]"))
    study = Study.load(tmp_path / "study.yaml")
    assert not study.run(workers=0).failed
    (said,) = study.stored.suspicious
    assert said.startswith("other: 4 of its 4 frames are near-duplicates of training frames (second few): no atom is ")


@pytest.mark.usefixtures("toy")
def test_only_data_that_name_groups_are_split_by_them(tmp_path: Path) -> None:
    """Whatever names none keeps its steps, and so what older stores have of it."""
    from whet.contracts.ports import Dataset

    def asked(groups: list[str], keys: str = "") -> object:
        frames = [argon(seed) for seed in range(8)]
        for frame, name in zip(frames, groups, strict=False):
            frame.info["trajectory"] = name
        export(tmp_path / "data.extxyz", frames)
        export(tmp_path / "test.extxyz", [argon(50)])
        (tmp_path / "study.yaml").write_text(FILES.replace("first: 8", f"first: 8{keys}"))
        plan = Study.load(tmp_path / "study.yaml").plan
        (one,) = plan.all(Dataset)
        return plan.steps[one.key].task.options.get("groups")

    assert asked([]) is None
    assert asked(["a", "b", "c", "d"]) == ""
    assert asked(["a", "b", "c", "d"], ", groups: frames") is None
    assert asked([], ", groups: run") == "run"


@pytest.mark.usefixtures("toy")
def test_training_frames_among_those_tested_on_are_told(reference_data: Path, tmp_path: Path) -> None:
    part, test = (case(reference_data, f"{name}.extxyz", tmp_path) for name in ("part", "test"))
    (tmp_path / "study.yaml").write_text(TRAINING.replace("FILE", str(part)).replace("OTHER", str(test)))
    ended = whet("check", "study.yaml", folder=tmp_path)
    assert "3 of its 6 frames are training frames of" in ended.stdout


@pytest.mark.usefixtures("toy")
def test_a_report_tells_what_was_trained_and_tested_on(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frames = []
    for _ in range(6):
        argon = bulk("Ar", "fcc", a=5.2, cubic=True)
        argon.positions += random.normal(scale=0.1, size=(4, 3))
        frames.append(Labels(-1.0, random.normal(size=(4, 3))).attach(argon))
    export_frames(tmp_path / "data.extxyz", frames[:4])
    export_frames(tmp_path / "test.extxyz", frames[2:])
    text = TRAINING.replace("FILE", "data.extxyz").replace("OTHER", "test.extxyz")
    (tmp_path / "study.yaml").write_text(text)
    ended = whet("run", "study.yaml", folder=tmp_path)
    told = "other: 2 of its 4 frames were trained on"
    assert f"suspicious: {told} (main few)" in ended.stdout
    assert f"{told} (toy soft few)" in (tmp_path / "report" / "index.html").read_text()
