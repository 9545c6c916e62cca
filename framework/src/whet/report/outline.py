"""Outline: what goes where on the page, and what its files are called."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from whet.contracts.findings import Figure, Findings, Table, Verdict
from whet.study.record import Record
from whet.study.section import Section

FIRST = "In short"
"""Title of the first screen."""

RESERVED = ("table-", "figure-", "section-", "whet-", "in-short")
"""Beginnings of anchors that the page makes itself."""


@dataclass(frozen=True)
class Part:
    """What one run of an analysis found. tables, figures: by the names of their files, without ending.

    of: the names by which figures know the tables -> names of files. anchor: its place on the page.
    """

    findings: Findings
    anchor: str
    tables: Mapping[str, Table]
    figures: Mapping[str, Figure]
    of: Mapping[str, str]

    @property
    def named_tables(self) -> Mapping[str, Table]:
        """Its tables by the names by which figures know them."""
        return {table.name: table for table in self.findings.tables}

    @property
    def is_seen(self) -> bool:
        """Whether a page shows anything of it."""
        found = self.findings
        is_table_shown = any(table.shown for table in found.tables)
        return bool(is_table_shown or found.figures or found.verdicts or found.notes)


@dataclass(frozen=True)
class Chapter:
    """A section of the page. anchor: its place. definition, source: said once where all its parts say the same."""

    title: str
    anchor: str
    parts: Sequence[Part]
    definition: str = ""
    source: str = ""

    @property
    def is_first_screen(self) -> bool:
        """Whether it has the first screen's title, and goes on with it."""
        return self.title == FIRST

    @property
    def is_divided(self) -> bool:
        """Whether its parts need headings of their own."""
        return len([part for part in self.parts if part.is_seen]) > 1


@dataclass(frozen=True)
class Said:
    """A verdict on the first screen, and the part that it is from."""

    verdict: Verdict
    chapter: Chapter
    part: Part


class Outline:
    """Chapters of a record. Names of files and anchors are unique among all of them."""

    def __init__(self, record: Record) -> None:
        self._taken: set[tuple[str, str]] = set()
        sections = [section for section in record.sections if section.findings]
        self.chapters = [self._chapter(section) for section in sections]

    def parts(self) -> Iterator[Part]:
        """Of all chapters."""
        for chapter in self.chapters:
            yield from chapter.parts

    @property
    def leading(self) -> Mapping[str, Figure]:
        """Figures of the first screen: the prominent ones."""
        return {name: one for part in self.parts() for name, one in part.figures.items() if one.prominent}

    def in_short(self) -> Mapping[str, Sequence[Said]]:
        """Question -> prominent verdicts on it, in order of first appearance."""
        found: dict[str, list[Said]] = {}
        for chapter in self.chapters:
            for part in chapter.parts:
                for verdict in part.findings.verdicts:
                    if verdict.prominent:
                        found.setdefault(verdict.question, []).append(Said(verdict, chapter, part))
        return found

    def _chapter(self, section: Section) -> Chapter:
        title, own = section.findings[0].title or section.name, slug(section.name) or "section"
        wanted = slug(title) or own
        anchor = self._free("anchor", f"section-{wanted}" if wanted.startswith(RESERVED) else wanted, own)
        parts = [self._part(section, anchor, place) for place in range(len(section.findings))]
        definitions = {(one.definition, one.source) for one in section.findings}
        return Chapter(title, anchor, parts, *(definitions.pop() if len(definitions) == 1 else ("", "")))

    def _part(self, section: Section, anchor: str, place: int) -> Part:
        findings, ending = section.findings[place], ""
        if findings.label or len(section.findings) > 1:
            ending = "-".join(["", str(place + 1), *filter(None, [slug(findings.label)])])
        tables = {self._file(section, "table", one.name, ending): one for one in findings.tables}
        figures = {self._file(section, "figure", one.name, ending): one for one in findings.figures}
        of = {table.name: name for name, table in tables.items()}
        return Part(findings, self._free("anchor", f"{anchor}{ending or '-1'}"), tables, figures, of)

    def _file(self, section: Section, kind: str, name: str, ending: str) -> str:
        """NAME, or NAME-PLACE-LABEL; with the analysis's name before it where another's already has that."""
        plain = f"{slug(name) or kind}{ending}"
        return self._free(kind, plain, f"{slug(section.name) or 'section'}-{plain}")

    def _free(self, kind: str, *wanted: str) -> str:
        """The first of the names that is free; numbers go on from the last."""
        numbered = (f"{wanted[-1]}-{number}" for number in itertools.count(2))
        name = next(name for name in itertools.chain(wanted, numbered) if (kind, name) not in self._taken)
        self._taken.add((kind, name))
        return name


def slug(text: str) -> str:
    """Letters, digits and hyphens only: safe in file names, links and ids. May be empty."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
