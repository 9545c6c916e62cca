"""fine_tuned: a fine-tuning as every backend gets it: energies aligned before, what was done compared after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from whet.contracts.component import Component, FileRef
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.contracts.fine_tuning import FineTuned, FineTuner, FineTuneRequest, Progress, TellLosses
from whet.contracts.loss import LossWeights
from whet.contracts.potential import Potential, Property
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.plugins.registry import registry
from whet.tasks.energy_alignment import EnergySource, alignment

if TYPE_CHECKING:
    from whet.bias.loss_terms import LossTerm


@dataclass(frozen=True)
class Material:
    """Labeled frames, on the energy scale of their own theory."""

    train: FrameSet
    valid: FrameSet
    replay: FrameSet = field(default_factory=lambda: FrameSet(()))


@dataclass(frozen=True)
class AlignedFineTuned:
    """component: the new potential, which answers on the labels' scale. done: what the backend left and did.

    weights: that the training had. at_start: terms of the loss over the training frames before the first step; empty
    where no epoch was asked for, or the backend does not say what its loss is.
    """

    component: Component
    done: FineTuned
    aligned: ReferenceEnergies
    weights: LossWeights
    at_start: Mapping[str, LossTerm]


def fine_tuned(
    tuner: FineTuner,
    start: Component,
    material: Material,
    settings: FineTuneSettings,
    *,
    energies: EnergySource | None = None,
    seed: int,
    folder: Path,
    store: Path | None = None,
    device: str = "cpu",
    progress: Progress = lambda done, total: None,
    tell_losses: TellLosses = lambda epoch, losses: None,
) -> AlignedFineTuned:
    """Fine-tunes the potential that `start` describes; the backend writes into `folder`.

    energies: where reference energies come from, by default fitted unless the settings say `none`. store: where
    relative paths of `start` begin. Raises Unsupported for a strategy or word that the backend lacks,
    NotApplied where it did something else than asked, and whatever the backend raises.
    """
    from whet.bias.loss_terms import loss_terms  # not at the top: listing tasks is to start fast

    tuner.refuse_unsupported(settings)
    # Training happens on the scale of the bare model; the shift of an earlier round is part of what is fitted anew.
    bare: Potential = registry().load(replace(start, energy_shift={}), store=store, device=device)
    weights = LossWeights.decided(settings.weights, material.train + material.valid, bare.capabilities)
    source = energies or EnergySource("none" if settings.reference_energies == "none" else "fit")
    predicted = _predicted(bare, material.train, stress=weights.stress > 0)
    aligned = alignment(bare, material.train, predicted, source)
    # Replay frames are of the foundation's own theory, but for corrections of its energies.
    of_replay = EnergySource(source.word if source.word in ("none", "foundation") else "fit")
    replayed = [] if source.word == "none" else _predicted(bare, material.replay, stress=False)
    request = FineTuneRequest(
        start=bare,
        train=aligned.removed_from(material.train),
        valid=aligned.removed_from(material.valid),
        settings=settings,
        seed=seed,
        replay=alignment(bare, material.replay, replayed, of_replay).removed_from(material.replay),
        tell_losses=tell_losses,
    )
    request.check()
    folder.mkdir(parents=True, exist_ok=True)
    done = tuner.fine_tune(request, folder, progress)
    done.applied.compare(request)
    component = replace(
        start,
        options=dict(done.options),
        files={role: FileRef.to(path) for role, path in done.files.items()},
        checkpoint_version=bare.checkpoint_version,
        # Without a step nothing is fitted: the potential answers what it answered before.
        energy_shift=aligned.shift if settings.epochs else start.energy_shift,
        energy_span=tuple(aligned.span) if settings.epochs else start.energy_span,
    )
    registry().vouch_for_made(component, done.files.values(), start=bare)
    loss = done.applied.loss if settings.epochs else None
    at_start = {} if loss is None else loss_terms(loss, request.train, predicted)
    return AlignedFineTuned(component, done, aligned, request.weights, at_start)


def _predicted(bare: Potential, frames: FrameSet, *, stress: bool) -> list[Labels]:
    """What the bare potential says of these frames, asked once for all that needs it."""
    properties: list[Property] = ["energy", "forces", *(["stress"] if stress else [])]
    return list(bare.evaluate(frames, properties)) if frames else []
