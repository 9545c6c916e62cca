"""The weights that come with this package. Weights that are downloaded have a `url` instead of `shipped`."""

from __future__ import annotations

from whet import FoundationModel, KnownAnswer, LevelOfTheory, ModelFile

MODELS = {
    "noble-gases": FoundationModel(
        {
            "checkpoint": ModelFile(
                names=("noble-gases.json",),
                sha256="9b968f6e1e4c6d7ee4d2a56fddd55fa24a0a0f1cd7896422cb2862b6e62f5630",
                size=876,
                shipped="whet_pairwise/weights/noble-gases.json",
            )
        },
        licence="MIT",
        theory=LevelOfTheory("Morse"),
        # What the model answers for a rock salt of two of its elements: weights that are misread are then refused.
        answer=KnownAnswer(energy=-0.30937, symbols=("Ar", "Ne")),
        reference="Morse curves for noble gases, made up for this template",
    )
}
