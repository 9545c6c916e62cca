"""Physics, what is refused, and what is left untouched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms, units
from ase.build import bulk
from ase.constraints import FixAtoms

from whet import Labels, OptionsError, Spec, Start, Trajectory, degrees_of_freedom, run_trajectory
from whet.plugins.registry import registry
from whet.testing import LennardJones


def crystal() -> Atoms:
    return bulk("Ar", "fcc", a=5.3, cubic=True) * 2


def engine(name: str = "torch-sim", **options: Any) -> Any:
    words = {"temperature": 40.0, "timestep": 4.0, **options}
    return registry().load(registry().resolve("md_engines", Spec(name, words)))


def run(folder: Path, start: Atoms | None = None, *, name: str = "torch-sim", **options: Any) -> Trajectory:
    begin = Start(crystal() if start is None else start, 1, folder)
    return run_trajectory(engine(name, **options), begin, LennardJones(), lambda done, total: None)


def temperatures(made: Trajectory) -> np.ndarray:
    return np.array([2 * one.get_kinetic_energy() / (degrees_of_freedom(one) * units.kB) for one in made.frames])


def test_nve_is_the_trajectory_of_ase(tmp_path: Path) -> None:
    options = {"ensemble": "nve", "production": 200}
    ours, theirs = run(tmp_path / "1", **options), run(tmp_path / "2", name="ase-md", **options)
    assert len(ours.frames) == len(theirs.frames) == 21
    for one, other in zip(ours.frames, theirs.frames, strict=True):
        totals = [Labels.of(frame).energy + frame.get_kinetic_energy() for frame in (one, other)]
        assert totals[0] == pytest.approx(totals[1], abs=1e-5)
        # One algorithm in another order of sums: differences grow from the last bit, little in 0.8 ps of a crystal.
        np.testing.assert_allclose(one.positions, other.positions, atol=1e-9)


@pytest.mark.parametrize("thermostat", ["langevin", "bussi"])
@pytest.mark.parametrize("held", [False, True])
def test_the_temperature_is_canonical(thermostat: str, held: bool, tmp_path: Path) -> None:
    start = crystal()
    if held:
        start.set_constraint(FixAtoms(indices=range(12)))
    made = run(tmp_path, start, thermostat=thermostat, equilibration=250, production=2500, every=5)
    freedom = 60 if held else 93
    # 10 ps over a correlation time of about 0.1 ps: some 100 independent values with a spread of 15 to 18 %.
    assert temperatures(made).mean() == pytest.approx(40.0, rel=0.07)
    assert temperatures(made).std() / 40.0 == pytest.approx(np.sqrt(2 / freedom), rel=0.3)
    for frame in made.frames:
        assert held or np.abs(frame.get_momenta().sum(axis=0)).max() < 1e-10
        assert not held or not frame.get_momenta()[:12].any()


def test_light_and_heavy_atoms_are_equally_hot(tmp_path: Path) -> None:
    start = crystal()
    masses = np.tile([4.0, 40.0], 16)
    start.set_masses(masses)  # pyright: ignore[reportArgumentType] -- ASE declares a string only
    made = run(tmp_path, start, equilibration=250, production=2500, every=5, timestep=2.0)
    each = np.mean([(frame.get_momenta() ** 2).sum(axis=1) / masses for frame in made.frames], axis=0)
    hot = each / (3 * units.kB * (1 - masses / masses.sum()))  # the center of mass rests
    for kind in (hot[::2], hot[1::2]):
        # 48 degrees of freedom and 50 independent values: 3 %, and this is three times that.
        assert kind.mean() == pytest.approx(40.0, rel=0.09)


def test_positions_are_not_wrapped_into_the_cell(tmp_path: Path) -> None:
    start = crystal()
    start.positions += [7.0, 0.0, 0.0]
    made = run(tmp_path, start, production=20)
    assert np.abs(made.frames[-1].positions - start.positions).max() < 1.0


def test_nothing_global_is_touched(tmp_path: Path) -> None:
    run(tmp_path / "before", production=10)  # imports are over
    np.random.seed(7)  # noqa: NPY002 -- the global generator is what is tested
    expected = np.random.random(3)  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    before = (torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled())
    for thermostat in ("langevin", "bussi"):
        run(tmp_path / thermostat, production=10, thermostat=thermostat)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (torch.get_default_dtype(), torch.get_num_threads(), torch.is_grad_enabled()) == before[1:]
    np.testing.assert_array_equal(np.random.random(3), expected)  # noqa: NPY002


def test_a_start_at_rest_is_set_in_motion_by_its_forces(tmp_path: Path) -> None:
    start = crystal()
    start.rattle(0.05, seed=1)
    start.set_momenta(np.zeros((32, 3)))
    made = run(tmp_path, start, velocities="start", thermostat="bussi", production=20)
    assert made.end is None and temperatures(made)[0] == 0.0 < temperatures(made)[-1]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"ensemble": "npt"}, "this engine has no ensemble 'npt'"),
        ({"preset": "wong-yang", "timestep": 0.5}, "this engine has no ensemble 'npt'"),
        ({"thermostat": "nose-hoover"}, "this engine in nvt has no thermostat 'nose-hoover'. It has langevin, bussi"),
        ({"most": 0}, "most"),
    ],
)
def test_what_it_has_not_is_refused_with_the_options(options: dict[str, Any], what: str) -> None:
    with pytest.raises(OptionsError, match=what):
        engine(**options)


def test_importing_the_plugin_is_light() -> None:
    heavy = "{'torch', 'torch_sim', 'ase', 'numpy'}"
    code = f"import sys, whet_torch_sim.engine; assert not {heavy} & set(sys.modules), {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
