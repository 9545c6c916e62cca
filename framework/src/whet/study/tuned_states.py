"""TunedState: a fine-tuned state of a potential, by the name that people give it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from whet.contracts.ports import StudyPotential
from whet.contracts.ref import Ref
from whet.data.errors import InputError, UnknownName, suggestion

if TYPE_CHECKING:
    from whet.study.stored_study import StoredStudy


@dataclass(frozen=True)
class TunedState:
    """ref: which state. key: of the step that made it. has_seeds: whether its strategy was done with several seeds."""

    ref: Ref
    key: str
    has_seeds: bool = False

    @property
    def name(self) -> str:
        """`main naive 2`, `main naive 2 seed 1`."""
        return str(self.ref) + (f" seed {self.ref.seed}" if self.has_seeds else "")

    @property
    def names(self) -> list[str]:
        """Everything that it is called, the shortest first: the number of a last round, potential and seed may be left
        out."""
        number = str(self.ref.round if self.ref.size is None else self.ref.size)
        numbers, seed = [number, *([""] if self.ref.last else [])], f"seed {self.ref.seed}"
        parts = product(("", self.ref.potential), (self.ref.strategy,), numbers, ("", seed))
        return sorted({" ".join(filter(None, words)) for words in parts}, key=lambda name: (len(name), name))


def tuned_states(study: StoredStudy, *, planned: bool = False) -> list[TunedState]:
    """The fine-tuned states that a store has of a study, as planned. planned: also those without a result."""
    pieces = [piece for piece in study.stored.plan.all(StudyPotential) if not piece.ref.untouched and piece.key]
    seeds: dict[tuple[str, str], set[int]] = {}
    for piece in pieces:
        seeds.setdefault((piece.ref.potential, piece.ref.strategy), set()).add(piece.ref.seed)
    found = [
        TunedState(piece.ref, piece.key, len(seeds[piece.ref.potential, piece.ref.strategy]) > 1) for piece in pieces
    ]
    return found if planned else [one for one in found if one.key in study.done]


def states_called(words: str, study: StoredStudy) -> list[TunedState]:
    """The states that are meant; without words those that strategies end with.

    Raises UnknownName, with the nearest, where there is none; InputError where it has no result yet, or is untouched.
    """
    every = tuned_states(study, planned=True)
    if not every:
        hint = "Give it `strategies:` and run it"
        raise InputError("the study fine-tunes nothing", where=study.name, hint=hint)
    said = " ".join(words.casefold().split())
    meant = [one for one in every if one.ref.last] or every
    if said:
        meant = [one for one in every if said in map(str.casefold, one.names)] or [
            one for one in every if one.key.startswith(words)
        ]
    if not meant:
        raise _unknown(words, study, every)
    if not (there := [one for one in meant if one.key in study.done]):
        raise InputError(f"{meant[0].name} has no result yet", where=study.name, hint="Run the study with `whet run`")
    return there


def state_called(words: str, study: StoredStudy) -> TunedState:
    """The one state that is meant. Raises as `states_called`, and InputError, with their names, where several are."""
    found = states_called(words, study)
    if len(found) > 1:
        what = f"{len(found)} states are called {words!r}" if words else f"{len(found)} fine-tuned states are there"
        raise InputError(what, where=study.name, hint=f"Say which: {', '.join(one.name for one in found)}")
    return found[0]


def short_names(states: Sequence[TunedState]) -> dict[str, str]:
    """Full name -> the shortest one that means this state alone."""
    counted: dict[str, int] = {}
    for one in states:
        for name in one.names:
            counted[name] = counted.get(name, 0) + 1
    return {one.name: next((name for name in one.names if counted[name] == 1), one.key) for one in states}


def _unknown(words: str, study: StoredStudy, every: Sequence[TunedState]) -> InputError | UnknownName:
    untouched = [piece.ref.potential for piece in study.stored.plan.all(StudyPotential) if piece.ref.untouched]
    if words in untouched:
        name = study.stored.roles[f"potential {words}"].component.name
        what = f"{words!r} is the untouched potential ({name}), which needs no export"
        return InputError(what, where=study.name, hint=f"Its fine-tuned states: {', '.join(_some(every))}")
    known = [name for one in every for name in one.names]
    hint = suggestion(words, known) or f"There are: {', '.join(_some(every))}"
    return UnknownName(f"there is no fine-tuned state {words!r}", where=study.name, hint=hint)


def _some(every: Sequence[TunedState], most: int = 6) -> Iterator[str]:
    names = list(short_names(every).values())
    yield from names[:most]
    if len(names) > most:
        yield f"and {len(names) - most} more"
