"""Fine-tuning of SevenNet: what was asked for happens, or raises."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from ase import Atoms

from whet import FrameSet, Labels, ReferenceEnergies, Spec, Unsupported
from whet.data.errors import OptionsError
from whet.plugins.registry import registry
from whet.testing import documented_loss

pytestmark = pytest.mark.skipif(
    find_spec("sevenn") is None, reason="sevenn is in an environment of its own: whet env create sevennet"
)

HEAD = {"reduce_input_to_hidden", "reduce_hidden_to_energy"}


def weights(made) -> dict[str, np.ndarray]:
    import torch

    state = torch.load(made.files["checkpoint"], weights_only=True)["model_state_dict"]
    return {name: tensor.numpy() for name, tensor in state.items()}


def changed(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> set[str]:
    """The modules that have other weights."""
    return {name.partition(".")[0] for name in after if not np.array_equal(before[name], after[name])}


def test_it_learns_what_dft_says(potential, tune, again, lgps, compared):
    train, test = lgps("train")[::400][:2], lgps("test")[::100]
    predicted = [labels.energy for labels in potential.evaluate(train)]
    aligned = ReferenceEnergies.fit(train, [Labels.of(frame).energy for frame in train], predicted)
    train, test = aligned.removed_from(train), aligned.removed_from(test)
    before = compared(potential, test)
    after = compared(again(tune(start=potential, frames=train, valid=0, epochs=3, batch_size=1)), test)
    assert abs(1 - after[0]) < 0.7 * abs(1 - before[0])
    assert after[1] < 0.9 * before[1]


def test_the_account_is_read_back(tune, tiny, labeled):
    seen = []
    made = tune(epochs=2, batch_size=3, learning_rate=3e-4, progress=lambda done, total: seen.append((done, total)))
    applied = made.applied
    assert (applied.epochs, applied.batch_size, applied.learning_rate) == (2, 3, 3e-4)
    assert applied.labels == {"energy", "forces", "stress"}
    # All but the reference energy, the scale and two denominators.
    total = sum(values.size for values in tiny.parameters().values())
    assert (applied.trainable_parameters, applied.frozen_parameters) == (total - 4, 4)
    assert seen == [(1, 2), (2, 2)]
    assert {len(curve) for curve in made.curves.values()} == {2}
    assert tune(epochs=1, batch_size=100).applied.batch_size == len(labeled) - 2


def test_zero_epochs_change_nothing(tune, again, tiny, multi, labeled):
    for start in (tiny, multi):
        tuned = again(tune(start=start, epochs=0))
        for before, after in zip(start.evaluate(labeled[:2]), tuned.evaluate(labeled[:2]), strict=True):
            assert before.energy == after.energy
            np.testing.assert_array_equal(before.forces, after.forces)
            np.testing.assert_array_equal(before.stress, after.stress)


def test_strategies_train_what_they_say(tune):
    before = weights(tune(epochs=0))
    head, frozen, full = (tune(epochs=2, strategy=strategy) for strategy in ("head-only", "frozen", "full"))
    assert changed(before, weights(head)) == HEAD
    assert changed(before, weights(frozen)) > HEAD
    assert {name.partition("_")[0] for name in changed(before, weights(frozen)) - HEAD} == {"1"}
    everything = changed(before, weights(full))
    assert {"edge_embedding", "onehot_to_feature_x", "0_convolution", "1_convolution"} < everything
    assert "rescale_atomic_energy" not in everything
    sizes = [made.applied.trainable_parameters for made in (head, frozen, full)]
    assert sizes == sorted(set(sizes))
    assert sizes[0] == sum(weights(head)[f"{name}.linear.weight"].size for name in HEAD)


def test_the_same_seed_gives_the_same_file(tune):
    first, second, other = (tune(epochs=2, seed=seed) for seed in (5, 5, 6))
    assert first.files["checkpoint"].read_bytes() == second.files["checkpoint"].read_bytes()
    assert changed(weights(first), weights(other))


def test_an_interrupted_training_is_done_again(tune, tmp_path):
    class Interrupted(Exception):
        pass

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        tune(epochs=3, folder=tmp_path, progress=interrupt)
    whole, resumed = tune(epochs=3), tune(epochs=3, folder=tmp_path)
    assert whole.files["checkpoint"].read_bytes() == resumed.files["checkpoint"].read_bytes()
    assert whole.curves == resumed.curves


def test_weights_have_an_effect(tune):
    found = {}
    for given in (
        {"energy": 1, "forces": 0, "stress": 0},
        {"energy": 0, "forces": 1, "stress": 0},
        {"energy": 0, "forces": 0, "stress": 1},
    ):
        made = tune(epochs=1, weights=given)
        assert made.applied.labels == {label for label, weight in given.items() if weight}
        found[str(given)] = weights(made)
    first, *others = found.values()
    assert all(changed(first, other) for other in others)


def test_the_loss_is_the_one_documented(tune, tiny, labeled):
    given = {"energy": 2.0, "forces": 3.0, "stress": 500.0}
    expected = documented_loss(labeled[:4], list(tiny.evaluate(labeled[:4])), given)
    # One batch, so that the loss of the first epoch is that of the start.
    made = tune(epochs=1, batch_size=4, weights=given)
    assert made.curves["train_loss"][0] == pytest.approx(expected, rel=1e-4)
    assert (made.applied.loss.criterion, made.applied.loss.weights) == ("squared errors", given)


def test_a_fine_tuned_model_is_fine_tuned_again(tune, again):
    first = tune(epochs=2)
    start = again(first)
    assert start.capabilities.theory is None
    second = tune(start=start, epochs=2)
    assert second.applied.other["valid_start_loss"] == pytest.approx(min(first.curves["valid_loss"]), rel=1e-3)
    assert changed(weights(first), weights(second))


def test_a_multi_fidelity_model_is_trained_in_its_modal(shipped, tune, again, labeled):
    start = shipped("7net-mf-0", modal="PBE")
    made = tune(start=start, epochs=3, batch_size=2, weights={"energy": 0})
    tuned = again(made)
    assert made.options["modal"] == tuned.modal == "PBE"
    assert made.curves["train_loss"][-1] < 0.8 * made.curves["train_loss"][0]
    kept, after = start.parameters(), tuned.parameters()
    np.testing.assert_array_equal(kept["rescale_atomic_energy.shift"], after["rescale_atomic_energy.shift"])


def test_the_best_epoch_is_kept(tune, again, labeled, compared):
    # So large a learning rate that the validation loss goes up and down.
    made = tune(epochs=5, learning_rate=2e-2, upstream={"scheduler": "constant"})
    curve, best = made.curves["valid_loss"], made.applied.other["best_epoch"]
    assert curve[best - 1] == min(curve)
    _, forces, energy = compared(again(made), labeled[4:])
    assert forces == pytest.approx(made.curves["valid_forces_mae"][best - 1], rel=1e-3)
    assert energy == pytest.approx(made.curves["valid_energy_mae"][best - 1], rel=1e-3)
    assert tune(epochs=2, valid=0).applied.other["best_epoch"] == 2


def test_what_it_cannot_do_is_refused(tune):
    with pytest.raises(OptionsError, match="did you mean 'scheduler'"):
        registry().resolve("fine_tuners", Spec("sevennet", {"schedule": "CosLR"}))
    with pytest.raises(Unsupported, match="multihead-replay"):
        tune(strategy="multihead-replay")
    with pytest.raises(Unsupported, match="ema"):
        tune(ema=0.99)


def test_isolated_atoms_can_be_trained_on(tune):
    """A lone atom has no edge, and forces that nothing can change."""
    lone = [Labels(-0.4, np.zeros((1, 3))).attach(Atoms(symbol)) for symbol in ("Li", "F", "Li")]
    made = tune(frames=FrameSet(lone), epochs=2, batch_size=1, valid=1)
    assert np.isfinite(made.curves["train_loss"]).all()
