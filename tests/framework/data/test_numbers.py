"""Numbers as a reader wants them."""

from __future__ import annotations

import pytest

from whet.contracts.findings import Estimate
from whet.data.numbers import count, decimals_for, duration, percent, shown, with_interval


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.03514, 4, "0.0351"),
        (-7.5, 1, "−7.5"),
        (12345.6, 0, "12,346"),
        (431732.1, 1, "4.3×10⁵"),
        (0.0000123, 4, "1.2×10⁻⁵"),
        (0.0, 3, "0.000"),
        (1e-17, 2, "0.00"),
        (None, 2, "–"),
        (float("nan"), 2, "–"),
    ],
)
def test_numbers_are_readable(value, decimals, text):
    assert shown(value, decimals) == text


def test_decimals_resolve_the_smallest_but_no_specks():
    assert decimals_for([0.0351, 0.0044]) == 4
    assert decimals_for([431732.0, 5.0]) == 0
    assert decimals_for([0.9, 1e-9]) == 4
    assert decimals_for([]) == 0


def test_estimates_are_written_with_interval_and_unit():
    assert with_interval(Estimate(0.738, (0.731, 0.745)), 3) == "0.738 [0.731, 0.745]"
    assert with_interval(Estimate(-0.1, (-0.2, 0.1)), 1, sign=True, unit="eV/Å") == "−0.1 eV/Å [−0.2, +0.1]"
    assert with_interval(Estimate(None), 3) == "–"
    assert with_interval(Estimate(-6e-8, (-3e-7, 2e-7)), 1) == "0.0 [0.0, 0.0]"
    assert with_interval(Estimate(4.3e-9), 4) == "4.3×10⁻⁹"


def test_durations_and_shares():
    spaced = [duration(seconds).replace("\xa0", " ") for seconds in (0.01, 4.2, 45, 600, 9000, 400000)]
    assert spaced == ["< 0.1 s", "4.2 s", "45 s", "10 min", "2.5 h", "4.6 days"]
    assert percent(0.391).replace("\xa0", " ") == "39 %"


def test_counts():
    assert [count(number, "frame") for number in (0, 1, 1200)] == ["0 frames", "1 frame", "1,200 frames"]
