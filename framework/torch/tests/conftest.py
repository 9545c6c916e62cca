"""What the tests of the loop share: a potential of a handful of numbers, frames that it can learn, and trainings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms

from whet import Capabilities, FineTuneRequest, FineTuneSettings, FrameSet, Labels
from whet_torch.account import Account
from whet_torch.answers import Answers
from whet_torch.options import TrainingOptions
from whet_torch.training import Training

Graph = tuple[torch.Tensor, torch.Tensor]
"""Positions (n_atoms, 3) and the cell's vectors (3, 3), Å."""


class Springs(torch.nn.Module):
    """Every atom hangs on the origin, by a spring; the cell resists its growth; one number has nothing to do."""

    def __init__(self) -> None:
        super().__init__()
        self.stiffness = torch.nn.Parameter(torch.tensor([0.5]))
        self.shift = torch.nn.Parameter(torch.tensor([0.1]))
        self.pressure = torch.nn.Parameter(torch.tensor([0.0]))
        self.idle = torch.nn.Parameter(torch.tensor([1.0]))
        self.dropout = torch.nn.Dropout(0.0)

    def answers(self, graphs: Sequence[Graph], differentiable: bool) -> Answers:
        """Forces are the gradient of the energy, so that training on them takes a second derivative."""
        places = [positions.clone().requires_grad_() for positions, _ in graphs]
        energies = torch.stack(
            [(self.stiffness * self.dropout(place) ** 2).sum() + len(place) * self.shift.sum() for place in places]
        )
        slopes = torch.autograd.grad(energies.sum(), places, create_graph=differentiable)
        stresses = torch.stack([self.pressure * torch.eye(3) for _ in graphs])
        return Answers(energies.double(), -torch.cat(slopes).double(), stresses.double())


def graph_of(atoms: Atoms) -> Graph:
    return torch.tensor(atoms.positions, dtype=torch.float32), torch.tensor(atoms.cell.array, dtype=torch.float32)


def springs(seed: int) -> Atoms:
    """One to three atoms on springs of 2 eV/Å², under a stress of 0.03 eV/Å³."""
    dice = np.random.default_rng(seed)
    positions = dice.normal(scale=0.3, size=(1 + seed % 3, 3))
    atoms = Atoms(f"Li{len(positions)}", positions, cell=3 * np.eye(3), pbc=True)
    return Labels(float((positions**2).sum()) * 2, -4 * positions, 0.03 * np.eye(3)).attach(atoms)


FRAMES = FrameSet(springs(seed) for seed in range(8))


@dataclass
class Trained:
    """A training, and what came of it."""

    model: Springs
    request: FineTuneRequest
    account: Account

    @property
    def weights(self) -> dict[str, float]:
        return {name: tensor.item() for name, tensor in self.model.state_dict().items()}


def train(
    *,
    model: Springs | None = None,
    frames: FrameSet = FRAMES,
    valid: int = 2,
    seed: int = 0,
    options: dict[str, Any] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    answers: Callable[[Sequence[Graph], bool], Answers] | None = None,
    **settings: Any,
) -> Trained:
    """Trains on all frames but the last, which are to validate on."""
    model = model or Springs()
    cut = len(frames) - valid
    # The loop trains the model that it is given, whatever its potential.
    start: Any = SimpleNamespace(name="springs", capabilities=Capabilities())
    settings["weights"] = {"energy": 1.0, "forces": 10.0, "stress": 0.0} | settings.get("weights", {})
    request = FineTuneRequest(start, frames[:cut], frames[cut:], FineTuneSettings.model_validate(settings), seed)
    training = Training(
        model,
        request,
        TrainingOptions.model_validate(options or {}),
        graph_of=graph_of,
        answers=answers or model.answers,
        learning_rate=1e-2,
        batch_size=2,
    )
    return Trained(model, request, training.run(progress))


@pytest.fixture(name="train")
def train_fixture() -> Callable[..., Trained]:
    return train


@pytest.fixture
def frames() -> FrameSet:
    return FRAMES


@pytest.fixture
def springs_model() -> Springs:
    return Springs()
