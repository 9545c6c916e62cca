"""The built-in analyses, one file each: what it wants of a study, what it computes with `bias/`, what it shows."""

from __future__ import annotations

from whet.contracts.analysis import Analysis
from whet.plugins.discovery import classes_in
from whet.plugins.hookspecs import hookimpl

whet_api = 1


@hookimpl
def analyses() -> list[type[Analysis]]:
    """Every analysis in this room."""
    return classes_in(__name__, __path__, Analysis)
