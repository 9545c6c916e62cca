"""Fine-tuning of CHGNet: what was asked for happens, or raises."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from whet import Applied, FineTuneRequest, FineTuneSettings, Labels, Spec
from whet.plugins.registry import registry
from whet.testing import documented_loss


def nothing(done: int, total: int) -> None:
    pass


@pytest.fixture
def fine_tune(potential, labeled, tmp_path):
    """Runs one fine-tuning of four frames, with two for validation, and checks its account against the request."""
    count = iter(range(100))

    def run(*, start=potential, frames=labeled, seed=0, upstream=None, progress=nothing, n_valid=2, **settings):
        tuner = registry().load(registry().resolve("fine_tuners", Spec("chgnet", upstream or {})))
        cut = len(frames) - n_valid
        request = FineTuneRequest(start, frames[:cut], frames[cut:], FineTuneSettings.model_validate(settings), seed)
        request.check()
        result = tuner.fine_tune(request, tmp_path / f"run-{next(count)}", progress)
        result.applied.compare(request)
        return result

    return run


def weights(result) -> dict[str, torch.Tensor]:
    return torch.load(result.files["checkpoint"], weights_only=True)["model"]["state_dict"]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def forces_error(potential, frames) -> float:
    answers = potential.evaluate(frames, ["energy", "forces"])
    return float(
        np.mean(
            [np.abs(answer.forces - Labels.of(frame).forces) for answer, frame in zip(answers, frames, strict=True)]
        )
    )


def test_it_learns(fine_tune, reload, potential, labeled):
    seen = []
    result = fine_tune(epochs=6, progress=lambda done, total: seen.append((done, total)))
    tuned = reload(result.options, result.files)
    assert result.curves["train_loss"][-1] < 0.5 * result.curves["train_loss"][0]
    assert forces_error(tuned, labeled[4:]) < 0.6 * forces_error(potential, labeled[4:])
    assert seen == [(done, 6) for done in range(1, 7)]
    assert {len(curve) for curve in result.curves.values()} == {6}
    assert tuned.capabilities.theory is None
    (labels,) = tuned.evaluate(labeled[:1])
    assert not labels.extra  # magnetic moments were not trained


def test_the_account_is_read_back(fine_tune, potential, labeled):
    applied: Applied = fine_tune(epochs=1, batch_size=3, learning_rate=3e-4).applied
    assert (applied.epochs, applied.batch_size, applied.learning_rate) == (1, 3, 3e-4)
    assert applied.labels == {"energy", "forces", "stress"}
    # All but 94 reference energies, 65 of magnetic moments, and the last angle update, whose result nothing uses.
    idle = sum(parameter.numel() for parameter in potential.model.angle_layers[-1].parameters())
    assert applied.trainable_parameters == 412_525 - 94 - 65 - idle
    assert applied.trainable_parameters + applied.frozen_parameters == 412_525
    assert fine_tune(epochs=1, batch_size=100).applied.batch_size == len(labeled) - 2


def test_the_same_seed_gives_the_same_weights(fine_tune):
    first, second, other = (fine_tune(epochs=2, seed=seed) for seed in (5, 5, 6))
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(other))
    # A component is identified by the content of its files.
    assert first.files["checkpoint"].read_bytes() == second.files["checkpoint"].read_bytes()


def test_the_process_is_as_it_was(fine_tune, capfd):
    before = torch.get_rng_state()
    fine_tune(epochs=1)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_default_dtype() is torch.float32
    assert "".join(capfd.readouterr()) == ""


def test_reference_energies_and_moments_stay(fine_tune, potential):
    before, after = potential.model.state_dict(), weights(fine_tune(epochs=2))
    for name in ("composition_model.fc.weight", "site_wise.weight"):
        assert torch.equal(before[name], after[name])


def test_frozen_trains_the_end_of_the_network(fine_tune, potential):
    result = fine_tune(epochs=2, strategy="frozen")
    before, after = potential.model.state_dict(), weights(result)
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"bond_weights_ag", "bond_weights_bg", "atom_conv_layers", "readout_norm", "mlp"}
    assert not any("conv_layers.0" in name and not torch.equal(before[name], after[name]) for name in before)
    assert 0 < result.applied.trainable_parameters < 100_000


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


def test_the_loss_is_the_one_documented(fine_tune, potential, labeled):
    given = {"energy": 2.0, "forces": 3.0, "stress": 500.0}
    expected = documented_loss(labeled[:4], list(potential.evaluate(labeled[:4])), given)
    # One batch, so that the loss of the first epoch is that of the start.
    made = fine_tune(epochs=1, batch_size=4, weights=given)
    assert made.curves["train_loss"][0] == pytest.approx(expected, rel=1e-4)
    assert (made.applied.loss.criterion, made.applied.loss.weights) == ("squared errors", given)


def test_the_best_epoch_is_kept(fine_tune, reload, labeled):
    # So large a learning rate that the validation loss goes up and down.
    result = fine_tune(epochs=5, learning_rate=1e-2, upstream={"scheduler": "constant"})
    curve = result.curves["valid_loss"]
    best = result.applied.other["best_epoch"]
    assert curve[best - 1] == min(curve)
    kept = result.curves["valid_forces_mae"][best - 1]
    assert forces_error(reload(result.options, result.files), labeled[4:]) == pytest.approx(kept, rel=1e-3)
    assert fine_tune(epochs=2, n_valid=0).applied.other["best_epoch"] == 2
