"""Trajectories in one batch: each as if alone, whatever its size, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.constraints import FixAtoms

from whet import (
    FrameError,
    InputError,
    Labels,
    Potential,
    Property,
    Spec,
    Start,
    Trajectory,
    run_trajectories,
    run_trajectory,
)
from whet.plugins.registry import registry
from whet.testing import LennardJones, same_trajectory

ENSEMBLES: list[dict[str, Any]] = [
    {"ensemble": "nve", "stress": True},
    {"ensemble": "nvt"},
    {"ensemble": "nvt", "thermostat": "bussi"},
]


class Killed(BaseException):
    """As a signal would: nothing in the engine may catch it."""


class Argon(LennardJones):
    """Argon that notes what it was asked, and may be made to fail at a question or have little memory.

    hold: atoms that its memory holds. spoil: number of atoms -> force in eV/Å added to the first atom from the tenth
    question on; not a number to be refused.
    """

    def __init__(self, *, kill_at: int = 0, hold: int = 10**9, spoil: dict[int, float] | None = None) -> None:
        super().__init__()
        self.kill_at, self.hold, self.spoil = kill_at, hold, spoil or {}
        self.asked: list[list[int]] = []

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        self.asked.append([len(frame) for frame in frames])
        if len(self.asked) == self.kill_at:
            raise Killed
        if sum(self.asked[-1]) > self.hold:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        for labels in super().predict(frames, properties):
            if len(self.asked) >= 10 and len(labels.forces) in self.spoil:
                labels.forces[0, 0] += self.spoil[len(labels.forces)]
            yield labels


def structures() -> list[Atoms]:
    """Five of different sizes: orthorhombic, triclinic, with a vacancy, without periodicity, with held atoms."""
    cubic = bulk("Ar", "fcc", a=5.4, cubic=True)
    skewed = cubic * (2, 2, 3)
    skewed.set_cell(np.add(skewed.cell, [[0, 0, 0], [1.5, 0, 0], [-0.7, 1.1, 0]]), scale_atoms=True)
    vacancy = cubic * 2
    del vacancy[5]
    cluster = cubic.copy() * (2, 2, 1)
    cluster.pbc = False
    held = cubic * (3, 2, 2)
    del held[[1, 2]]
    held.set_constraint(FixAtoms(indices=[0, 3]))
    return [cubic * 2, skewed, vacancy, cluster, held]


def starts(folder: Path, chosen: Sequence[int] = range(5)) -> list[Start]:
    return [Start(structures()[index], 10 + index, folder / str(index)) for index in chosen]


def engine(**options: Any) -> Any:
    words = {"temperature": 40.0, "timestep": 4.0, "production": 24, "every": 4, **options}
    return registry().load(registry().resolve("md_engines", Spec("torch-sim", words)))


def run(begin: Sequence[Start], potential: Potential | None = None, **options: Any) -> list[Trajectory]:
    return run_trajectories(engine(**options), begin, potential or Argon(), lambda done, total: None)


@pytest.mark.parametrize("options", ENSEMBLES)
def test_five_of_different_sizes_are_those_of_each_alone_bit_for_bit(options: dict[str, Any], tmp_path: Path) -> None:
    potential = Argon()
    together = run(starts(tmp_path / "together"), potential, **options)
    assert potential.asked == [[len(atoms) for atoms in structures()]] * 25  # the starts, and once a step
    for index, made in enumerate(together):
        (start,) = starts(tmp_path / "alone", [index])
        assert same_trajectory(made, run_trajectory(engine(**options), start, Argon(), lambda done, total: None))
        assert len(made.frames) == 7
        (own,) = LennardJones().evaluate([made.frames[-1]], ("energy", "forces"))
        np.testing.assert_array_equal(Labels.of(made.frames[-1]).forces, own.forces)
        assert made.frames[-1].get_chemical_formula() == start.atoms.get_chemical_formula()
    assert not together[0].frames[-1].constraints and together[4].frames[-1].constraints
    np.testing.assert_array_equal(together[4].frames[-1].positions[[0, 3]], structures()[4].positions[[0, 3]])


@pytest.mark.parametrize(("force", "monitor"), [(1e4, "force"), (np.nan, "answer")])
def test_one_that_goes_wrong_ends_and_the_others_go_on(force: float, monitor: str, tmp_path: Path) -> None:
    potential = Argon(spoil={47: force, 48: force})
    ended = run(starts(tmp_path / "spoilt"), potential, production=24)
    whole = run(starts(tmp_path / "whole"))
    wrong = [index for index, atoms in enumerate(structures()) if len(atoms) in (47, 48)]
    assert wrong == [1]
    for index, made in enumerate(ended):
        if index not in wrong:
            assert same_trajectory(made, whole[index])
    end = ended[1].end
    assert end is not None and (end.monitor, end.time) == (monitor, 36.0)
    assert ended[1].times == (0.0, 16.0, 32.0)
    assert [frame.positions.tobytes() for frame in ended[1].frames] == [
        frame.positions.tobytes() for frame in whole[1].frames[:3]
    ]
    assert potential.asked[-1] == [32, 31, 16, 46]


def test_a_batch_of_which_all_end_is_over(tmp_path: Path) -> None:
    class Silent(LennardJones):
        def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
            raise FrameError("it says nothing")

    for made in run(starts(tmp_path), Silent()):
        assert str(made.end) == "at 0 fs: it says nothing" and not len(made.frames)


@pytest.mark.parametrize("options", ENSEMBLES)
@pytest.mark.parametrize("killed_at", [1, 2, 11, 24])
def test_a_killed_batch_goes_on_bit_for_bit(
    options: dict[str, Any], killed_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"equilibration": 6, "production": 20, **options}
    whole = run(starts(tmp_path / "whole"), **options)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_PATIENCE", 0.0)
    folder = tmp_path / "killed"
    with pytest.raises(Killed):
        run(starts(folder, [0, 1, 2]), Argon(kill_at=killed_at), **options)
    rest = Argon()
    # Two begin now: the members of this batch are at different steps.
    resumed = run(starts(folder), rest, **options)
    assert all(same_trajectory(one, other) for one, other in zip(whole, resumed, strict=True))
    # Only the step that was lost is done again; before the first one there is no checkpoint.
    assert sum(map(len, rest.asked)) == 2 * 27 + 3 * (28 - max(killed_at, 1) if killed_at > 1 else 27)


def test_what_memory_does_not_hold_is_divided_and_stays_divided(tmp_path: Path) -> None:
    potential = Argon(hold=100)
    made = run(starts(tmp_path / "little"), potential)
    assert all(same_trajectory(one, other) for one, other in zip(made, run(starts(tmp_path / "much")), strict=True))
    # 173 atoms in all: once too many, and then never more than half of them.
    assert potential.asked[0] == [32, 48, 31, 16, 46]
    assert potential.asked[1:] == [[32, 48], [31, 16], [46]] * 25


def test_one_that_memory_does_not_hold_alone_ends(tmp_path: Path) -> None:
    made = run(starts(tmp_path / "little"), Argon(hold=46))
    whole = run(starts(tmp_path / "much"))
    end = made[1].end
    assert end is not None and (end.monitor, end.time) == ("memory", 0.0)
    assert all(same_trajectory(made[index], whole[index]) for index in (0, 2, 3, 4))


def test_no_more_than_most_move_at_once(tmp_path: Path) -> None:
    potential = Argon(spoil={48: np.nan})
    told: list[tuple[int, int]] = []
    dynamics = engine(most=2)
    made = run_trajectories(
        dynamics, starts(tmp_path / "few"), potential, lambda done, total: told.append((done, total))
    )
    whole = run(starts(tmp_path / "all"))
    assert all(same_trajectory(made[index], whole[index]) for index in (0, 2, 3, 4))
    assert made[1].end is not None
    # The second one ends at the tenth question, and the third takes its place at once.
    assert max(map(len, potential.asked)) == 2
    assert [32, 31] in potential.asked
    assert told == sorted(told) and told[-1] == (5 * 24, 5 * 24)


def test_a_start_that_cannot_be_run_is_refused_before_any_moves(tmp_path: Path) -> None:
    potential = Argon()
    begin = starts(tmp_path)
    begin[3] = Start(Atoms("Ar"), 1, tmp_path / "single")
    with pytest.raises(InputError, match="at least two atoms"):
        run(begin, potential)
    assert not potential.asked
