"""Numbers as a reader wants them: as many decimals as a column needs, one minus sign, no string of zeros."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MOST_DECIMALS = 4
HUGE = 1e5
NARROW = "\N{NO-BREAK SPACE}"
"""Between a number and its unit: no line ends there."""


class Estimated(Protocol):
    """What has a value and may have an interval: `whet.contracts.findings.Estimate`, which is of the floor above."""

    @property
    def value(self) -> float | None: ...

    @property
    def interval(self) -> tuple[float, float] | None: ...


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


def with_interval(estimate: Estimated, decimals: int, *, sign: bool = False, unit: str = "") -> str:
    """`0.738 [0.731, 0.745]`, the unit before the interval, beside which a value below the decimals is `0.000`."""
    is_alone = estimate.interval is None
    text = shown(estimate.value, decimals, sign=sign, tiny=is_alone) + (f" {unit}" if unit else "")
    if estimate.value is None:
        return text
    if estimate.interval is not None:
        low, high = (shown(end, decimals, sign=sign, tiny=False) for end in estimate.interval)
        text += f" [{low}, {high}]"
    return text


def percent(value: float | None, decimals: int = 0, *, sign: bool = False) -> str:
    """`39 %`."""
    return "–" if value is None else shown(100 * value, decimals, sign=sign, tiny=False) + f"{NARROW}%"


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


def amount(size: int) -> str:
    """`312 B`, `1.2 MB`, `35 GB`: of bytes, in powers of a thousand."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB", "PB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "B" and value < 9.95 else f"{value:.0f} {unit}"


def count(number: int, noun: str) -> str:
    """`1 frame`, `6 frames`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
