"""Monitors: each ends a run where its limit is, says so with numbers and units, and no sooner."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import InputError, Labels, MDEngine, Monitor, Protocol, Stopped, answering
from whet.data.errors import FrameError
from whet.dynamics.built_in_monitors import pieces
from whet.dynamics.watch import Watch
from whet.plugins.registry import registry


def box() -> Atoms:
    """Methanol twice in a box, 0.22 g/cm³."""
    atoms = molecule("CH3OH")
    other = molecule("CH3OH")
    other.translate((4.0, 0, 0))
    atoms += other
    atoms.set_cell([8, 8, 8])
    atoms.center()
    atoms.pbc = True
    atoms.set_velocities(np.zeros((12, 3)))
    return atoms


def calm(atoms: Atoms, force: float = 0.1, **extra: Any) -> Labels:
    forces = np.zeros((len(atoms), 3))
    forces[3, 1] = force
    return Labels(0.0, forces, None, extra)


def watch(start: Atoms | None = None, target: float = 300.0, **limits: Any) -> Watch:
    return Watch(monitors(**limits), start or box(), target)


def monitors(**limits: Any) -> list[Monitor]:
    """Those of a run with these words under `monitors:`."""
    wanted = MDEngine.find_parts(Protocol(monitors=limits)).values()
    return [registry().load(registry().resolve("monitors", one)) for one in wanted]


def test_a_calm_state_goes_on() -> None:
    every = {
        "max_force": 1.0,
        "max_temperature": 500.0,
        "density": (0.1, 2.0),
        "max_bond_stretch": 0.5,
        "max_gap": 4.0,
        "max_force_spread": 0.1,
        "wall_time": 100.0,
    }
    looking = watch(**every)
    for _ in range(30):
        looking.look(box(), calm(box(), force_spread=np.full(12, 0.05)))


@pytest.mark.parametrize("force", [1000.1, np.inf, np.nan])
def test_an_absurd_force(force: float) -> None:
    with pytest.raises(Stopped, match=r"the largest force is .* eV/Å \(limit 1000 eV/Å\)") as stopped:
        watch().look(box(), calm(box(), force))
    assert stopped.value.monitor == "force" and not stopped.value.keeps
    watch(max_force=None).look(box(), calm(box(), 1e9 if np.isfinite(force) else 1.0))


def test_an_absurd_temperature() -> None:
    hot = box()
    hot.set_velocities(np.full((12, 3), 0.05) * np.where(np.arange(12) % 2, 1, -1)[:, None])
    with pytest.raises(Stopped, match=r"the temperature is \d+ K \(limit 100 K\)"):
        watch(max_temperature=100.0).look(hot, calm(hot))
    hot.set_velocities(hot.get_velocities() * 10)
    with pytest.raises(Stopped, match=r"limit 8000 K"):  # by default 20 × 300 K + 2000 K
        watch().look(hot, calm(hot))


def test_volume_and_density() -> None:
    wide, narrow = box(), box()
    wide.set_cell(wide.cell.array * 1.3, scale_atoms=True)
    narrow.set_cell(narrow.cell.array * 0.9, scale_atoms=True)
    with pytest.raises(Stopped, match=r"the volume is 2.2 times the start's \(limit: factor 2\)"):
        watch(max_volume_change=2.0).look(wide, calm(wide))
    with pytest.raises(Stopped, match=r"the density is 0.0946 g/cm³ \(limits 0.2 and 0.25 g/cm³\)"):
        watch(density=(0.2, 0.25)).look(wide, calm(wide))
    with pytest.raises(Stopped, match=r"the density is 0.285 g/cm³"):
        watch(density=(0.2, 0.25)).look(narrow, calm(narrow))
    with pytest.raises(InputError, match="periodic in all directions"):
        watch(molecule("CH3OH"), density=(0.2, 0.25))


def test_a_bond_of_the_start_that_stretches() -> None:
    atoms = box()
    atoms.positions[1] += [0.0, 0.0, 0.4]  # the first oxygen, away from its hydrogen and carbon
    watch(max_bond_stretch=0.5).look(atoms, calm(atoms))
    atoms.positions[1] += [0.0, 0.0, 1.0]
    with pytest.raises(
        Stopped, match=r"the bond (C4-O2|H1-O2) of atoms \d and \d is \d.\d+ Å longer than at the start"
    ):
        watch(max_bond_stretch=0.5).look(atoms, calm(atoms))


def test_a_bond_across_the_boundary_is_one_bond() -> None:
    atoms = box()
    start = atoms.copy()
    atoms.positions[:6] += [8.0, -16.0, 0]
    watch(start, max_bond_stretch=0.1).look(atoms, calm(atoms))


def test_evaporation() -> None:
    salt = bulk("NaCl", "rocksalt", a=5.6, cubic=True) * (2, 2, 1)
    salt.center(vacuum=10.0, axis=2)
    salt.set_velocities(np.zeros((32, 3)))
    looking = watch(salt, max_gap=4.5)
    gone = salt.copy()
    gone.positions[gone.positions[:, 2].argmax(), 2] += 7.0
    with pytest.raises(Stopped, match=r"the atoms are in 2 pieces more than 4.5 Å apart \(1 at the start\)") as stopped:
        looking.look(gone, calm(gone))
    assert stopped.value.monitor == "evaporation"


def test_pieces_are_counted_across_boundaries() -> None:
    pair = Atoms("Ar2", [[0.5, 5, 5], [9.5, 5, 5]], cell=[10, 10, 10], pbc=True)
    assert pieces(pair, 1.5) == 1
    pair.pbc = False
    assert (pieces(pair, 1.5), pieces(pair, 9.5)) == (2, 1)


def test_an_uncertain_frame_is_kept() -> None:
    spread = np.full(12, 0.1)
    spread[7] = 0.6
    with pytest.raises(Stopped, match=r"the committee's forces differ by 0.6 eV/Å \(limit 0.5 eV/Å\)") as stopped:
        watch(max_force_spread=0.5).look(box(), calm(box(), force_spread=spread))
    assert stopped.value.keeps and stopped.value.monitor == "spread"


def test_a_driver_without_a_spread_is_a_fault() -> None:
    with pytest.raises(InputError, match=r"max_force_spread: .*force_spread, which this driver lacks"):
        watch(max_force_spread=0.5).look(box(), calm(box()))


def test_a_frame_that_is_handed_over_is_a_good_one() -> None:
    spread = np.full(12, 9.0)
    with pytest.raises(Stopped) as stopped:
        watch(max_force_spread=0.5, max_bond_stretch=1.0).look(box(), calm(box(), 2000.0, force_spread=spread))
    assert stopped.value.monitor == "force"


def test_wall_time_counts_what_ran_before() -> None:
    looking = Watch(monitors(wall_time=1000.0), box(), 300.0, begun=999.99)
    time.sleep(0.02)
    with pytest.raises(Stopped, match="taken its 1000 s"):
        looking.look(box(), calm(box()))


@pytest.mark.parametrize(
    ("fault", "monitor"),
    [
        (FrameError("forces are not finite"), "answer"),
        (MemoryError(), "memory"),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory"), "memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), "memory"),
    ],
)
def test_a_potential_that_cannot_answer(fault: Exception, monitor: str) -> None:
    with pytest.raises(Stopped) as stopped, answering():
        raise fault
    assert stopped.value.monitor == monitor


def test_other_faults_are_not_taken_for_the_end_of_a_run() -> None:
    with pytest.raises(RuntimeError, match="a bug"), answering():
        raise RuntimeError("a bug")
