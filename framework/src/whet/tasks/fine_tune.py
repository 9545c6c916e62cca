"""fine-tune: energies aligned by the core, training by the backend, what it did compared with what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from whet.contracts.fine_tune_settings import FineTuneSettings, IsolatedAtoms
from whet.contracts.fine_tuning import FineTuner
from whet.contracts.labeling import lowest_atoms
from whet.contracts.options import Options
from whet.contracts.ports import Dataset, FinishedStep, LabeledFrames, Port
from whet.contracts.reference_energies import ReferenceEnergies
from whet.contracts.task import Outcome, Task, Work
from whet.data.errors import FrameError
from whet.data.frames import FrameSet
from whet.data.loss_file import NAME as LOSSES
from whet.data.loss_file import LossFile
from whet.data.theory import LevelOfTheory
from whet.tasks.aligned_training import Material, fine_tuned
from whet.tasks.energy_alignment import EnergySource


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
    inputs: ClassVar = {
        "data": Port(Dataset, many=False, what="what it is trained on"),
        "atoms": Port(LabeledFrames, many=False, what="isolated atoms of its elements: their reference energies"),
    }
    components: ClassVar = {"fine_tuner": "fine_tuners", "start": "potentials"}

    def run(self, work: Work) -> Outcome:
        """Leaves the new potential's component; `loss.csv` grows by a row with each epoch that the backend tells."""
        settings = FineTuneSettings.checked(self.options.settings, of="fine_tune")
        tuner: FineTuner = work.load("fine_tuner")
        tuner.refuse_unsupported(settings)
        data = work.one("data", Dataset)
        made = fine_tuned(
            tuner,
            work.component("start"),
            Material(data.train, data.valid, self._replay(work, settings)),
            settings,
            energies=self._energies(work, settings),
            seed=self.options.seed,
            folder=work.folder / "fine-tuning",
            store=work.store,
            device=work.device,
            progress=work.progress,
            tell_losses=LossFile(work.folder / LOSSES),
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

    def _energies(self, work: Work, settings: FineTuneSettings) -> EnergySource:
        """Where reference energies come from, with what is known of atoms, of the start and of the labels."""
        asked = settings.reference_energies
        word = "atoms" if isinstance(asked, IsolatedAtoms) else asked
        atoms = dict(asked.atoms) if isinstance(asked, IsolatedAtoms) and isinstance(asked.atoms, dict) else {}
        for labeled in work.all("atoms", LabeledFrames):
            atoms |= lowest_atoms(labeled.frames)
        before = [step.values.get("reference_energies") for step in (work.steps("start") if word == "atoms" else ())]
        theories = [theory for data in work.steps("data") for theory in _theories(data)] if word == "foundation" else []
        return EnergySource(word, atoms, ReferenceEnergies(**before[0]) if before and before[0] else None, theories)

    def _replay(self, work: Work, settings: FineTuneSettings) -> FrameSet:
        """The replay frames, a seeded random choice where fewer than the file has are wanted."""
        if "replay" not in work.files:
            return FrameSet(())
        import numpy as np

        from whet.files.naming import named_by
        from whet.plugins.frame_files import read_labeled

        path = work.files["replay"].locate()
        with named_by("file"):
            frames = read_labeled(path)
        wanted = settings.replay_frames or len(frames)
        if wanted > len(frames):
            raise FrameError(f"{wanted} replay frames were asked for, the file has {len(frames)}", where=str(path))
        if wanted == len(frames):
            return frames
        order = np.random.default_rng(self.options.seed).permutation(len(frames))
        return frames.take(sorted(order[:wanted]))


def _theories(data: FinishedStep) -> Iterator[LevelOfTheory]:
    """Levels of theory of the labels that a data set was gathered from, as far as they are known."""
    for drawn_from in data.fed_by("data"):
        yield from _theories(drawn_from)
    for labels in data.fed_by("labeled"):
        if theory := labels.values.get("theory"):
            yield LevelOfTheory.from_json(theory)
