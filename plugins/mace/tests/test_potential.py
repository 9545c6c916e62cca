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
from ase.build import molecule

from whet import InputError, Labels, Spec, UnknownName, read_labeled
from whet.plugins.registry import registry


def one(potential, atoms, properties=("energy", "forces", "stress")) -> Any:
    (labels,) = potential.evaluate([atoms], properties)
    return labels


def upstream(path: Path, dtype: str):
    from whet_torch.isolation import untouched

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


def test_capabilities(tiny, small_file, loaded):
    assert tiny.capabilities.elements == {"H", "Li", "O", "Mg"}
    assert tiny.capabilities.cutoff == 4.0
    assert tiny.capabilities.theory is None
    published = loaded(small_file).capabilities
    assert published.elements is not None
    assert len(published.elements) == 89
    assert published.cutoff == 6.0
    assert published.theory is not None


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
