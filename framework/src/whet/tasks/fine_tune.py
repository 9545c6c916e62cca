"""fine-tune: energies aligned by the core, training by the backend, what it did compared with what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.contracts.fine_tuning import FineTuner
from whet.contracts.options import Options
from whet.contracts.ports import Dataset, Port
from whet.contracts.task import Outcome, Task, Work
from whet.data.errors import FrameError
from whet.data.frames import FrameSet
from whet.tasks.aligned_training import Material, fine_tuned


class FineTuneStepSettings(Options):
    """Settings of a step `fine-tune`."""

    settings: Mapping[str, Any]
    """`FineTuneSettings`."""
    seed: int
    """Of everything random in the training."""


class FineTune(Task):
    """Fine-tunes a potential. The file `replay` has the frames for multihead replay."""

    name = "fine-tune"
    Options = FineTuneStepSettings
    inputs: ClassVar = {"data": Port(Dataset, many=False, what="what it is trained on")}
    components: ClassVar = {"fine_tuner": "fine_tuners", "start": "potentials"}

    def run(self, work: Work) -> Outcome:
        """Leaves the new potential's component."""
        settings = FineTuneSettings.checked(self.options.settings, of="fine_tune")
        tuner: FineTuner = work.load("fine_tuner")
        tuner.refuse_unsupported(settings)
        data = work.one("data", Dataset)
        made = fine_tuned(
            tuner,
            work.component("start"),
            Material(data.train, data.valid, self._replay(work, settings)),
            settings,
            seed=self.options.seed,
            folder=work.folder / "fine-tuning",
            store=work.store,
            device=work.device,
            progress=work.progress,
        )
        values = {
            "train": len(data.train),
            "valid": len(data.valid),
            "applied": made.done.applied.as_json(),
            "curves": {name: [float(value) for value in curve] for name, curve in made.done.curves.items()},
            "reference_energies": made.aligned.as_json(),
            "loss_at_start": {name: term.as_json() for name, term in made.at_start.items()},
            "stress": made.weights.stress_because,
        }
        return Outcome(values, {}, made.component)

    def _replay(self, work: Work, settings: FineTuneSettings) -> FrameSet:
        """The replay frames, a seeded random choice where fewer than the file has are wanted."""
        if "replay" not in work.files:
            return FrameSet(())
        import numpy as np

        from whet.plugins.frame_files import read_labeled

        path = work.files["replay"].locate()
        frames = read_labeled(path)
        wanted = settings.replay_frames or len(frames)
        if wanted > len(frames):
            raise FrameError(f"{wanted} replay frames were asked for, the file has {len(frames)}", where=str(path))
        if wanted == len(frames):
            return frames
        order = np.random.default_rng(self.options.seed).permutation(len(frames))
        return frames.take(sorted(order[:wanted]))
