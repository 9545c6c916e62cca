"""NEP as a potential: calorine's numbers, known values, and what is special to this backend."""

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
from ase.build import bulk, fcc111, graphene, molecule
from ase.stress import full_3x3_to_voigt_6_stress

from whet import Component, FileRef, FrameError, InputError, Labels, Spec, UnknownName, read_labeled
from whet.plugins.registry import registry
from whet_nep.foundation import MODELS
from whet_nep.potential import NepPotential

if MODELS["nep89"].find() is None:
    pytest.skip("the weights of NEP89 are not here: pip install --no-deps neptrainkit==2.5.4", allow_module_level=True)


def load(model: str = "nep89") -> NepPotential:
    return registry().load(registry().resolve("potentials", Spec("nep", {"model": model})))


def one(potential, atoms, properties=("energy", "forces", "stress")) -> Any:
    (labels,) = potential.evaluate([atoms], properties)
    return labels


@pytest.fixture(scope="session")
def potential() -> NepPotential:
    return load()


@pytest.fixture
def sheared() -> Atoms:
    """A triclinic cell, smaller than twice the cutoff, off equilibrium."""
    atoms = bulk("NaCl", "rocksalt", 5.6, cubic=True)
    deformation = np.eye(3) + np.array([[0.03, 0.10, 0], [0, -0.02, 0.15], [0.05, 0, 0]])
    atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    atoms.rattle(0.15, seed=3)
    return atoms


@pytest.fixture
def tiny(tmp_path) -> str:
    """The path of a small NEP of Na and Cl with random numbers: 9 descriptors, 4 neurons."""
    network, expansion = 2 * (9 + 2) * 4 + 1, 2 * 2 * (3 * 3 + 3 * 3)
    numbers = np.random.default_rng(0).normal(size=network + expansion)
    head = "nep4 2 Na Cl\ncutoff 5 4 50 40\nn_max 2 2\nbasis_size 2 2\nl_max 2 0 0\nANN 4 0\n"
    path = tmp_path / "tiny.txt"
    path.write_text(head + "".join(f"{number:.7e}\n" for number in [*numbers, *np.full(9, 0.1)]))
    return str(path)


def test_agrees_with_calorine(potential, sheared):
    from calorine.calculators import CPUNEP

    ours = one(potential, sheared)
    sheared.calc = CPUNEP(str(potential.files["checkpoint"]))
    assert ours.energy == pytest.approx(sheared.get_potential_energy(), abs=1e-10)
    np.testing.assert_allclose(ours.forces, sheared.get_forces(), atol=1e-10)
    np.testing.assert_allclose(full_3x3_to_voigt_6_stress(ours.stress), sheared.get_stress(), atol=1e-12)


def test_published_weights_give_their_known_answer(potential):
    assert potential.published == "nep89"
    potential.check_known_answer()
    assert load(str(potential.files["checkpoint"])).published == "nep89"
    # Another file of the same name is not what was measured.
    assert not MODELS["nep89"].files["checkpoint"].is_in(Path(__file__))


def test_capabilities(potential):
    known = potential.capabilities
    assert len(known.elements) == 89
    assert "Pu" in known.elements
    assert known.cutoff == 6.0
    assert known.theory.method == "mixed"
    with pytest.raises(UnknownName, match="does not know Po"):
        one(potential, Atoms("Po", cell=[9, 9, 9], pbc=True))


def test_a_supercell_has_the_same_energy_per_atom(potential, sheared):
    # A cell below the cutoff sees its own images.
    assert one(potential, sheared * (2, 2, 2)).energy / 8 == pytest.approx(one(potential, sheared).energy, abs=1e-9)
    assert one(potential, bulk("Cu") * (3, 3, 3)).energy / 27 == pytest.approx(one(potential, bulk("Cu")).energy)


def test_order_of_cell_vectors_and_wrapping_change_nothing(potential, sheared):
    here = one(potential, sheared)
    turned = sheared.copy()
    turned.set_cell(sheared.cell.array[[1, 0, 2]])  # left-handed
    far = sheared.copy()
    far.positions += np.outer(np.arange(len(far)) - 4, sheared.cell.array[0]) + 7 * sheared.cell.array[2]
    for other in (turned, far):
        there = one(potential, other)
        assert there.energy == pytest.approx(here.energy, abs=1e-9)
        np.testing.assert_allclose(there.forces, here.forces, atol=1e-9)
        np.testing.assert_allclose(there.stress, here.stress, atol=1e-11)


def test_open_directions_have_no_images(potential):
    for frame, cell in (
        (molecule("CH3OH"), [40, 40, 40]),
        (fcc111("Cu", (1, 1, 3), vacuum=1), None),
        (graphene(), None),  # periodic along two axes, with no cell vector along the third
    ):
        closed = frame.copy()
        if cell is not None:
            closed.set_cell(cell)
        else:
            closed.center(vacuum=20, axis=2)
        closed.pbc = True
        answer = one(potential, frame)
        assert answer.stress is None
        assert answer.energy == pytest.approx(one(potential, closed).energy, abs=1e-9)
        np.testing.assert_allclose(answer.forces, one(potential, closed).forces, atol=1e-9)


def test_isolated_atoms_do_not_feel_each_other(potential):
    alone = one(potential, Atoms("Li"))
    assert not alone.forces.any()
    assert one(potential, Atoms("Li2", [[0, 0, 0], [0, 0, 6.5]])).energy == pytest.approx(2 * alone.energy)


def test_frames_of_any_size_and_order(tiny, sheared):
    # The object below is bound to a number of atoms: the same number must not remember the frame before.
    frames = [sheared, bulk("Na", cubic=True), sheared * (1, 1, 2), bulk("NaCl", "rocksalt", 5.6, cubic=True), sheared]
    batched = list(load(tiny).evaluate(frames, batch_size=5))
    for labels, frame in zip(batched, frames, strict=True):
        single = one(load(tiny), frame)
        assert labels.energy == single.energy
        np.testing.assert_array_equal(labels.forces, single.forces)
        np.testing.assert_array_equal(labels.stress, single.stress)


def test_few_parsed_models_are_kept(tiny, monkeypatch):
    monkeypatch.setattr("whet_nep.evaluator.KEPT", 2)
    fresh = load(tiny)
    for count in (1, 2, 3, 2):
        one(fresh, bulk("Na") * (count, 1, 1))
    assert list(fresh._evaluate._parsed) == [3, 2]


def test_nothing_is_printed_or_written(sheared, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = dict(os.environ), list(warnings.filters)
    one(load(), sheared)
    assert "".join(capfd.readouterr()) == ""
    assert list(tmp_path.iterdir()) == []
    assert (dict(os.environ), list(warnings.filters)) == before


def test_saved_and_loaded_again_it_answers_the_same(tiny, sheared, tmp_path):
    potential = load(tiny)
    files = potential.save(tmp_path / "saved")
    refs = {role: FileRef.to(path) for role, path in files.items()}
    for again in (load(str(files["checkpoint"])), registry().load(Component("potentials", "nep", files=refs))):
        assert one(again, sheared).energy == one(potential, sheared).energy
        assert not again.published
        assert again.capabilities.theory is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("nothing", "not a model of NEP"),
        ("", "not a model of NEP"),
        ("nep4 2 Na\ncutoff 6 5 50 50\n", "2 elements are announced, 1 are named"),
        ("nep4_dipole 1 Na\ncutoff 6 5 50 50\n", "'nep4_dipole' is not a kind"),
    ],
)
def test_files_that_are_no_potential_are_refused(text, wrong, tmp_path):
    path = tmp_path / "nep.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=wrong):
        one(load(str(path)), bulk("Na"))


def test_a_model_that_is_cut_off_is_refused(potential, tmp_path):
    path = tmp_path / "nep.txt"
    path.write_bytes(potential.files["checkpoint"].read_bytes()[:100_000])
    with pytest.raises(InputError, match="calorine does not read this model"):
        one(load(str(path)), bulk("Na"))


def test_cells_without_a_volume_are_refused(potential):
    with pytest.raises(FrameError):
        one(potential, Atoms("Li", cell=[[3, 0, 0], [3, 0, 0], [0, 0, 3]], pbc=True))


def test_naming_the_model_imports_nothing_heavy():
    code = (
        "import sys; from whet import Spec; from whet.plugins.registry import registry; "
        "registry().resolve('potentials', Spec('nep')); "
        "print(*({'_nepy', 'calorine', 'numpy', 'ase', 'torch', 'NepTrainKit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.slow
def test_known_errors_against_dft(potential):
    folder = os.environ.get("WHET_REFERENCE_DATA")
    if not folder:
        pytest.skip("WHET_REFERENCE_DATA is not set")
    frames = list(read_labeled(Path(folder) / "lgps" / "test-50.extxyz"))
    predicted = np.concatenate([labels.forces.ravel() for labels in potential.evaluate(frames, ["energy", "forces"])])
    reference = np.concatenate([Labels.of(frame).forces.ravel() for frame in frames])
    slope = predicted @ reference / (reference @ reference)
    explained = (predicted @ reference) ** 2 / (predicted @ predicted) / (reference @ reference)
    assert slope == pytest.approx(0.873, abs=1e-3)
    assert explained == pytest.approx(0.906, abs=1e-3)
    assert np.abs(predicted - reference).mean() == pytest.approx(0.180, abs=1e-3)
