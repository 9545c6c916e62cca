"""fine_tuned: a fine-tuning as every backend gets it: energies aligned before, what was done compared after."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from whet.contracts.component import Component, FileRef
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.contracts.fine_tuning import FineTuned, FineTuner, FineTuneRequest, Progress
from whet.contracts.potential import Potential
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.frames import FrameSet
from whet.plugins.registry import registry
from whet.tasks.energy_alignment import EnergySource, alignment


@dataclass(frozen=True)
class Material:
    """Labeled frames, on the energy scale of their own theory."""

    train: FrameSet
    valid: FrameSet
    replay: FrameSet = field(default_factory=lambda: FrameSet(()))


@dataclass(frozen=True)
class AlignedFineTuned:
    """component: the new potential, which answers on the labels' scale. done: what the backend left and did."""

    component: Component
    done: FineTuned
    aligned: ReferenceEnergies


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
) -> AlignedFineTuned:
    """Fine-tunes the potential that `start` describes; the backend writes into `folder`.

    energies: where reference energies come from, by default fitted unless the settings say `none`. store: where
    relative paths of `start` begin. Raises Unsupported for a strategy or word that the backend lacks,
    NotApplied where it did something else than asked, and whatever the backend raises.
    """
    tuner.refuse_unsupported(settings)
    # Training happens on the scale of the bare model; the shift of an earlier round is part of what is fitted anew.
    bare: Potential = registry().load(replace(start, energy_shift={}), store=store, device=device)
    source = energies or EnergySource("none" if settings.reference_energies == "none" else "fit")
    aligned = alignment(bare, material.train, source)
    # Replay frames are of the foundation's own theory, but for corrections of its energies.
    replayed = EnergySource(source.word if source.word in ("none", "foundation") else "fit")
    request = FineTuneRequest(
        start=bare,
        train=aligned.removed_from(material.train),
        valid=aligned.removed_from(material.valid),
        settings=settings,
        seed=seed,
        replay=alignment(bare, material.replay, replayed).removed_from(material.replay),
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
    return AlignedFineTuned(component, done, aligned)
