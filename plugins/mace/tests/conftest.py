"""What the tests of MACE share: a tiny model made here, the published one where it is, and labeled frames."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import Component, FileRef, FineTuned, FineTuneRequest, FineTuneSettings, FrameSet, Labels, Spec
from whet.plugins.registry import registry
from whet_mace.fine_tuning import MaceFineTuner
from whet_mace.potential import MacePotential
from whet_mace.upstream_options import MaceTrainingOptions
from whet_torch.isolation import untouched


def load(model: Path | str, **options: Any) -> MacePotential:
    return registry().load(registry().resolve("potentials", Spec("mace", {"model": str(model), **options})))


def reload(made: FineTuned) -> MacePotential:
    files = {role: FileRef.to(path) for role, path in made.files.items()}
    return registry().load(Component("potentials", "mace", options=made.options, files=files))


def make_tiny(path: Path, heads: dict[str, float]) -> Path:
    """A MACE model with random weights: H, Li, O, Mg; cutoff 4 Å; float64. heads: name -> scale of its energies."""
    with untouched():
        import mace.modules
        import torch
        from e3nn import o3

        torch.manual_seed(0)
        torch.set_default_dtype(torch.float64)
        block = mace.modules.interaction_classes["RealAgnosticResidualInteractionBlock"]
        model = mace.modules.ScaleShiftMACE(
            r_max=4.0,
            num_bessel=4,
            num_polynomial_cutoff=5,
            max_ell=2,
            interaction_cls=block,
            interaction_cls_first=block,
            num_interactions=2,
            num_elements=4,
            hidden_irreps=o3.Irreps("8x0e"),
            MLP_irreps=o3.Irreps("8x0e"),
            gate=torch.nn.functional.silu,
            atomic_energies=np.array([[-1.1, -2.2, -3.3, -4.4]]) * np.arange(1, len(heads) + 1)[:, None],
            avg_num_neighbors=20.0,
            atomic_numbers=[1, 3, 8, 12],
            correlation=2,
            radial_type="bessel",
            atomic_inter_scale=np.squeeze([*heads.values()]),
            atomic_inter_shift=np.squeeze([0.1] * len(heads)),
            heads=[*heads],
        )
        torch.save(model, path)
    return path


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with one head."""
    return make_tiny(tmp_path_factory.mktemp("tiny") / "tiny.model", {"Default": 0.8})


@pytest.fixture(scope="session")
def lively_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose forces are some 0.1 eV/Å: those of the others are too small to train on."""
    return make_tiny(tmp_path_factory.mktemp("tiny") / "lively.model", {"Default": 40.0})


@pytest.fixture(scope="session")
def two_heads_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with two heads, `Default` and `pt_head`, that agree on nothing."""
    return make_tiny(tmp_path_factory.mktemp("tiny") / "two.model", {"Default": 0.8, "pt_head": 0.5})


@pytest.fixture(scope="session")
def tiny(tiny_file: Path) -> MacePotential:
    return load(tiny_file, dtype="float64")


@pytest.fixture(scope="session")
def small_file() -> Path:
    """MACE-MP-0 small."""
    folder = os.environ.get("WHET_REFERENCE_DATA")
    if not folder:
        pytest.skip("WHET_REFERENCE_DATA is not set: no weights of MACE-MP-0 small")
    return Path(folder) / "weights" / "mace" / "mace_mp_small.model"


@pytest.fixture(scope="session")
def loaded() -> Callable[..., MacePotential]:
    return load


@pytest.fixture(scope="session")
def again() -> Callable[[FineTuned], MacePotential]:
    return reload


@pytest.fixture
def sheared() -> Atoms:
    """A triclinic cell off equilibrium: 8 atoms, no symmetry left."""
    atoms = bulk("MgO", "rocksalt", 4.3, cubic=True)
    atoms.set_cell(atoms.cell.array @ (np.array([[1.03, 0.10, 0], [0, 0.98, 0.15], [0.05, 0, 1]])), scale_atoms=True)
    atoms.rattle(0.1, seed=3)
    return atoms


def springs(count: int, seed: int) -> FrameSet:
    """MgO with springs to the lattice sites and a stress that follows the volume, near the tiny model's energies."""
    frames = []
    perfect = bulk("MgO", "rocksalt", 4.3, cubic=True)
    for number in range(seed, seed + count):
        dice = np.random.default_rng(number)
        moves = 0.1 * dice.standard_normal((8, 3))
        moves -= moves.mean(axis=0)
        strain = 0.02 * dice.standard_normal()
        atoms = perfect.copy()
        atoms.positions += moves
        atoms.set_cell(perfect.cell.array * (1 + strain), scale_atoms=True)
        labels = Labels(-29.3 + 1.5 * float((moves**2).sum()), -3.0 * moves, 2.0 * strain * np.eye(3))
        frames.append(labels.attach(atoms))
    return FrameSet(frames)


@pytest.fixture(scope="session")
def labeled() -> Callable[[int, int], FrameSet]:
    return springs


class Tune:
    """Fine-tunes on springs: `tune(start, epochs=2, …)`; keeps the request of the last call."""

    def __init__(self, folders: pytest.TempPathFactory) -> None:
        self.folders = folders
        self.progress: list[tuple[int, int]] = []
        self.request: FineTuneRequest | None = None

    def __call__(
        self,
        start: MacePotential,
        *,
        tuner: type[MaceFineTuner] = MaceFineTuner,
        upstream: dict[str, Any] | None = None,
        train: FrameSet | None = None,
        valid: int = 2,
        replay: int = 0,
        seed: int = 1,
        **settings: Any,
    ) -> FineTuned:
        self.progress = []
        self.request = FineTuneRequest(
            start=start,
            train=springs(6, 0) if train is None else train,
            valid=springs(valid, 100),
            settings=FineTuneSettings.checked(settings, of="fine_tune"),
            seed=seed,
            replay=springs(replay, 200),
        )
        self.request.check()
        made = tuner(MaceTrainingOptions.checked(upstream or {}, of="fine-tuner 'mace'"))
        return made.fine_tune(self.request, self.folders.mktemp("tune"), lambda *done: self.progress.append(done))


@pytest.fixture(scope="session")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Tune:
    return Tune(tmp_path_factory)
