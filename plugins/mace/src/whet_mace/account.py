"""Account: what a training by mace_run_train was, put together from what was seen of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whet import Applied, Loss, NotApplied, Unsupported
from whet_mace.checkpoints import head_index, heads_of
from whet_mace.training_run import TrainingRun

if TYPE_CHECKING:
    import torch

    from whet import FineTuneRequest

NEW, REPLAY = "Default", "pt_head"
"""Upstream's names of the head of the new data and that of the replay frames."""

NEVER = 1_000_000
"""Patience that does not end: upstream knows no other way to say so."""

ERRORS: Mapping[str, str] = {
    "WeightedEnergyForcesLoss": "squared",
    "WeightedForcesLoss": "squared",
    "WeightedEnergyForcesStressLoss": "squared",
    "WeightedHuberEnergyForcesStressLoss": "Huber",
}
"""What upstream's losses make of errors, in words of `whet.Loss`. The others have forms of their own: `UniversalLoss`
is a Huber loss whose delta becomes smaller from forces of 100 eV/Å on."""

WEIGHTED_BY_FRAME = {
    "WeightedEnergyForcesLoss",
    "WeightedForcesLoss",
    "WeightedEnergyForcesStressLoss",
    "WeightedEnergyForcesVirialsLoss",
}
"""Losses in which the weight of a frame counts; the Huber losses leave it out."""


def applied(run: TrainingRun, request: FineTuneRequest) -> Applied:
    """What upstream did. Nothing of the request enters but to name what differs."""
    seen = run.seen
    new, replay = seen["frames"].get(NEW, {}), seen["frames"].get(REPLAY, {})
    labels = {name for name, weight in seen["weights"].items() if weight > 0 and new.get(name, 0) > 0}
    rates = seen["learning_rates"]
    steps = [row for row in run.rows if row["mode"] == "opt"]
    return Applied(
        strategy=_strategy(seen),
        epochs=run.epochs if steps else 0,
        batch_size=seen["batch_size"],
        learning_rate=max(rates, default=0.0),
        labels=frozenset(labels),
        trainable_parameters=seen["trainable_parameters"],
        frozen_parameters=seen["parameters"] - seen["trainable_parameters"],
        heads=sorted(seen["heads"], key=lambda head: head == REPLAY),
        replay_frames=replay.get("frames", 0),
        ema=seen["ema"],
        patience=seen["patience"] if seen["patience"] < NEVER else None,
        replay_weight=_replay_weight(seen, new, replay) if replay else None,
        stopped_early=seen["stopped_early"],
        loss=stated_loss(seen),
        other={
            "kept_epoch": None if seen["kept_epoch"] is None else seen["kept_epoch"] + 1,
            "validation": "validation frames" if len(request.valid) else "training frames",
            "train_frames": new.get("frames", 0),
            "train_frames_with_stress": new.get("stress", 0),
            # Upstream drops the last batch of an epoch where it is not full.
            "frames_left_out_each_epoch": sum(part["frames"] for part in seen["frames"].values())
            - seen["batches"] * seen["batch_size"],
            "learning_rates": rates,
            **{name: seen[name] for name in ("loss", "stage_two", "optimizer", "gradient_clip", "dtype")},
        },
    )


def curves(rows: Sequence[Mapping[str, Any]], seen: Mapping[str, Any]) -> dict[str, list[float]]:
    """One value an epoch: train_loss, valid_loss, valid_energy_mae (eV/atom), valid_forces_mae (eV/Å), replay_….

    Losses are upstream's, validation as the mean over batches that training is, too: upstream divides the sum of its
    batches' means by the number of frames. Raises NotApplied where the training diverged.
    """
    found: dict[str, list[float]] = {}
    epochs = sorted({row["epoch"] for row in rows if row["mode"] == "opt"})
    for epoch in epochs:
        here = [row for row in rows if row["epoch"] == epoch]
        losses = [row["loss"] for row in here if row["mode"] == "opt"]
        _add(found, "train_loss", sum(losses) / len(losses), epoch)
        for row in here:
            if row["mode"] == "eval":
                prefix = "replay" if row["head"] == REPLAY else "valid"
                frames, batches = seen["valid"][row["head"]]
                _add(found, f"{prefix}_loss", row["loss"] * frames / batches, epoch)
                for name, key in (("energy_mae", "mae_e_per_atom"), ("forces_mae", "mae_f")):
                    if key in row:
                        _add(found, f"{prefix}_{name}", row[key], epoch)
    return found


def check_options(given: Mapping[str, Any], dests: Mapping[str, str], seen: Mapping[str, Any]) -> None:
    """NotApplied where upstream replaced an option that the user set (dests: name -> attribute that it sets)."""
    used = seen["arguments"]
    for name, value in given.items():
        found = used.get(dests[name])
        if isinstance(value, str | int | float) and not isinstance(value, bool) and str(found) != str(value):
            close = isinstance(found, float) and isinstance(value, int | float) and math.isclose(found, value)
            if not close:
                raise NotApplied(f"{name} {value!r} was asked of mace_run_train, {found!r} was used")


def check_model(model: torch.nn.Module, start: torch.nn.Module, start_head: str) -> None:
    """NotApplied where the trained model lost elements of its start, or its reference energies are others."""
    import torch

    numbers, before = ([int(number) for number in part.atomic_numbers] for part in (model, start))  # pyright: ignore
    if numbers != before:
        raise NotApplied(f"the fine-tuned model knows {len(numbers)} elements, its start {len(before)}")
    kept = _reference_energies(start)[head_index(start, start_head)]
    for head, energies in zip(heads_of(model), _reference_energies(model), strict=True):
        # Exact but for the rounding of float32.
        if not torch.allclose(energies, kept, rtol=1e-6, atol=1e-6):
            raise NotApplied(f"the reference energies of head {head!r} are not those of the start")


def check_loss(loss: str, request: FineTuneRequest) -> None:
    """Unsupported where upstream's loss of that name would leave out the stress, or the weight of replay frames."""
    settings = request.settings
    if request.weights.stress > 0 and loss not in ("stress", "huber", "universal"):
        raise Unsupported(
            f"the loss {loss!r} of MACE leaves stress out",
            hint="Use stress, huber or universal, or set the weight of stress to 0",
        )
    if settings.replay_weight not in (None, 1.0) and loss not in ("weighted", "forces_only", "stress"):
        raise Unsupported(
            f"the loss {loss!r} of MACE does not weight frames, so replay_weight would have no effect",
            hint="Use `upstream: {loss: stress}` or `weighted`, or leave replay_weight out",
        )


def stated_loss(seen: Mapping[str, Any]) -> Loss:
    """The loss of the new data, whose frames have the weight 1."""
    errors = ERRORS.get(seen["loss"], seen["loss"])
    return Loss(errors, seen["weights"], seen["huber_delta"] if errors == "Huber" else None)


def _strategy(seen: Mapping[str, Any]) -> Any:
    if len(seen["heads"]) > 1 and seen["frames"].get(REPLAY, {}).get("frames"):
        return "multihead-replay"
    # Upstream never trains the radial basis, in no strategy.
    basis = sum(name.startswith("radial_embedding.") for name in seen["not_in_optimizer"])
    if len(seen["trained"]) + basis == seen["parameter_tensors"]:
        return "full"
    if all("lora" in name.lower() for name in seen["trained"]):
        return "lora"
    return "head-only" if all(name.startswith("readouts.") for name in seen["trained"]) else "frozen"


def _replay_weight(seen: Mapping[str, Any], new: Mapping[str, Any], replay: Mapping[str, Any]) -> float:
    """Weight of a replay frame relative to a new one; NaN where frames of one head differ."""
    if seen["loss"] not in WEIGHTED_BY_FRAME:
        return 1.0
    weights = new.get("weights", []), replay.get("weights", [])
    if any(len(part) != 1 for part in weights):
        return math.nan
    # Upstream keeps weights in the dtype of the training.
    return float(f"{weights[1][0] / weights[0][0]:.6g}")


def _reference_energies(model: torch.nn.Module) -> torch.Tensor:
    """(n_heads, n_elements), eV, float64, on the CPU."""
    import torch

    return torch.atleast_2d(model.atomic_energies_fn.atomic_energies).double().cpu()  # pyright: ignore


def _add(found: dict[str, list[float]], name: str, value: float, epoch: int) -> None:
    if not math.isfinite(value):
        raise NotApplied(
            f"the training diverged: {name} is not finite in epoch {epoch + 1}", hint="Lower learning_rate"
        )
    found.setdefault(name, []).append(float(value))
