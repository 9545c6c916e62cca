"""SevenNet as a potential: upstream's numbers, modals, atoms without edges, and checkpoints."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule

from whet import FrameError, InputError, KnownAnswer, UnknownName
from whet.data.errors import PluginError

pytestmark = pytest.mark.skipif(
    find_spec("sevenn") is None, reason="sevenn is in an environment of its own: whet env create sevennet"
)

MODELS = [
    ("7net-0", {}),
    ("7net-0_22May2024", {}),
    ("7net-l3i5", {}),
    ("7net-mf-0", {"modal": "PBE"}),
    ("7net-mf-0", {"modal": "R2SCAN"}),
]


def one(potential: Any, atoms: Atoms, properties: tuple[str, ...] = ("energy", "forces", "stress")) -> Any:
    (labels,) = potential.evaluate([atoms], properties)
    return labels


def upstream(model: str, modal: str | None = None) -> Any:
    from sevenn.calculator import SevenNetCalculator  # pyright: ignore[reportMissingImports]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return SevenNetCalculator(model, device="cpu", modal=modal)


@pytest.mark.parametrize(("model", "options"), MODELS)
def test_agrees_with_upstream(shipped, sheared, model, options):
    calculator = upstream(model, **options)
    for atoms in (sheared, molecule("CH3OH")):
        ours = one(shipped(model, **options), atoms)
        atoms.calc = calculator
        # Upstream sums energies in float32; otherwise the arithmetic is the same.
        assert ours.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-5)
        np.testing.assert_allclose(ours.forces, atoms.get_forces(), atol=2e-6)
        if ours.stress is not None:
            np.testing.assert_allclose(ours.stress, atoms.get_stress(voigt=False), atol=1e-7)


def test_shipped_files_answer_as_they_should(shipped):
    for model, options in MODELS:
        potential = shipped(model, **options)
        assert potential.published == model
        potential.check_known_answer()


def test_a_misread_modal_is_found_out(loaded, monkeypatch):
    fidelities = sys.modules["whet_sevennet.foundation"].FIDELITIES["7net-mf-0"]
    wrong = type(fidelities["PBE"])(fidelities["PBE"].theory, KnownAnswer(-6.7))
    monkeypatch.setitem(fidelities, "PBE", wrong)
    with pytest.raises(
        PluginError, match=r"model '7net-mf-0', answers an energy of -3\.379 eV/atom instead of -3\.350"
    ):
        one(loaded("7net-mf-0", modal="PBE"), bulk("Cu"))


def test_the_modal_is_checked_before_anything_is_loaded(loaded):
    with pytest.raises(InputError, match=r"several theories\. Choose one with `modal:`: PBE, R2SCAN"):
        loaded("7net-mf-0")
    with pytest.raises(UnknownName, match=r"modal of this SevenNet model 'pbe'\. Did you mean 'PBE'"):
        loaded("7net-mf-0", modal="pbe")
    with pytest.raises(InputError, match=r"has one theory only\. Leave it out"):
        loaded("7net-0", modal="PBE")


def test_the_modal_of_a_file_is_checked_when_it_is_loaded(multi, loaded, sheared, tmp_path):
    path = multi.save(tmp_path)["checkpoint"]
    with pytest.raises(InputError, match="several theories"):
        _ = loaded(path).capabilities
    with pytest.raises(UnknownName, match="Did you mean 'R2SCAN'"):
        _ = loaded(path, modal="SCAN").capabilities
    assert one(loaded(path, modal="R2SCAN"), sheared).energy == one(multi, sheared).energy


def test_modals_answer_with_their_theories(shipped, multi, sheared):
    pbe = shipped("7net-mf-0", modal="PBE")
    assert pbe.capabilities.theory.method == "PBE/PBE+U"
    assert multi.capabilities.theory.method == "r2SCAN"
    assert abs(one(pbe, sheared).energy - one(multi, sheared).energy) > 1


def test_capabilities(potential):
    known = potential.capabilities
    assert len(known.elements) == 89
    assert "Pu" in known.elements
    assert "Po" not in known.elements
    assert (known.cutoff, known.dtype, known.theory.method) == (5.0, "float32", "PBE/PBE+U")
    with pytest.raises(UnknownName, match="Po"):
        one(potential, bulk("Po"))


def test_unknown_models_name_the_nearest(loaded):
    with pytest.raises(UnknownName, match=r"'7net-1'. Did you mean '7net-0'"):
        loaded("7net-1")
    with pytest.raises(InputError, match="no such file"):
        loaded("/nowhere/checkpoint.pth")


def test_the_energy_is_continuous_up_to_isolated_atoms(potential):
    def energy(distance: float) -> float:
        return one(potential, Atoms("LiF", [[0, 0, 0], [0, 0, distance]])).energy

    alone = [one(potential, Atoms(symbol)) for symbol in ("Li", "F")]
    assert energy(4.9999) == pytest.approx(energy(5.0001), abs=1e-5)
    assert energy(30.0) == pytest.approx(alone[0].energy + alone[1].energy, abs=1e-5)
    assert not alone[0].forces.any()
    boxed = one(potential, Atoms("Li", cell=[12, 12, 12], pbc=True))
    assert boxed.energy == alone[0].energy
    assert not boxed.stress.any()


def test_a_batch_may_hold_atoms_without_edges(potential, sheared):
    frames = [Atoms("Li"), sheared, molecule("H2O"), bulk("Cu")]
    for batched, single in zip(
        potential.evaluate(frames, batch_size=4), potential.evaluate(frames, batch_size=1), strict=True
    ):
        assert batched.energy == pytest.approx(single.energy, abs=1e-5)
        np.testing.assert_allclose(batched.forces, single.forces, atol=5e-6)
        assert (batched.stress is None) == (single.stress is None)


def test_open_directions_need_no_cell_of_any_kind(potential):
    slab = fcc111("Cu", (2, 2, 3))  # its vector along z is zero
    turned, boxed = slab.copy(), fcc111("Cu", (2, 2, 3), vacuum=8)
    # Here a periodic vector lies along the Cartesian axis that upstream would take for the open direction.
    turned.set_cell(slab.cell.array[[2, 0, 1]])
    turned.pbc = (False, True, True)
    for atoms in (slab, turned):
        assert one(potential, atoms).energy == pytest.approx(one(potential, boxed).energy, abs=1e-5)
        assert one(potential, atoms).stress is None
    wire = Atoms("Cu", cell=[[0, 0, 2.5], [0, 0, 0], [0, 0, 0]], pbc=(True, False, False))
    assert one(potential, wire).forces.shape == (1, 3)


def test_a_molecule_far_from_the_origin_is_the_same_molecule(potential):
    near, far = molecule("CH3OH"), molecule("CH3OH")
    far.positions += 4096.0  # exact in binary, so that only float64 positions are rounded
    # Upstream's box would take gigabytes here.
    assert one(potential, far).energy == pytest.approx(one(potential, near).energy, abs=1e-5)
    np.testing.assert_allclose(one(potential, far).forces, one(potential, near).forces, atol=2e-5)


def test_a_cell_without_volume_is_refused(potential):
    with pytest.raises(FrameError, match=r"flat|no volume"):
        one(potential, Atoms("Li", cell=[[3, 0, 0], [3, 0, 0], [0, 0, 3]], pbc=True))


@pytest.mark.parametrize(("model", "options"), [MODELS[0], MODELS[1], MODELS[4]])
def test_written_and_read_again_it_predicts_the_same(shipped, loaded, sheared, tmp_path, model, options):
    from whet_sevennet.checkpoints import write_checkpoint  # pyright: ignore[reportMissingImports]

    potential = shipped(model, **options)
    path = tmp_path / "written.pth"
    write_checkpoint(potential.model, potential.checkpoint.config, path)
    again = loaded(path, **options)
    assert one(again, sheared).energy == one(potential, sheared).energy
    np.testing.assert_array_equal(one(again, sheared).forces, one(potential, sheared).forces)
    assert again.capabilities.theory is None  # nobody knows what a file was trained on
    # Upstream reads it, too: it would rearrange the weights if they claimed to be of the old version.
    sheared.calc = upstream(str(path), **options)
    assert sheared.get_potential_energy() == pytest.approx(one(potential, sheared).energy, abs=1e-5)


def test_written_twice_it_is_the_same_file(loaded, tmp_path):
    from whet_sevennet.checkpoints import write_checkpoint  # pyright: ignore[reportMissingImports]

    for name in ("one.pth", "two.pth"):
        fresh = loaded("7net-mf-0", modal="PBE")
        write_checkpoint(fresh.model, fresh.checkpoint.config, tmp_path / name)
    assert (tmp_path / "one.pth").read_bytes() == (tmp_path / "two.pth").read_bytes()


def test_a_saved_foundation_model_is_known_again(potential, loaded, tmp_path):
    again = loaded(potential.save(tmp_path / "saved")["checkpoint"])
    assert again.published == "7net-0"
    assert again.capabilities.theory == potential.capabilities.theory


class Bomb:
    """Unpickled, it would run code."""

    def __reduce__(self) -> tuple:
        return (exec, ("raise SystemExit('code of the file was run')",))


def test_files_that_are_no_checkpoints_are_refused_in_one_line(potential, loaded, tmp_path):
    import torch

    whole = potential.files["checkpoint"]
    torch.save({"config": {"bomb": Bomb()}, "model_state_dict": {}}, tmp_path / "bomb.pth")
    torch.save({"weights": 1}, tmp_path / "other.pth")
    torch.save({"config": {}, "model_state_dict": {}}, tmp_path / "empty-config.pth")
    (tmp_path / "cut.pth").write_bytes(whole.read_bytes()[:5000])
    (tmp_path / "text.pth").write_bytes(b"nothing")
    (tmp_path / "empty.pth").write_bytes(b"")
    (tmp_path / "pickle.pth").write_bytes(pickle.dumps({"config": Bomb()}))
    shutil.copyfile(whole, tmp_path / "good.pth")
    for path in sorted(tmp_path.glob("*.pth")):
        if path.stem == "good":
            assert loaded(path).published == "7net-0"
            continue
        with pytest.raises(InputError, match="not a checkpoint of SevenNet") as found:
            _ = loaded(path).model
        assert "\n" not in str(found.value), path
        assert len(str(found.value)) < 500, path


def test_the_entry_point_imports_nothing_heavy():
    code = (
        "import sys, whet_sevennet as plugin; plugin.potentials(), plugin.fine_tuners(); "
        "from whet import Spec; from whet.plugins.registry import registry; "
        "registry().resolve('potentials', Spec('sevennet')); "
        "print(*({'torch', 'sevenn', 'e3nn', 'numpy', 'ase', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_importing_upstream_leaves_no_trace():
    code = """
import os, random, warnings, torch, numpy as np
from whet import KnownAnswer, Spec
from whet.plugins.registry import registry
atoms = KnownAnswer(0.0).compound
torch.set_default_dtype(torch.float64)
def state():
    return (dict(os.environ), list(warnings.filters), torch.get_default_dtype(), torch.get_num_threads(),
            torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state()), torch.is_grad_enabled())
before = state()
potential = registry().load(registry().resolve("potentials", Spec("sevennet")))
list(potential.evaluate([atoms]))
changed = [index for index, pair in enumerate(zip(before, state())) if pair[0] != pair[1]]
import e3nn
assert e3nn.get_optimization_defaults()["jit_mode"] == e3nn._DEFAULT_JIT_MODE
print("changed:", changed)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("changed: []\n", "")


def test_is_a_little_soft_against_dft(potential, lgps, compared):
    slope, forces, energy = compared(potential, lgps("test")[::20])
    assert slope == pytest.approx(0.898, abs=2e-3)
    assert forces == pytest.approx(0.108, abs=1e-3)
    assert energy == pytest.approx(0.0283, abs=2e-4)


@pytest.mark.slow
def test_known_softness_against_dft(potential, lgps, compared):
    slope, forces, energy = compared(potential, lgps("test"))
    assert slope == pytest.approx(0.925, abs=1e-3)
    assert forces == pytest.approx(0.108, abs=5e-4)
    assert energy == pytest.approx(0.0287, abs=1e-4)
