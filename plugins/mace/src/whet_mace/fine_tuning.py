"""MaceFineTuner: fine-tuning of MACE by its own trainer, mace_run_train."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whet import (
    Applied,
    FineTuned,
    FineTuner,
    FineTuneRequest,
    FrameSet,
    InputError,
    Progress,
)
from whet_mace.account import NEVER, NEW, REPLAY, applied, check_loss, check_model, check_options, curves
from whet_mace.checkpoints import heads_of, read_checkpoint
from whet_mace.potential import FINE_TUNED, MacePotential
from whet_mace.training_files import write_training_file
from whet_mace.training_run import NAME, TrainingRun
from whet_mace.upstream_options import MaceTrainingOptions, known_options
from whet_torch.isolation import untouched

LEARNING_RATE = 3e-4
"""Between fast learning and fast forgetting: README.md has the numbers."""

BATCH_SIZE = 2
EMA = 0.99
REPLAY_WATCHED = 10
"""How many replay frames are evaluated after each epoch, to show what is being forgotten."""

FREEZE: Mapping[str, int] = {"frozen": 5, "head-only": 6}
"""Upstream's `freeze` of each strategy: 5 leaves products and readouts to be trained, 6 the readouts."""


class MaceFineTuner(FineTuner[MaceTrainingOptions]):
    """Fine-tunes MACE on energies, forces and stresses with mace_run_train; its reference energies stay as they are.

    What upstream did is read back from the objects that it trained with, not from what it was told.
    """

    name = "mace"
    packages = MacePotential.packages
    strategies = frozenset({"full", "frozen", "head-only", "lora", "multihead-replay"})
    words = frozenset({"learning_rate", "batch_size", "ema", "patience", "replay", "replay_frames", "replay_weight"})

    def fine_tune(self, request: FineTuneRequest, folder: Path, progress: Progress) -> FineTuned:
        """As the contract says; writes `fine-tuned.model`, and upstream's log below `run-…`.

        The parameters kept are those of the epoch with the lowest validation loss of the new data; without
        validation frames, of the lowest loss on the training frames. Replay frames train a head of their own.
        Raises InputError where the start is another potential, Unsupported where upstream would leave something
        asked without effect, NotApplied where the training fails or is another than asked.
        """
        start = _mace(request)
        path = folder / f"{NAME}.model"
        if request.settings.epochs == 0:
            return self._unchanged(request, path)
        check_loss(self._loss(request), request)
        run = TrainingRun(folder)
        run.run(
            self._arguments(request, run.folder),
            self._switches(request),
            device=self.device,
            epochs=request.settings.epochs,
            progress=progress,
            ended=lambda epoch, rows: request.tell_losses(epoch + 1, self._losses(request, rows)),
        )
        dests = {name: known_options()[name].dest for name in self._keys.given}
        check_options(self._keys.given, dests, run.seen)
        learned = curves(run.rows, run.seen)
        run.take_model(path)
        model = read_checkpoint(path, "cpu")
        check_model(model, start.model, start.head)
        options = {"model": FINE_TUNED, "head": _head_of(heads_of(model)), "dtype": start.options.dtype}
        return FineTuned(options, {"checkpoint": path}, applied(run, request), learned)

    def _losses(self, request: FineTuneRequest, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
        """Those of one epoch while upstream trains, as `curves` will have them at the end."""
        size = request.settings.batch_size or BATCH_SIZE
        counts = {NEW: len(request.valid or request.train), REPLAY: len(request.replay[:REPLAY_WATCHED])}
        valid = {head: (count, max(1, math.ceil(count / size))) for head, count in counts.items()}
        return {name: values[-1] for name, values in curves(rows, {"valid": valid}).items()}

    @property
    def _keys(self) -> MaceTrainingOptions:
        return self.options

    def _arguments(self, request: FineTuneRequest, folder: Path) -> list[str]:
        """The command line, and the files that it names. What the user wrote under `upstream` comes last and wins."""
        settings, start = request.settings, _mace(request)
        sets: dict[str, FrameSet] = {"train": request.train, "valid": request.valid or request.train}
        weight = {"train": 1.0, "valid": 1.0}
        heads: dict[str, dict[str, str]] = {NEW: {}}
        if settings.strategy == "multihead-replay":
            sets.update(replay=request.replay, watched=request.replay[:REPLAY_WATCHED])
            weight.update(replay=settings.replay_weight or 1.0, watched=1.0)
            heads[REPLAY] = {"train_file": str(folder / "replay.xyz"), "valid_file": str(folder / "watched.xyz")}
        heads[NEW] = {"train_file": str(folder / "train.xyz"), "valid_file": str(folder / "valid.xyz")}
        for name, frames in sets.items():
            write_training_file(folder / f"{name}.xyz", frames, weight=weight[name])
        size = settings.batch_size or BATCH_SIZE
        total = len(request.train) + (len(request.replay) if REPLAY in heads else 0)
        values = {
            "name": NAME,
            "foundation_model": _written(start, folder / "start.model"),
            # Upstream would keep only the elements of the training frames.
            "foundation_model_elements": True,
            # Replay frames come as a head of their own: in upstream's own multihead mode the learning rate, the
            # averaging and the loss are replaced, frames are repeated, and their weight in the loss has no effect.
            "multiheads_finetuning": False,
            "heads": heads,
            "E0s": "foundation",
            "loss": self._loss(request),
            "energy_weight": request.weights.energy,
            "forces_weight": request.weights.forces,
            "stress_weight": request.weights.stress,
            "max_num_epochs": settings.epochs,
            "lr": settings.learning_rate or LEARNING_RATE,
            # Upstream makes no step at all where the batch is larger than what there is.
            "batch_size": size if size <= total else len(request.train),
            "valid_batch_size": size,
            "ema_decay": settings.ema or EMA,
            "patience": settings.patience or NEVER,
            "seed": request.seed,
            "device": self.device.partition(":")[0],
            "default_dtype": "float32",
            # The scale of the start is kept: nothing needs to be estimated from the training frames.
            "scaling": "no_scaling",
            "compute_avg_num_neighbors": False,
            "avg_num_neighbors": _neighbors(start),
            # Each of these evaluates everything once more at the end.
            "plot": False,
            "skip_evaluate_heads": f"{NEW},{REPLAY}",
        }
        if len(heads_of(start.model)) > 1:
            values["foundation_head"] = start.head
        if settings.strategy in FREEZE:
            values["freeze"] = FREEZE[settings.strategy]
        if settings.strategy == "lora":
            values["lora"] = True
        return [f"--{name}={value}" for name, value in values.items()] + self._keys.arguments()

    def _switches(self, request: FineTuneRequest) -> dict[str, bool]:
        return {"ema": True, "save_cpu": True, **self._keys.switches()}

    def _loss(self, request: FineTuneRequest) -> str:
        """Squared errors, with stress where it has a weight; unless the user chose another."""
        chosen = "stress" if request.weights.stress > 0 else "weighted"
        return str(self._keys.given.get("loss", chosen))

    def _unchanged(self, request: FineTuneRequest, path: Path) -> FineTuned:
        """Nothing was trained: the start's own file and head, so that every prediction stays bit for bit."""
        from shutil import copyfile

        start = _mace(request)
        copyfile(start.files["checkpoint"], path)
        # What is kept, and may come to be trusted because it was made here, is what was looked at.
        read_checkpoint(path, "cpu")
        heads = heads_of(start.model)
        settings = request.settings
        nothing = Applied(
            strategy=settings.strategy,
            epochs=0,
            batch_size=min(settings.batch_size or BATCH_SIZE, max(len(request.train), 1)),
            learning_rate=settings.learning_rate or LEARNING_RATE,
            labels=frozenset(),
            trainable_parameters=0,
            frozen_parameters=sum(number.numel() for number in start.model.parameters()),
            heads=heads,
            ema=settings.ema,
            patience=settings.patience,
            replay_weight=settings.replay_weight,
            other={"trained": "nothing: no epoch was asked for"},
        )
        return FineTuned(
            {"model": FINE_TUNED, "head": start.head, "dtype": start.options.dtype}, {"checkpoint": path}, nothing
        )


def _mace(request: FineTuneRequest) -> MacePotential:
    """The start. InputError where it is another potential."""
    if not isinstance(request.start, MacePotential):
        raise InputError(f"potential {request.start.name!r} is not MACE, which is all that this fine-tuner knows")
    return request.start


def _written(start: MacePotential, path: Path) -> Path:
    """The start's file for upstream, which unpickles whatever it gets: written here, of what was read with care."""
    import torch

    model = read_checkpoint(start.files["checkpoint"], "cpu")
    with untouched():
        torch.save(model, path)
    return path


def _head_of(heads: list[str]) -> str:
    return NEW if NEW in heads else heads[0]


def _neighbors(start: MacePotential) -> float:
    """The average number of neighbors that the start divides messages by."""
    return float(start.model.interactions[0].avg_num_neighbors)  # pyright: ignore
