"""Numbers as a reader wants them: as many decimals as a column needs, one minus sign, no string of zeros."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from whet.bias.resampling import Interval

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_DECIMALS = 4
HUGE = 1e5
NARROW = "\N{NO-BREAK SPACE}"
"""Between a number and its unit: no line ends there."""


@dataclass(frozen=True)
class Estimate:
    """A number with what is known of its uncertainty.

    interval: 95 %, bootstrap over frames; None where there are too few. spread: standard deviation over `seeds`
    repetitions, None for one.
    """

    value: float | None
    interval: Interval = None
    spread: float | None = None
    seeds: int = 1

    @classmethod
    def over(cls, values: Sequence[float | None], interval: Interval) -> Estimate:
        """The mean over seeds; `interval` is that of the mean. No value where one of the seeds has none."""
        known = [value for value in values if value is not None]
        if not known or len(known) < len(values):
            return cls(None, seeds=len(values))
        mean = sum(known) / len(known)
        off = sum((value - mean) ** 2 for value in known)
        spread = math.sqrt(off / (len(known) - 1)) if len(known) > 1 else None
        return cls(mean, interval, spread, len(known))


def decimals_for(values: Iterable[float | None], significant: int = 2) -> int:
    """Decimals that show the smallest of the values with so many significant digits; 4 at most."""
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    if not sizes:
        return 0
    # What is a thousandth of the largest need not be resolved.
    smallest = max(min(sizes), max(sizes) / 1000)
    return min(max(significant - 1 - math.floor(math.log10(smallest)), 0), MOST_DECIMALS)


def shown(value: float | None, decimals: int, *, sign: bool = False, tiny: bool = True) -> str:
    """`0.0351`, `−7.5`, `431,732`, `4.3×10⁻⁹` (without `tiny`: `0.0000`); `–` for None."""
    if value is None or not math.isfinite(value):
        return "–"
    small = abs(value) < 0.5 * 10.0**-decimals
    if small and not (tiny and abs(value) > 1e-12):
        return f"{0:.{decimals}f}"
    if small or abs(value) >= HUGE:
        mantissa, exponent = f"{value:.1e}".split("e")
        text = f"{mantissa}×10{str(int(exponent)).translate(SUPERSCRIPTS)}"
    else:
        text = f"{value:,.{decimals}f}"
    return ("+" if sign and value > 0 else "") + text.replace("-", "−")


def with_interval(estimate: Estimate, decimals: int, *, sign: bool = False, unit: str = "") -> str:
    """`0.738 [0.731, 0.745]`, the unit before the interval."""
    text = shown(estimate.value, decimals, sign=sign) + (f" {unit}" if unit else "")
    if estimate.value is None:
        return text
    if estimate.interval is not None:
        low, high = (shown(end, decimals, sign=sign, tiny=False) for end in estimate.interval)
        text += f" [{low}, {high}]"
    return text


def percent(value: float | None, decimals: int = 0, *, sign: bool = False) -> str:
    """`39 %`."""
    return "–" if value is None else shown(100 * value, decimals, sign=sign) + f"{NARROW}%"


def duration(seconds: float) -> str:
    """`24 s`, `12 min`, `3.5 h`, `4.2 days`."""
    if seconds < 0.1:
        return f"<{NARROW}0.1{NARROW}s"
    if seconds < 90:
        return f"{seconds:.0f}{NARROW}s" if seconds >= 10 else f"{seconds:.1f}{NARROW}s"
    if seconds < 5400:
        return f"{seconds / 60:.0f}{NARROW}min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.1f}{NARROW}h"
    return f"{seconds / 86400:.1f}{NARROW}days"


def count(number: int, noun: str) -> str:
    """`1 frame`, `6 frames`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
