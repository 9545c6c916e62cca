"""Checks of a potential's fine-tuning: what was asked for happened, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whet.contracts.fine_tune_settings import OPTIONAL_WORDS, FineTuneSettings
from whet.data.errors import Unsupported
from whet.data.labels import Labels
from whet.testing.check import CheckFailed, NotApplicable, check, demand
from whet.testing.potential_subject import EPOCHS
from whet.testing.tolerance import same_bits

if TYPE_CHECKING:
    from whet.contracts.component import Component
    from whet.tasks.aligned_training import AlignedFineTuned
    from whet.testing.potential_subject import PotentialSubject


@check("training")
def zero_epochs_change_nothing(subject: PotentialSubject) -> None:
    """With `epochs: 0` every strategy hands back a potential that answers what the start answers, bit for bit.

    Heads that are replaced, reference energies that are fitted anew and weights that are rounded show here.
    """
    before = subject.answer(subject.crystal)
    for strategy in sorted(subject.tuner.strategies):
        made = subject.tuned(strategy=strategy, epochs=0)
        after = _answer(subject, made.component)
        differs = subject.tolerance.difference(after, before) or "the last bits differ"
        demand(same_bits(after, before), f"strategy {strategy}: {differs}")


@check("training")
def a_few_epochs_lower_the_loss(subject: PotentialSubject) -> None:
    """Three epochs on four frames lower the training loss and bring the forces nearer to the labels.

    Curves are reported, one value an epoch. Where defaults learn too slowly for that, hand `fine_tune` settings to
    the check.
    """
    made = subject.tuned()
    losses = list(made.done.curves.get("train_loss", ()))
    demand(len(losses) == made.done.applied.epochs, f"train_loss has {len(losses)} values for {EPOCHS} epochs")
    demand(losses[-1] < losses[0], f"the training loss goes from {losses[0]:.4g} to {losses[-1]:.4g}")
    before, after = _force_error(subject, subject.component), _force_error(subject, made.component)
    demand(after < before, f"the force error goes from {before:.4g} to {after:.4g} eV/Å")


@check("training")
def only_what_is_trained_changes(subject: PotentialSubject) -> None:
    """Parameters that a strategy freezes are bit-identical afterwards, and the account of what is trained is true.

    At most as many numbers change as `applied.trainable_parameters` says, and something does change.
    """
    import numpy as np

    strategies = sorted(subject.tuner.strategies)
    before = subject.potential.parameters()
    demand(before, "`parameters` shows none")
    for strategy in strategies:
        made = subject.tuned(strategy=strategy)
        after = subject.load(made.component).parameters()
        if before.keys() != after.keys() or any(before[name].shape != after[name].shape for name in before):
            continue  # another head or adapters: there is nothing to compare one by one
        changed = {name for name in before if not np.array_equal(before[name], after[name])}
        demand(changed, f"strategy {strategy}: no parameter changed")
        moved = sum(before[name].size for name in changed)
        stated = made.done.applied.trainable_parameters
        demand(
            moved <= stated, f"strategy {strategy}: {moved} numbers lie in arrays that changed, {stated} were to train"
        )
        if strategy in ("frozen", "head-only"):
            demand(len(changed) < len(before), f"strategy {strategy}: every parameter changed")
            demand(made.done.applied.frozen_parameters > 0, f"strategy {strategy}: no parameter is said to be frozen")


@check("training")
def words_are_honored(subject: PotentialSubject) -> None:
    """Every optional word that the fine-tuner states is honored: asked for, it is done, and another value matters.

    A learning rate that a package replaces by its own is the usual case. State in `words` only what you pass on.
    """
    words = subject.tuner.words
    unknown = sorted(words - set(OPTIONAL_WORDS))
    demand(not unknown, f"no words of Whet: {', '.join(unknown)}. Known: {', '.join(OPTIONAL_WORDS)}")
    plain = subject.tuned()
    trials = {"learning_rate": 0.37 * plain.done.applied.learning_rate, "batch_size": 1, "ema": 0.5, "patience": 1}
    for word, value in trials.items():
        if word in words and word not in subject.fine_tune:
            other = subject.tuned(**{word: value})
            if word == "learning_rate":
                _differ(subject, plain, other, f"{word} {value:.3g}")


@check("training")
def weights_take_effect(subject: PotentialSubject) -> None:
    """Other weights of energy, forces and stress give another result.

    A loss that ignores its weights has been shipped by more than one package.
    """
    energy_only = {"energy": 1.0, "forces": 0.0, "stress": 0.0}
    _differ(subject, subject.tuned(), subject.tuned(weights=energy_only), "training on energies alone")


@check("training")
def every_label_takes_effect(subject: PotentialSubject) -> None:
    """Every property with a weight enters the loss: other labels give another result.

    Labels under a key that upstream does not read are a loss of zero, and a training that looks perfect.
    """
    for name, change in (("energy", other_energies), ("forces", other_forces), ("stress", other_stresses)):
        if name in subject.properties:
            _differ(subject, subject.tuned(), subject.tuned(change=change), f"training on other labels of {name}")


@check("training")
def labels_without_weight_have_no_effect(subject: PotentialSubject) -> None:
    """With a weight of 0 the stress labels do not matter, to the last bit."""
    if "stress" not in subject.properties:
        raise NotApplicable("it has no stress")
    weights = {"energy": 1.0, "forces": 10.0, "stress": 0.0}
    first = _answer(subject, subject.tuned(weights=weights).component)
    second = _answer(subject, subject.tuned(weights=weights, change=other_stresses).component)
    demand(same_bits(first, second), f"with other stress labels {_difference(subject, first, second)}")


@check("training")
def constants_per_element_are_absorbed(subject: PotentialSubject) -> None:
    """Labels of another theory, tens of eV per atom away, train the same forces; energies come out on their scale.

    The core takes the difference out before the first step. A backend that fits reference energies of its own on
    top, or trains on something else than the frames' energies, shows here.
    """
    plain, shifted = subject.tuned(), subject.tuned(change=another_theory)
    first, second = _answer(subject, plain.component), _answer(subject, shifted.component)
    constant = another_theory(0, replace(first, forces=first.forces)).energy - first.energy
    moved = float(abs(first.forces - second.forces).max())
    # Fitting the constants rounds energies of a thousand eV, and training spreads that a little.
    limit = 10 * subject.tolerance.forces
    demand(moved <= limit, f"forces differ by {moved:.2g} eV/Å from those trained without the constant")
    off = abs(second.energy - first.energy - constant) / len(first.forces)
    demand(off <= 10 * subject.tolerance.energy, f"the energy is off the labels' scale by {off:.2g} eV/atom")


@check("training")
def replay_happens_or_is_refused(subject: PotentialSubject) -> None:
    """Multihead replay trains on the replay frames, so that other replay labels give another result; or it raises.

    A replay that is turned off with a warning is a naive fine-tuning under another name.
    """
    if "multihead-replay" not in subject.tuner.strategies:
        settings = FineTuneSettings.checked({"strategy": "multihead-replay"}, of="the check")
        try:
            subject.tuner.refuse_unsupported(settings)
        except Unsupported:
            return
        raise CheckFailed("the strategy is not offered, and asking for it raises nothing")
    made = subject.tuned(strategy="multihead-replay")
    demand(made.done.applied.replay_frames == 2, f"{made.done.applied.replay_frames} of 2 replay frames were used")
    other = subject.tuned(strategy="multihead-replay", replay_change=other_forces)
    _differ(subject, made, other, "replaying other labels")


@check("training")
def same_seed_same_weights(subject: PotentialSubject) -> None:
    """The same training with the same seed gives the same potential, bit for bit, on the same CPU.

    It draws from generators of its own: one that seeds the random numbers of the process, or changes anything else
    that is global, changes what others do in it. Wrap such a trainer in `whet_torch.untouched()`.
    """
    first = _answer(subject, subject.tuned().component)
    second = _answer(subject, subject.tuned(again="once more").component)
    demand(same_bits(first, second), _difference(subject, first, second))
    demand(not subject.changed_by_training, f"changed: {', '.join(dict.fromkeys(subject.changed_by_training))}")


@check("training")
def a_fine_tuned_model_can_be_fine_tuned(subject: PotentialSubject) -> None:
    """What came out of a fine-tuning goes into the next one: that is what periodic fine-tuning does, round by round."""
    first = subject.tuned()
    second = subject.tuned(start=first.component)
    _differ(subject, first, second, "a second round")
    before, after = (sum(made.done.curves["train_loss"]) / EPOCHS for made in (first, second))
    # One that starts again from the foundation model has the losses of the first round.
    demand(after < 0.99 * before, f"the mean training loss goes from {before:.4g} to {after:.4g}: it starts afresh")


@check("training")
def an_interrupted_training_ends_the_same(subject: PotentialSubject) -> None:
    """A training that was cut off, run again in the same folder, gives what an uninterrupted one gives, bit for bit.

    Checkpoints that are resumed half, or from the wrong epoch, corrupt weights without a word.
    """

    class _Cut(Exception):
        pass

    def cut(done: int, total: int) -> None:
        if done:
            raise _Cut

    folder = subject.folder("interrupted")
    try:
        subject.tuned(folder=folder, progress=cut)
    except _Cut:
        pass
    else:
        raise CheckFailed("`progress` was never called with a finished epoch")
    after = _answer(subject, subject.tuned(folder=folder).component)
    wanted = _answer(subject, subject.tuned().component)
    demand(same_bits(after, wanted), _difference(subject, after, wanted))


def other_energies(number: int, labels: Labels) -> Labels:
    """Every other frame 0.4 eV higher: no constant per element takes that away."""
    return labels.shifted(0.4 * (number % 2))


def other_forces(number: int, labels: Labels) -> Labels:
    """Forces half as strong again."""
    return replace(labels, forces=1.5 * labels.forces)


def other_stresses(number: int, labels: Labels) -> Labels:
    """Stresses twice as strong, and a pressure."""
    import numpy as np

    return labels if labels.stress is None else replace(labels, stress=2 * labels.stress + 0.05 * np.eye(3))


def another_theory(number: int, labels: Labels) -> Labels:
    """A constant for each atom: the check's frames all have four of each element."""
    return labels.shifted(4 * (-431.7) + 4 * 12.9)


def _answer(subject: PotentialSubject, component: Component) -> Labels:
    (labels,) = subject.load(component).evaluate([subject.crystal], subject.properties)
    return labels


def _force_error(subject: PotentialSubject, component: Component) -> float:
    import numpy as np

    frames = subject.labeled(0, 4)
    found = subject.load(component).evaluate(frames, ("energy", "forces"))
    pairs = zip(found, frames, strict=True)
    return float(np.mean([np.abs(labels.forces - Labels.of(frame).forces).mean() for labels, frame in pairs]))


def _differ(subject: PotentialSubject, first: AlignedFineTuned, second: AlignedFineTuned, what: str) -> None:
    same = same_bits(_answer(subject, first.component), _answer(subject, second.component))
    demand(not same, f"{what} changes nothing, to the last bit")


def _difference(subject: PotentialSubject, first: Labels, second: Labels) -> str:
    return subject.tolerance.difference(first, second) or "the last bits differ"
