"""The page on status and logs names every event with its fields, as the one list of events has them."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import get_args

from whet.running.events import EVENTS
from whet.study.study_state import Word

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "status-and-logs.md"
BEGIN, END = "<!-- events, as `whet.running.events` describes them -->\n", "<!-- end of events -->\n"


def events() -> str:
    """A table of all of them."""
    lines = ["| event | fields | when |", "|---|---|---|"]
    for name, kind in EVENTS.items():
        said = " ".join((kind.__doc__ or "").split())
        named = ", ".join(f"`{one.name}`" for one in fields(kind))
        lines.append(f"| `{name}` | {named} | {said} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The page with the table as it is to be."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "\n" + events() + "\n" + END + rest.partition(END)[2]


def test_the_page_lists_every_event() -> None:
    text = PAGE.read_text()
    assert text == page(text), f"stale: python {Path(__file__).name} writes it anew"


def test_the_page_explains_every_state() -> None:
    assert all(f"| {word} | " in PAGE.read_text() for word in get_args(Word))


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
    sys.stdout.write(f"{PAGE}\n")
