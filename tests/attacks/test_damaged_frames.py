"""Files of frames with something wrong in them: one line for each, and nothing is written."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import given

from .conftest import answered, tree, whet
from .nasty import damaged
from .test_bad_studies import FEW, MANY, SEEDS

STUDY = "name: toy\npotentials: {main: toy}\ntests: {given: FILE}\n"
UNITS = ["--theory", "PBE", "--units", "eV,Å", "--dry-run", "--store", "none"]


@pytest.fixture(scope="module")
def folder(toys: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small files in every format of labeled frames, beside copies that are damaged."""
    import ase.io
    import numpy as np
    from ase.build import bulk
    from ase.calculators.lj import LennardJones

    from whet.plugins.frame_export import export_frames

    made = tmp_path_factory.mktemp("frames")
    kept = made / "kept"
    kept.mkdir()
    frames = []
    for place in range(3):
        atoms = bulk("Ar", "fcc", a=5.2 + place / 50, cubic=True)
        atoms.rattle(0.05, seed=place)
        atoms.calc = LennardJones(rc=5)
        atoms.get_stress()
        frames.append(atoms)
    ase.io.write(kept / "a.extxyz", frames)
    ase.io.write(kept / "a.traj", frames)
    for name in ("a.frames", "b.extxyz", "a.deepmd", "a.xyz.gz"):
        export_frames(kept / name, frames)
    np.savez(
        kept / "a.npz",
        E=[atoms.get_potential_energy() for atoms in frames],
        F=[atoms.get_forces() for atoms in frames],
        R=[atoms.positions for atoms in frames],
        z=frames[0].numbers,
        lattice=[atoms.cell.array for atoms in frames],
    )
    (made / "work").mkdir()
    return made


def try_file(folder: Path, seed: int) -> None:
    """One damaged file, given to one command."""
    draw = random.Random(seed)
    work = folder / "work"
    shutil.rmtree(work)
    shutil.copytree(folder / "kept", work)
    path = draw.choice(sorted(path for path in work.rglob("*") if path.is_file()))
    for _ in range(draw.choice([1, 1, 2])):
        path.write_bytes(damaged(path.read_bytes(), draw))
    given_path = next(above for above in (path, *path.parents) if above.parent == work).name
    if given_path.endswith(".deepmd"):
        given_path = str(path.relative_to(work).parents[-3]) if len(path.relative_to(work).parts) > 2 else given_path
    (work / "study.yaml").write_text(STUDY.replace("FILE", given_path))
    before = tree(work)
    for words in draw.sample(
        [
            ["frames", "show", given_path],
            ["frames", "convert", given_path, "out.extxyz"],
            ["check", "study.yaml"],
            ["labels", "import", given_path, *UNITS],
            ["label", given_path, "-l", "toy", "--store", "new"],
        ],
        2,
    ):
        said = whet(*words, folder=work)
        if words[0] in ("label", "labels", "frames") and not said.faults:
            assert said.code in (0, 2), (said, words)  # frames that are refused one by one are told on standard output
        elif not answered(said, what=(words, path)):
            mine = {name: what for name, what in tree(work).items() if not name.startswith("new")}
            assert mine == before, words  # `label` makes its store before the labeler says what it thinks of a frame
        for made in ("new", "out.extxyz"):
            shutil.rmtree(work / made) if (work / made).is_dir() else (work / made).unlink(missing_ok=True)


@FEW
@given(SEEDS)
def test_damaged_frames(folder: Path, seed: int) -> None:
    try_file(folder, seed)


@pytest.mark.slow
@pytest.mark.timeout(0)
@MANY
@given(SEEDS)
def test_many_damaged_frames(folder: Path, seed: int) -> None:
    try_file(folder, seed)
