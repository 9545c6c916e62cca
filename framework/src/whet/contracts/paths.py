"""Paths as options: one is an option of a type that is declared here, and never a word that a file happens to have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from whet.data.input_files import full_path, located


@dataclass(frozen=True)
class Written:
    """Where a user wrote options: in `folder` relative paths start. names: words that are no paths in any case."""

    folder: Path
    names: Collection[str] = ()


def _full(given: str, info: ValidationInfo) -> str:
    # Options of a component have their full paths, or `file:ROLE`, already: nobody wrote them.
    written = info.context
    return str(full_path(located(given, written.folder))) if isinstance(written, Written) and given else given


def _full_if_path(given: str, info: ValidationInfo) -> str:
    written = info.context
    if not isinstance(written, Written) or given in written.names:
        return given
    is_path = "/" in given or given.startswith("~") or _exists(written.folder / given)
    return _full(given, info) if is_path else given


def _full_if_file(given: str, info: ValidationInfo) -> str:
    return _full_if_path(given, info) if "/" in given or "." in given else given


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or one that can be none
        return False


FilePath = Annotated[str, AfterValidator(_full)]
"""The path of a file: relative to the study file's folder, on the command line to the working directory."""

FolderPath = Annotated[str, AfterValidator(_full)]
"""The path of a folder, as `FilePath`; an empty one stays empty."""

ModelPath = Annotated[str, AfterValidator(_full_if_path)]
"""The name of a published model, else the path of one's own. A published name comes before a file of that name."""

NameOrPath = Annotated[str, AfterValidator(_full_if_file)]
"""A name that the backend knows, or a path: what has a slash, or the name and ending of a file that is there."""
