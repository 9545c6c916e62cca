"""MatglFineTuner: fine-tuning of MatGL's potentials, and their training from scratch.

Upstream's `PotentialLightningModule` is not used: its trainer keeps the best epoch and stops early only through files
that it writes while it runs, and prints; its cosine lasts a fixed number of epochs, whatever the training does; it
fits stress in GPa, so that a weight means another thing than for other backends; and it wraps the bare network in a
new potential, which loses what the old one adds to its energies unless that is handed over number by number.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from whet import FineTuned, FineTuner, FineTuneRequest, InputError, Progress
from whet_matgl.model_files import write_model
from whet_matgl.potential import SAVED, MatglPotential
from whet_torch.options import TrainingOptions

if TYPE_CHECKING:
    from matgl.apps.pes import Potential

    from whet_matgl.graphs import Graph
    from whet_torch.answers import Answers

LEARNING_RATE = 1e-3
BATCH_SIZE = 1

HEAD = "model.final_layer."
"""How the names of the parameters of the readout begin, in all architectures."""


class MatglFineTuner(FineTuner[TrainingOptions]):
    """Trains potentials of MatGL on energies, forces and stresses; their reference energies stay as they are."""

    name = "matgl"
    result_version = 2
    packages = MatglPotential.packages
    strategies = frozenset({"full", "head-only"})
    words = frozenset({"learning_rate", "batch_size", "patience"})

    def fine_tune(self, request: FineTuneRequest, folder: Path, progress: Progress) -> FineTuned:
        """As the contract says; writes `model.json`, `model.pt` and `state.pt`.

        Raises InputError where the start is another potential, or the loss is not finite any more.
        """
        from whet_matgl.answers import answers
        from whet_matgl.graphs import graph_of
        from whet_torch.training import Training

        settings, start = request.settings, request.start
        if not isinstance(start, MatglPotential):
            raise InputError(f"potential {start.name!r} is not MatGL's, which is all that this fine-tuner knows")
        start.check_known_answer()
        model = copy.deepcopy(start.model)
        _mark(model, settings.strategy)

        def answered(graphs: Sequence[Graph], differentiable: bool) -> Answers:
            # Whether they are differentiable hangs on the mode of the model, which the loop sets.
            return answers(model, graphs, stress=request.weights.stress > 0)

        training = Training(
            model,
            request,
            self.options,
            graph_of=partial(graph_of, model=model),
            answers=answered,
            learning_rate=LEARNING_RATE,
            batch_size=BATCH_SIZE,
        )
        account = training.run(progress)
        applied = account.applied(settings.strategy, architecture=type(model.model).__name__)
        return FineTuned({"model": SAVED}, write_model(model, folder), applied, account.curves)


def _mark(model: Potential, strategy: str) -> None:
    """Marks the parameters that the strategy trains."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(strategy == "full" or name.startswith(HEAD))
