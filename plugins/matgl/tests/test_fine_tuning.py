"""Training of MatGL's potentials, from scratch and on: what was asked for happens, or raises."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from whet import Applied, FineTuneRequest, FineTuneSettings, FrameSet, InputError, Labels, Spec, Unsupported
from whet.data.errors import PluginError
from whet.plugins.registry import registry
from whet.testing import documented_loss
from whet_matgl.architectures import ARCHITECTURES
from whet_matgl.foundation import FILES

ROBUST = {"criterion": "Huber"}
"""Squared errors are what weights are stated for; far from the labels, as from scratch, a Huber loss learns faster."""


def nothing(done: int, total: int) -> None:
    pass


@pytest.fixture
def fine_tune(start, labeled, tmp_path):
    """Runs one training of nine frames, with three for validation, and checks its account against the request."""
    count = iter(range(100))

    def run(
        *, start=start, frames=labeled, seed=0, upstream=None, progress=nothing, n_valid=3, folder=None, **settings
    ):
        tuner = registry().load(registry().resolve("fine_tuners", Spec("matgl", upstream or {})))
        cut = len(frames) - n_valid
        request = FineTuneRequest(start, frames[:cut], frames[cut:], FineTuneSettings.model_validate(settings), seed)
        # As the core does before it calls a fine-tuner.
        tuner.refuse_unsupported(request.settings)
        request.check()
        result = tuner.fine_tune(request, folder or tmp_path / f"run-{next(count)}", progress)
        result.applied.compare(request)
        return result

    return run


def weights(result) -> dict[str, torch.Tensor]:
    return torch.load(result.files["state.pt"], weights_only=True)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def forces_error(potential, frames) -> float:
    answers = potential.evaluate(frames, ["energy", "forces"])
    pairs = zip(answers, frames, strict=True)
    return float(np.mean([np.abs(answer.forces - Labels.of(frame).forces).mean() for answer, frame in pairs]))


@pytest.mark.slow
def test_it_learns_from_scratch_and_goes_on(fine_tune, reload, start, labeled):
    seen, given = [], {"energy": 1, "forces": 10, "stress": 100}
    first = fine_tune(
        epochs=30,
        batch_size=2,
        learning_rate=3e-3,
        weights=given,
        upstream=ROBUST,
        progress=lambda done, total: seen.append((done, total)),
    )
    trained = reload(first.files)
    untrained = forces_error(start, labeled[9:])
    assert forces_error(trained, labeled[9:]) < 0.35 * untrained
    assert seen == [(done, 30) for done in range(1, 31)]
    assert {len(curve) for curve in first.curves.values()} == {30}
    assert trained.capabilities.theory is None
    # Its own output is a start like any other.
    forces = {"energy": 1, "forces": 10, "stress": 0}
    again = fine_tune(start=trained, epochs=5, learning_rate=1e-3, weights=forces, upstream=ROBUST)
    assert again.applied.other["valid_start_forces_mae"] == pytest.approx(forces_error(trained, labeled[9:]), rel=1e-3)
    assert forces_error(reload(again.files), labeled[9:]) <= forces_error(trained, labeled[9:])
    assert not same(weights(first), weights(again))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_learns(fine_tune, of_architecture, architecture):
    # What an untrained network learns first is what has the loss: here the forces, which are looked at.
    weights = {"energy": 1, "forces": 10, "stress": 0}
    start = of_architecture(architecture)
    result = fine_tune(start=start, epochs=6, batch_size=2, learning_rate=3e-3, weights=weights, upstream=ROBUST)
    assert result.applied.other["architecture"] == architecture
    assert min(result.curves["valid_forces_mae"]) < 0.9 * result.applied.other["valid_start_forces_mae"]


def test_the_account_is_read_back(fine_tune, start, labeled):
    applied: Applied = fine_tune(epochs=1, batch_size=3, learning_rate=3e-4).applied
    assert (applied.epochs, applied.batch_size, applied.learning_rate) == (1, 3, 3e-4)
    assert applied.labels == {"energy", "forces", "stress"}
    assert applied.trainable_parameters == sum(map(np.size, start.parameters().values()))
    assert applied.frozen_parameters == 0
    assert fine_tune(epochs=1, batch_size=100).applied.batch_size == len(labeled) - 3


def test_idle_parameters_are_not_counted(fine_tune, of_architecture):
    applied = fine_tune(start=of_architecture("CHGNet"), epochs=1).applied
    assert applied.frozen_parameters > 0  # magnetic moments, which are no label of ours


def test_zero_epochs_change_nothing(fine_tune, reload, start, labeled):
    result = fine_tune(epochs=0, learning_rate=1e-2)
    for before, after in zip(start.evaluate(labeled), reload(result.files).evaluate(labeled), strict=True):
        assert before.energy == after.energy
        np.testing.assert_array_equal(before.forces, after.forces)
        np.testing.assert_array_equal(before.stress, after.stress)


def test_the_start_and_its_frames_are_not_changed(fine_tune, start, labeled):
    before = start.parameters()
    frames = [frame.copy() for frame in labeled]
    fine_tune(epochs=1)
    after = start.parameters()
    assert all((before[name] == after[name]).all() for name in before)
    assert all(parameter.requires_grad for parameter in start.model.parameters())
    assert all(frame == copy for frame, copy in zip(labeled, frames, strict=True))


def test_the_same_seed_gives_the_same_files(fine_tune):
    first, second, other = (fine_tune(epochs=2, seed=seed) for seed in (5, 5, 6))
    for role in FILES:
        assert first.files[role].read_bytes() == second.files[role].read_bytes()
    assert not same(weights(first), weights(other))


def test_an_interrupted_training_is_run_again(fine_tune, tmp_path):
    class Interrupted(Exception):
        pass

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        fine_tune(epochs=3, folder=tmp_path / "same", progress=interrupt)
    again, fresh = fine_tune(epochs=3, folder=tmp_path / "same"), fine_tune(epochs=3)
    assert same(weights(again), weights(fresh))


def test_the_process_is_as_it_was(fine_tune, capfd):
    before = torch.get_rng_state()
    fine_tune(epochs=1, progress=lambda done, total: print(done))  # noqa: T201
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_default_dtype() is torch.float32
    assert "".join(capfd.readouterr()) == "1\n"  # whoever reports progress may print


def test_head_only_trains_the_readout(fine_tune, start):
    result = fine_tune(epochs=2, strategy="head-only")
    before, after = start.model.state_dict(), weights(result)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("model.final_layer.") for name in changed)
    assert 0 < result.applied.trainable_parameters < 0.2 * result.applied.frozen_parameters


def test_weights_have_an_effect(fine_tune):
    found = {}
    for name, given in {
        "energy": {"energy": 1, "forces": 0, "stress": 0},
        "forces": {"energy": 0, "forces": 1, "stress": 0},
        "both": {"energy": 1, "forces": 1, "stress": 0},
        "stress": {"energy": 0, "forces": 0, "stress": 1},
        "all": {"energy": 1, "forces": 10, "stress": 100},
    }.items():
        result = fine_tune(epochs=1, weights=given)
        assert result.applied.labels == {label for label, weight in given.items() if weight}
        found[name] = weights(result)
    assert not any(same(found[one], found[other]) for one in found for other in found if one < other)


def test_the_loss_is_the_one_documented(fine_tune, start, labeled):
    given = {"energy": 2.0, "forces": 3.0, "stress": 500.0}
    expected = documented_loss(labeled[:9], list(start.evaluate(labeled[:9])), given)
    # One batch, so that the loss of the first epoch is that of the start.
    made = fine_tune(epochs=1, batch_size=9, weights=given)
    assert made.curves["train_loss"][0] == pytest.approx(expected, rel=1e-4)
    assert (made.applied.loss.criterion, made.applied.loss.weights) == ("squared errors", given)


def test_the_best_epoch_is_kept(fine_tune, reload, labeled):
    # So large a learning rate that the validation loss goes up and down.
    result = fine_tune(epochs=6, learning_rate=3e-2, upstream={"scheduler": "constant"})
    curve = result.curves["valid_loss"]
    best = result.applied.other["best_epoch"]
    assert curve[best - 1] == min(curve)
    kept = result.curves["valid_forces_mae"][best - 1]
    assert forces_error(reload(result.files), labeled[9:]) == pytest.approx(kept, rel=1e-3)
    assert fine_tune(epochs=2, n_valid=0).applied.other["best_epoch"] == 2


def test_what_it_cannot_do_is_refused(fine_tune):
    with pytest.raises(Unsupported, match="lora"):
        fine_tune(strategy="lora")
    with pytest.raises(Unsupported, match="ema"):
        fine_tune(ema=0.99)


def test_frames_that_cannot_be_trained_on_are_refused(fine_tune, loaded, labeled):
    bare = []
    for index, frame in enumerate(labeled):
        labels = Labels.of(frame)
        bare.append(Labels(labels.energy, labels.forces, labels.stress if index > 2 else None).attach(frame))
    with pytest.raises(InputError, match="3 of 12 frames have no stress, which has the weight 1"):
        fine_tune(frames=FrameSet(bare), weights={"stress": 1})
    with pytest.raises(InputError, match="no frame to train on"):
        fine_tune(frames=labeled[:3])
    with pytest.raises(InputError, match="patience needs frames to validate on"):
        fine_tune(patience=3, n_valid=0)
    with pytest.raises(InputError, match="does not know Cl"):
        fine_tune(start=loaded(model="scratch", elements=["Na"], size="small"))


def test_misread_weights_are_not_trained(fine_tune, loaded, old_weights):
    with pytest.raises(PluginError, match="instead of"):
        fine_tune(start=loaded(model=str(old_weights / "M3GNet-MP-2021.2.8-PES")), epochs=1)
