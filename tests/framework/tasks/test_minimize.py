"""minimize: it lands on minima that are known, holds what is to be held, and says where it does not converge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.constraints import FixAtoms

from whet import Capabilities, FrameError, Labels, Options, Potential
from whet.contracts.minimization import Minimization
from whet.contracts.ports import Frames
from whet.contracts.ref import Ref
from whet.contracts.task import Outcome
from whet.data.frame_log import read_frames
from whet.data.frames import FrameSet
from whet.tasks.minimize import Minimize
from whet.testing.given_work import GivenWork
from whet.testing.lennard_jones import CUTOFF, EPSILON, SIGMA, LennardJones

SITES = np.array([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0], [0.0, 2.5, 0.0]])


class Wells(Potential):
    """Each atom in a harmonic well of its own: E = Σ k |x − site|² / 2, with k = 2, 4, 6 eV/Å²."""

    name = "wells"
    stiffness = np.array([2.0, 4.0, 6.0])

    def __init__(self, broken: bool = False) -> None:
        super().__init__(Options())
        self.broken = broken

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def predict(self, frames: Sequence[Atoms], properties: Sequence[str]) -> Iterator[Labels]:
        for frame in frames:
            off = frame.positions - SITES
            forces = -self.stiffness[:, None] * off
            yield Labels(
                float(0.5 * (self.stiffness * (off**2).sum(axis=1)).sum()), forces * (np.nan if self.broken else 1)
            )


def minimized(folder: Path, start: Atoms, potential: Potential, **words: Any) -> tuple[Outcome, FrameSet]:
    given = GivenWork(folder, {"start": [Frames(Ref(), FrameSet([Atoms("Ar"), start]))]}, {"potential": potential})
    outcome = Minimize(Minimization(**words)).run(given)
    return outcome, FrameSet(read_frames(outcome.files["frames"]))


def start() -> Atoms:
    return Atoms("ArNeKr", SITES + np.random.default_rng(1).normal(scale=0.3, size=(3, 3)))


@pytest.mark.parametrize("optimizer", ["LBFGS", "BFGS", "FIRE"])
def test_it_lands_on_the_analytic_minimum(tmp_path: Path, optimizer: str) -> None:
    outcome, frames = minimized(tmp_path, start(), Wells(), optimizer=optimizer, fmax=0.01)
    assert outcome.values["converged"] and outcome.values["largest_force"] <= 0.01
    assert len(frames) == outcome.values["frames"] == 1
    # |x − site| = |F| / k, and k is 2 eV/Å² at least.
    assert np.abs(frames[-1].positions - SITES).max() <= 0.01 / 2
    labels = Labels.of(frames[-1])
    assert labels.energy <= 3 * 0.01**2 / (2 * 2)
    assert np.linalg.norm(labels.forces, axis=1).max() == pytest.approx(outcome.values["largest_force"])


@pytest.mark.parametrize("optimizer", ["BFGS", "FIRE"])
def test_two_argon_atoms_come_to_their_distance(tmp_path: Path, optimizer: str) -> None:
    """Where the force of the pair is the one that was taken off at the cutoff: near 2^(1/6) σ.

    They begin where the curvature is negative, as packed structures do.
    """
    from scipy.optimize import brentq

    def slope(r: float) -> float:
        x = (SIGMA / r) ** 6
        return -24 * EPSILON * x * (2 * x - 1) / r

    known = brentq(lambda r: slope(r) - slope(CUTOFF), 0.9 * SIGMA, 1.2 * SIGMA)
    assert known == pytest.approx(2 ** (1 / 6) * SIGMA, rel=0.02)
    _, frames = minimized(
        tmp_path, Atoms("Ar2", [[0, 0, 0], [0, 0, 4.5]]), LennardJones(), fmax=1e-6, optimizer=optimizer
    )
    assert frames[-1].get_distance(0, 1) == pytest.approx(known, abs=1e-4)


def test_the_path_is_thinned_from_start_to_minimum(tmp_path: Path) -> None:
    begin = start()
    outcome, frames = minimized(tmp_path, begin, Wells(), fmax=1e-4, frames=3)
    assert outcome.values["steps"] >= 3 and len(frames) == 3
    assert (frames[0].positions == begin.positions).all()
    energies = [Labels.of(frame).energy for frame in frames]
    assert energies[0] > energies[1] > energies[2]
    _, all_of_it = minimized(tmp_path, begin, Wells(), fmax=1e-4, frames=10_000)
    assert len(all_of_it) == outcome.values["steps"] + 1
    at_rest, one = minimized(tmp_path, frames[-1], Wells(), fmax=1e-4, frames=3)
    assert at_rest.values["steps"] == 0 and len(one) == 1


def test_what_does_not_converge_is_said(tmp_path: Path) -> None:
    outcome, frames = minimized(tmp_path, start(), Wells(), fmax=1e-6, steps=2)
    assert outcome.values["converged"] is False and outcome.values["steps"] == 2
    assert outcome.values["largest_force"] > 1e-6
    assert len(frames) == 1


def test_atoms_that_are_held_stay_and_do_not_count(tmp_path: Path) -> None:
    begin = start()
    begin.set_constraint(FixAtoms([1]))
    begin.set_cell([9, 10, 11])
    before = begin.copy()
    outcome, frames = minimized(tmp_path, begin, Wells(), fmax=0.01)
    found = frames[-1]
    assert outcome.values["converged"] and outcome.values["largest_force"] <= 0.01
    assert (found.positions[1] == before.positions[1]).all() and (found.cell.array == before.cell.array).all()
    assert np.abs(found.positions[[0, 2]] - SITES[[0, 2]]).max() <= 0.01 / 2
    assert np.linalg.norm(Labels.of(found).forces[1]) > 0.01  # labels are what the driver answered
    assert (begin.positions == before.positions).all() and begin.calc is None


def test_a_driver_without_an_answer_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(FrameError, match="not finite"):
        minimized(tmp_path, start(), Wells(broken=True))
