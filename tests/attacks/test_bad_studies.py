"""Study files and overrides with something wrong in them: one line that says what, and nothing is written."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from whet.data.errors import SeveralFaults

from .conftest import EXAMPLES, answered, tree, whet
from .nasty import VALUES, damaged, document, mutated, places, yaml_of

STUDY: dict[str, Any] = {
    "name": "toy",
    "seed": 1,
    "store": ".whet",
    "structures": {"use": "toy", "repeat": 2},
    "potentials": {"main": "toy", "other": {"use": "toy:hard", "scale": 0.9, "fine_tune": {"epochs": 1}}},
    "labeler": {"use": "toy", "fail_every": 0},
    "dynamics": {"use": "toy", "timestep": 2, "production": 20, "every": 10, "temperature": 100, "monitors": {}},
    "descriptor": "toy",
    "fine_tune": {"epochs": 5, "weights": {"energy": 1, "forces": 10}, "upstream": {}},
    "strategies": {
        "naive": 2,
        "periodic": {"rounds": 2, "seeds": [1, 2], "of": ["main"]},
        "few": {"preset": "subsets", "data": "pool", "sizes": [1, 2], "committee": 2},
        "own": {"rounds": [{"sampler": "md", "driver": "main", "trajectories": 1}, {"train_from": "previous"}]},
    },
    "data": {"pool": {"file": "pool.extxyz", "first": 3}},
    "tests": {"independent": {"trajectories": 1, "driver": "labeler"}, "given": "test.extxyz"},
    "self_generated": {"of": "last", "trajectories": 1},
    "acquisition": "own",
    "environments": {},
    "running": {"workers": 1, "threads": 1, "device": "cpu", "most_steps": 20000},
}

MOST = SeveralFaults.SHOWN + 1
"""Lines: one for each fault of the file."""


@pytest.fixture(scope="module")
def folder(toys: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that a study may name, some of which are no files at all."""
    import ase.io
    from ase.build import bulk
    from ase.calculators.lj import LennardJones

    made = tmp_path_factory.mktemp("studies")
    frames = []
    for place in range(6):
        atoms = bulk("Ar", "fcc", a=5.2 + place / 50, cubic=True)
        atoms.rattle(0.05, seed=place)
        atoms.calc = LennardJones(rc=5)
        atoms.get_forces()
        frames.append(atoms)
    ase.io.write(made / "pool.extxyz", frames[:4])
    ase.io.write(made / "test.extxyz", frames[4:])
    (made / "loop").symlink_to("loop")
    (made / "folder").mkdir()
    os.mkfifo(made / "pipe")
    (made / "study.yaml").write_text(document(STUDY))
    return made


def test_the_study_itself_is_right(folder: Path) -> None:
    assert answered(whet("check", "study.yaml", folder=folder), lines=MOST)


def try_study(folder: Path, seed: int) -> None:
    """One bad study: changed as a tree, or as a text."""
    draw = random.Random(seed)
    content = (
        document(mutated(STUDY, draw)).encode("utf-8", "surrogatepass")
        if draw.random() < 0.8
        else document(STUDY).encode()
    )
    if draw.random() < 0.25:
        content = damaged(content, draw)
    (folder / "study.yaml").write_bytes(content)
    before = tree(folder)
    command = draw.choice(["check", "check", "check", "status"])
    answered(whet(command, draw.choice(["study.yaml", "."]), folder=folder), what=content, lines=MOST)
    assert tree(folder) == before


def try_override(folder: Path, seed: int) -> None:
    """One override of a study that is right."""
    draw = random.Random(seed)
    (folder / "study.yaml").write_text(document(STUDY))
    keys = draw.choice([place for place in places(STUDY) if place])
    value = yaml_of(draw.choice(VALUES)).encode("utf-8", "replace").decode().replace("\0", "")
    word = f"{'.'.join(map(str, keys))}={value}"
    if draw.random() < 0.2:
        word = damaged(word.encode(), draw).decode("utf-8", "surrogateescape").replace("\0", "")
    before = tree(folder)
    answered(whet("check", "study.yaml", "--set", word, folder=folder), what=word, lines=MOST)
    assert tree(folder) == before


# Without the phase `explain`: it traces every line, which makes all of this ten times slower.
PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
FEW = settings(
    max_examples=70,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    database=None,
    phases=PHASES,
)
MANY = settings(FEW, max_examples=EXAMPLES, derandomize=False)
SEEDS = st.integers(0, 2**40)


@FEW
@given(SEEDS)
def test_bad_studies(folder: Path, seed: int) -> None:
    try_study(folder, seed)


@FEW
@given(SEEDS)
def test_bad_overrides(folder: Path, seed: int) -> None:
    try_override(folder, seed)


@pytest.mark.slow
@pytest.mark.timeout(0)
@MANY
@given(SEEDS)
def test_many_bad_studies(folder: Path, seed: int) -> None:
    try_study(folder, seed)


@pytest.mark.slow
@pytest.mark.timeout(0)
@MANY
@given(SEEDS)
def test_many_bad_overrides(folder: Path, seed: int) -> None:
    try_override(folder, seed)
