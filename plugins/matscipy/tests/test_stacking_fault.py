"""The stacking fault equals matscipy called by hand; what it refuses, and what it leaves as it was."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE
from matscipy.gamma_surface import StackingFault

from whet import CalculatorPotential, FrameError, Measured, Spec
from whet.plugins.registry import registry


class EffectiveMedium(CalculatorPotential):
    """ASE's effective-medium theory."""

    name = "effective-medium"

    def __init__(self) -> None:
        super().__init__(self.Options())

    def make_calculator(self) -> EMT:
        return EMT()


def measured(atoms: Atoms, **options: Any) -> Measured:
    probe = registry().load(registry().resolve("probes", Spec("stacking-fault", options)))
    return probe.measured(atoms, EffectiveMedium())


def test_it_is_matscipy_by_hand() -> None:
    """Gold: EMT and experiment agree that the intrinsic fault costs less than the way to it."""
    crystal = bulk("Au", a=4.08, cubic=True)
    crystal.calc = EMT()
    FIRE(FrechetCellFilter(crystal, hydrostatic_strain=True), logfile=None).run(fmax=0.01)  # pyright: ignore[reportArgumentType]
    fault = StackingFault(crystal, np.array((1, 1, 1)), np.array((1, 1, -2)))
    end = (1 / 6) * crystal.cell.array[0, 0] * np.linalg.norm((1, 1, -2)) / fault.cut_at.cell[1, 1]
    fault.generate_images(7, z_reps=3, path_ylims=[0, float(end)])
    by_hand = fault.get_energy_densities(EMT(), relax=True, ftol=0.01)[0]
    found = measured(bulk("Au", a=4.08), points=7)
    above = [(energy - by_hand[0]) * 16021.76634 for energy in by_hand]
    assert [y for _, y, _ in found.curves["Generalised stacking fault"]] == above
    assert found.values == {"unstable": max(above), "intrinsic": above[-1]}
    assert 0 < found.values["intrinsic"] < found.values["unstable"]
    (note,) = found.notes
    assert note.startswith("(1 1 1)[1 1 −2], 1.6"), "Å: the lattice constant over √6"


def test_rigid_planes_cost_more_than_relaxed_ones() -> None:
    crystal = bulk("Cu", a=3.59)
    rigid, relaxed = measured(crystal, relax=False).values, measured(crystal, points=7).values
    assert rigid["unstable"] > relaxed["unstable"] > 100


def test_a_whole_period_ends_in_the_perfect_crystal() -> None:
    found = measured(bulk("Cu", a=3.59), relax=False, plane=[1, 1, 1], direction=[1, -1, 0])
    assert "intrinsic" not in found.values
    assert found.curves["Generalised stacking fault"][-1][1] == pytest.approx(0, abs=1e-6)


def test_a_body_centered_crystal_glides_elsewhere() -> None:
    found = measured(bulk("Cu", "bcc", a=2.86), relax=False)
    assert "intrinsic" not in found.values and found.notes[0].startswith("(1 1 0)[1 −1 1]")
    curve = [y for _, y, _ in found.curves["Generalised stacking fault"]]
    np.testing.assert_allclose(curve, curve[::-1], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("atoms", "options", "what"),
    [
        (molecule("H2O"), {}, "only a crystal, periodic in all three directions"),
        (bulk("Cu", "hcp", a=2.56, c=4.2), {}, "the crystal is not cubic"),
        (bulk("CuAu", "rocksalt", a=5.0), {}, r"whose way to glide is known\. Give `plane` and `direction`"),
        (bulk("Cu"), {"plane": [1, 1, 1]}, "a plane without its direction"),
        (bulk("Cu"), {"plane": [1, 1, 1], "direction": [1, 1, 0]}, "is not in the plane"),
        (bulk("Cu", a=3.9), {"steps": 1}, "the crystal is not at rest after 1 steps"),
    ],
)
def test_what_cannot_glide_is_one_line(atoms: Atoms, options: dict[str, Any], what: str) -> None:
    with pytest.raises(FrameError, match=what):
        measured(atoms, **options)


def test_nothing_is_printed_and_nothing_global_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = list(warnings.filters)
    first, again = (measured(bulk("Cu", a=3.6), points=3) for _ in range(2))
    assert first == again
    assert list(warnings.filters) == before and capfd.readouterr().out == "" and not list(tmp_path.iterdir())
