"""Gathered: what the last states of a strategy were trained on, and what of it differs between two strategies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from whet.analyses.parts.loss_notes import LEAST_SHARE, share_text, shares
from whet.contracts.ports import FineTuning
from whet.data.numbers import count

TERMS = {"relative energies": "energy"}
"""Quantity that is compared -> its term in a loss, where that is called otherwise."""


@dataclass(frozen=True)
class Gathered:
    """Of all seeds of one strategy.

    train, valid: numbers of frames, one a seed. starts: from how many starting structures; None where that is not
    known. shares: term of the loss -> its shares before the first step, one a seed that knows it.
    """

    train: Sequence[int] = ()
    valid: Sequence[int] = ()
    starts: int | None = None
    shares: Mapping[str, Sequence[float]] | None = None

    @classmethod
    def of(cls, tuned: Iterable[FineTuning], starts: int | None) -> Self:
        """Of the fine-tunings that made its last states."""
        found = list(tuned)
        known: dict[str, list[float]] = {}
        for one in found:
            for term, share in shares(one).items():
                known.setdefault(term, []).append(share)
        return cls([one.train for one in found], [one.valid for one in found], starts, known)

    @property
    def labels(self) -> str:
        """`10 labels`, `9–10 labels` where seeds differ, `unknown labels`."""
        each = {train + valid for train, valid in zip(self.train, self.valid, strict=True)}
        if not each:
            return "unknown labels"
        return count(min(each), "label") if len(each) == 1 else f"{_span(list(each))} labels"


def differences(first: Gathered, second: Gathered) -> str:
    """A sentence on what else differs in their data, the first against the second; empty where nothing is known to."""
    found = []
    if first.starts and second.starts and first.starts != second.starts:
        found.append(f"{count(first.starts, 'starting structure')} against {second.starts}")
    if first.train and second.train:
        ours, theirs = ((_span(one.train), _span(one.valid)) for one in (first, second))
        if ours != theirs:
            found.append(f"{ours[0]} training and {ours[1]} validation frames against {theirs[0]} and {theirs[1]}")
    return f"Their data differ in more than who sampled them: {', '.join(found)}." if found else ""


def small_shares(quantities: Iterable[str], first: Gathered, second: Gathered) -> Iterator[str]:
    """A sentence for each quantity that had little weight in the loss of either."""
    for quantity in dict.fromkeys(quantities):
        term = TERMS.get(quantity, quantity)
        known = [(one.shares or {}).get(term, ()) for one in (first, second)]
        if all(known) and min(map(min, known)) < LEAST_SHARE:
            ours, theirs = (share_text(sum(each) / len(each)) for each in known)
            both = ours if ours == theirs else f"{ours} against {theirs}"
            yield f"Before the first step {term} had {both} of the loss."


def _span(numbers: Sequence[int]) -> str:
    return f"{numbers[0]}" if len(set(numbers)) == 1 else f"{min(numbers)}–{max(numbers)}"
