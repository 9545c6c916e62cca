"""What states of potentials are called in tables and figures: no more than tells them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from whet.contracts.ref import Ref
from whet.data.numbers import count


def state_names(refs: Iterable[Ref]) -> dict[Ref, str]:
    """The state of each ref (`Ref.state`) -> `untouched`, `periodic 3`, `few, 100 frames`; no name stands twice.

    The potential stands before it where there are several, and the seed behind it where a strategy was repeated.
    """
    states = list(dict.fromkeys(ref.state for ref in refs))
    several = len({state.potential for state in states}) > 1
    seeds = _seeds(states)
    found = {}
    for state in states:
        repeated = len(seeds[state.potential, state.strategy]) > 1
        words = state_name(state) + (f", seed {state.seed}" if state.strategy and repeated else "")
        found[state] = f"{state.potential} {words}" if several else words
    often = Counter(found.values())
    return {state: name if often[name] == 1 else _in_full(state) for state, name in found.items()}


def data_names(refs: Iterable[Ref]) -> dict[tuple[str, str, int], str]:
    """Potential, strategy and seed that data were gathered for -> `periodic`, `chgnet periodic, seed 2`."""
    kept = list(dict.fromkeys(refs))
    several, seeds = len({ref.potential for ref in kept}) > 1, _seeds(kept)
    found = {}
    for ref in kept:
        words = f"{ref.potential} {ref.strategy}" if several else ref.strategy
        repeated = len(seeds[ref.potential, ref.strategy]) > 1
        found[ref.potential, ref.strategy, ref.seed] = words + (f", seed {ref.seed}" if repeated else "")
    often = Counter(found.values())
    return {key: name if often[name] == 1 else f"{key[0]!r} {key[1]!r}, seed {key[2]}" for key, name in found.items()}


def state_name(state: Ref) -> str:
    """`untouched`, `periodic 3`, `few, 100 frames`."""
    if not state.strategy:
        return "untouched"
    if state.size is not None:
        return f"{state.strategy}, {count(state.size, 'frame')}"
    return f"{state.strategy} {state.round}"


def _in_full(state: Ref) -> str:
    """Words that no other state has, whatever its potential and strategy are called."""
    return f"{state.potential!r} {state.strategy!r} {state.round}, seed {state.seed}" + (
        "" if state.size is None else f", {count(state.size, 'frame')}"
    )


def _seeds(refs: Iterable[Ref]) -> dict[tuple[str, str], set[int]]:
    found: dict[tuple[str, str], set[int]] = {}
    for ref in refs:
        found.setdefault((ref.potential, ref.strategy), set()).add(ref.seed)
    return found
