"""Numbers and tables: rounded for the eye, whole in the CSV."""

from __future__ import annotations

import csv
import io

import pytest

from whet.contracts.findings import Estimate
from whet.data.numbers import decimals_for, duration, percent, shown, with_interval
from whet.report.arms import estimate_over
from whet.report.drawing import Window, plain
from whet.report.parts import slug
from whet.report.tables import Column, Table


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


def test_an_estimate_over_seeds_needs_all_of_them():
    found = estimate_over([1.0, 3.0], (0.5, 3.5))
    assert (found.value, found.spread, found.seeds) == (2.0, pytest.approx(2**0.5), 2)
    assert estimate_over([1.0, None], None).value is None


def test_durations_and_shares():
    spaced = [duration(seconds).replace("\xa0", " ") for seconds in (0.01, 4.2, 45, 600, 9000, 400000)]
    assert spaced == ["< 0.1 s", "4.2 s", "45 s", "10 min", "2.5 h", "4.6 days"]
    assert percent(0.391).replace("\xa0", " ") == "39 %"


def test_csv_has_every_digit_and_hidden_columns():
    columns = (
        Column("who"),
        Column("error", "eV/Å", interval=True, spread=True),
        Column("hidden", shown=False),
        Column("empty"),
    )
    rows = [["a <b>", Estimate(0.123456789, (0.1, 0.2), 0.01, 3), 7, None], ["b", Estimate(0.5), 8, None]]
    table = Table("name", "caption", columns, rows)
    read = list(csv.reader(io.StringIO(table.csv())))
    heads = ["error (eV/Å)", "error 95 % low (eV/Å)", "error 95 % high (eV/Å)", "error SD over seeds (eV/Å)"]
    assert read[0] == ["who", *heads, "hidden", "empty"]
    assert read[1] == ["a <b>", "0.123456789", "0.1", "0.2", "0.01", "7", ""]
    assert read[2] == ["b", "0.5", "", "", "", "8", ""]
    assert [heading for heading, _ in table.headings()] == ["who", "error (eV/Å)"]
    first = [str(text) for text, _ in table.shown()[0]]
    assert first[0] == "a &lt;b&gt;"
    assert first[1].startswith("0.12 ")
    assert "[0.10, 0.20]" in first[1]


def test_names_for_files_and_figures():
    assert slug("../Test <b> 50") == "test-b-50"
    assert slug("Å") == ""
    assert plain("$x$") == r"\$x\$"
    assert len(plain("x" * 100)) == 40


def test_window_leaves_out_what_exploded():
    window = Window.around([0.6, 1.0], [0.6, 0.98, 7.6], least=0.1)
    assert window.beyond(7.6) == 1
    assert window.beyond(0.98) == 0
    assert window.clipped(7.6) == window.high
