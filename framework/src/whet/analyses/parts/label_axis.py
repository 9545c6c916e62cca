"""LabelAxis: labels on a logarithmic axis, with places for none and for one factor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

MOST_TICKS = 6


class LabelAxis:
    """Labels on a logarithmic axis, with places for none and for one factor left of it."""

    def __init__(self, sizes: Sequence[float]) -> None:
        low, high = math.log10(sizes[0]), math.log10(sizes[-1])
        step = max(0.22 * (high - low), 0.12)
        self.zero, self.once, self.high = low - 2 * step, low - step, high + 0.25 * step
        self.gap = (self.once + low) / 2
        # Few enough ticks, far enough apart, to be readable as labels.
        room = max((high - low) / MOST_TICKS, 1e-9)
        self.ticks = [sizes[0]]
        for size in sizes[1:]:
            if math.log10(size / self.ticks[-1]) >= room:
                self.ticks.append(size)

    @classmethod
    def of(cls, labels: Sequence[float]) -> LabelAxis:
        return cls(sorted(set(labels)))

    def encoding(self) -> dict[str, Any]:
        """Of x, whose field is `place`."""
        once, near = f"abs(datum.value - {self.once}) < 1e-6 ? ['factor', 'only']", f"datum.value < {self.gap}"
        values = [self.zero, self.once, *(math.log10(size) for size in self.ticks)]
        labels = f"{once} : {near} ? '0' : format(pow(10, datum.value), '.3~g')"
        axis = {"values": values, "labelExpr": labels, "grid": False, "labelOverlap": False}
        scale = {"domain": [self.zero - 0.25 * (self.gap - self.once), self.high], "zero": False, "nice": False}
        return {"field": "place", "type": "quantitative", "title": "labels", "axis": axis, "scale": scale}
