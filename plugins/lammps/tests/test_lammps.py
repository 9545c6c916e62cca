"""LAMMPS driven by Lennard-Jones argon: agreement with ASE, cells of every shape, resuming, faults, the script."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase import units as ase_units
from ase.build import bulk, molecule

from whet import (
    InputError,
    Labels,
    NotApplied,
    Potential,
    Property,
    Spec,
    Start,
    Trajectory,
    Unsupported,
    run_trajectory,
)
from whet.plugins.registry import registry
from whet.testing import LennardJones, same_trajectory


class Killed(BaseException):
    """As a signal would."""


class Argon(LennardJones):
    """Lennard-Jones argon that is killed at one of its evaluations."""

    def __init__(self, at: int = 0) -> None:
        super().__init__()
        self.at = at

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        if self.calls + 1 == self.at:
            raise Killed
        yield from super().predict(frames, properties)


def crystal() -> Atoms:
    atoms = bulk("Ar", "fcc", a=5.3, cubic=True) * 2
    atoms.rattle(0.05, seed=1)
    return atoms


def skewed(handed: int = 1) -> Atoms:
    """A triclinic cell turned in space, with some atoms outside of it; left-handed where `handed` is −1."""
    atoms = bulk("Ar", "fcc", a=5.3, cubic=True) * 3
    sheared = atoms.cell.array + np.array([[0, 0, 0], [2.0, 0, 0], [-1.0, 1.5, 0]])
    atoms.set_cell(sheared, scale_atoms=True)
    atoms.rotate(40, (1, 2, 3), rotate_cell=True)
    atoms.rattle(0.05, seed=1)
    atoms.positions[::3] += atoms.cell[0] - 2 * atoms.cell[2]
    if handed < 0:
        atoms.set_cell(atoms.cell.array[[1, 0, 2]])
    return atoms


def engine(use: str = "lammps", **options: Any) -> Any:
    given = {"temperature": 40.0, "timestep": 4.0, "production": 60, "every": 10, **options}
    return registry().load(registry().resolve("md_engines", Spec(use, given)))


def run(
    folder: Path,
    start: Atoms | None = None,
    potential: Potential | None = None,
    *,
    use: str = "lammps",
    seed: int = 1,
    **options: Any,
) -> Trajectory:
    begin = Start(start or crystal(), seed, folder)
    return run_trajectory(engine(use, **options), begin, potential or Argon(), lambda done, total: None)


def total_energies(made: Trajectory) -> np.ndarray:
    return np.array([Labels.of(frame).energy + frame.get_kinetic_energy() for frame in made.frames])


@pytest.mark.parametrize("forces", ["external", "pair"])
@pytest.mark.parametrize("start", [crystal(), skewed(), skewed(-1)], ids=["cubic", "triclinic", "left-handed"])
def test_the_same_run_as_with_ase(start: Atoms, forces: str, tmp_path: Path) -> None:
    own = run(tmp_path / "lammps", start, ensemble="nve", production=200, forces=forces)
    other = run(tmp_path / "ase", start, use="ase-md", ensemble="nve", production=200)
    assert own.end is None and own.times == other.times
    assert np.abs(total_energies(own) - total_energies(other)).max() < 1e-5  # eV, for all atoms
    for one, two in zip(own.frames, other.frames, strict=True):
        np.testing.assert_allclose(one.positions, two.positions, atol=1e-6)
        np.testing.assert_allclose(one.get_momenta(), two.get_momenta(), atol=1e-6)
        np.testing.assert_allclose(Labels.of(one).forces, Labels.of(two).forces, atol=1e-6)


@pytest.mark.parametrize("start", [crystal(), skewed()], ids=["cubic", "triclinic"])
def test_the_pressure_that_lammps_sees_is_that_of_the_potential(start: Atoms, tmp_path: Path) -> None:
    written = "fix note all print 10 '$(step) $(pxx) $(pyy) $(pzz) $(pyz) $(pxz) $(pxy)' file {} screen no"
    extra = [written.format(tmp_path / "pressure.txt")]
    made = run(tmp_path / "run", start, ensemble="nve", stress=True, extra=extra)
    printed = np.loadtxt(tmp_path / "pressure.txt", comments="#", ndmin=2)
    from whet_lammps.orientation import Orientation

    turn = Orientation(start)
    assert printed[:, 0].tolist() == [0, 10, 20, 30, 40, 50, 60]
    for row, frame in zip(printed[:, 1:], made.frames, strict=True):
        kinetic = np.einsum("ai,aj->ij", frame.get_momenta(), frame.get_velocities()) / frame.get_volume()
        stress = Labels.of(frame).stress
        assert stress is not None
        wanted = turn.tensor(kinetic - stress) / ase_units.bar
        np.testing.assert_allclose(
            row, [wanted[i, j] for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))], rtol=2e-6, atol=0.01
        )


def test_a_molecule_in_vacuum_and_a_slab(tmp_path: Path) -> None:
    cluster = Atoms("Ar8", positions=np.array(list(np.ndindex(2, 2, 2))) * 3.8 + 1)
    slab = crystal()
    slab.pbc = (True, True, False)
    slab.center(vacuum=6.0, axis=2)
    for name, start in (("cluster", cluster), ("slab", slab)):
        own = run(tmp_path / name / "lammps", start, ensemble="nve", production=100)
        other = run(tmp_path / name / "ase", start, use="ase-md", ensemble="nve", production=100)
        assert np.abs(total_energies(own) - total_energies(other)).max() < 1e-6
        np.testing.assert_allclose(own.frames[-1].positions, other.frames[-1].positions, atol=1e-7)
        np.testing.assert_array_equal(own.frames[-1].cell.array, start.cell.array)


def test_masses_and_isotopes_are_the_structures(tmp_path: Path) -> None:
    start = crystal()
    start.arrays["masses"] = np.where(np.arange(32) % 3, 40.0, 36.0)
    own = run(tmp_path / "lammps", start, ensemble="nve")
    other = run(tmp_path / "ase", start, use="ase-md", ensemble="nve")
    np.testing.assert_allclose(own.frames[-1].positions, other.frames[-1].positions, atol=1e-7)
    np.testing.assert_array_equal(own.frames[-1].get_masses(), start.get_masses())


EXACT: list[dict[str, Any]] = [
    {"ensemble": "nve"},
    {"ensemble": "nvt", "thermostat": "nose-hoover"},
    {"ensemble": "npt", "pressure": 300.0},
    {"ensemble": "npt", "barostat": "anisotropic"},
    {"ensemble": "npt", "barostat": "full", "pressure": 300.0},
]


@pytest.mark.parametrize("words", EXACT, ids=str)
def test_killed_at_random_steps_it_goes_on_bit_for_bit(
    words: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whet_lammps.external_forces.RENEWAL", 7)
    start = skewed()
    whole = run(tmp_path / "whole", start, **words)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_PATIENCE", 0.0)
    random = np.random.default_rng(5)
    kills, finished = 0, 0
    while kills < 20:
        try:
            made = run(tmp_path / str(finished), start, Argon(int(random.integers(2, 30))), **words)
            assert same_trajectory(made, whole)
            finished += 1
        except Killed:
            kills += 1
    assert finished > 1


@pytest.mark.parametrize("thermostat", ["langevin", "bussi"])
def test_what_is_lost_is_said(thermostat: str) -> None:
    assert "random numbers" in engine(thermostat=thermostat).lost_on_resume
    assert not engine(thermostat="nose-hoover").lost_on_resume
    assert "neighbor lists" in engine(ensemble="nve", forces="pair").lost_on_resume


def test_a_folder_may_have_spaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("whet.dynamics.recording.CHECKPOINT_PATIENCE", 0.0)
    with pytest.raises(Killed):
        run(tmp_path / "my own runs", potential=Argon(20), ensemble="nve")
    assert run(tmp_path / "my own runs", ensemble="nve").end is None


def test_the_script_is_kept_and_readable(tmp_path: Path) -> None:
    words = {"equilibration": 10, "production": 20, "every": 10, "temperature": 40.0, "timestep": 0.5}
    run(tmp_path, preset="wong-yang", **words)
    script = (tmp_path / "in.lammps").read_text()
    assert "fix integrate all npt temp 40.0 40.0 0.05 iso 0.0 0.0 0.5 flip no fixedpoint 5.3 5.3 5.3" in script
    assert "timestep 0.0005" in script and script.rstrip().endswith("run 30 upto")
    assert (tmp_path / "start.data").is_file() and (tmp_path / "log.lammps").is_file()


def test_the_papers_protocol_is_one_line() -> None:
    protocol = registry().load(registry().resolve("md_engines", Spec("lammps", {"preset": "wong-yang"}))).protocol
    assert (protocol.ensemble, protocol.coupling, protocol.timestep) == ("npt", "nose-hoover", 0.5)
    assert (protocol.thermostat_time, protocol.barostat_time, protocol.frames) == (50.0, 500.0, 11)


def test_a_command_of_the_user_runs_and_a_wrong_one_is_one_line(tmp_path: Path) -> None:
    run(tmp_path / "good", extra=[f"dump own all custom 10 {tmp_path / 'own.dump'} id x y z"])
    assert (tmp_path / "own.dump").read_text().count("ITEM: TIMESTEP") > 3
    with pytest.raises(InputError, match=r"extra: LAMMPS refuses 'fix x all nonsense' \(Unrecognized fix style"):
        run(tmp_path / "bad", extra=["fix x all nonsense"])


class Other(Argon):
    """Exports what it is not."""

    def native(self, form: str, folder: Path, symbols: Sequence[str]) -> Sequence[str]:
        return ["pair_style lj/smooth/linear 5.25", "pair_coeff * * 0.0105 3.4"]


class Foreign(Argon):
    """Exports to a pair style that is not here."""

    native_forms = ("lammps:mliap unified", "lammps:mace")


def test_an_export_that_answers_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotApplied, match="another energy than the potential for the starting structure: off by"):
        run(tmp_path, potential=Other(), forces="pair")
    with pytest.raises(
        Unsupported, match=r"none of the pair styles that 'lennard-jones' exports to \(mliap unified, mace"
    ):
        run(tmp_path, potential=Foreign(), forces="pair")


def test_a_run_of_pairs_ends_within_ten_steps_of_a_limit(tmp_path: Path) -> None:
    limits = {"max_temperature": 45.0}
    made = run(tmp_path / "pair", forces="pair", ensemble="nve", production=2000, monitors=limits, seed=3)
    same = run(tmp_path / "external", ensemble="nve", production=2000, monitors=limits, seed=3)
    assert made.end is not None and same.end is not None
    assert made.end.monitor == same.end.monitor == "temperature"
    assert 0 <= made.end.time - same.end.time <= 40.0


def test_nothing_global_is_changed(tmp_path: Path) -> None:
    import locale
    import os
    import signal

    before = (Path.cwd(), dict(os.environ), locale.setlocale(locale.LC_ALL), signal.getsignal(signal.SIGINT))
    run(tmp_path)
    assert before == (Path.cwd(), dict(os.environ), locale.setlocale(locale.LC_ALL), signal.getsignal(signal.SIGINT))


def test_types_are_told_apart_and_put_back_in_order(tmp_path: Path) -> None:
    water = molecule("H2O")
    water.positions *= 5
    made = run(tmp_path, water, ensemble="nve", timestep=1.0, production=20)
    assert made.frames[-1].get_chemical_symbols() == ["O", "H", "H"]
