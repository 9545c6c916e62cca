"""StateErrors: how far each potential is off, by frame and by atom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet import Predictions, Ref, frame_key

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, eq=False)
class Deviation:
    """energy: predicted less reference, meV/atom. forces: (n, 3) predicted less reference, eV/Å."""

    energy: float
    forces: np.ndarray

    @property
    def force(self) -> float:
        """Root mean square over the force components, eV/Å."""
        import numpy as np

        return float(np.sqrt(np.mean(self.forces**2)))


@dataclass(frozen=True, eq=False)
class StateErrors:
    """potential: its name in the study; words: what follows the name to tell its state. by_frame: key -> its error."""

    potential: str
    words: str
    by_frame: Mapping[str, Deviation]

    @property
    def name(self) -> str:
        """`main`, `main naive 1`, `main naive 1 (seed 2)`."""
        return f"{self.potential}{self.words}"


def state_errors(predictions: Iterable[Predictions]) -> list[StateErrors]:
    """Of each state, in the order of their names, which have the seed where a strategy ran with several."""
    found: dict[Ref, dict[str, Deviation]] = {}
    for one in predictions:
        own = found.setdefault(one.ref.state, {})
        for reference, predicted in zip(one.reference, one.predicted, strict=True):
            energy = predicted.get_potential_energy() - reference.get_potential_energy()
            own[frame_key(reference)] = Deviation(
                1000 * float(energy) / len(reference), predicted.get_forces() - reference.get_forces()
            )
    named = [StateErrors(state.potential, _words(state, list(found)), own) for state, own in found.items()]
    return sorted(named, key=lambda one: one.name)


def worst(states: Sequence[StateErrors], each: int) -> frozenset[str]:
    """Keys of the frames with the largest force errors of each state."""
    return frozenset(
        key
        for state in states
        for key in sorted(state.by_frame, key=lambda key: (-state.by_frame[key].force, key))[:each]
    )


def _words(state: Ref, others: Sequence[Ref]) -> str:
    said = str(state).removeprefix(state.potential)
    seeds = {one.seed for one in others if (one.potential, one.strategy) == (state.potential, state.strategy)}
    return f"{said} (seed {state.seed})" if len(seeds) > 1 else said
