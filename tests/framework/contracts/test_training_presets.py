"""Presets of training: the papers' words, what is given beside them wins, and steps know no preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from whet import InputError, Study
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.data.errors import OptionsError
from whet.study.resolved import resolve
from whet.study.study_file import read_study

WONG_YANG = {
    "strategy": "multihead-replay",
    "replay_frames": 30_000,
    "replay_weight": 0.1,  # of a replay frame, a new one's being 1: the paper's 10:1 in favor of the new data
    "learning_rate": 1e-4,
    "epochs": 250,
    "patience": 40,
    "valid_fraction": 0.2,
    "weights": {"energy": 1.0, "forces": 10.0, "stress": 10.0},
}


def settings(**words: Any) -> dict[str, Any]:
    return FineTuneSettings.checked(words, of="the test").as_json()


def test_wong_yang_is_what_the_paper_says() -> None:
    assert settings(preset="wong-yang") == settings(**WONG_YANG)
    assert "preset" not in settings(preset="wong-yang")


def test_deng_is_a_training_on_one_frame() -> None:
    """The paper's text gives neither epochs nor learning rate: they are what they are without the preset."""
    assert settings(preset="deng") == settings(strategy="full", valid_fraction=0.0)


def test_words_beside_a_preset_win() -> None:
    found = settings(preset="wong-yang", epochs=3, weights={"stress": 0.0}, replay_frames=10)
    assert found == settings(
        **{**WONG_YANG, "epochs": 3, "replay_frames": 10, "weights": {"energy": 1.0, "forces": 10.0, "stress": 0.0}}
    )


def test_another_strategy_takes_no_word_of_replay_along() -> None:
    found = settings(preset="wong-yang", strategy="full")
    assert found["strategy"] == "full" and found["epochs"] == 250
    assert "replay_weight" not in found and "replay_frames" not in found


def test_what_is_no_preset_is_refused() -> None:
    with pytest.raises(OptionsError, match="preset: should be 'wong-yang' or 'deng', not 'wong'"):
        settings(preset="wong")


def chosen(study_file: Path, *words: str) -> FineTuneSettings:
    file, source = read_study(study_file, words)
    return resolve(file, source).potentials["main"].settings


def test_in_a_study_keys_are_those_of_the_words(toy: None, study_file: Path) -> None:
    words = "{strategy: full, epochs: 250, valid_fraction: 0.0}"
    spelled, preset = (
        Study.load(study_file, [f"fine_tune={one}"]).plan for one in (words, "{preset: deng, epochs: 250}")
    )
    assert spelled.steps.keys() == preset.steps.keys()
    with pytest.raises(InputError, match=r"key fine_tune\.preset: should be 'wong-yang' or 'deng', not 'wang'"):
        Study.load(study_file, ["fine_tune={preset: wang}"])
    with pytest.raises(InputError, match="needs a file of replay frames"):
        Study.load(study_file, ["fine_tune={preset: wong-yang}", "strategies={}"])


def test_a_preset_of_a_potential_replaces_the_study_s_words(toy: None, study_file: Path) -> None:
    own = "potentials={main: {use: toy, fine_tune: {preset: deng, epochs: 7}}}"
    found = chosen(study_file, "fine_tune={preset: wong-yang, replay: nowhere.extxyz}", own)
    assert found.as_json() == settings(preset="deng", epochs=7)
