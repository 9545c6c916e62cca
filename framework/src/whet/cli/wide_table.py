"""print_wide_table: a table of results, in blocks of columns where the terminal is narrower."""

from __future__ import annotations

from collections.abc import Sequence

from whet.cli.terminal import GAP, least_width, print_table, say, width


def print_wide_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int]) -> None:
    """A table on standard output. right: numbers of the columns of figures.

    Each block begins with the columns of words that stand before the first of figures: they say which row it is. Where
    these leave no room, or a column is of sentences, lines are as `print_table` makes them.
    """
    names = list(range(min(right, default=len(headings))))
    others = list(range(len(names), len(headings)))
    widths = [least_width(heading, [row[place] for row in rows], True) for place, heading in enumerate(headings)]
    room = width() - sum(widths[place] + GAP for place in names)
    if others and room < max(widths[place] for place in right):
        print_table(headings, rows, right=right)
        return
    blocks: list[list[int]] = [[]]
    for place in others:
        taken = sum(widths[one] + GAP for one in (*blocks[-1], place)) - GAP
        if taken > room and blocks[-1]:
            blocks.append([])
        blocks[-1].append(place)
    for number, block in enumerate(blocks):
        if number:
            say()
        shown = [*names, *block]
        cells = [[row[place] for place in shown] for row in rows]
        figures = [n for n, place in enumerate(shown) if place in right]
        fits = sum(widths[place] + GAP for place in shown) - GAP <= width()
        print_table([headings[place] for place in shown], cells, right=figures, whole=fits)
