"""Trajectories made by hand: a hydronium ion and its neighbors in water, and cobalt with its chlorides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import molecule

from whet import LABELER, FrameSet, Ref, SampledTrajectory
from whet.testing.given_work import GivenWork

CELL = 12.0
MAIN = Ref("main")


def liquid() -> Atoms:
    """Eight water molecules in a periodic box, far from each other; atom 24 is a proton on the first of them.

    The first two molecules are neighbors: their oxygens are atoms 0 and 3, 2.6 Å apart along x.
    """
    water = molecule("H2O")
    water.positions -= water.positions[0]
    sites = [[0.5, 6, 6], [3.1, 6, 6]] + [[1 + 6 * (k % 2), 1.5 + 4.5 * (k // 2), 11] for k in range(6)]
    found = Atoms(cell=[CELL] * 3, pbc=True)
    for site in sites:
        one = water.copy()
        one.positions += site
        found += one
    found += Atoms("H", [[1.5, 6, 6]])
    return found


def thermal(start: Atoms, count: int, seed: int = 0, width: float = 0.04) -> list[Atoms]:
    """Frames around a structure, each atom off its place by a correlated random walk of that width (Å)."""
    random = np.random.default_rng(seed)
    off, frames = random.normal(0, width, (len(start), 3)), []
    for _ in range(count):
        off = 0.8 * off + 0.6 * random.normal(0, width, off.shape)
        frame = start.copy()
        frame.positions += off
        frames.append(frame)
    return frames


def with_proton(frames: Iterable[Atoms], places: Iterable[float]) -> list[Atoms]:
    """The same frames of `liquid`, the proton so far (Å) from the first oxygen on the way to the second."""
    found = []
    for frame, place in zip(frames, places, strict=True):
        frame = frame.copy()
        frame.positions[24] = frame.positions[0] + [place, 0, 0]
        found.append(frame)
    return found


def cobalt(distance: float = 4.5) -> Atoms:
    """Cobalt with three chlorides at 2.25 Å, and a fourth (atom 4) at that distance; in a periodic box."""
    around = 2.25 * np.array([[1, 0, 0], [-0.5, 0.87, 0], [-0.5, -0.87, 0]])
    return Atoms("CoCl4", [[0, 0, 0], *around, [0, 0, distance]], cell=[14.0] * 3, pbc=True)


def with_chloride(distances: Sequence[float], seed: int = 0) -> list[Atoms]:
    """Frames of `cobalt`, the fourth chloride at these distances."""
    frames = thermal(cobalt(), len(distances), seed, 0.03)
    for frame, distance in zip(frames, distances, strict=True):
        frame.positions[4] = frame.positions[0] + [0, 0, distance]
    return frames


def trajectory(
    frames: Sequence[Atoms], start: Atoms, number: int = 0, by: Ref | None = MAIN, step: float = 10.0, **rest: Any
) -> SampledTrajectory:
    """Of that number, frames `step` fs apart."""
    whose = "reference" if by == LABELER else str(by)
    ref = Ref(set=f"dynamics of {whose}", set_kind="self", sampled_by=by, trajectory=number, groups="trajectories")
    given: dict[str, Any] = {"times": [step * (place + 1) for place in range(len(frames))]}
    given |= {"labeled": FrameSet(()), "kept": (), **rest}
    return SampledTrajectory(ref, f"{ref.set} {number}", start, FrameSet(frames), **given)


def shuffled(frames: Iterable[Atoms], order: Sequence[int]) -> list[Atoms]:
    """The frames with their atoms in another order, as an honest program would have them."""
    return [frame[list(order)] for frame in frames]


def scattered(frames: Iterable[Atoms], seed: int = 3) -> list[Atoms]:
    """The frames with each atom moved by whole cell vectors, in each frame by others."""
    random, found = np.random.default_rng(seed), []
    for frame in frames:
        frame = frame.copy()
        frame.positions += random.integers(-2, 3, (len(frame), 3)) @ frame.cell.array
        found.append(frame)
    return found


def found(analysis: Any, folder: Path, *trajectories: SampledTrajectory) -> Any:
    """What an analysis finds in these trajectories; the findings hold together."""
    findings = analysis.run(GivenWork(folder, {"trajectories": trajectories}))
    findings.check()
    return findings
