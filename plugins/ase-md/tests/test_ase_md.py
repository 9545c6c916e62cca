"""Dynamics over a Lennard-Jones potential: physics, determinism, resuming, and runs that go wrong."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.constraints import FixBondLengths, Hookean

from whet import FrameError, InputError, Labels, Potential, Property, Spec, Start, Trajectory, run_trajectory
from whet.data.errors import OptionsError
from whet.dynamics import recording
from whet.plugins.registry import registry
from whet.testing import LennardJones, same_trajectory

ENSEMBLES: list[dict[str, Any]] = [
    {"ensemble": "nve"},
    {"ensemble": "nvt"},
    {"ensemble": "nvt", "thermostat": "bussi"},
    {"ensemble": "nvt", "thermostat": "nose-hoover"},
    {"ensemble": "npt"},
    {"ensemble": "npt", "barostat": "anisotropic"},
    {"ensemble": "npt", "barostat": "full"},
]


class Killed(BaseException):
    """As a signal would: nothing in the engine may catch it."""


class Argon(LennardJones):
    """Lennard-Jones argon that can be made to fail at one of its evaluations."""

    def __init__(self, fail_at: int = 0, fault: BaseException | None = None, scale: float = 1.0) -> None:
        super().__init__()
        self.asked: list[tuple[Property, ...]] = []
        self.fail_at, self.fault, self.scale = fail_at, fault, scale

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        for frame in frames:
            self.asked.append(tuple(properties))
            if self.calls + 1 == self.fail_at and self.fault is not None:
                raise self.fault
            (labels,) = super().predict([frame], properties)
            scale = self.scale if self.calls >= self.fail_at else 1.0
            yield Labels(labels.energy, scale * labels.forces, labels.stress)


def crystal(cells: int = 2) -> Atoms:
    return bulk("Ar", "fcc", a=5.3, cubic=True) * cells


def engine(**options: Any) -> Any:
    spec = Spec("ase-md", {"temperature": 40.0, "timestep": 4.0, "thermostat_time": 100.0, **options})
    return registry().load(registry().resolve("md_engines", spec))


def run(folder: Path, potential: Potential | None = None, *, seed: int = 1, **options: Any) -> Trajectory:
    dynamics = engine(**options)
    return run_trajectory(dynamics, Start(crystal(), seed, folder), potential or Argon(), lambda done, total: None)


def temperatures(trajectory: Trajectory) -> np.ndarray:
    freedom = 3 * len(trajectory.frames[0]) - 3
    return np.array([2 * frame.get_kinetic_energy() / (freedom * units.kB) for frame in trajectory.frames])


def test_nve_conserves_the_energy_and_the_momentum(tmp_path: Path) -> None:
    trajectory = run(tmp_path, ensemble="nve", production=500, every=10)
    energies = np.array([Labels.of(frame).energy + frame.get_kinetic_energy() for frame in trajectory.frames])
    assert np.ptp(energies) / 32 < 1e-5  # eV per atom; kinetic energy is 5e-3
    assert temperatures(trajectory)[0] == pytest.approx(40.0, rel=0.3)
    for frame in trajectory.frames:
        assert np.abs(frame.get_momenta().sum(axis=0)).max() < 1e-10


@pytest.mark.parametrize("thermostat", ["langevin", "bussi", "nose-hoover"])
def test_nvt_has_its_temperature(thermostat: str, tmp_path: Path) -> None:
    trajectory = run(tmp_path, thermostat=thermostat, equilibration=250, production=2500, every=5)
    # 10 ps over a correlation time of about 0.1 ps: some 100 independent values with a spread of 15 %.
    assert temperatures(trajectory).mean() == pytest.approx(40.0, rel=0.06)
    # Nosé-Hoover reaches the canonical spread slowly in a cold crystal, so only a wide window holds for all.
    assert 0.06 < temperatures(trajectory).std() / 40.0 < 0.27  # canonical: sqrt(2/93) = 0.147
    for frame in trajectory.frames:
        assert np.abs(frame.get_momenta().sum(axis=0)).max() < 1e-10


@pytest.mark.slow
@pytest.mark.parametrize("barostat", ["isotropic", "anisotropic", "full"])
def test_npt_has_its_pressure_and_temperature(barostat: str, tmp_path: Path) -> None:
    trajectory = run(
        tmp_path, ensemble="npt", barostat=barostat, pressure=500.0, equilibration=2000, production=10000, every=5
    )
    pressures = []
    for frame in trajectory.frames:
        stress = Labels.of(frame).stress
        assert stress is not None
        kinetic = 2 / 3 * frame.get_kinetic_energy() / frame.get_volume()
        pressures.append((kinetic - np.trace(stress) / 3) / (units.bar))
    assert np.mean(pressures) == pytest.approx(500.0, abs=60.0)
    assert temperatures(trajectory).mean() == pytest.approx(40.0, rel=0.05)


def test_frames_and_times_are_those_of_the_protocol(tmp_path: Path) -> None:
    potential = Argon()
    start = crystal()
    before = start.copy()
    told: list[tuple[int, int]] = []
    dynamics = engine(equilibration=10, production=20, every=5)
    trajectory = run_trajectory(
        dynamics, Start(start, 3, tmp_path), potential, lambda done, total: told.append((done, total))
    )
    assert trajectory.end is None
    assert trajectory.times == (40.0, 60.0, 80.0, 100.0, 120.0)
    assert len(trajectory.frames) == dynamics.protocol.frames
    assert told[-1] == (30, 30)
    assert potential.calls == 31  # the start, and once a step
    assert all(not frame.constraints for frame in trajectory.frames)
    assert start == before and start.calc is None and not start.has("momenta") and not start.constraints
    frame = trajectory.frames[-1]
    (labels,) = Argon().evaluate([frame], ("energy", "forces"))
    assert Labels.of(frame).energy == labels.energy
    np.testing.assert_array_equal(Labels.of(frame).forces, labels.forces)


def test_npt_asks_once_a_step_and_only_it_asks_for_stress(tmp_path: Path) -> None:
    pressed, plain = Argon(), Argon()
    run(tmp_path / "npt", pressed, ensemble="npt", production=20)
    run(tmp_path / "nvt", plain, production=20)
    assert pressed.calls == plain.calls == 21
    assert set(pressed.asked) == {("energy", "forces", "stress")}
    assert set(plain.asked) == {("energy", "forces")}


@pytest.mark.parametrize("options", ENSEMBLES)
def test_same_seed_same_trajectory_and_no_global_random_number(options: dict[str, Any], tmp_path: Path) -> None:
    np.random.seed(7)  # noqa: NPY002 -- the global generator is what is tested
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    one = run(tmp_path / "1", production=20, **options)
    assert same_trajectory(one, run(tmp_path / "2", production=20, **options))
    assert not same_trajectory(one, run(tmp_path / "3", production=20, seed=2, **options))
    np.testing.assert_array_equal(np.random.random(3), expected)  # noqa: NPY002


@pytest.mark.parametrize("options", ENSEMBLES)
@pytest.mark.parametrize("killed_at", [1, 4, 15])
def test_a_killed_run_goes_on_bit_for_bit(
    options: dict[str, Any], killed_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = {"equilibration": 6, "production": 12, "every": 4, **options}
    whole = run(tmp_path / "whole", **protocol)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_PATIENCE", 0.0)
    with pytest.raises(Killed):
        run(tmp_path / "killed", Argon(killed_at, Killed()), **protocol)
    rest = Argon()
    assert same_trajectory(whole, run(tmp_path / "killed", rest, **protocol))
    # Before the first step there is no checkpoint; afterwards only the step that was lost is done again.
    assert rest.calls == 20 - max(killed_at, 1)


def test_the_folder_of_another_run_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_SECONDS", 0.0)
    run(tmp_path / "shared", production=20, seed=5)
    assert same_trajectory(run(tmp_path / "fresh", production=20), run(tmp_path / "shared", production=20))


def test_an_absurd_force_ends_the_run(tmp_path: Path) -> None:
    ended = run(tmp_path, Argon(fail_at=8, scale=1e6), production=20, every=2)
    assert ended.times == (0.0, 8.0, 16.0, 24.0)
    assert str(ended.end).startswith("at 28 fs: the largest force is ")
    assert "limit 1000 eV/Å" in str(ended.end)
    assert len(ended.frames) == 4


def test_a_non_finite_answer_ends_the_run(tmp_path: Path) -> None:
    ended = run(tmp_path, Argon(fail_at=4, scale=np.nan), production=20, every=2)
    assert ended.times == (0.0, 8.0)
    assert str(ended.end).startswith("at 12 fs: ") and "not finite" in str(ended.end)


def test_a_frame_that_the_potential_refuses_ends_the_run(tmp_path: Path) -> None:
    at_once = run(tmp_path, Argon(fail_at=1, fault=FrameError("two atoms are at one place")), production=20)
    assert (len(at_once.frames), at_once.times) == (0, ())
    assert str(at_once.end) == "at 0 fs: two atoms are at one place"


def test_an_absurd_temperature_ends_the_run(tmp_path: Path) -> None:
    ended = run(
        tmp_path, Argon(fail_at=4, scale=1e4), monitors={"max_temperature": 200.0, "max_force": 1e6}, production=20
    )
    assert "the temperature is " in str(ended.end) and "limit 200 K" in str(ended.end)


def test_an_exploding_cell_ends_the_run(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        ensemble="npt",
        pressure=-2e4,
        barostat_time=100.0,
        monitors={"max_volume_change": 1.5},
        production=2000,
    )
    assert "times the start's" in str(ended.end)
    assert 0 < len(ended.frames) < 201


def test_requests_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="langevin"):
        engine(ensemble="npt", thermostat="langevin")
    with pytest.raises(OptionsError, match="in nve has no thermostat 'bussi'"):
        engine(ensemble="nve", thermostat="bussi")
    start = crystal()
    start.pbc = (True, True, False)
    with pytest.raises(InputError, match="periodic in all directions"):
        run_trajectory(engine(ensemble="npt"), Start(start, 1, tmp_path), Argon(), lambda done, total: None)


@pytest.mark.parametrize("options", ENSEMBLES, ids=str)
def test_killed_at_twenty_random_steps(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = {"equilibration": 20, "production": 100, "every": 10, **options}
    whole = run(tmp_path / "whole", **protocol)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_PATIENCE", 0.0)
    random = np.random.default_rng(3)
    for _ in range(20):
        with contextlib.suppress(Killed):
            run(tmp_path / "killed", Argon(int(random.integers(2, 11)), Killed()), **protocol)
    rest = Argon()
    assert same_trajectory(whole, run(tmp_path / "killed", rest, **protocol))
    assert rest.calls < 120  # it did not begin anew


def _simulate(folder: Path) -> None:
    """What is killed: writes a checkpoint at every tenth of a second or so."""
    recording.CHECKPOINT_SECONDS = 0.02
    recording.CHECKPOINT_PATIENCE = 1.0
    run(folder, production=3000, every=100)


@pytest.mark.slow
def test_killed_by_the_system_at_random_moments(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", production=3000, every=100)
    random = np.random.default_rng()
    context = multiprocessing.get_context("spawn")
    kills = 0
    for _ in range(60):
        child = context.Process(target=_simulate, args=(tmp_path / "killed",))
        child.start()
        child.join(timeout=1.5 + random.random())
        if child.exitcode is not None:
            assert child.exitcode == 0
            break
        child.kill()
        child.join()
        kills += 1
    assert kills > 0
    assert same_trajectory(whole, run(tmp_path / "killed", production=3000, every=100))


def test_a_finished_run_is_read_and_not_done_again(tmp_path: Path) -> None:
    first = run(tmp_path, production=20)
    again = Argon()
    assert same_trajectory(first, run(tmp_path, again, production=20))
    assert again.calls == 0


def test_constraints_of_the_structure_hold(tmp_path: Path) -> None:
    start = crystal()
    start.set_constraint(FixBondLengths([[0, 1], [4, 7]]))
    lengths = [start.get_distance(0, 1, mic=True), start.get_distance(4, 7, mic=True)]
    made = run_trajectory(engine(production=50), Start(start, 1, tmp_path), Argon(), lambda done, total: None)
    frame = made.frames[-1]
    assert [frame.get_distance(0, 1, mic=True), frame.get_distance(4, 7, mic=True)] == pytest.approx(lengths, abs=1e-4)
    assert type(frame.constraints[0]).__name__ == "FixBondLengths"
    start.set_constraint(Hookean(0, 1, 5.0, 3.0))
    with pytest.raises(InputError, match="does not hold the constraint Hookean"):
        run_trajectory(engine(production=50), Start(start, 1, tmp_path / "other"), Argon(), lambda done, total: None)


def test_velocities_of_the_start_are_gone_on_with(tmp_path: Path) -> None:
    first = run(tmp_path / "first", ensemble="nve", production=20)
    words = {"ensemble": "nve", "production": 20, "velocities": "start"}
    after = run_trajectory(
        engine(**words), Start(first.frames[-1], 9, tmp_path / "rest"), Argon(), lambda done, total: None
    )
    whole = run(tmp_path / "whole", ensemble="nve", production=40)
    np.testing.assert_allclose(after.frames[-1].positions, whole.frames[-1].positions, atol=1e-10)
    with pytest.raises(InputError, match="no velocities"):
        run_trajectory(engine(**words), Start(crystal(), 9, tmp_path / "none"), Argon(), lambda done, total: None)


def test_a_cluster_need_not_turn(tmp_path: Path) -> None:
    cluster = Atoms("Ar8", positions=np.array(list(np.ndindex(2, 2, 2))) * 3.8)
    words = {"ensemble": "nve", "production": 20, "rotation": "zero"}
    made = run_trajectory(engine(**words), Start(cluster, 1, tmp_path / "still"), Argon(), lambda done, total: None)
    assert np.abs(made.frames[0].get_angular_momentum()).max() < 1e-8
    free = run_trajectory(
        engine(ensemble="nve", production=20), Start(cluster, 1, tmp_path / "free"), Argon(), lambda done, total: None
    )
    assert np.abs(free.frames[0].get_angular_momentum()).max() > 1e-3
    with pytest.raises(InputError, match="without periodic boundaries"):
        run_trajectory(engine(**words), Start(crystal(), 1, tmp_path / "crystal"), Argon(), lambda done, total: None)
