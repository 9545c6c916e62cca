"""MatGL as a potential: upstream's numbers, what is special to it, and no trace left behind."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, fcc111
from ase.stress import full_3x3_to_voigt_6_stress

from whet import FrameError, InputError, Spec, UnknownName, Unsupported
from whet.data.errors import OptionsError, PluginError
from whet.plugins.registry import registry
from whet_matgl.architectures import ARCHITECTURES
from whet_matgl.foundation import FILES
from whet_matgl.graphs import graph_of, joined
from whet_matgl.isolation import untouched

architectures = pytest.mark.parametrize("architecture", ARCHITECTURES)


def one(potential, atoms, properties=("energy", "forces", "stress")) -> Any:
    (labels,) = potential.evaluate([atoms], properties)
    return labels


def close(ours, theirs, tolerance=1e-4) -> None:
    """Forces of untrained networks are small, so the tolerance is relative to the largest."""
    np.testing.assert_allclose(ours, theirs, atol=tolerance * np.abs(theirs).max() + 1e-12)


@architectures
def test_agrees_with_upstream(of_architecture, sheared, architecture):
    from matgl.ext.ase import PESCalculator

    potential = of_architecture(architecture)
    cluster = Atoms("NaClNa", [[0, 0, 0], [2.4, 0, 0], [0, 3.1, 0.5]])
    for atoms in (sheared, bulk("NaCl", "rocksalt", 5.6), cluster):
        ours = one(potential, atoms)
        atoms.calc = PESCalculator(potential.model, stress_unit="eV/A3")
        assert ours.energy == pytest.approx(atoms.get_potential_energy(), rel=1e-5)
        np.testing.assert_allclose(ours.forces, atoms.get_forces(), atol=1e-4 * np.abs(ours.forces).max() + 1e-8)
        if atoms.pbc.all():
            close(full_3x3_to_voigt_6_stress(ours.stress), atoms.get_stress())


@architectures
def test_frames_in_one_batch_do_not_see_each_other(of_architecture, sheared, architecture):
    frames = [
        sheared,
        Atoms("Na"),
        bulk("Na"),
        Atoms("NaCl", [[0, 0, 0], [2.3, 0, 0]]),
        Atoms("Na", cell=[9, 9, 9], pbc=True),  # one atom, no neighbor
        fcc111("Na", (1, 1, 2), a=5.0, vacuum=3.0),
        sheared,
    ]
    potential = of_architecture(architecture)
    for batched, frame in zip(potential.evaluate(frames, batch_size=7), frames, strict=True):
        single = one(potential, frame)
        assert batched.energy == pytest.approx(single.energy, abs=1e-6)
        np.testing.assert_allclose(batched.forces, single.forces, atol=1e-7)
        assert (batched.stress is None) == (not frame.pbc.all())


@architectures
def test_atoms_without_neighbors_feel_no_force(of_architecture, architecture):
    potential = of_architecture(architecture)
    alone = one(potential, Atoms("Na"))
    assert not alone.forces.any()
    apart = one(potential, Atoms("Na2", [[0, 0, 0], [0, 0, 6]]))
    assert apart.energy == pytest.approx(2 * alone.energy, abs=1e-6)
    assert not apart.forces.any()


@architectures
def test_cells_below_the_cutoff_see_their_images(of_architecture, sheared, architecture):
    potential = of_architecture(architecture)
    assert one(potential, sheared * (2, 1, 2)).energy / 4 == pytest.approx(one(potential, sheared).energy, rel=1e-5)


def test_a_slab_is_periodic_along_its_plane(start):
    # Upstream's calculator would take it as a cluster of two atoms.
    slab = fcc111("Na", (1, 1, 2), a=5.0, vacuum=1.0)
    closed = slab.copy()
    closed.center(vacuum=20, axis=2)
    closed.pbc = True
    close(one(start, slab).forces, one(start, closed).forces)
    cluster = slab.copy()
    cluster.pbc = False
    assert abs(one(start, slab).energy - one(start, cluster).energy) > 1e-4


def test_order_of_cell_vectors_and_wrapping_change_nothing(start, sheared):
    here = one(start, sheared)
    turned = sheared.copy()
    turned.set_cell(sheared.cell.array[[1, 0, 2]])  # left-handed
    far = sheared.copy()
    far.positions += np.outer(np.arange(len(far)) - 4, sheared.cell.array[0]) + 7 * sheared.cell.array[2]
    for other in (turned, far):
        there = one(start, other)
        assert there.energy == pytest.approx(here.energy, rel=1e-5)
        close(there.forces, here.forces)
        close(there.stress, here.stress)


def test_edges_are_sorted_in_a_batch(start, sheared):
    # M3GNet counts on it when it makes its angles.
    batch, lattices, charges = joined([graph_of(atoms, start.model) for atoms in (sheared, bulk("Na"), sheared)])
    first = batch["edge_index"][0]
    assert (first[1:] >= first[:-1]).all()
    assert lattices.shape == (3, 3, 3)
    assert charges.tolist() == [0, 0, 0]


def test_the_charge_of_a_frame_reaches_qet(of_architecture, sheared):
    potential = of_architecture("QET")
    neutral = one(potential, sheared)
    sheared.info["charge"] = 1
    assert one(potential, sheared).energy != neutral.energy


def test_untrained_potentials_follow_from_their_options(loaded, sheared):
    def weights(**options) -> dict:
        return loaded(**{"model": "scratch", "elements": ["Na", "Cl"], "size": "small", **options}).parameters()

    first, second, other = weights(seed=1), weights(seed=1, elements=["Cl", "Na", "Na"]), weights(seed=2)
    assert all((first[name] == second[name]).all() for name in first)
    assert any((first[name] != other[name]).any() for name in first)
    assert sum(map(np.size, weights(size="large").values())) > 3 * sum(map(np.size, first.values()))
    assert len(weights(hyperparameters={"nblocks": 1})) < len(first)


def test_untrained_potentials_say_what_they_know(loaded):
    known = loaded(model="scratch", elements=["Cl", "Na"], cutoff=4.5, size="small").capabilities
    assert known.elements == {"Na", "Cl"}
    assert known.cutoff == 4.5
    assert known.theory is None
    assert known.dtype == "float32"


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"model": "scratch"}, "needs the `elements`"),
        ({"model": "QET-PES-MatPES-PBE-2025.2", "seed": 1}, "seed can be chosen with `model: scratch` only"),
        ({"model": "scratch", "elements": ["Na"], "architecture": "MEGNet"}, "TensorNet"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, wrong):
    with pytest.raises(OptionsError, match=wrong):
        registry().resolve("potentials", Spec("matgl", options))


def test_models_that_cannot_be_made_are_refused(loaded):
    with pytest.raises(UnknownName, match=r"model 'M3GNet-MP-2021'. Did you mean 'M3GNet-MP-2021\.2\.8-PES'"):
        loaded(model="M3GNet-MP-2021")
    with pytest.raises(InputError, match="no such file"):
        loaded(model="/nowhere/model")
    for options, wrong in (
        ({"elements": ["Xx"]}, "no element 'Xx'"),
        ({"hyperparameters": {"nblock": 1}}, "Did you mean 'nblocks'"),
        ({"hyperparameters": {"cutoff": 3}}, "'cutoff' is not set under `hyperparameters`"),
        ({"hyperparameters": {"activation_type": "none"}}, "TensorNet cannot be made"),
    ):
        with pytest.raises((InputError, UnknownName), match=wrong):
            loaded(**{"model": "scratch", "elements": ["Na"], **options}).model  # noqa: B018


@pytest.mark.parametrize("model", ["M3GNet-MP-2021.2.8-PES", "M3GNet-MP-2021.2.8-DIRECT-PES"])
def test_weights_that_matgl_4_misreads_are_refused(loaded, old_weights, monkeypatch, tmp_path, model):
    monkeypatch.setenv("WHET_MODELS", str(old_weights))
    for path in (old_weights / model, shutil.copytree(old_weights / model, tmp_path / "copy")):
        for named in (model, str(path), str(path / "state.pt")):
            potential = loaded(model=named)
            assert potential.published == model
            with pytest.raises(PluginError, match=r"instead of -3\.370 for NaCl"):
                one(potential, bulk("NaCl", "rocksalt", 5.64))


def test_a_component_does_not_say_where_its_files_lie(loaded, start, tmp_path):
    start.save(tmp_path / "model")
    for named in (tmp_path / "model", tmp_path / "model" / "model.pt"):
        component = registry().resolve("potentials", Spec("matgl", {"model": str(named)}))
        assert component.options == {"model": "saved"}
        assert set(component.files) == set(FILES)


def test_saved_and_loaded_again_it_answers_the_same(loaded, reload, start, sheared, tmp_path):
    import matgl

    files = start.save(tmp_path / "saved")
    scattered = {role: tmp_path / f"place-{number}" / "file" for number, role in enumerate(files)}
    for role, path in scattered.items():
        path.parent.mkdir()
        shutil.copy(files[role], path)
    by_path, by_files = loaded(model=str(tmp_path / "saved")), reload(scattered)
    again = reload(by_files.save(tmp_path / "again"))
    for potential in (by_path, by_files, again):
        assert one(potential, sheared).energy == one(start, sheared).energy
        np.testing.assert_array_equal(one(potential, sheared).forces, one(start, sheared).forces)
    upstream = matgl.load_model(tmp_path / "saved")
    assert all(torch.equal(values, start.model.state_dict()[name]) for name, values in upstream.state_dict().items())


def test_files_that_are_no_potential_are_refused(reload, start, tmp_path):
    def broken(name: str, change) -> InputError:
        files = dict(start.save(tmp_path / name))
        change(files)
        with pytest.raises(InputError) as caught:
            reload(files).model  # noqa: B018
        return caught.value

    def renamed(files: dict) -> None:
        files["model.json"].write_text(json.dumps({"@class": "MEGNet"}))

    def foreign(files: dict) -> None:
        torch.save({"model": {"@class": "Popen", "@module": "subprocess", "init_args": {}}}, files["model.pt"])

    def cut(files: dict) -> None:
        files["state.pt"].write_bytes(files["state.pt"].read_bytes()[:1000])

    def other(files: dict) -> None:
        torch.save({"data_mean": torch.tensor(0.0)}, files["state.pt"])

    assert "missing: state.pt" in str(broken("missing", lambda files: files.pop("state.pt")))
    assert "it holds a MEGNet" in str(broken("renamed", renamed))
    assert "made by 'subprocess'" in str(broken("foreign", foreign))
    assert "not a potential of matgl" in str(broken("cut", cut))
    assert "left randomly initialized" in str(broken("other", other))


def test_saved_offsets_and_scales_are_kept(reload, sheared, tmp_path):
    from matgl.apps.pes import Potential
    from matgl.ext.ase import PESCalculator
    from matgl.models import CHGNet

    torch.manual_seed(0)  # of the weights: the energy below hangs on them
    # Published potentials have reference energies and scales, and answer more than is asked here.
    model = Potential(
        CHGNet(element_types=("Na", "Cl")), data_mean=0.3, data_std=2.0, element_refs=np.array([-1.5, -2.5])
    )
    model._init_args |= {"calc_magmom": True, "calc_hessian": True, "calc_stresses": False}
    files = {role: tmp_path / "saved" / role for role in FILES}
    model.save(tmp_path / "saved")
    ours = one(reload(files), sheared)
    sheared.calc = PESCalculator(model.eval(), stress_unit="eV/A3")
    assert ours.energy == pytest.approx(sheared.get_potential_energy(), rel=1e-6)
    assert ours.energy < 4 * (-1.5 - 2.5) + 2
    close(ours.forces, sheared.get_forces())
    close(full_3x3_to_voigt_6_stress(ours.stress), sheared.get_stress())


def test_a_repulsion_that_upstream_cannot_evaluate_is_refused(reload, tmp_path):
    from matgl.apps.pes import Potential
    from matgl.models import TensorNet

    Potential(TensorNet(element_types=("Na",), is_intensive=False), calc_repuls=True).save(tmp_path)
    with pytest.raises(Unsupported, match="cannot evaluate the repulsion"):
        reload({role: tmp_path / role for role in FILES}).model  # noqa: B018


def test_cells_without_a_volume_are_refused(start):
    with pytest.raises(FrameError):
        one(start, Atoms("Na", cell=[[3, 0, 0], [3, 0, 0], [0, 0, 3]], pbc=True))
    with pytest.raises(UnknownName, match="does not know K"):
        one(start, bulk("K"))


def test_the_process_is_as_it_was(loaded, sheared, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def state() -> list:
        return [
            torch.get_default_dtype(),
            torch.get_num_threads(),
            torch.is_grad_enabled(),
            torch.get_rng_state().tolist(),
            random.getstate(),
            str(np.random.get_state()),  # noqa: NPY002
            dict(os.environ),
            sorted(Path.cwd().iterdir()),
            list(warnings.filters),
            np.geterr(),
            list(logging.getLogger().handlers),
        ]

    before = state()
    one(loaded(model="scratch", elements=["Na", "Cl"], size="small"), sheared)
    assert state() == before
    assert "".join(capfd.readouterr()) == ""


def test_what_matgl_does_on_import_is_undone(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KEPT", "yes")
    before = list(warnings.filters), random.getstate()
    with untouched():
        (tmp_path / ".cache" / "matgl").mkdir(parents=True)
        os.environ["NEW"] = os.environ["KEPT"] = "no"
        warnings.simplefilter("error")
        random.seed(1)
    assert (list(warnings.filters), random.getstate()) == before
    assert "NEW" not in os.environ
    assert os.environ["KEPT"] == "yes"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_importing_matgl_leaves_no_trace(tmp_path):
    code = (
        "import os, warnings; from pathlib import Path; "
        "import torch; from whet_matgl.isolation import untouched\n"
        "before = dict(os.environ), list(warnings.filters)\n"
        "with untouched():\n    import matgl\n"
        "assert (dict(os.environ), list(warnings.filters)) == before; print(*Path.home().glob('.cache/matgl'))"
    )
    fonts = str(Path.home() / ".cache" / "matplotlib")  # else matplotlib, which pymatgen imports, reads them all
    home = {**os.environ, "HOME": str(tmp_path), "MPLCONFIGDIR": fonts}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=home)
    assert done.stdout.split() == []


def test_another_default_dtype_does_no_harm(loaded, start, sheared):
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            labels = one(loaded(model="scratch", elements=["Na", "Cl"], size="small"), sheared)
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert labels.energy == one(start, sheared).energy


def test_no_autograd_graph_is_kept(start, sheared):
    one(start, sheared)
    assert start.model.model.feature_dict == {}


def test_naming_a_model_imports_nothing_heavy():
    code = (
        "import sys; from whet import Spec; from whet.plugins.registry import registry; "
        "registry().resolve('potentials', Spec('matgl', {'model': 'scratch', 'elements': ['Na']})); "
        "registry().resolve('fine_tuners', Spec('matgl')); "
        "print(*({'torch', 'matgl', 'numpy', 'ase', 'pymatgen'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
