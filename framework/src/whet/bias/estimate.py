"""Estimates over seeds: the mean of repeated fine-tunings, and how far they are apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

from whet.contracts.findings import Estimate, Interval


def over_seeds(values: Sequence[float | None], interval: Interval = None) -> Estimate:
    """The mean over seeds and their standard deviation; interval: that of the mean.

    No value where one of the seeds has none: a mean over the others would say something else.
    """
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return Estimate(None, seeds=len(values))
    mean = sum(known) / len(known)
    off = sum((value - mean) ** 2 for value in known)
    spread = math.sqrt(off / (len(known) - 1)) if len(known) > 1 else None
    return Estimate(mean, interval, spread, len(known))
