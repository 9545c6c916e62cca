"""The training loop: what was asked for happens, is accounted for, or raises."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from ase import Atoms

from whet import FrameSet, InputError, Labels, NotApplied, PluginError
from whet_torch.answers import Answers

CONSTANT = {"scheduler": "constant"}


def test_it_learns(train):
    done = train(epochs=150, learning_rate=0.05, weights={"stress": 10})
    assert done.weights["stiffness"] == pytest.approx(2.0, abs=0.02)
    assert done.weights["shift"] == pytest.approx(0.0, abs=0.02)
    assert done.weights["pressure"] == pytest.approx(0.03, abs=0.003)
    assert not done.model.training


@pytest.mark.parametrize(
    ("options", "criterion", "of_error"),
    [
        ({}, "squared errors", lambda size: size**2),
        (
            {"criterion": "Huber"},
            "Huber, delta 0.1",
            lambda size: np.where(size < 0.1, size**2 / 2, 0.1 * (size - 0.05)),
        ),
        ({"criterion": "MAE"}, "absolute errors", lambda size: size),
    ],
)
def test_the_loss_is_the_one_documented(train, frames, options, criterion, of_error):
    given = {"energy": 2.0, "forces": 3.0, "stress": 500.0}

    def mean(errors: list) -> float:
        return float(of_error(np.abs(np.concatenate([np.ravel(error) for error in errors]))).mean())

    def loss(chosen: FrameSet) -> float:
        wanted = [Labels.of(frame) for frame in chosen]
        per_atom = [
            0.5 * (frame.positions**2).sum() / len(frame) + 0.1 - labels.energy / len(frame)
            for frame, labels in zip(chosen, wanted, strict=True)
        ]
        forces = [-frame.positions - labels.forces for frame, labels in zip(chosen, wanted, strict=True)]
        return 2 * mean(per_atom) + 3 * mean(forces) + 500 * mean([labels.stress for labels in wanted])

    # One batch, so that the loss of the first epoch is that of the start.
    account = train(epochs=1, batch_size=6, weights=given, options=options).account
    assert (account.loss.criterion, account.loss.weights) == (criterion, given)
    assert account.curves["train_loss"] == [pytest.approx(loss(frames[:6]), rel=1e-5)]
    # Frame by frame, whatever their sizes and that of a batch.
    one_by_one = (loss(frames[6:7]) + loss(frames[7:])) / 2
    assert account.start["valid_start_loss"] == pytest.approx(one_by_one, rel=1e-5)
    errors = np.concatenate([(-frame.positions - Labels.of(frame).forces).ravel() for frame in frames[6:]])
    assert account.start["valid_start_forces_mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)


def test_the_account_is_read_back(train):
    seen = []
    done = train(epochs=2, batch_size=4, learning_rate=3e-4, patience=7, progress=lambda *at: seen.append(at))
    applied = done.account.applied("full", color="blue")
    applied.compare(done.request)
    assert (applied.epochs, applied.batch_size, applied.learning_rate, applied.patience) == (2, 4, 3e-4, 7)
    assert applied.labels == {"energy", "forces"}
    # Stress has no weight, so nothing reached the pressure either.
    assert (applied.trainable_parameters, applied.frozen_parameters) == (2, 2)
    assert seen == [(1, 2), (2, 2)]
    assert set(applied.other) > {"optimizer", "criterion", "best_epoch", "valid_start_loss", "valid_start_forces_mae"}
    assert (applied.other["dtype"], applied.other["color"]) == ("float32", "blue")
    assert {len(curve) for curve in done.account.curves.values()} == {2}
    assert set(done.account.curves) == {"train_loss", "valid_loss", "valid_energy_mae", "valid_forces_mae"}
    assert train(epochs=1, batch_size=100).account.batch_size == 6


@pytest.mark.parametrize("weights", [{"forces": 0}, {"energy": 0}, {"energy": 0, "forces": 0, "stress": 1}])
def test_labels_with_a_weight_enter(train, weights):
    done = train(epochs=1, weights=weights)
    assert done.account.labels == {name for name, weight in done.request.settings.weights if weight}


def test_what_no_gradient_reached_is_told(train, springs_model):
    def detached(graphs, differentiable):
        found = springs_model.answers(graphs, differentiable)
        return Answers(found.energies, None if found.forces is None else found.forces.detach())

    done = train(model=springs_model, answers=detached, epochs=1)
    assert done.account.labels == {"energy"}
    with pytest.raises(NotApplied, match="labels"):
        done.account.applied("full").compare(done.request)


def test_fixed_parameters_stay(train, springs_model):
    springs_model.stiffness.requires_grad_(False)
    done = train(model=springs_model, epochs=1)
    assert done.weights["stiffness"] == 0.5
    assert done.weights["shift"] != pytest.approx(0.1, abs=1e-6)
    assert done.account.trainable_parameters == 1


def test_the_best_epoch_is_kept(train):
    # So large a learning rate that the validation loss goes up and down.
    done = train(epochs=12, learning_rate=0.5, options=CONSTANT)
    curve, best = done.account.curves["valid_loss"], done.account.best_epoch
    assert curve[best - 1] == min(curve) != curve[-1]
    again = train(model=done.model, epochs=1).account.start
    assert again["valid_start_loss"] == pytest.approx(min(curve), rel=1e-6)


def test_without_validation_the_last_epoch_is_kept(train):
    done = train(epochs=3, learning_rate=0.5, valid=0, options=CONSTANT)
    assert done.account.best_epoch == 3
    assert set(done.account.curves) == {"train_loss"}


def test_patience_ends_the_training(train):
    account = train(epochs=200, patience=2, learning_rate=0.5, options=CONSTANT).account
    assert account.stopped_early
    assert account.epochs == len(account.curves["train_loss"]) == account.best_epoch + 2 < 200


def test_the_same_seed_gives_the_same_bits(train):
    first, second, other = (train(epochs=3, seed=seed) for seed in (5, 5, 6))
    assert first.weights == second.weights != other.weights
    assert first.account == second.account


def test_dropout_follows_the_seed(train):
    def dropping(seed: int):
        done = train(epochs=0)
        done.model.dropout.p = 0.5
        return train(model=done.model, epochs=3, seed=seed).weights

    assert dropping(5) == dropping(5) != train(epochs=3, seed=5).weights


def test_zero_epochs_change_nothing(train):
    done = train(epochs=0, learning_rate=1.0)
    assert done.weights == train(epochs=0).weights
    assert done.weights["stiffness"] == 0.5
    assert (done.account.epochs, done.account.curves, done.account.start) == (0, {}, {})
    done.account.applied("full").compare(done.request)


def test_divergence_is_an_error(train, springs_model):
    with pytest.raises(InputError, match=r"diverged: train_loss is .* in epoch .*Lower learning_rate"):
        train(epochs=50, learning_rate=1e8, options={"optimizer": "SGD", "criterion": "MSE"})

    def steep(graphs, differentiable):
        """A finite loss whose gradient is not: nothing but the weights tells, after the last step."""
        found = springs_model.answers(graphs, differentiable)
        return Answers(found.energies + (springs_model.shift - 0.1).sqrt().sum(), found.forces)

    with pytest.raises(InputError, match="diverged: the norm of the weights is nan in epoch 1"):
        train(model=springs_model, answers=steep, epochs=1, batch_size=8, valid=0)


def test_the_gradient_is_clipped(train):
    def moved(clip: float | None) -> float:
        options = {"optimizer": "SGD", "criterion": "MSE", "gradient_clip": clip, **CONSTANT}
        done = train(epochs=1, batch_size=8, learning_rate=1.0, valid=0, options=options)
        before = train(epochs=0).weights
        return math.dist(done.weights.values(), before.values())

    assert moved(None) > 1e-2
    assert moved(1e-2) == pytest.approx(1e-2, rel=1e-3)


def test_answers_that_are_not_what_they_should_be_are_an_error(train, springs_model):
    def column(graphs, differentiable):
        found = springs_model.answers(graphs, differentiable)
        return Answers(found.energies[:, None], found.forces)

    def lacking(graphs, differentiable):
        return Answers(springs_model.answers(graphs, differentiable).energies)

    with pytest.raises(PluginError, match=r"Springs answers energy in the shape \(1, 1\), not \(1,\)"):
        train(answers=column, epochs=1)
    with pytest.raises(PluginError, match="Springs answers no forces, which has a weight"):
        train(answers=lacking, epochs=1)


def test_a_batch_that_nothing_can_change_is_passed_over(train):
    """As of isolated atoms, whose forces hang on no parameter."""

    def lone(graphs, differentiable):
        count = sum(len(positions) for positions, _ in graphs)
        return Answers(torch.zeros(len(graphs), dtype=torch.float64), torch.zeros(count, 3, dtype=torch.float64))

    frames = FrameSet([Labels(0.5, np.ones((1, 3))).attach(Atoms("Li"))] * 2)
    account = train(frames=frames, valid=1, answers=lone, epochs=1).account
    assert account.labels == set()
    assert account.trainable_parameters == 0


def test_the_state_of_the_process_does_no_harm(train, springs_model):
    wanted = train(epochs=2).weights
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            assert train(model=springs_model, epochs=2).weights == wanted
    finally:
        torch.set_default_dtype(torch.float32)


def test_progress_is_told_outside(train, capsys):
    before = torch.get_rng_state()
    train(epochs=1, progress=lambda done, total: print(done))  # noqa: T201
    assert capsys.readouterr().out == "1\n"
    assert torch.equal(torch.get_rng_state(), before)
