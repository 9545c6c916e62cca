"""States: what a word in a figure or a table says of a potential, and how that looks on the whole page."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from whet.report.theme import DASHES, GRAY, HUES, INK, SHAPES

UNTOUCHED, REFERENCE = "untouched", "reference dynamics"

BLUE, ORANGE, GREEN, PURPLE, BROWN, LILAC = HUES
KNOWN = {
    UNTOUCHED: (GRAY, 2, 0),
    REFERENCE: (INK, 5, 4),
    "periodic": (BLUE, 0, 3),
    "naive": (ORANGE, 1, 1),
    "hybrid": (GREEN, 3, 2),
    "long": (PURPLE, 4, 5),
    "one factor": (BROWN, 6, 6),
    "Deng's 1/s": (LILAC, 6, 4),
}
"""What is often done to a potential -> its color and the places of its dash and shape, in every report."""

PRESETS = ("periodic", "naive", "hybrid", "long")
"""Of these, those that the study does not have leave their looks to others."""

SAMPLED = ("own run of ", "data of ")
"""What may stand before a state: whose frames they are."""


@dataclass(frozen=True)
class Look:
    """How a state is drawn. place: of its dash and its shape among `DASHES` and `SHAPES`."""

    color: str
    dash: Sequence[int]
    shape: str


@dataclass(frozen=True)
class State:
    """A potential, and what was done to it. potential: empty where it is the only one, or nobody says which."""

    potential: str
    done: str


class States:
    """The states of a report. Colors say what was done where there is one potential, else which potential it is.

    Dashes and shapes tell all of them apart, so that a print in gray can be read.
    """

    def __init__(self, planned: Iterable[tuple[str, str]] = ()) -> None:
        """planned: potentials and strategies (empty: untouched), in order of the study: also what has no result."""
        found = dict.fromkeys(planned)
        self._potentials = list(dict.fromkeys(potential for potential, _ in found))
        pairs = sorted(found, key=lambda pair: (self._potentials.index(pair[0]), bool(pair[1])))
        self._strategies = list(dict.fromkeys(strategy for _, strategy in pairs if strategy))
        self._owners = {
            done: {potential for potential, other in pairs if other == done} for done in (*self._strategies, "")
        }
        self._colors: dict[str, str] = {}
        self._places: dict[State, tuple[int, int]] = {}
        for potential, strategy in pairs:
            self.look(State(potential if self._are_several else "", strategy or UNTOUCHED))

    @property
    def _are_several(self) -> bool:
        return len(self._potentials) > 1

    def named(self, word: str, owners: Collection[str] = ()) -> State | None:
        """The state that a word names; None where it names none that is known.

        owners: potentials that it may be of where the word does not say it.
        """
        rest = next((word.removeprefix(before) for before in SAMPLED if word.startswith(before)), word)
        if rest.startswith(REFERENCE):
            return State("", REFERENCE)
        potential = _begin(rest, self._potentials) if rest not in self._strategies else ""
        rest = rest.removeprefix(potential).lstrip(" ,") or UNTOUCHED
        done = _begin(rest, [*self._strategies, *KNOWN])
        if not done:
            return None
        owners = {*owners} & {*self._potentials} or self._owners.get(done, set())
        if not potential and len(owners) == 1:
            (potential,) = owners
        return State(potential if self._are_several else "", done)

    def look(self, state: State, variant: int = 0) -> Look:
        """How a state looks. variant: of several words for one state that stand side by side, such as its rounds."""
        if state not in self._places:
            self._places[state] = self._free_place(state)
            self._colors.setdefault(self._key(state), self._free_color(state))
        dash, shape = self._places[state]
        color = self._colors[self._key(state)]
        return Look(color, DASHES[(dash + variant) % len(DASHES)], SHAPES[(shape + variant) % len(SHAPES)])

    @staticmethod
    def _key(state: State) -> str:
        """What the color says."""
        return f"of {state.potential}" if state.potential else state.done

    def _free_color(self, state: State) -> str:
        is_neutral = state.done in (UNTOUCHED, REFERENCE) and not state.potential
        if is_neutral or (state.done in KNOWN and not self._are_several):
            return KNOWN[state.done][0]
        kept = {KNOWN[done][0] for done in self._strategies if done in KNOWN and not self._are_several}
        free = [hue for hue in HUES if hue not in kept.union(self._colors.values())]
        return free[0] if free else HUES[len(self._colors) % len(HUES)]

    def _free_place(self, state: State) -> tuple[int, int]:
        """That of a dash and a shape, of which others have as little as can be."""
        taken = [*self._places.values()]
        if not self._are_several:
            if state.done in KNOWN:
                return KNOWN[state.done][1:]
            taken += [KNOWN[done][1:] for done in KNOWN if done in self._strategies or done not in PRESETS]
        every = itertools.product(range(len(DASHES)), range(len(SHAPES)))
        return min(every, key=lambda one: sum((one[0] == dash) + (one[1] == shape) for dash, shape in taken))


def _begin(word: str, names: Iterable[str]) -> str:
    """The longest of the names that a word begins with, as whole words; empty for none."""
    found = [name for name in names if word == name or word.startswith((f"{name} ", f"{name},"))]
    return max(found, key=len, default="")


def variants(words: Mapping[str, State], together: Iterable[Collection[str]]) -> dict[str, int]:
    """A number for each word, another one for each of those that name one state and stand together somewhere."""
    beside: dict[str, set[str]] = {word: set() for word in words}
    for group in together:
        for word in group:
            beside[word].update(other for other in group if other != word and words[other] == words[word])
    found: dict[str, int] = {}
    for word in words:
        taken = {found[other] for other in beside[word] if other in found}
        found[word] = next(number for number in itertools.count() if number not in taken)
    return found
