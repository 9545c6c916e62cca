"""Predictions for water of a potential that wants the O–H bonds longer by so much than the reference does."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from analysis_inputs import labeled, water
from whet.contracts.ports import Predictions
from whet.contracts.ref import Ref

UNTOUCHED = Ref("main")
STIFF, LENGTH = 45.0, 0.96


def stretch(frame: Atoms, longer: float, stiff: float = STIFF) -> np.ndarray:
    """Forces of two harmonic O–H bonds that want to be longer than 0.96 Å by so much."""
    forces = np.zeros((3, 3))
    for hydrogen in (1, 2):
        way = frame.positions[hydrogen] - frame.positions[0]
        length = np.linalg.norm(way)
        force = -stiff * (length - LENGTH - longer) * way / length
        forces[hydrogen] += force
        forces[0] -= force
    return forces


def predicted(
    state: Ref, longer: float, units: int = 5, on: str = "near", stiff: float = STIFF, scatter: float = 0.001
) -> Predictions:
    """On frames of water; scatter: Å, of what it wants the bonds longer by, from trajectory to trajectory."""
    frames = [water(seed, 0.03) for seed in range(10 * units)]
    reference = labeled(frames, [0.0] * len(frames), [stretch(frame, 0.0) for frame in frames])
    random = np.random.default_rng(0)
    off = np.repeat(longer + scatter * random.normal(size=units), 10)
    forces = [stretch(frame, own, stiff) for frame, own in zip(frames, off.tolist(), strict=True)]
    answers = labeled(frames, [0.0] * len(frames), forces)
    ref = state.on(Ref(set=on, set_kind="independent", groups="trajectories"))
    numbers = np.repeat(np.arange(units), 10).tolist()
    return Predictions(ref, reference, answers, range(len(frames)), (), numbers)
