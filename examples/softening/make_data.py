"""How the *.extxyz here were made: `python make_data.py STORE FOLDER` (GPAW, about an hour of one core; it resumes).

LiCl, rock salt, 8 atoms a cell: strained, rattled, and from dynamics at four temperatures driven by CHGNet. PBE.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.build import bulk

import whet
from whet import Labels, Spec, Start, export_frames, run_trajectory
from whet.plugins.registry import registry

if TYPE_CHECKING:
    from ase import Atoms

EDGE = 5.15
"""Å; near the lattice constant of PBE."""

LABELER = {"cutoff": 600.0, "k_spacing": 0.45, "keep": "nothing"}
"""Converged on a rattled cell against 700 eV and 0.2 1/Å: 1.7 meV/atom (constant), 0.3 meV/Å, 0.06 GPa."""

NEAR = 0.1
"""eV/atom above the lowest energy; a frame below it is near equilibrium."""

CLOSEST = 1.5
"""Å; nearer atoms are no frame of interest, but an overlap of cores."""

DRAWN = count(1)


def structures() -> Iterator[Atoms]:
    """The frames, in a fixed order, each with a note of how it was made."""
    random = np.random.default_rng(1)
    cell = bulk("LiCl", "rocksalt", a=EDGE, cubic=True)
    for scale in np.linspace(0.90, 1.12, 23):
        yield named(strained(cell, np.eye(3) * scale), "volume")
    for size in np.linspace(0.02, 0.12, 22):
        shear = random.uniform(-size, size, (3, 3))
        yield named(rattled(strained(cell, np.eye(3) + (shear + shear.T) / 2), 0.02, random), "strained")
    for size in np.repeat([0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4], 9):
        yield named(rattled(strained(cell, np.eye(3) * random.uniform(0.96, 1.06)), size, random), "rattled")
    for kelvin, scale in ((500, 1.0), (1000, 1.02), (2000, 1.05), (4000, 1.08)):
        yield from at_temperature(strained(cell, np.eye(3) * scale), kelvin)


def strained(cell: Atoms, deformation: np.ndarray) -> Atoms:
    """The cell under a homogeneous deformation (3, 3)."""
    made = cell.copy()
    made.set_cell(cell.cell.array @ deformation, scale_atoms=True)
    return made


def rattled(cell: Atoms, size: float, random: np.random.Generator) -> Atoms:
    """Normal displacements with the standard deviation `size` (Å) that bring no two atoms too close."""
    while True:
        made = cell.copy()
        made.positions += random.normal(scale=size, size=(len(cell), 3))
        distances = made.get_all_distances(mic=True)[np.triu_indices(len(made), 1)]
        if distances.min() > CLOSEST:
            return made


def at_temperature(cell: Atoms, kelvin: int) -> Iterator[Atoms]:
    """Fifteen frames, 100 fs apart, of dynamics driven by CHGNet."""
    words = {"temperature": kelvin, "timestep": 1.0, "equilibration": 500, "production": 1400, "every": 100}
    here = registry()
    engine = here.load(here.resolve("md_engines", Spec("ase-md", words)))
    with tempfile.TemporaryDirectory() as folder:
        start = Start(cell, kelvin, Path(folder))
        made = run_trajectory(engine, start, whet.load("chgnet"), lambda done, total: None)
        for frame in made.frames:
            bare = cell.copy()
            bare.positions = frame.positions
            bare.wrap()
            yield named(bare, f"{kelvin} K", trajectory=f"{kelvin}-K", sampled_by="chgnet")


def named(frame: Atoms, how: str, trajectory: str = "", sampled_by: str = "rattle") -> Atoms:
    """The frame with a note of how it was made, and by whom. What is drawn at random stands alone: a number each."""
    drawn = next(DRAWN)
    frame.info |= {"config_type": how, "trajectory": trajectory or f"{how}-{drawn}", "sampled_by": sampled_by}
    return frame


def main(store: Path, folder: Path) -> None:
    """Labels every frame, once, and writes those that have labels, in parts that have no frame in common."""
    cached = store / "structures.frames"
    if not cached.is_file():
        whet.write_frames(cached, structures())
    report = whet.label_frames(
        whet.read_frames(cached),
        {"use": "gpaw", **LABELER},
        store,
        isolated_atoms=True,
        progress=lambda done, total: print(f"{done} of {total}", flush=True),  # noqa: T201 -- a script's own words
    )
    for failed in report.failed:
        print(failed)  # noqa: T201
    for name, part in parts(report.labeled).items():
        export_frames(folder / f"licl-{name}.extxyz", part)


def parts(labeled: list[Atoms]) -> dict[str, list[Atoms]]:
    """Volumes and atoms are for checks. Of the others every third is for tests: near equilibrium, or far from it."""
    found: dict[str, list[Atoms]] = {"volumes": [], "atoms": [], "train": [], "near": [], "far": []}
    others = []
    for frame in labeled:
        if len(frame) == 1:
            found["atoms"].append(frame)
        else:
            (found["volumes"] if frame.info["config_type"] == "volume" else others).append(frame)
    least = min(Labels.of(frame).energy / len(frame) for frame in others)
    for index, frame in enumerate(others):
        above = Labels.of(frame).energy / len(frame) - least
        found["train" if index % 3 else "near" if above < NEAR else "far"].append(frame)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
