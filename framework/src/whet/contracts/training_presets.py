"""Training presets: the words of a published fine-tuning, under one name in `fine_tune: {preset: NAME}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TRAINING_PRESETS: Mapping[str, Mapping[str, Any]] = {
    # Wong & Yang, "Hyperparameter Selection": 30,000 frames of the foundation model's training set, with a tenth of the
    # weight of a new frame. Batch size and averaging are not given.
    "wong-yang": {
        "strategy": "multihead-replay",
        "replay_frames": 30_000,
        "replay_weight": 0.1,
        "weights": {"energy": 1.0, "forces": 10.0, "stress": 10.0},
        "learning_rate": 1e-4,
        "epochs": 250,
        "patience": 40,
        "valid_fraction": 0.2,
    },
    # Deng et al. fine-tune on a single additional frame, of which nothing can be held back. Epochs, learning rate and
    # weights are not in the text that there is: they stay as they are without the preset.
    "deng": {"strategy": "full", "valid_fraction": 0.0},
}
"""Name -> words of `FineTuneSettings`; what the paper does not give is left out."""

OF_REPLAY = ("replay_frames", "replay_weight")
"""Words that mean something with `multihead-replay` only, and do not come along where another strategy is asked for."""


def with_training_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """The words with those of their `preset` filled in; the given ones win, each weight by itself.

    A preset that there is not stays, for whoever checks the words.
    """
    words = dict(given)
    if not isinstance(name := words.get("preset"), str) or name not in TRAINING_PRESETS:
        return words
    del words["preset"]
    preset = dict(TRAINING_PRESETS[name])
    if words.get("strategy", preset["strategy"]) != "multihead-replay":
        preset = {word: value for word, value in preset.items() if word not in OF_REPLAY}
    if isinstance(weights := words.get("weights"), Mapping):
        words["weights"] = {**preset.get("weights", {}), **weights}
    return {**preset, **words}
