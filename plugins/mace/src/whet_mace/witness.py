"""Witness: what mace_run_train trains with, seen at the moment when it begins.

The command line says what was asked for, and the log is rounded; the objects that upstream made say what is done.
They are the arguments of the function that writes the log line "Started training", where this handler finds them.
"""

from __future__ import annotations

import inspect
import logging
from typing import Any

LABELS = ("energy", "forces", "stress")

STARTED = "Started training"
STOPPED = "Stopping optimization after"
LOADED = "model from epoch"


class PatienceEnded(Exception):
    """The validation loss has not improved for as many epochs as patience allows."""


class Witness(logging.Handler):
    """Handler of upstream's log. `seen` is plain data; it is empty until the training begins.

    Upstream 0.3.16 announces that it stops for want of patience, and goes on (only distributed training stops):
    PatienceEnded is raised from the announcement.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, Any] = {}
        self.stopped = False
        self.kept_epoch: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith(STARTED) and not self.seen:
            self.seen = _account(_arguments_of(record.funcName))
        elif message.startswith(STOPPED) and message.endswith("without improvement"):
            self.stopped = True
            raise PatienceEnded
        elif LOADED in message and "for evaluation" in message:
            self.kept_epoch = int(message.split(LOADED)[1].split()[0])


def _arguments_of(function: str) -> dict[str, Any]:
    """The local names of the function that is logging."""
    frame = inspect.currentframe()
    while frame is not None and not (frame.f_code.co_name == function and "loss_fn" in frame.f_locals):
        frame = frame.f_back
    if frame is None:
        raise RuntimeError(f"{function} of this version of mace-torch cannot be read back")
    return dict(frame.f_locals)


def _account(training: dict[str, Any]) -> dict[str, Any]:
    model, optimizer, loss, loader = (training[name] for name in ("model", "optimizer", "loss_fn", "train_loader"))
    rates = {id(number): group["lr"] for group in optimizer.param_groups for number in group["params"]}
    trained = {
        name: rates[id(number)]
        for name, number in model.named_parameters()
        if number.requires_grad and rates.get(id(number), 0.0) > 0
    }
    sizes = {name: number.numel() for name, number in model.named_parameters()}
    ema, swa = training["ema"], training["swa"]
    return {
        "heads": [str(head) for head in getattr(model, "heads", ["Default"])],
        "trained": sorted(trained),
        "not_in_optimizer": sorted(name for name, number in model.named_parameters() if id(number) not in rates),
        "trainable_parameters": sum(sizes[name] for name in trained),
        "parameters": sum(sizes.values()),
        "parameter_tensors": len(sizes),
        "learning_rates": sorted(set(trained.values())),
        "batch_size": loader.batch_size,
        "batches": len(loader),
        "frames": _frames(loader.dataset, model),
        **loss_seen(loss),
        "stage_two": None if swa is None else {"from_epoch": swa.start + 1, **loss_seen(swa.loss_fn)},
        "valid": {name: [len(part.dataset), len(part)] for name, part in training["valid_loaders"].items()},
        "ema": None if ema is None else float(ema.decay),
        "patience": training["patience"],
        "optimizer": type(optimizer).__name__,
        "gradient_clip": training["max_grad_norm"],
        "dtype": str(next(model.parameters()).dtype).removeprefix("torch."),
    }


def loss_seen(loss: Any) -> dict[str, Any]:
    """Name, weights and delta of a loss that upstream made."""
    weights = {name: float(getattr(loss, f"{name}_weight", 0.0)) for name in LABELS}
    return {"loss": type(loss).__name__, "weights": weights, "huber_delta": getattr(loss, "huber_delta", None)}


def _frames(dataset: Any, model: Any) -> dict[str, dict[str, Any]]:
    """By head: how many frames, how many of them with each label, and the weights that they have in the loss."""
    heads = [str(head) for head in getattr(model, "heads", ["Default"])]
    found: dict[str, dict[str, Any]] = {}
    for index in range(len(dataset)):
        item = dataset[index]
        of_head = found.setdefault(heads[int(item.head)], {"frames": 0, "weights": [], **dict.fromkeys(LABELS, 0)})
        of_head["frames"] += 1
        for name in LABELS:
            of_head[name] += float(getattr(item, f"{name}_weight")) > 0
        if float(item.weight) not in of_head["weights"]:
            of_head["weights"].append(float(item.weight))
    return found
