"""A finished store in which a file is damaged: it is never used without a word, and the line says what to do."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings

from .conftest import alarm, answered, tree, whet
from .nasty import damaged
from .test_bad_studies import FEW, MANY, SEEDS

SOME = settings(FEW, max_examples=20)

STUDY = """\
name: toy
structures: {use: toy, repeat: 1}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 1, valid_fraction: 0}
strategies: {periodic: 1}
tests: {independent: {trajectories: 1}}
self_generated: {of: none}
"""


@pytest.fixture(scope="module")
def folder(toys: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that has run, a copy of its store, and what its status says."""
    from whet.study.study import Study

    made = tmp_path_factory.mktemp("damaged")
    (made / "study.yaml").write_text(STUDY)
    assert not Study.load(made / "study.yaml").run(workers=0).failed
    shutil.copytree(made / ".whet", made / "kept", symlinks=True)
    return made


def break_one(store: Path, draw: random.Random) -> str:
    """Damages one file of a store, or puts something else in its place; says which."""
    path = draw.choice(sorted(path for path in store.rglob("*") if path.is_file()))
    how = draw.random()
    if how < 0.75:
        path.write_bytes(damaged(path.read_bytes(), draw))
        return f"{path}: changed"
    place = draw.choice([path, path.parent]) if path.parent != store else path
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
    kinds = ["nothing", "folder", "link", "loop", "text"]
    new = draw.choice([*kinds, "pipe"] if path.suffix == ".json" and path.parent.name != "fine-tuning" else kinds)
    if new == "folder":
        place.mkdir()
    elif new in ("link", "loop"):
        place.symlink_to("/dev/zero" if new == "link" else place.name)
    elif new == "pipe":
        os.mkfifo(place)
    elif new == "text":
        place.write_text("text\n")
    return f"{place}: {new}"


def try_store(folder: Path, seed: int) -> None:
    """One damaged store, looked at and reported on."""
    draw = random.Random(seed)
    shutil.rmtree(folder / ".whet")
    shutil.copytree(folder / "kept", folder / ".whet", symlinks=True)
    shutil.rmtree(folder / "report", ignore_errors=True)
    said = break_one(folder / ".whet", draw)
    for words in draw.sample(
        [
            ["status", "study.yaml"],
            ["report", "study.yaml"],
            ["labels", "list", "--store", ".whet"],
            ["labels", "show", "toy-hard", "--store", ".whet"],
        ],
        2,
    ):
        before = tree(folder)
        ended = whet(*words, folder=folder)
        if words[:2] == ["labels", "show"] and not ended.faults:
            continue  # damaged labels are told on standard output
        if not answered(ended, what=(said, words)):
            after = tree(folder)
            mine = [name for name in before if not name.startswith(".whet/labels.sqlite")]  # SQLite's own business
            assert {name: after.get(name) for name in mine} == {name: before[name] for name in mine}, said
            assert [name for name in after if name.startswith("report")] == [
                name for name in before if name.startswith("report")
            ], said


def try_run(folder: Path, seed: int) -> None:
    """One damaged store, of which some results are lost besides, gone on with."""
    from whet.data.errors import StepFailed, WhetError
    from whet.study.study import Study

    draw = random.Random(seed)
    shutil.rmtree(folder / ".whet")
    shutil.copytree(folder / "kept", folder / ".whet", symlinks=True)
    for result in sorted((folder / ".whet" / "steps").glob("*/result.json")):
        if draw.random() < 0.5:
            result.unlink()
    said = break_one(folder / ".whet", draw)
    faults: list[WhetError] = []
    with alarm(said):
        try:
            study = Study.load(folder / "study.yaml")
            faults = list(study.run(workers=0).failed.values())
            if not faults:
                assert [score["softening"] for score in study.stored.scores], said
        except WhetError as error:
            faults = [error]
    for fault in faults:
        assert not isinstance(fault, StepFailed), (said, str(fault))
        assert len(str(fault).splitlines()) == 1, (said, str(fault))
    assert not list((folder / ".whet").rglob("*.partial*")), said


@SOME
@given(SEEDS)
def test_damaged_stores(folder: Path, seed: int) -> None:
    try_store(folder, seed)


@SOME
@given(SEEDS)
def test_runs_on_damaged_stores(folder: Path, seed: int) -> None:
    try_run(folder, seed)


@pytest.mark.slow
@pytest.mark.timeout(0)
@MANY
@given(SEEDS)
def test_many_damaged_stores(folder: Path, seed: int) -> None:
    try_store(folder, seed)


@pytest.mark.slow
@pytest.mark.timeout(0)
@MANY
@given(SEEDS)
def test_many_runs_on_damaged_stores(folder: Path, seed: int) -> None:
    try_run(folder, seed)
