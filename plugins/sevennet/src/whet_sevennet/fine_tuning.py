"""SevennetFineTuner: fine-tuning of SevenNet.

Upstream's `Trainer` runs an epoch without telling what it did: labels that are missing leave the loss without a word,
a loss that is NaN is trained on, gradients cannot be clipped or counted, and nothing keeps the best epoch. Its stress
is in kbar, so that one Huber delta means two different things.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from whet import FineTuned, FineTuner, FineTuneRequest, InputError, Progress
from whet_sevennet.checkpoints import read_checkpoint, write_checkpoint
from whet_sevennet.potential import FINE_TUNED, SevennetPotential
from whet_torch.options import TrainingOptions

if TYPE_CHECKING:
    from ase import Atoms
    from sevenn.nn.sequential import AtomGraphSequential  # pyright: ignore[reportMissingImports]

    from whet_sevennet.graphs import Graph
    from whet_torch.answers import Answers

LEARNING_RATE = 1e-3  # for both: README.md has the evidence
BATCH_SIZE = 2

READOUT = ("reduce_", "readout_")
"""What the modules between features and atomic energies are called; the strategy `head-only` trains these."""

FIXED = ("rescale_atomic_energy", "denominator")
"""Never trained: the core has aligned the reference energies, and the others are statistics of the training set."""


class SevennetTrainingOptions(TrainingOptions):
    """Keys of the training."""

    delta: float = Field(default=0.01, gt=0)
    """Of the Huber loss: half the square for errors below it, linear above; in the unit of each term. SevenNet-0's
    own."""


class SevennetFineTuner(FineTuner[SevennetTrainingOptions]):
    """Fine-tunes SevenNet on energies, forces and stresses; its per-element reference energies stay as they are.

    A multi-fidelity model is trained in the modal that it was loaded with; what the modals share moves with it.
    """

    name = "sevennet"
    result_version = 2
    packages = SevennetPotential.packages
    strategies = frozenset({"full", "frozen", "head-only"})
    words = frozenset({"learning_rate", "batch_size", "patience"})

    def fine_tune(self, request: FineTuneRequest, folder: Path, progress: Progress) -> FineTuned:
        """As the contract says; writes `checkpoint.pth`. What an interrupted run left behind is not looked at.

        Raises InputError where the start is another potential, or the loss is not finite any more.
        """
        from whet_sevennet.answers import answer
        from whet_sevennet.graphs import batch_of, graph_of
        from whet_torch.training import Training

        settings, start = request.settings, request.start
        if not isinstance(start, SevennetPotential):
            raise InputError(f"potential {start.name!r} is not SevenNet, which is all that this fine-tuner knows")

        def graph(atoms: Atoms) -> Graph:
            return graph_of(atoms, start.model.cutoff)

        def answers(graphs: Sequence[Graph], differentiable: bool) -> Answers:
            batch = batch_of(graphs, modal=start.modal, device=start.device)
            return answer(model, batch, differentiable=differentiable)

        # Read again: in a copy by deepcopy e3nn's constants turn into buffers, which no checkpoint may have.
        model = read_checkpoint(start.files["checkpoint"], start.device).model
        _mark(model, settings.strategy)
        training = Training(
            model,
            request,
            self.options,
            graph_of=graph,
            answers=answers,
            learning_rate=LEARNING_RATE,
            batch_size=BATCH_SIZE,
        )
        account = training.run(progress)
        path = folder / "checkpoint.pth"
        write_checkpoint(model, start.checkpoint.config, path)
        options = {"model": FINE_TUNED} | ({} if start.modal is None else {"modal": start.modal})
        return FineTuned(options, {"checkpoint": path}, account.applied(settings.strategy), account.curves)


def _mark(model: AtomGraphSequential, strategy: str) -> None:
    """Marks the parameters that the strategy trains.

    `frozen` trains the last interaction layer and the readout, `head-only` the readout.
    """
    layers = {int(name.partition("_")[0]) for name, _ in model.named_children() if name[0].isdigit()}
    trained = {"full": ("",), "frozen": (f"{max(layers)}_", *READOUT), "head-only": READOUT}[strategy]
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(trained) and not any(part in name for part in FIXED))
