"""Settings of Sphinx: `make docs`."""

from __future__ import annotations

import importlib.metadata
import re
from typing import Any

project = "Whet"
author = "The Whet developers"
release = importlib.metadata.version("whet")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "conformance"]
html_theme = "furo"
html_title = f"Whet {release}"

myst_heading_anchors = 3
# Links to files of the repository, which the built pages do not have; tests/rules/test_docs.py checks those.
suppress_warnings = ["myst.xref_missing"]

autodoc_typehints = "none"
autodoc_member_order = "bysource"


def as_restructured_text(app: Any, what: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    """Docstrings are Markdown: `words` in backticks, and tables, which become literal blocks."""
    made: list[str] = []
    for line in lines:
        is_row = line.lstrip().startswith("|")
        if is_row and not (made and made[-1].startswith("   |")):
            made += ["", "::", ""]
        made.append(f"   {line.strip()}" if is_row else re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line))
    lines[:] = made


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", as_restructured_text)
