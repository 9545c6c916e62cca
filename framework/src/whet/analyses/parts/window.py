"""Window: the part of an axis that is drawn, so that one exploded prediction does not squeeze all others together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whet.contracts.findings import Estimate


@dataclass(frozen=True)
class Window:
    """From low to high, in the units of the axis."""

    low: float
    high: float

    @classmethod
    def around(cls, anchors: Sequence[float], values: Iterable[float], least: float = 0.0) -> Window:
        """Covers the anchors and every value no farther from them than they are apart (or `least`)."""
        near, far = min(anchors), max(anchors)
        span = max(far - near, least) or 1.0
        kept = [value for value in values if near - span <= value <= far + span] + list(anchors)
        pad = 0.06 * max(max(kept) - min(kept), min(least, 0.1), 1e-9)
        return cls(min(kept) - pad, max(kept) + pad)

    @classmethod
    def of(cls, ideal: float, untouched: Iterable[Estimate], every: Iterable[Estimate], least: float) -> Window:
        """Around the untouched potentials and where a perfect one is; bounds (no value) count up to 1 from there.

        An interval whose value is inside reaches as far as it goes, within three times the width that values have.
        """
        every = list(every)
        anchors = [ideal]
        for one in untouched:
            bounds = [min(max(end, ideal - 1), ideal + 1) for end in one.interval or ()]
            anchors += bounds if one.value is None else [one.value]
        values = [end for one in every for end in ([one.value] if one.value is not None else one.interval or ())]
        inner = cls.around(anchors, values, least)
        room = max(inner.high - inner.low, least)
        bars = [one.interval for one in every if one.interval and one.value is not None and not inner.beyond(one.value)]
        ends = [end for bar in bars for end in bar if inner.low - room <= end <= inner.high + room]
        low, high = min([inner.low, *ends]), max([inner.high, *ends])
        pad = 0.02 * (high - low)
        return cls(low - pad * (low < inner.low), high + pad * (high > inner.high))

    def beyond(self, value: float | None) -> int:
        """1 above, -1 below, 0 inside or nowhere."""
        return 0 if value is None else (value > self.high) - (value < self.low)

    def cuts(self, one: Estimate) -> bool:
        """Whether an interval goes on outside."""
        return any(self.beyond(end) for end in one.interval or ())

    def clipped(self, value: float) -> float:
        """The nearest value inside."""
        return min(max(value, self.low), self.high)
