"""steps_called: the steps that somebody means by a key, the beginning of one, or words of a title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from whet.data.errors import UnknownName, suggestion
from whet.running.step import Step


def steps_called(words: str, steps: Iterable[Step]) -> list[Step]:
    """By the first of these ways that finds any: key, title, beginning of a key, every word in the title.

    Raises UnknownName, with the nearest, where there is none.
    """
    known, said = list(steps), words.casefold().split()
    for way in (
        lambda step: step.key == words,
        lambda step: step.title == words,
        lambda step: bool(words) and step.key.startswith(words),
        lambda step: bool(said) and all(word in step.title.casefold() for word in said),
    ):
        if found := [step for step in known if way(step)]:
            return found
    raise UnknownName(f"there is no step {words!r}", hint=_nearest(words, known))


def short_keys(steps: Sequence[Step]) -> list[str]:
    """As much of each key as tells it from the others of its kind, and can still be read."""
    length = 4
    while length < 24 and len({(step.kind, _digits(step)[:length]) for step in steps}) < len(steps):
        length += 1
    return [f"{step.kind}-{_digits(step)[:length]}" for step in steps]


def _digits(step: Step) -> str:
    return step.key.removeprefix(f"{step.kind}-")


def _nearest(words: str, known: Sequence[Step]) -> str:
    titles = list(dict.fromkeys(step.title for step in known if step.title))
    vocabulary = sorted({word for title in titles for word in title.split()})
    corrected = [suggestion(word, vocabulary).removeprefix("Did you mean ").strip("?'") for word in words.split()]
    if corrected and all(corrected):
        return f"Did you mean {' '.join(corrected)!r}?"
    return suggestion(words, [*titles, *(step.key for step in known)]) or "`whet status STUDY --all` lists them"
