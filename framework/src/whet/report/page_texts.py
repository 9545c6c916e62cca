"""PageTexts: what interactive pages of a report are made of, each text once however many pages use it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from whet.contracts.interactive_page import InteractivePage


@dataclass(frozen=True)
class PageTexts:
    """texts: digest -> a document or a script, gzipped, in base64. contents: of which each page consists, as JSON."""

    texts: Mapping[str, str]
    contents: str

    @classmethod
    def of(cls, pages: Mapping[str, InteractivePage]) -> PageTexts:
        """Of the pages by the names of their figures. InputError where a file that a step kept is gone or damaged."""
        texts = {text.digest: text for page in pages.values() for text in (*page.scripts, page.html)}
        said = {name: {**page.as_json(), "names": dict(page.names)} for name, page in pages.items()}
        # Nothing in it ends a script element.
        contents = json.dumps(said, ensure_ascii=True).replace("<", "\\u003c")
        return cls({digest: text.base64 for digest, text in texts.items()}, contents)
