"""CHGNet as a potential: upstream's numbers, physics, and no trace left behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from pymatgen.io.ase import AseAtomsAdaptor

from whet import FrameError, InputError, Labels, Spec, UnknownName, read_labeled, units
from whet.plugins.registry import registry
from whet_chgnet.gradients import answers
from whet_chgnet.graphs import crystal_graph


def one(potential, atoms, properties=("energy", "forces", "stress")) -> Any:
    (labels,) = potential.evaluate([atoms], properties)
    return labels


@pytest.mark.parametrize("model", ["0.3.0", "0.2.0", "r2scan"])
def test_agrees_with_upstream(loaded, sheared, model):
    potential = loaded(model)
    upstream: Any = potential.model.predict_structure(AseAtomsAdaptor.get_structure(sheared), task="efsm")
    ours = one(potential, sheared)
    assert abs(ours.energy / len(sheared) - upstream["e"]) < 1e-6
    # Plain float32 gradients and upstream's differentiable ones are each some 4e-5 eV/Å from float64 (measured).
    np.testing.assert_allclose(ours.forces, upstream["f"], atol=5e-5)
    np.testing.assert_allclose(ours.stress, upstream["s"] * units.GPA, atol=2e-6)
    np.testing.assert_allclose(ours.extra["magmoms"], upstream["m"], atol=1e-6)


def test_same_arithmetic_as_upstream_where_the_gradient_is_differentiable(potential, sheared):
    graph = crystal_graph(sheared, potential.model)
    upstream: Any = potential.model.predict_graph(graph, task="efs")
    ours: Any
    (ours,) = answers(potential.model, [graph], stress=True, differentiable=True)
    np.testing.assert_allclose(ours.forces.detach().numpy(), upstream["f"], atol=1e-5)
    np.testing.assert_allclose(ours.stress.detach().numpy(), upstream["s"] * units.GPA, atol=1e-7)


def test_the_energy_is_continuous_up_to_isolated_atoms(potential):
    def energy(distance: float) -> float:
        return one(potential, Atoms("Li2", [[0, 0, 0], [0, 0, distance]])).energy

    alone = one(potential, Atoms("Li"))
    assert energy(5.999) == pytest.approx(energy(6.001), abs=1e-4)
    assert energy(20.0) == pytest.approx(2 * alone.energy, abs=1e-5)
    assert not alone.forces.any()


def test_cells_that_mean_nothing_are_refused(potential):
    for cell in (None, [[3, 0, 0], [3, 0, 0], [0, 0, 3]]):
        with pytest.raises(FrameError, match="cell is missing or flat"):
            one(potential, Atoms("Li", cell=cell, pbc=True))


def test_capabilities(potential, loaded):
    known = potential.capabilities
    assert len(known.elements) == 94
    assert "Pu" in known.elements
    assert "Am" not in known.elements
    assert known.cutoff == 6.0
    assert known.theory.method == "PBE/PBE+U"
    assert loaded("r2scan").capabilities.theory.method == "r2SCAN"
    assert loaded("0.2.0").capabilities.cutoff == 5.0
    with pytest.raises(UnknownName, match="Am"):
        one(potential, bulk("Am", "fcc", 4.9))


def test_unknown_models_name_the_nearest():
    def resolve(model: str) -> None:
        registry().resolve("potentials", Spec("chgnet", {"model": model}))

    with pytest.raises(UnknownName, match=r"chgnet model '0\.3'. Did you mean '0\.3\.0'"):
        resolve("0.3")
    with pytest.raises(InputError, match="no such file"):
        resolve("/nowhere/weights.pth.tar")


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "weights.pth.tar").write_bytes(b"nothing")
    spec = Spec("chgnet", {"model": str(tmp_path / "weights.pth.tar")})
    with pytest.raises(InputError, match="not a checkpoint of CHGNet"):
        registry().load(registry().resolve("potentials", spec)).model  # noqa: B018


def test_another_default_dtype_does_no_harm(loaded, potential, sheared):
    torch.set_default_dtype(torch.float64)
    try:
        labels = one(loaded("0.3.0"), sheared)
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert labels.energy == pytest.approx(one(potential, sheared).energy, abs=1e-5)
    np.testing.assert_allclose(labels.forces, one(potential, sheared).forces, atol=5e-5)


@pytest.mark.parametrize("model", ["0.3.0", "0.2.0", "r2scan"])
def test_saved_and_loaded_again_it_predicts_the_same(loaded, reload, sheared, tmp_path, model):
    potential = loaded(model)
    files = potential.save(tmp_path / "saved")
    by_path, by_files = loaded(str(files["checkpoint"])), reload({}, files)
    for again in (by_path, by_files):
        assert one(again, sheared).energy == one(potential, sheared).energy
        np.testing.assert_array_equal(one(again, sheared).forces, one(potential, sheared).forces)
        assert again.capabilities.theory == potential.capabilities.theory  # weights are known by content


def test_upstream_reads_what_was_saved(potential, sheared, tmp_path):
    from chgnet.model.model import CHGNet

    model = CHGNet.from_file(str(potential.save(tmp_path)["checkpoint"]))
    upstream: Any = model.predict_structure(AseAtomsAdaptor.get_structure(sheared), task="e")
    assert upstream["e"] * len(sheared) == pytest.approx(one(potential, sheared).energy, abs=1e-5)


def reference_frames() -> list[Atoms]:
    folder = os.environ.get("WHET_REFERENCE_DATA")
    if not folder:
        pytest.skip("WHET_REFERENCE_DATA is not set")
    return list(read_labeled(Path(folder) / "lgps" / "test-50.extxyz"))


def slope_and_error(potential, frames) -> tuple[float, float]:
    predicted = np.concatenate([labels.forces.ravel() for labels in potential.evaluate(frames, ["energy", "forces"])])
    reference = np.concatenate([Labels.of(frame).forces.ravel() for frame in frames])
    return float(predicted @ reference / (reference @ reference)), float(np.abs(predicted - reference).mean())


def test_is_soft_against_dft(potential):
    slope, _ = slope_and_error(potential, reference_frames()[::20])
    assert 0.65 < slope < 0.85


@pytest.mark.slow
def test_known_softness_against_dft(potential):
    slope, error = slope_and_error(potential, reference_frames())
    assert slope == pytest.approx(0.738, abs=1e-3)
    assert error == pytest.approx(0.209, abs=1e-3)
