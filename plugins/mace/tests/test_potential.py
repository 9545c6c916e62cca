"""MACE as a potential: upstream's numbers, physics, and no trace left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import InputError, Labels, Spec, UnknownName, read_labeled
from whet.plugins.registry import registry


def one(potential, atoms, properties=("energy", "forces", "stress")) -> Any:
    (labels,) = potential.evaluate([atoms], properties)
    return labels


def upstream(path: Path, dtype: str):
    from whet_mace.isolation import untouched

    with untouched(), warnings.catch_warnings():
        os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
        warnings.simplefilter("ignore")
        from mace.calculators import MACECalculator

        return MACECalculator(model_paths=str(path), device="cpu", default_dtype=dtype)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-8), ("float32", 1e-5)])
@pytest.mark.parametrize("which", ["tiny_file", "small_file"])
def test_agrees_with_upstream(request, loaded, sheared, which, dtype, tolerance):
    path = request.getfixturevalue(which)
    potential, calculator = loaded(path, dtype=dtype), upstream(path, dtype)
    for atoms in (sheared, molecule("H2O")):
        ours, theirs = one(potential, atoms), atoms.copy()
        theirs.calc = calculator
        assert ours.energy == pytest.approx(theirs.get_potential_energy(), abs=tolerance * len(atoms))
        np.testing.assert_allclose(ours.forces, theirs.get_forces(), atol=tolerance)
        if atoms.pbc.all():
            np.testing.assert_allclose(ours.stress, theirs.get_stress(voigt=False), atol=tolerance)


def test_forces_are_the_slope_of_the_energy(tiny, sheared):
    step = 1e-4
    forces = one(tiny, sheared).forces
    for atom, axis in ((0, 0), (3, 1), (6, 2)):
        energies = []
        for sign in (1, -1):
            moved = sheared.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(one(tiny, moved, ["energy", "forces"]).energy)
        # float64: rounding of 1e-14 · 30 eV over 2e-4 Å is 1e-9 eV/Å; the rest is the third derivative.
        assert (energies[1] - energies[0]) / (2 * step) == pytest.approx(forces[atom, axis], abs=1e-7)


def test_stress_is_the_slope_of_the_energy(tiny, sheared):
    step = 1e-4
    stress = one(tiny, sheared).stress
    for i, j in ((0, 0), (1, 1), (1, 2), (0, 2), (0, 1)):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[i, j] += sign * step / 2
            strain[j, i] += sign * step / 2
            strained = sheared.copy()
            strained.set_cell(sheared.cell.array @ strain, scale_atoms=True)
            energies.append(one(tiny, strained, ["energy", "forces"]).energy)
        slope = (energies[0] - energies[1]) / (2 * step) / sheared.get_volume()
        assert slope == pytest.approx(stress[i, j], abs=1e-8)


def test_batch_equals_single(tiny, sheared):
    frames = [sheared, molecule("H2O"), Atoms("Li"), bulk("MgO", "rocksalt", 4.2), sheared]
    batched, single = (list(tiny.evaluate(frames, batch_size=size)) for size in (5, 1))
    for left, right in zip(batched, single, strict=True):
        assert left.energy == pytest.approx(right.energy, abs=1e-9)
        np.testing.assert_allclose(left.forces, right.forces, atol=1e-10)
        assert (left.stress is None) == (right.stress is None)
        if left.stress is not None:
            np.testing.assert_allclose(left.stress, right.stress, atol=1e-12)


def test_positions_outside_the_cell_are_the_same_atoms(tiny, sheared):
    far = sheared.copy()
    far.positions += np.outer(np.arange(len(far)) - 4, sheared.cell.array[0]) + 7 * sheared.cell.array[2]
    here, there = one(tiny, sheared), one(tiny, far)
    assert there.energy == pytest.approx(here.energy, abs=1e-9)
    np.testing.assert_allclose(there.forces, here.forces, atol=1e-9)


def test_an_isolated_atom_has_its_reference_energy_and_no_force(tiny):
    free, boxed = one(tiny, Atoms("Li")), one(tiny, Atoms("Li", cell=[20, 20, 20], pbc=True))
    assert free.energy == pytest.approx(boxed.energy, abs=1e-12)
    assert not free.forces.any()
    assert free.stress is None
    np.testing.assert_allclose(boxed.stress, 0)


def test_stress_only_where_it_is_asked_for_and_means_something(tiny, sheared):
    assert one(tiny, sheared, ["energy", "forces"]).stress is None
    assert one(tiny, molecule("H2O")).stress is None


def test_frames_are_not_changed(tiny, sheared):
    for atoms in (sheared, molecule("H2O")):
        before = atoms.copy()
        atoms.calc = calculator = object()
        one(tiny, atoms)
        assert atoms == before
        assert atoms.calc is calculator


def test_capabilities(tiny, small_file, loaded):
    assert tiny.capabilities.elements == {"H", "Li", "O", "Mg"}
    assert tiny.capabilities.cutoff == 4.0
    assert tiny.capabilities.theory is None
    published = loaded(small_file).capabilities
    assert published.elements is not None
    assert len(published.elements) == 89
    assert published.cutoff == 6.0
    assert published.theory is not None


def test_an_element_that_the_model_does_not_know_is_named(tiny):
    with pytest.raises(UnknownName, match="does not know Cu"):
        one(tiny, bulk("Cu"))


def test_a_head_that_the_model_does_not_have_is_named(tiny_file, loaded, sheared):
    with pytest.raises(UnknownName, match="head of this MACE model 'pt_head'"):
        one(loaded(tiny_file, head="pt_head"), sheared)


def test_a_file_that_is_no_model_is_an_error_that_names_it(tmp_path, loaded, sheared):
    path = tmp_path / "no.model"
    path.write_text("not a model")
    with pytest.raises(InputError, match="not a model of MACE"):
        one(loaded(path), sheared)
    with pytest.raises(InputError, match="there is no such file"):
        loaded(tmp_path / "absent.model")


def test_a_saved_potential_answers_the_same(tiny, tiny_file, tmp_path, loaded, sheared):
    files = tiny.save(tmp_path / "saved")
    other = loaded(files["checkpoint"], dtype="float64")
    assert one(other, sheared).energy == one(tiny, sheared).energy
    np.testing.assert_array_equal(one(other, sheared).forces, one(tiny, sheared).forces)


def test_resolving_imports_nothing_heavy(tiny_file):
    code = f"""
import sys
from whet import Spec
from whet.plugins.registry import registry
registry().resolve("potentials", Spec("mace", {{"model": {str(tiny_file)!r}}}))
registry().resolve("fine_tuners", Spec("mace", {{"loss": "huber"}}))
print([name for name in ("torch", "numpy", "ase", "mace", "e3nn") if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_process_is_left_as_it_was(tiny_file):
    """In a fresh interpreter, because importing mace is part of it."""
    code = f"""
import logging, os, random, sys
import numpy as np, torch
from ase.build import molecule
from whet import Spec
from whet.plugins.registry import registry

def state():
    return (dict(os.environ), os.getcwd(), torch.get_default_dtype(), torch.get_num_threads(), random.getstate(),
            np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(), logging.getLogger().handlers[:],
            logging.getLogger().level, torch.is_grad_enabled())

before = state()
for dtype in ("float64", "float32"):
    options = {{"model": {str(tiny_file)!r}, "dtype": dtype}}
    potential = registry().load(registry().resolve("potentials", Spec("mace", options)))
    list(potential.evaluate([molecule("H2O")]))
changed = [index for index, (old, new) in enumerate(zip(before, state())) if old != new]
print(changed, file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    assert ran.stderr.strip().endswith("[]")


def test_models_of_both_precisions_live_side_by_side(tiny_file, loaded, sheared):
    double, single = loaded(tiny_file, dtype="float64"), loaded(tiny_file)
    first = one(double, sheared).energy
    assert one(single, sheared).energy == pytest.approx(first, abs=1e-4)
    assert one(double, sheared).energy == first


def test_an_unknown_model_names_the_known():
    with pytest.raises(UnknownName, match="Did you mean 'small'"):
        registry().resolve("potentials", Spec("mace", {"model": "smal"}))


@pytest.mark.slow
def test_known_numbers_on_lgps(small_file, loaded):
    frames = read_labeled(small_file.parents[2] / "lgps" / "test-50.extxyz")
    predicted = list(loaded(small_file).evaluate(frames, ("energy", "forces")))
    wanted = [Labels.of(frame) for frame in frames]
    ours = np.concatenate([labels.forces.ravel() for labels in predicted])
    theirs = np.concatenate([labels.forces.ravel() for labels in wanted])
    errors = [(a.energy - b.energy) / 50 for a, b in zip(predicted, wanted, strict=True)]
    assert ours @ theirs / (theirs @ theirs) == pytest.approx(0.855, abs=1e-3)
    assert np.abs(ours - theirs).mean() == pytest.approx(0.148, abs=1e-3)
    assert 1000 * np.abs(errors).mean() == pytest.approx(28.5, abs=0.1)
