"""Parts of the page: sections with text, figures and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.report.pictures import Picture
from whet.report.tables import Table

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Answer:
    """A question that every reader has, and its answer in a few lines. aside: below the figure."""

    question: str
    lines: Sequence[str | Markup]
    aside: bool = False


@dataclass(frozen=True)
class Section:
    """One section of the page. Text that is no Markup is escaped. answers stand beside the first picture."""

    title: str
    text: Sequence[str | Markup] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str | Markup] = ()
    answers: Sequence[Answer] = ()

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return slug(self.title)


def slug(text: str) -> str:
    """Letters, digits and hyphens only: safe in file names, links and ids. May be empty."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
