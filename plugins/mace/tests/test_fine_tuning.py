"""Fine-tuning by mace_run_train: what was asked for happens or raises, and is read back from what upstream did.

Each training starts an interpreter that imports mace (5 to 10 s), so that tests share trainings where they can.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from whet import Component, FileRef, FineTuneSettings, FrameSet, Labels, NotApplied, Unsupported
from whet.tasks.aligned_training import Material, fine_tuned
from whet.testing import documented_loss
from whet_mace.account import REPLAY, curves, stated_loss
from whet_mace.fine_tuning import MaceFineTuner
from whet_mace.training_files import write_training_file
from whet_mace.upstream_options import MaceTrainingOptions
from whet_mace.witness import PatienceEnded, Witness, loss_seen


def energies(potential, frames) -> list[float]:
    return [labels.energy for labels in potential.evaluate(frames, ("energy", "forces"))]


def forces_error(potential, frames) -> float:
    wanted = [Labels.of(frame).forces for frame in frames]
    found = potential.evaluate(frames, ("energy", "forces"))
    return float(np.mean([np.abs(labels.forces - forces).mean() for labels, forces in zip(found, wanted, strict=True)]))


@pytest.fixture(scope="module")
def full(tune, tiny):
    """Six frames, stress in the loss, every word set."""
    made = tune(
        tiny, epochs=4, learning_rate=5e-3, batch_size=3, ema=0.9, patience=50, weights={"forces": 10, "stress": 1}
    )
    return made, tune.request, tune.progress


@pytest.fixture(scope="module")
def multihead(tune, tiny):
    made = tune(
        tiny, epochs=2, strategy="multihead-replay", replay=4, replay_weight=0.1, learning_rate=2e-3, batch_size=2
    )
    return made, tune.request


def test_full_did_what_was_asked(full):
    made, request, progress = full
    made.applied.compare(request)
    done = made.applied
    assert (done.strategy, done.epochs, done.batch_size, done.ema, done.patience) == ("full", 4, 3, 0.9, 50)
    assert done.learning_rate == 5e-3
    assert done.labels == {"energy", "forces", "stress"}
    assert done.heads == ["Default"]
    # Upstream makes the radial basis a parameter that no optimizer holds.
    assert done.frozen_parameters == 4
    assert done.trainable_parameters + 4 == sum(p.numel() for p in request.start.model.parameters()) + 4
    assert done.other["loss"] == "WeightedEnergyForcesStressLoss"
    assert done.other["frames_left_out_each_epoch"] == 0
    assert progress[-1] == (4, 4)


def test_the_loss_falls_and_the_potential_learns(full, again, labeled):
    made, request, _ = full
    assert all(len(curve) == 4 for curve in made.curves.values())
    assert made.curves["train_loss"][-1] < made.curves["train_loss"][0]
    assert made.curves["valid_loss"][-1] < made.curves["valid_loss"][0]
    tuned = again(made)
    assert forces_error(tuned, labeled(5, 300)) < forces_error(request.start, labeled(5, 300))
    # What upstream says of the validation frames is what the saved potential answers.
    assert forces_error(tuned, request.valid) == pytest.approx(min(made.curves["valid_forces_mae"]), rel=1e-3)


def test_elements_and_reference_energies_are_those_of_the_start(full, multihead, again):
    for made, request, *_ in (full, multihead):
        tuned = again(made)
        assert tuned.capabilities.elements == request.start.capabilities.elements
        kept = request.start.model.atomic_energies_fn.atomic_energies
        for row in torch.atleast_2d(tuned.model.atomic_energies_fn.atomic_energies):
            torch.testing.assert_close(row.double(), kept[0].double(), rtol=1e-6, atol=1e-6)


def test_only_the_result_and_the_logs_are_left(full):
    made, _, _ = full
    left = sorted(path.name for path in made.files["checkpoint"].parent.rglob("*") if path.is_file())
    assert not [name for name in left if name.endswith(".pt")]
    assert [name for name in left if name.endswith(".model")] == ["fine-tuned.model"]
    assert "upstream.log" in left


def test_what_it_made_loads_in_another_process_without_trust(full, multihead, again, labeled, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (frame,) = labeled(1, 900)
    paths = [str(made.files["checkpoint"]) for made, *_ in (full, multihead)]
    code = (
        "import sys, whet\n"
        "frames = whet.read_structures(sys.argv[1])\n"
        "(labels,) = whet.load({'use': 'committee', 'members': [\n"
        "    {'use': 'mace', 'model': path, 'head': 'Default', 'dtype': 'float64'} for path in sys.argv[2:]\n"
        "]}).evaluate(frames, ('energy', 'forces'))\n"
        "print(repr(labels.energy))\n"
    )
    write_training_file(tmp_path / "frame.extxyz", FrameSet([frame]))
    command = [sys.executable, "-c", code, str(tmp_path / "frame.extxyz"), *paths]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    here = np.mean([energies(again(made), [frame])[0] for made, *_ in (full, multihead)])
    assert float(said) == pytest.approx(here, abs=1e-5)
    assert not (tmp_path / "whet").exists()


def test_multihead_replay_is_read_back(multihead, again, labeled):
    made, request = multihead
    made.applied.compare(request)
    done = made.applied
    assert done.strategy == "multihead-replay"
    assert done.heads == ["Default", "pt_head"]
    assert done.replay_frames == 4
    assert done.replay_weight == 0.1
    assert done.learning_rate == 2e-3
    assert done.ema == 0.99
    assert len(made.curves["replay_forces_mae"]) == 2
    new, old = again(made), again(made)
    old.options = old.options.model_copy(update={"head": REPLAY})
    assert new.head == "Default"
    assert energies(new, labeled(1, 0)) != energies(old, labeled(1, 0))


def test_replay_that_upstream_leaves_out_raises(tune, tiny):
    class Falls(MaceFineTuner):
        """Upstream trains the new data alone, as its multihead mode does without a replay file."""

        def _arguments(self, request, folder):
            kept = [word for word in super()._arguments(request, folder) if not word.startswith("--heads")]
            return [*kept, f"--train_file={folder / 'train.xyz'}", f"--valid_file={folder / 'valid.xyz'}"]

    made = tune(tiny, tuner=Falls, epochs=1, strategy="multihead-replay", replay=4)
    with pytest.raises(NotApplied, match=r"'multihead-replay' was asked for, 'full' was done.*4 replay frames were to"):
        made.applied.compare(tune.request)


def test_a_replay_file_that_vanishes_raises_with_upstreams_words(tune, tiny):
    class Vanishes(MaceFineTuner):
        def _arguments(self, request, folder):
            line = super()._arguments(request, folder)
            (folder / "replay.xyz").unlink()
            return line

    with pytest.raises(NotApplied, match=r"mace_run_train failed: FileNotFoundError.*replay.xyz") as raised:
        tune(tiny, tuner=Vanishes, epochs=1, strategy="multihead-replay", replay=4)
    assert "upstream.log" in raised.value.hint


def test_patience_ends_the_training(tune, tiny, again):
    made = tune(tiny, epochs=40, patience=1, learning_rate=0.1)
    made.applied.compare(tune.request)
    assert made.applied.stopped_early
    assert made.applied.epochs < 40
    assert len(made.curves["valid_loss"]) == made.applied.epochs
    best = int(np.argmin(made.curves["valid_loss"]))
    assert made.applied.other["kept_epoch"] == best + 1
    kept = forces_error(again(made), tune.request.valid)
    assert kept == pytest.approx(made.curves["valid_forces_mae"][best], rel=1e-3)


def test_what_would_have_no_effect_upstream_is_refused_at_once(tune, tiny):
    for settings, fault in (
        ({"weights": {"stress": 1}, "upstream": {"loss": "weighted"}}, "leaves stress out"),
        (
            {"strategy": "multihead-replay", "replay": 2, "replay_weight": 0.1, "upstream": {"loss": "universal"}},
            "replay_weight would have no effect",
        ),
    ):
        with pytest.raises(Unsupported, match=fault):
            tune(tiny, epochs=1, **settings)


def test_a_training_that_diverges_raises():
    rows = [
        {"mode": "opt", "epoch": 0, "loss": 1.0},
        {"mode": "eval", "epoch": 0, "head": "Default", "loss": float("nan")},
    ]
    with pytest.raises(NotApplied, match="valid_loss is not finite in epoch 1"):
        curves(rows, {"valid": {"Default": [2, 1]}})


def test_the_loss_is_the_one_documented(tune, tiny):
    weights = {"energy": 2.0, "forces": 3.0, "stress": 500.0}
    # One batch of training, so that upstream's number is of the start; two of validation.
    made = tune(tiny, epochs=1, batch_size=6, valid=3, learning_rate=1e-9, weights=weights)
    request = tune.request
    assert made.applied.loss.criterion == "squared errors"
    assert made.applied.loss.weights == weights
    for curve, frames in (("train_loss", request.train), ("valid_loss", request.valid)):
        expected = documented_loss(frames, list(tiny.evaluate(frames)), weights)
        assert made.curves[curve] == [pytest.approx(expected, rel=1e-3)]


@pytest.mark.parametrize(("loss", "criterion"), [("huber", "Huber, delta 0.03"), ("universal", "UniversalLoss")])
def test_another_loss_of_upstream_is_named(loss, criterion):
    """What the Witness reads, of the objects that upstream makes."""
    from argparse import Namespace

    from mace.tools.scripts_utils import get_loss_fn

    made = get_loss_fn(
        Namespace(loss=loss, energy_weight=2.0, forces_weight=3.0, stress_weight=5.0, huber_delta=0.03),
        dipole_only=False,
        compute_dipole=False,
    )
    assert stated_loss(loss_seen(made)).criterion == criterion
    assert stated_loss(loss_seen(made)).weights == {"energy": 2.0, "forces": 3.0, "stress": 5.0}


@pytest.mark.slow
def test_shares_of_the_loss_are_those_of_upstreams_own_number(small_file, tmp_path, labeled):
    """MACE-MP-0 small through the core: the terms that the core states add up to the loss that upstream reports."""
    start = Component("potentials", "mace", options={"model": "small"}, files={"checkpoint": FileRef.to(small_file)})
    settings = FineTuneSettings.model_validate({"epochs": 1, "batch_size": 6, "learning_rate": 1e-9})
    tuner = MaceFineTuner(MaceTrainingOptions())
    made = fine_tuned(tuner, start, Material(labeled(6, 0), labeled(2, 100)), settings, seed=1, folder=tmp_path)
    terms = made.at_start.values()
    assert [term.weight for term in terms] == [5, 1, 20]
    assert made.weights.stress_because == "stress trained on: all 8 frames have it"
    whole = sum(term.weight * (term.mean or 0) for term in terms)
    assert made.done.curves["train_loss"] == [pytest.approx(whole, rel=1e-3)]
    for term in terms:
        assert term.share == pytest.approx(term.weight * (term.mean or 0) / whole)


def test_the_witness_says_so_where_upstream_has_changed():
    import logging

    def log(message: str, function: str) -> None:
        Witness().emit(logging.LogRecord("root", logging.INFO, "train.py", 1, message, None, None, func=function))

    with pytest.raises(RuntimeError, match="cannot be read back"):
        log("Started training, reporting errors on validation set", "renamed")
    with pytest.raises(PatienceEnded):
        log("Stopping optimization after 3 epochs without improvement", "train")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["frozen", "head-only", "lora"])
def test_fewer_parameters_are_trained(tune, tiny, again, strategy):
    made = tune(tiny, epochs=1, strategy=strategy, learning_rate=1e-2)
    made.applied.compare(tune.request)
    assert 0 < made.applied.trainable_parameters < made.applied.frozen_parameters
    before, after = (dict(part.model.double().named_parameters()) for part in (tiny, again(made)))
    changed = {name for name in before if not torch.allclose(before[name], after[name], rtol=1e-5, atol=1e-7)}
    assert changed
    if strategy != "lora":
        parts = ("readouts.",) if strategy == "head-only" else ("readouts.", "products.")
        assert all(name.startswith(parts) for name in changed)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["full", "multihead-replay"])
def test_three_rounds_each_from_the_one_before(tune, tiny, again, labeled, strategy):
    potential, replay = tiny, 4 if strategy == "multihead-replay" else 0
    errors = [forces_error(tiny, labeled(5, 300))]
    given = {"energy": 1.0, "forces": 10.0}  # it is the error of forces that is to fall with each round
    for _ in range(3):
        made = tune(potential, epochs=3, strategy=strategy, replay=replay, learning_rate=1e-2, weights=given)
        made.applied.compare(tune.request)
        # Before its first step upstream has the start's predictions, its heads replaced or not.
        initial = next(row for row in _rows(made) if row["epoch"] is None and row["head"] == "Default")
        assert initial["mae_f"] == pytest.approx(forces_error(potential, tune.request.valid), rel=1e-4)
        potential = again(made)
        assert potential.capabilities.elements == tiny.capabilities.elements
        errors.append(forces_error(potential, labeled(5, 300)))
    assert errors == sorted(errors, reverse=True)


@pytest.mark.slow
def test_upstreams_options_reach_it(tune, tiny):
    upstream = {"loss": "huber", "amsgrad": False, "default_dtype": "float64", "clip_grad": 1.0, "stage_two": True}
    made = tune(tiny, epochs=4, upstream=upstream)
    made.applied.compare(tune.request)
    assert made.applied.other["loss"] == "WeightedHuberEnergyForcesStressLoss"
    assert made.applied.other["dtype"] == "float64"
    assert made.applied.other["gradient_clip"] == 1.0
    assert made.applied.other["stage_two"]["weights"]["energy"] == 1000  # upstream's own default
    assert made.applied.loss.criterion == "Huber, delta 0.01"


@pytest.mark.slow
def test_without_validation_frames_the_training_frames_choose(tune, tiny):
    made = tune(tiny, epochs=1, valid=0)
    made.applied.compare(tune.request)
    assert made.applied.other["validation"] == "training frames"


def _rows(made):
    import json

    (results,) = made.files["checkpoint"].parent.glob("run-*/results/*_train.txt")
    return [json.loads(line) for line in results.read_text().splitlines()]


def test_common_words_are_declared():
    settings = FineTuneSettings(strategy="lora", ema=0.9, patience=2, learning_rate=1e-3, batch_size=2)
    MaceFineTuner(MaceTrainingOptions()).refuse_unsupported(settings)
