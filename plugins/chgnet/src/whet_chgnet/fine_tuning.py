"""ChgnetFineTuner: fine-tuning of CHGNet.

Upstream's `Trainer` is not used: it keeps the epoch of the lowest energy error, whatever the forces do; its cosine
never ends where an epoch has fewer than ten batches; it takes two gradients a step; and it prints, writes a file an
epoch, and ends without an error where the loss is NaN.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from whet import FineTuned, FineTuner, FineTuneRequest, InputError, LossWeights, Progress
from whet_chgnet.checkpoints import write_checkpoint
from whet_chgnet.potential import FINE_TUNED, ChgnetPotential
from whet_torch.answers import Answers
from whet_torch.options import TrainingOptions

if TYPE_CHECKING:
    from chgnet.graph.crystalgraph import CrystalGraph
    from chgnet.model.model import CHGNet

LEARNING_RATE = 1e-3  # for both: README.md has the evidence
BATCH_SIZE = 1

FROZEN = (
    "atom_embedding",
    "bond_embedding",
    "angle_embedding",
    "bond_basis_expansion",
    "angle_basis_expansion",
    "atom_conv_layers.0",
    "atom_conv_layers.1",
    "atom_conv_layers.2",
    "bond_conv_layers",
    "angle_layers",
)
"""What the strategy `frozen` leaves as it is: all but the last atom convolution, the bond weights and the readout.

The choice of CHGNet's own fine-tuning tutorial."""


class ChgnetFineTuner(FineTuner[TrainingOptions]):
    """Fine-tunes CHGNet on energies, forces and stresses; its per-element reference energies stay as they are."""

    name = "chgnet"
    result_version = 2
    packages = ChgnetPotential.packages
    strategies = frozenset({"full", "frozen"})
    words = frozenset({"learning_rate", "batch_size", "patience"})

    def fine_tune(self, request: FineTuneRequest, folder: Path, progress: Progress) -> FineTuned:
        """As the contract says; writes `checkpoint.pth.tar`.

        Raises InputError where the start is another potential, or the loss is not finite any more.
        """
        from whet_chgnet.graphs import crystal_graph
        from whet_torch.training import Training

        settings, start = request.settings, request.start
        if not isinstance(start, ChgnetPotential):
            raise InputError(f"potential {start.name!r} is not CHGNet, which is all that this fine-tuner knows")
        model = _fresh(start.model, settings.strategy)
        training = Training(
            model,
            request,
            self.options,
            graph_of=partial(crystal_graph, model=model),
            answers=partial(_answers, model, request.weights),
            learning_rate=LEARNING_RATE,
            batch_size=BATCH_SIZE,
        )
        account = training.run(progress)
        path = folder / "checkpoint.pth.tar"
        write_checkpoint(model, path)
        applied = account.applied(settings.strategy)
        return FineTuned({"model": FINE_TUNED}, {"checkpoint": path}, applied, account.curves)


def _fresh(model: CHGNet, strategy: str) -> CHGNet:
    """A copy of the model with the parameters marked that the strategy trains."""
    fresh = copy.deepcopy(model)
    fresh.requires_grad_(True)
    # The core has aligned the reference energies; magnetic moments are no label of ours.
    for module in (fresh.composition_model, fresh.site_wise):
        if module is not None:
            module.requires_grad_(False)
    if strategy == "frozen":
        for name in FROZEN:
            fresh.get_submodule(name).requires_grad_(False)
    return fresh


def _answers(model: CHGNet, weights: LossWeights, graphs: Sequence[CrystalGraph], differentiable: bool) -> Answers:
    """The model's answers for a batch; no more than has a weight, for each gradient costs time."""
    import torch

    from whet_chgnet.gradients import answers

    stress = weights.stress > 0
    found = answers(model, graphs, forces=weights.forces > 0 or stress, stress=stress, differentiable=differentiable)
    forces = [answer.forces for answer in found if answer.forces is not None]
    stresses = [answer.stress for answer in found if answer.stress is not None]
    return Answers(
        torch.stack([answer.energy for answer in found]),
        torch.cat(forces) if forces else None,
        torch.stack(stresses) if stresses else None,
    )
