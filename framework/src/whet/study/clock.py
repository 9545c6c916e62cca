"""time_on_the_clock: how long steps ran, where several may have run side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any


def time_on_the_clock(measured: Iterable[Mapping[str, Any]]) -> float:
    """Seconds in which at least one step ran: no more than their work, and without the pauses between runs.

    measured: of each step, when it `started` (s) and the `seconds` of its work. Steps of one batch started together,
    and each has its share of the batch's time. One whose start is not known counts with all of its work.
    """
    ran: defaultdict[float, float] = defaultdict(float)
    total = 0.0
    for one in measured:
        seconds = float(one.get("seconds", 0.0))
        if "started" in one:
            ran[one["started"]] += seconds
        else:
            total += seconds
    end = 0.0
    for start, seconds in sorted(ran.items()):
        total += max(0.0, start + seconds - max(start, end))
        end = max(end, start + seconds)
    return total
