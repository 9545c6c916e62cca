"""What the tests of SevenNet share: loaded potentials, a few structures, and fine-tuning."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import (
    Component,
    FileRef,
    FineTuned,
    FineTuneRequest,
    FineTuneSettings,
    FrameSet,
    Labels,
    ReferenceEnergies,
    Spec,
    read_labeled,
)
from whet.plugins.registry import registry


def load(model: Path | str = "7net-0", **options: Any) -> Any:
    return registry().load(registry().resolve("potentials", Spec("sevennet", {"model": str(model), **options})))


def reload(made: FineTuned) -> Any:
    files = {role: FileRef.to(path) for role, path in made.files.items()}
    return registry().load(Component("potentials", "sevennet", options=made.options, files=files))


@pytest.fixture(scope="session")
def shipped() -> Callable[..., Any]:
    """Potentials by model and modal, each built once."""
    return cache(load)


@pytest.fixture(scope="session")
def potential(shipped: Callable[..., Any]) -> Any:
    """SevenNet-0 of 11 July 2024."""
    return shipped("7net-0")


@pytest.fixture(scope="session")
def multi(shipped: Callable[..., Any]) -> Any:
    """SevenNet-MF-0, answering with r2SCAN."""
    return shipped("7net-mf-0", modal="R2SCAN")


@pytest.fixture(scope="session")
def loaded() -> Callable[..., Any]:
    return load


@pytest.fixture(scope="session")
def again() -> Callable[[FineTuned], Any]:
    return reload


@pytest.fixture
def sheared() -> Atoms:
    """A triclinic cell off equilibrium: 8 atoms, no symmetry left."""
    atoms = bulk("NaCl", "rocksalt", 5.6, cubic=True)
    deformation = np.eye(3) + np.array([[0.03, 0.10, 0], [0, -0.02, 0.15], [0.05, 0, 0]])
    atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
    atoms.rattle(0.15, seed=3)
    return atoms


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A SevenNet with random weights, built as upstream's trainer does: Li and F; cutoff 4 Å; two layers."""
    from whet_sevennet.checkpoints import write_checkpoint  # pyright: ignore[reportMissingImports]
    from whet_sevennet.isolation import eager  # pyright: ignore[reportMissingImports]
    from whet_torch.isolation import untouched

    with untouched(), eager():
        import torch
        from sevenn._const import model_defaults  # pyright: ignore[reportMissingImports]
        from sevenn.model_build import build_E3_equivariant_model  # pyright: ignore[reportMissingImports]

        torch.manual_seed(0)
        config = {
            **model_defaults({}),
            "chemical_species": ["F", "Li"],
            "_number_of_species": 2,
            "_type_map": {9: 0, 3: 1},
            "cutoff": 4.0,
            "channel": 4,
            "num_convolution_layer": 2,
            "weight_nn_hidden_neurons": [8],
            "conv_denominator": 4.0,
            "shift": -4.8,
            "scale": 1.0,
        }
        model = build_E3_equivariant_model(config)
    path = tmp_path_factory.mktemp("tiny") / "tiny.pth"
    write_checkpoint(model, config, path)
    return load(path)


@pytest.fixture(scope="session")
def labeled(tiny: Any) -> FrameSet:
    """Six frames of LiF, two atoms each: springs and a stress that follows the volume, near the tiny model's energy."""
    frames = []
    for seed in range(6):
        dice = np.random.default_rng(seed)
        atoms = bulk("LiF", "rocksalt", 3.9 * (1 + 0.02 * dice.standard_normal()))
        moves = 0.1 * dice.standard_normal((2, 3))
        moves -= moves.mean(axis=0)
        atoms.positions += moves
        stress = 2.0 * (atoms.get_volume() / 14.83 - 1) * np.eye(3)
        frames.append(Labels(1.5 * float((moves**2).sum()), -3.0 * moves, stress).attach(atoms))
    predicted = [labels.energy for labels in tiny.evaluate(frames)]
    wanted = [Labels.of(frame).energy for frame in frames]
    return ReferenceEnergies.fit(frames, wanted, predicted).removed_from(frames)


@pytest.fixture(scope="session")
def lgps() -> Callable[[str], FrameSet]:
    """Frames of Li20Ge2P4S24 with DFT labels, by the file's name."""
    folder = os.environ.get("WHET_REFERENCE_DATA")
    if not folder:
        pytest.skip("WHET_REFERENCE_DATA is not set")
    return lambda name: FrameSet(read_labeled(Path(folder) / "lgps" / f"{name}-50.extxyz"))


class Tune:
    """Fine-tunes the tiny model on the labeled frames, the last two to validate on, and checks the account."""

    def __init__(self, tiny: Any, labeled: FrameSet, folders: pytest.TempPathFactory) -> None:
        self.tiny = tiny
        self.labeled = labeled
        self.folders = folders

    def __call__(
        self,
        *,
        start: Any = None,
        frames: FrameSet | None = None,
        valid: int = 2,
        seed: int = 0,
        upstream: dict[str, Any] | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
        folder: Path | None = None,
        **settings: Any,
    ) -> FineTuned:
        frames = self.labeled if frames is None else frames
        cut = len(frames) - valid
        request = FineTuneRequest(
            self.tiny if start is None else start,
            frames[:cut],
            frames[cut:],
            FineTuneSettings.checked(settings, of="fine_tune"),
            seed,
        )
        tuner = registry().load(registry().resolve("fine_tuners", Spec("sevennet", upstream or {})))
        # As the core does before it calls a fine-tuner.
        tuner.refuse_unsupported(request.settings)
        request.check()
        made = tuner.fine_tune(request, folder or self.folders.mktemp("tune"), progress)
        made.applied.compare(request)
        return made


@pytest.fixture(scope="session")
def tune(tiny: Any, labeled: FrameSet, tmp_path_factory: pytest.TempPathFactory) -> Tune:
    return Tune(tiny, labeled, tmp_path_factory)


def slope_and_errors(potential: Any, frames: FrameSet) -> tuple[float, float, float]:
    """Slope of predicted against reference forces through the origin, their MAE (eV/Å), that of energies (eV/atom)."""
    found = list(potential.evaluate(frames, ["energy", "forces"]))
    wanted = [Labels.of(frame) for frame in frames]
    predicted = np.concatenate([labels.forces.ravel() for labels in found])
    reference = np.concatenate([labels.forces.ravel() for labels in wanted])
    energies = [(one.energy - other.energy) / len(one.forces) for one, other in zip(found, wanted, strict=True)]
    slope = float(predicted @ reference / (reference @ reference))
    return slope, float(np.abs(predicted - reference).mean()), float(np.abs(energies).mean())


@pytest.fixture(scope="session")
def compared() -> Callable[[Any, FrameSet], tuple[float, float, float]]:
    return slope_and_errors
