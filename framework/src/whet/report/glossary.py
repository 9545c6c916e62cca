"""Glossary: what the headings of all tables mean, each said once, at the end of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from whet.report.outline import Outline, slug
from whet.report.tables import ShownTable


@dataclass(frozen=True)
class Entry:
    """anchor: its place on the page. where: title of the first section that uses it, and that section's place."""

    heading: str
    meaning: str
    anchor: str
    where: tuple[str, str]


class Glossary:
    """Entries in order of the alphabet. One heading may have several meanings, and then has an entry for each."""

    def __init__(self, outline: Outline) -> None:
        found: dict[tuple[str, str], Entry] = {}
        often: dict[str, int] = {}
        for chapter in outline.chapters:
            shown = (table for part in chapter.parts for table in part.tables.values() if table.shown)
            for heading, *_, meaning in (column for table in shown for column in ShownTable(table).headings()):
                if meaning and (heading, meaning) not in found:
                    name = slug(heading) or "column"
                    often[name] = often.get(name, 0) + 1
                    anchor = f"whet-meaning-{name}-{often[name]}"
                    found[heading, meaning] = Entry(heading, meaning, anchor, (chapter.title, chapter.anchor))
        self._found: Mapping[tuple[str, str], Entry] = found
        self.entries = sorted(found.values(), key=lambda one: one.heading.casefold())

    def anchor(self, heading: str, meaning: str) -> str:
        """Place of the entry of a column."""
        return self._found[heading, meaning].anchor
