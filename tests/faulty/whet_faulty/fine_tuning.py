"""The template's fine-tuner, with the fault that its start names."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from whet import Labels, Loss, Weights
from whet.data.frames import FrameSet
from whet_pairwise.fine_tuning import PairwiseFineTuner
from whet_pairwise.potential import PairwisePotential


class FaultyFineTuner(PairwiseFineTuner):
    """A fine-tuner with a fault; replay is part of the training set, with a head in name only."""

    name = "faulty"
    strategies = frozenset({"full", "frozen", "multihead-replay"})

    def fine_tune(self, request, folder, progress):
        import numpy as np

        settings, start = request.settings, request.start
        assert isinstance(start, PairwisePotential)
        fault = start.options.fault  # pyright: ignore[reportAttributeAccessIssue]
        asked, train = request, request.train
        if settings.strategy == "multihead-replay" and fault != "replay is dropped":
            train = train + request.replay
        if fault == "stress is dropped":
            train = FrameSet(replace(Labels.of(f), stress=np.zeros((3, 3))).attach(f) for f in train)
        if fault == "weights are ignored":
            settings = settings.model_copy(update={"weights": Weights(energy=1, forces=10, stress=10)})
        if fault == "thaws" and settings.strategy == "frozen":
            settings = settings.model_copy(update={"strategy": "full"})
        if fault == "stress without weight" and request.weights.stress == 0:
            settings = settings.model_copy(update={"weights": settings.weights.model_copy(update={"stress": 1.0})})
        if fault == "rate is its own":
            settings = settings.model_copy(update={"learning_rate": 0.5})
        if fault == "seeds Python":
            random.seed(request.seed)
        if fault == "starts afresh":
            start = _Fresh(start)
        if fault == "resumes half" and (folder / "last.json").exists():
            start = _At(start, folder / "last.json")

        request = replace(request, settings=settings, start=start, train=train)
        made = None
        if fault == "resumes half":

            def kept(done, total):
                one = replace(request, settings=settings.model_copy(update={"epochs": done}))
                path = super(FaultyFineTuner, self).fine_tune(one, folder, lambda *_: None).files["checkpoint"]
                (folder / "last.json").write_bytes(path.read_bytes())
                progress(done, total)

            made = super().fine_tune(request, folder, kept)
            made = super().fine_tune(request, folder, lambda *_: None)
        else:
            made = super().fine_tune(request, folder, progress)
        path = made.files["checkpoint"]
        saved = json.loads(path.read_text())
        if fault == "heads are replaced" and not settings.epochs:
            saved["coefficients"] = [[number + 1e-9 for number in row] for row in saved["coefficients"]]
        if fault == "unseeded":
            dice = np.random.default_rng()
            saved["coefficients"] = [[number + 1e-6 * dice.random() for number in row] for row in saved["coefficients"]]
        if fault == "learns nothing":
            saved["coefficients"] = start.model.coefficients.tolist()
        path.write_text(json.dumps(saved))
        applied = replace(
            made.applied,
            strategy=asked.settings.strategy,
            batch_size=len(train),
            labels=frozenset(name for name, weight in asked.weights if weight > 0),
            loss=Loss("squared", dict(asked.weights)),
            heads=["new", "replay"] if asked.settings.strategy == "multihead-replay" else [],
            replay_frames=len(asked.replay),
        )
        if fault == "rate is its own":
            applied = replace(applied, learning_rate=asked.settings.learning_rate or 0.5)
        if fault == "thaws" and asked.settings.strategy == "frozen":
            applied = replace(applied, trainable_parameters=40, frozen_parameters=30)
        return replace(made, applied=applied, options={"model": "fine-tuned", "fault": fault})


class _Fresh:
    """The start, but with the shipped weights in it."""

    def __new__(cls, start):
        from whet import Spec
        from whet.plugins.registry import registry

        return registry().load(registry().resolve("potentials", Spec("faulty", {"fault": start.options.fault})))


class _At:
    """The start, but with the weights of a file in it."""

    def __new__(cls, start, path):
        return type(start)(start.options, {"checkpoint": path})
