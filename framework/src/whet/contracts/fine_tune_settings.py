"""Settings of fine-tuning: the words that mean the same for every backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, model_validator

from whet.contracts.options import Options
from whet.contracts.training_presets import with_training_preset
from whet.data.identity import JSON

Strategy = Literal["full", "frozen", "lora", "multihead-replay", "head-only"]


STRESS_WEIGHT = 20.0
"""Weight of stress where the study says none and all frames have it."""


class Weights(Options):
    """Weights of the loss terms, relative to each other.

    The loss is the weighted sum of mean squared errors, the same for every potential unless keys of its upstream
    package make it another, which the report then says. Errors of forces (0.2 to 0.5 eV/Å before the first step) are
    far larger as numbers than those of aligned energies (0.01 to 0.05 eV/atom) and of stress (0.01 eV/Å³): under 1, 10
    the energy has 0.02 to 0.2 % of the loss of CHGNet and MACE-MP-0 small on PBE frames of LGPS and LiCl, before the
    first step. Under the defaults, which are within the ranges of Liu et al. (Table III: 1–20, 1–20, 0–20), it has
    0.8 to 9 %, and stress about 1 %: CHGNet fine-tuned on 16 LiCl frames then errs by 4.6 instead of 19.8 meV/atom near
    equilibrium, and by the same in forces. More is not better: with 20, 1 SevenNet-0 and networks from scratch learned
    forces more slowly. The report gives the shares of each fine-tuning.
    """

    energy: float = Field(default=5.0, ge=0)
    """Of the energy per atom, (eV/atom)²."""
    forces: float = Field(default=1.0, ge=0)
    """Of the force components, (eV/Å)²."""
    stress: float | None = Field(default=None, ge=0)
    """Of the stress components, (eV/Å³)²; unless given, 20 where the potential has stress and all frames are labeled
    with it, else 0. The result says which."""

    @model_validator(mode="after")
    def _something_to_train(self) -> Weights:
        if not (self.energy or self.forces or self.stress):
            raise ValueError("every weight is 0, so there is nothing to train on")
        return self


class IsolatedAtoms(Options):
    """Energies of isolated atoms, of the labels' own theory, in their (spin-polarized) ground state."""

    atoms: str | dict[str, float]
    """A file of labeled single atoms, relative to the study file, or eV by chemical symbol."""


Alignment = Literal["fit", "atoms", "foundation", "none"]


def _words_or_atoms(given: Any) -> Any:
    if isinstance(given, str) and given not in get_args(Alignment):
        raise ValueError(f"should be {', '.join(get_args(Alignment))} or a mapping `atoms: FILE`, not {given!r}")
    if isinstance(given, dict):
        if set(given) != {"atoms"} or not isinstance(given["atoms"], str | dict):
            raise ValueError("should have one key, `atoms`: a file of labeled single atoms, or eV by chemical symbol")
        if isinstance(given["atoms"], dict):
            _check_energies(given["atoms"])
    return given


def _check_energies(given: dict[Any, Any]) -> None:
    from ase.data import atomic_numbers

    for symbol, energy in given.items():
        if atomic_numbers.get(symbol, 0) < 1:
            raise ValueError(f"{symbol!r} is no chemical symbol")
        if isinstance(energy, bool) or not isinstance(energy, int | float):
            raise ValueError(f"the energy of {symbol} is no number: {energy!r}")
    if not given:
        raise ValueError("there is no energy of an atom in it")


class FineTuneSettings(Options):
    """How to fine-tune. None means: the backend's own choice, which the result then states."""

    preset: Literal["wong-yang", "deng"] | None = None
    """A published fine-tuning to start from; the keys beside it replace its own. `wong-yang`: multihead replay of
    30,000 frames of a tenth of the weight; energy, forces, stress 1, 10, 10; learning rate 1e-4, 250 epochs, patience
    40, a fifth for validation. `deng`: every parameter, no frame held back: for one frame (`subsets`, `sizes: [1]`)."""
    strategy: Strategy = "full"
    """What is trained: every parameter, some layers, low-rank adapters, heads with replay, or the head only."""
    epochs: int = Field(default=20, ge=0)
    """Passes over the training frames; 0 leaves every prediction unchanged."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Initial learning rate of the optimizer."""
    batch_size: int | None = Field(default=None, ge=1)
    """Frames in a batch."""
    weights: Weights = Field(default_factory=Weights)
    """Weights of energy, forces and stress in the loss."""
    ema: float | None = Field(default=None, gt=0, lt=1)
    """Decay of the exponential moving average of the parameters."""
    patience: int | None = Field(default=None, ge=1)
    """Epochs without a better validation loss after which training stops."""
    valid_fraction: float = Field(default=0.2, ge=0, lt=1)
    """Share of the labeled frames that is kept for validation."""
    replay: str | None = None
    """File of labeled frames of the foundation model's own training set (for `multihead-replay`)."""
    replay_frames: int | None = Field(default=None, ge=1)
    """How many frames of the replay file to use; None: all."""
    replay_weight: float | None = Field(default=None, gt=0)
    """Weight of the replay head's loss, the new data's being 1."""
    reference_energies: Annotated[Alignment | IsolatedAtoms, BeforeValidator(_words_or_atoms)] = "fit"
    """Where per-element reference energies, which bring the labels onto the potential's energy scale before the first
    step, come from. `atoms`: isolated atoms that the study's labeler labels; `{atoms: FILE}` or `{atoms: {Li: -0.29}}`
    gives them. `foundation`: the labels are of the potential's own theory, and nothing is shifted. `fit`: least squares
    on the training frames, with which energies at compositions that these do not determine mean nothing. `none`:
    nothing is shifted, whatever the theories are."""
    upstream: dict[str, JSON] = Field(default={})
    """Keys of the upstream package, by its own names; checked by the plugin."""

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, given: Any) -> Any:
        return with_training_preset(given) if isinstance(given, Mapping) else given

    def asked(self) -> set[str]:
        """The words whose value the user chose, beyond those that every backend knows."""
        return {word for word in OPTIONAL_WORDS if getattr(self, word) is not None}


OPTIONAL_WORDS = ("learning_rate", "batch_size", "ema", "patience", "replay", "replay_frames", "replay_weight")
