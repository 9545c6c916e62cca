"""Tables: rounded on the page, whole in the CSV."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from whet.contracts.findings import Cell, Column, Estimate, Table
from whet.report.tables import MOST, ShownTable, csv_of


def read(table: Table) -> list[list[str]]:
    """The CSV, read again."""
    return list(csv.reader(io.StringIO(csv_of(table), newline="")))


def cells(column: Column, *values: Cell) -> list[str]:
    """How a page shows them, without markup."""
    rows = ShownTable(Table("a", "", [column], [[value] for value in values])).rows()
    return [row[0][0].striptags().replace("\xa0", " ") for row in rows]


def test_csv_has_every_digit_and_hidden_columns() -> None:
    columns = (
        Column("who"),
        Column("error", "eV/Å", interval=True, spread=True),
        Column("hidden", shown=False),
        Column("empty"),
    )
    rows = [["a <b>", Estimate(0.123456789, (0.1, 0.2), 0.01, 3), 7, None], ["b", Estimate(0.5), 8, None]]
    table = Table("name", "caption", columns, rows)
    heads = ["error (eV/Å)", "error 95 % low (eV/Å)", "error 95 % high (eV/Å)", "error SD over seeds (eV/Å)"]
    assert read(table) == [
        ["who", *heads, "hidden", "empty"],
        ["a <b>", "0.123456789", "0.1", "0.2", "0.01", "7", ""],
        ["b", "0.5", "", "", "", "8", ""],
    ]
    shown = ShownTable(table)
    assert [heading[:2] for heading in shown.headings()] == [("who", ""), ("error", "(eV/Å)")]
    first, second = shown.rows()[0]
    assert first == ("a &lt;b&gt;", "word")
    assert second[0].striptags() == "0.12 ± 0.01 [0.10, 0.20]"


def test_cells_are_readable() -> None:
    assert cells(Column("a"), True, False) == ["yes", "no"]
    assert cells(Column("a"), -1200, 3) == ["−1,200", "3"]
    assert cells(Column("a"), None, 0.25, float("nan")) == ["–", "0.25", "–"]
    assert cells(Column("a", decimals=3), 0.5, 1.0) == ["0.500", "1.000"]
    assert cells(Column("a", percent=True), 0.125, None, 1) == ["12 %", "–", "100 %"]
    assert cells(Column("a", interval=True, brief=True), Estimate(0.51, (0.4, 0.6))) == ["0.51"]
    assert cells(Column("a", interval=True), Estimate(None), Estimate(0.51, (0.4, 0.6))) == ["–", "0.51 [0.40, 0.60]"]
    share = Estimate(0.39, (0.35, 0.44), 0.02, 3)
    assert cells(Column("a", percent=True, interval=True, spread=True), share) == ["39 % ± 2 [35, 44]"]


def test_a_table_read_from_a_store_is_shown_as_it_was() -> None:
    columns = (Column("who"), Column("error", "eV", interval=True, spread=True), Column("ok"))
    table = Table("name", "", columns, [["a", Estimate(0.5, (0.4, 0.6), 0.1, 3), True], ["b", Estimate(None), False]])
    again = Table.from_json(table.as_json())
    assert csv_of(again) == csv_of(table)
    assert ShownTable(again).rows() == ShownTable(table).rows()


def test_long_tables_scroll_and_say_so() -> None:
    def size(rows: int) -> str:
        return ShownTable(Table("a", "", [Column("a")], [[1]] * rows)).size

    assert size(5) == ""
    assert size(60) == "60 rows: scroll for more."
    assert size(MOST + 1) == f"The first {MOST} of {MOST + 1} rows; the CSV has all."


numbers = st.floats() | st.integers() | st.none()
estimates = st.builds(
    Estimate, st.floats() | st.none(), st.none() | st.tuples(st.floats(), st.floats()), st.none() | st.floats()
)


@given(st.lists(st.tuples(st.text(), numbers, estimates), min_size=1, max_size=8), st.booleans())
def test_no_number_and_no_word_breaks_a_table(rows: list[tuple[str, Cell, Estimate]], percent: bool) -> None:
    columns = (Column("a"), Column("b", percent=percent), Column("c", percent=percent, interval=True, spread=True))
    table = Table("odd", "", columns, rows)
    assert len(read(table)) == len(rows) + 1
    for row in ShownTable(table).rows():
        assert all("nan" not in text and "inf" not in text for text, kind in row if kind == "number")


def test_numbers_of_many_kinds_are_rounded_each_as_its_kind_needs() -> None:
    columns = (Column("quantity"), Column("value", decimals={"wells": 0}, by="quantity"))
    rows = [["modulus", 47.83], ["ratio", 0.0351], ["wells", 2.0], ["modulus", 120.4]]
    table = Table.from_json(Table("mixed", "Mixed.", columns, rows).as_json())
    assert [str(row[1][0]) for row in ShownTable(table).rows()] == ["48", "0.035", "2", "120"]
