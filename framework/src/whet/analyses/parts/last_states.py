"""Which of the pieces of many states and seeds an analysis looks at."""

from __future__ import annotations

from collections.abc import Sequence

from whet.contracts.analysis import Piece


def last_states(pieces: Sequence[Piece]) -> list[Piece]:
    """Of untouched potentials and the last state of each strategy, the first seed."""
    return list({(piece.ref.potential, piece.ref.strategy): piece for piece in first_seeds(pieces)}.values())


def first_seeds(pieces: Sequence[Piece]) -> list[Piece]:
    """Of every state, the first seed."""
    first: dict[tuple[str, str, int, int | None], Piece] = {}
    for piece in pieces:
        state = piece.ref.state
        first.setdefault((state.potential, state.strategy, state.round, state.size), piece)
    return list(first.values())
