"""InteractivePage: a self-contained HTML document that a figure opens at a click."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from html.parser import HTMLParser
from typing import Any, Self

from whet.data.packed_text import PackedText

MOST_BYTES = 6_000_000
"""Of a document and its scripts together, gzipped. In a report they take a third more."""

REFERS = ("src", "srcset", "href", "xlink:href", "data", "action", "formaction", "poster", "background", "manifest")
"""Attributes by which a document loads something or leads somewhere."""

INSIDE = re.compile(r"#|data:|blob:|about:|javascript:|$", re.I)
IN_STYLE = re.compile(r"@import[^;]*|url\(\s*['\"]?(?!\s*(?:['\"]?#|data:|blob:))[^)]*\)?", re.I)


class InteractivePage:
    """A document that a report holds, and starts where a reader asks for it.

    It runs in a frame of its own, from which neither the network nor the report can be reached: all that it needs is
    inside. A step keeps it in files beside its findings, gzipped, and so does the report. What many pages use, such
    as a plotting library, belongs into `scripts`: a report has each of them once.

    Before anything of it runs, there is an object `whet` in its window: `whet.isDark`, whether the report is, and
    `whet.names`, which of a potential's name in the study gives the one that people read.
    """

    def __init__(self, html: str, scripts: Sequence[str] = (), *, opens: str = "Open the interactive figure") -> None:
        """html: the document. scripts: JavaScript that runs before that of the document. opens: words on the button."""
        self.html = PackedText.of(html)
        self.scripts = tuple(map(PackedText.of, scripts))
        self.opens = opens
        self.names: Mapping[str, str] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InteractivePage) and (self.as_json(), self.names) == (other.as_json(), other.names)

    def __hash__(self) -> int:
        return hash(self.html)

    def named(self, names: Mapping[str, str]) -> Self:
        """The same page, told what people read for the names of potentials."""
        found = self._of(self.html, self.scripts, self.opens)
        found.names = dict(names)
        return found

    @property
    def files(self) -> dict[str, PackedText]:
        """What a step keeps of it: role -> text."""
        return {_role(text.digest): text for text in (self.html, *self.scripts)}

    def check(self) -> None:
        """ValueError, with what is wrong with it, where it refers to anything outside or is too large."""
        if found := next(_outside(self.html.text), ""):
            raise ValueError(f"refers to what is not inside it: {found}")
        if (size := sum(len(text.read()) for text in self.files.values())) > MOST_BYTES:
            raise ValueError(f"has {size / 1e6:.1f} MB gzipped, and may have {MOST_BYTES / 1e6:g} MB")
        if not self.opens.strip():
            raise ValueError("has no words for its button")

    def as_json(self) -> dict[str, Any]:
        """Plain data, which names its texts; `InteractivePage.from_json` reads it back."""
        return {"html": self.html.digest, "scripts": [text.digest for text in self.scripts], "opens": self.opens}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], left: Callable[[str], bytes]) -> Self:
        """The page that `as_json` described. left: what the step kept in a role; asked when a text is needed."""
        return cls._of(_kept(data["html"], left), [_kept(one, left) for one in data["scripts"]], data["opens"])

    @classmethod
    def _of(cls, html: PackedText, scripts: Sequence[PackedText], opens: str) -> Self:
        found = cls.__new__(cls)
        found.html, found.scripts, found.opens, found.names = html, tuple(scripts), opens, {}
        return found


def _role(digest: str) -> str:
    return f"page-{digest[:32]}"


def _kept(digest: str, left: Callable[[str], bytes]) -> PackedText:
    return PackedText(digest, cache(lambda: left(_role(digest))))


def _outside(html: str) -> Iterator[str]:
    """What a document refers to that is not in it."""
    found = _References()
    found.feed(html)
    found.close()
    yield from found.outside


class _References(HTMLParser):
    """Gathers what leads out of a document."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.outside: list[str] = []
        self._is_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Of HTMLParser."""
        self._is_style = tag == "style"
        if tag == "base" or (tag == "meta" and ("http-equiv", "refresh") in [(k, (v or "").lower()) for k, v in attrs]):
            self.outside.append(f"<{tag}>")
        for name, value in attrs:
            if name in REFERS and not INSIDE.match((value or "").strip()):
                self.outside.append(f'<{tag} {name}="{(value or "").strip():.60}">')
            elif name == "style":
                self._style(value or "")

    def handle_data(self, data: str) -> None:
        """Of HTMLParser."""
        if self._is_style:
            self._style(data)

    def handle_endtag(self, tag: str) -> None:
        """Of HTMLParser."""
        self._is_style = False

    def _style(self, rules: str) -> None:
        self.outside += [f"{found[0]:.60}" for found in IN_STYLE.finditer(rules)]
