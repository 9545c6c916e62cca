"""fine-tune: energies aligned by the core, training by the backend, what it did compared with what was asked."""

from __future__ import annotations

from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.contracts.fine_tuning import FineTuner
from whet.data.errors import FrameError
from whet.data.frames import FrameSet
from whet.plugins.frame_files import read_labeled
from whet.running.aligned_training import Material, fine_tuned
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Fine-tunes the potential of role `start` on `inputs.data` (a dataset); leaves the new potential's component.

    settings: seed, settings (FineTuneSettings). files.replay: frames for multihead replay.
    """
    settings = FineTuneSettings.checked(work.settings["settings"], of="fine_tune")
    tuner: FineTuner = work.load("fine_tuner")
    tuner.refuse_unsupported(settings)
    train, valid = work.frames("data", "train"), work.frames("data", "valid")
    folder = work.folder / "fine-tuning"
    made = fine_tuned(
        tuner,
        work.component("start"),
        Material(train, valid, _replay(work, settings)),
        settings,
        seed=work.settings["seed"],
        folder=folder,
        store=work.store.root,
        device=work.device,
        progress=work.progress,
    )
    values = {
        "train": len(train),
        "valid": len(valid),
        "applied": made.done.applied.as_json(),
        "curves": {name: [float(value) for value in curve] for name, curve in made.done.curves.items()},
        "reference_energies": made.aligned.as_json(),
    }
    return Outcome(values, {}, made.component)


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
