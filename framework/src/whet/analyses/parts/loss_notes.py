"""loss_notes: where fine-tunings of one report minimize different losses, or look little at a label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from whet.contracts.ports import FineTuning
from whet.data.numbers import count, percent

LEAST_SHARE = 0.01
"""Share of the loss before the first step below which a label is said to count for little."""


def criterion(one: FineTuning) -> str | None:
    """What its loss makes of errors, in words; None where the backend does not say."""
    return (one.applied.get("loss") or {}).get("criterion")


def shares(one: FineTuning) -> Mapping[str, float]:
    """Share of the loss before the first step, by label; empty where it is not known."""
    return {name: term["share"] for name, term in one.loss_at_start.items() if term["share"] is not None}


def share_text(share: float) -> str:
    """`27 %`, `0.2 %`."""
    return percent(share, 0 if share in (0, 1) or 0.1 <= share <= 0.99 else 1)


def each_once(tuned: Sequence[FineTuning]) -> list[FineTuning]:
    """Without those that are one with another: strategies may share a first round, which is then trained once."""
    found: list[FineTuning] = []
    for one in tuned:
        if not any(_is_one(one, other) for other in found):
            found.append(one)
    return found


def shared(tuned: Sequence[FineTuning]) -> Iterator[tuple[FineTuning, list[FineTuning]]]:
    """Each fine-tuning that is in several strategies, as it is in the first of them, and as it is in the others."""
    for first in each_once(tuned):
        if others := [one for one in tuned if one is not first and _is_one(first, one)]:
            yield first, others


def _is_one(one: FineTuning, other: FineTuning) -> bool:
    """Whether both made the very same potential."""
    return one.component is not None and other.component is not None and one.component.key == other.component.key


def loss_notes(tuned: Sequence[FineTuning]) -> Iterator[str]:
    """What a reader must know of the losses, one sentence for each potential and fault."""
    by_potential: dict[str, list[FineTuning]] = {}
    for one in each_once(tuned):
        if one.applied["epochs"]:
            by_potential.setdefault(one.ref.potential, []).append(one)
    yield from _criteria(by_potential)
    for potential, own in by_potential.items():
        for label in ("energy", "forces", "stress"):
            yield from _hardly_seen(potential, own, label)
        if own[-1].stress.startswith("stress left out"):
            yield f"{potential}: {own[-1].stress}."


def _criteria(by_potential: Mapping[str, Sequence[FineTuning]]) -> Iterator[str]:
    """Where the same weights do not mean the same."""
    found: dict[str, list[str]] = {}
    for potential, own in by_potential.items():
        for words in dict.fromkeys(criterion(one) or "a loss that its backend does not state" for one in own):
            found.setdefault(words, []).append(potential)
    if len(found) > 1:
        each = "; ".join(f"{', '.join(potentials)}: {words}" for words, potentials in found.items())
        yield f"The fine-tunings minimize different losses, so that the same weights do not mean the same. {each}."


def _hardly_seen(potential: str, own: Sequence[FineTuning], label: str) -> Iterator[str]:
    known = [shares(one)[label] for one in own if label in shares(one)]
    low = [share for share in known if share < LEAST_SHARE]
    if not low:
        return
    unweighted = all(one.loss_at_start[label]["weight"] == 0 for one in own if label in shares(one))
    where = f" in {len(low)} of {count(len(known), 'fine-tuning')}" if len(known) > 1 else ""
    if unweighted:
        yield f"{potential}: {label} is labeled and has no weight in the loss{where}."
        return
    least, most = share_text(min(low)), share_text(max(low))
    between = least if least == most else f"{least} to {most}"
    yield (
        f"{potential}: before the first step {label} has {between} of the loss{where}, so that the training follows "
        f"other labels. Raise `weights.{label}` where it matters."
    )
