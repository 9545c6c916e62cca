"""fine-tune: energies aligned by the core, training by the backend, what it did compared with what was asked."""

from __future__ import annotations

from dataclasses import replace

from whet.contracts.component import Component, FileRef
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.contracts.fine_tuning import FineTuner, FineTuneRequest
from whet.contracts.potential import Potential
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.errors import FrameError
from whet.data.frame_files import read_labeled
from whet.data.frames import FrameSet
from whet.data.labels import Labels
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Fine-tunes the potential of role `start` on `inputs.data` (a dataset); leaves the new potential's component.

    settings: seed, settings (FineTuneSettings). files.replay: frames for multihead replay.
    """
    settings = FineTuneSettings.checked(work.settings["settings"], of="fine_tune")
    tuner: FineTuner = work.load("fine_tuner")
    tuner.refuse_unsupported(settings)
    component = work.component("start")
    # Training happens on the scale of the bare model; the shift of an earlier round is part of what is fitted anew.
    start = work.registry.load(replace(component, energy_shift={}), store=work.store.root, device=work.device)
    train, valid = work.frames("data", "train"), work.frames("data", "valid")
    replay = _replay(work, settings)
    aligned = _alignment(start, train, settings)
    request = FineTuneRequest(
        start=start,
        train=aligned.removed_from(train),
        valid=aligned.removed_from(valid),
        settings=settings,
        seed=work.settings["seed"],
        replay=_alignment(start, replay, settings).removed_from(replay),
    )
    folder = work.folder / "fine-tuning"
    folder.mkdir(exist_ok=True)
    done = tuner.fine_tune(request, folder, work.progress)
    done.applied.compare(request)
    new = Component(
        hook="potentials",
        name=component.name,
        result_version=component.result_version,
        options=dict(done.options),
        files={role: FileRef.to(path) for role, path in done.files.items()},
        parts=component.parts,
        # Without a step nothing is fitted: the potential answers what it answered before.
        energy_shift=aligned.shift if settings.epochs else component.energy_shift,
    )
    values = {
        "train": len(train),
        "valid": len(valid),
        "applied": done.applied.as_json(),
        "curves": {name: [float(value) for value in curve] for name, curve in done.curves.items()},
        "reference_energies": aligned.as_json(),
    }
    return Outcome(values, {}, new)


def _alignment(start: Potential, frames: FrameSet, settings: FineTuneSettings) -> ReferenceEnergies:
    """The per-element shift between the labels of these frames and the start's bare predictions."""
    if settings.reference_energies == "none" or not frames:
        return ReferenceEnergies({}, 0, 0.0, 0)
    predicted = [labels.energy for labels in start.evaluate(frames, ("energy", "forces"))]
    return ReferenceEnergies.fit(frames, [Labels.of(frame).energy for frame in frames], predicted)


def _replay(work: Work, settings: FineTuneSettings) -> FrameSet:
    """The replay frames, a seeded random choice where fewer than the file has are wanted."""
    if "replay" not in work.step.files:
        return FrameSet(())
    import numpy as np

    path = work.step.files["replay"].locate()
    frames = read_labeled(path)
    wanted = settings.replay_frames or len(frames)
    if wanted > len(frames):
        raise FrameError(f"{wanted} replay frames were asked for, the file has {len(frames)}", where=str(path))
    if wanted == len(frames):
        return frames
    order = np.random.default_rng(work.settings["seed"]).permutation(len(frames))
    return frames.take(sorted(order[:wanted]))
