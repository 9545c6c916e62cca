"""Grid: numbers at even distances, as an option of a source; and what a user may write in its place, a list."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from whet.contracts.options import Options

Positive = Annotated[float, Field(gt=0)]


class Grid(Options):
    """Numbers at even distances, both ends among them."""

    first: Positive
    """The first number."""
    last: Positive
    """The last number."""
    points: int = Field(ge=2, le=10_000)
    """How many."""


Numbers = Annotated[list[Positive], Field(min_length=1)] | Grid
"""A list, or `{first: 0.9, last: 1.1, points: 9}`."""


def numbers_of(given: Numbers) -> list[float]:
    """The numbers, each once, in the order in which they were given."""
    if isinstance(given, Grid):
        step = (given.last - given.first) / (given.points - 1)
        given = [given.first + step * place for place in range(given.points - 1)] + [given.last]
    return list(dict.fromkeys(given))
