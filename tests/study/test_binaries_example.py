"""The example of sixty binaries: its labels are what its page says, and its study finds each material's softness."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from whet import Labels, Study, frame_key, read_labeled
from whet.plugins.registry import registry

FOLDER = Path(__file__).parents[2] / "examples" / "binaries"
FILES = {name: FOLDER / f"{name}.extxyz" for name in ("train", "test")}


def frames(name: str) -> list[Atoms]:
    return list(read_labeled(FILES[name]))


def test_the_frames_are_as_many_and_as_small_as_they_are_said_to_be() -> None:
    train, test = frames("train"), frames("test")
    assert Counter(frame.info["material"] for frame in test) == dict.fromkeys(
        (frame.info["material"] for frame in train), 3
    )
    assert len(train) == 60
    assert len({frame_key(frame) for frame in (*train, *test)}) == 240  # no test frame is trained on
    assert sum(path.stat().st_size for path in FILES.values()) < 1e6
    assert all(frame.info["sampled_by"] == "rattle" for frame in (*train, *test))


def test_forces_add_up_to_nothing_but_where_the_page_says() -> None:
    off = [frame for frame in (*frames("train"), *frames("test")) if net_force(frame) > 0.05]
    assert len(off) == 240 - 234
    assert {frame.info["material"].split()[0] for frame in off} == {"Sr2N", "BeO", "CaF2"}
    assert max(map(net_force, off)) < 0.2


def net_force(frame: Atoms) -> float:
    """eV/Å, the largest component."""
    return float(np.abs(Labels.of(frame).forces.sum(axis=0)).max())


def test_no_frame_has_a_stress_to_train_on() -> None:
    """Stresses have not converged where forces have."""
    assert all(Labels.of(frame).stress is None for frame in (*frames("train"), *frames("test")))


@pytest.mark.skipif("nep" not in registry().names("potentials"), reason="whet-nep is not installed")
def test_the_study_finds_what_the_page_says_of_nep(tmp_path: Path) -> None:
    """Of the four the potential that takes seconds; the row of the page is what it answers."""
    settings = ["potentials={NEP89: nep}", "environments={}", "strategies={}", f"store={tmp_path / 'store'}"]
    study = Study.load(FOLDER / "study.yaml", settings)
    assert not study.run(workers=0).failed
    (row,) = study.stored.tables("materials")["over-materials"].to_dict("records")
    assert row["materials"] == 60
    (said,) = re.findall(
        r"(?m)^\| NEP89 \| ([\d.]+) .*?\| ([\d.]+) ", (FOLDER / "README.md").read_text(encoding="utf-8")
    )
    assert [f"{row['median']:.2f}", f"{row['mean']:.2f}"] == list(said)
