"""last_states: of what there is of many states, that of untouched potentials and of where each strategy ended."""

from __future__ import annotations

from collections.abc import Sequence

from whet.contracts.analysis import Piece


def last_states(pieces: Sequence[Piece]) -> list[Piece]:
    """Of untouched potentials and the last state of each strategy, the first seed."""
    first: dict[tuple[str, str, int, int | None], Piece] = {}
    for piece in pieces:
        state = piece.ref.state
        first.setdefault((state.potential, state.strategy, state.round, state.size), piece)
    return list({key[:2]: piece for key, piece in first.items()}.values())
