"""opened_text and first_bytes: a file as text or bytes, whatever it is compressed with."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

MODULES = {"gz": "gzip", "bz2": "bz2", "xz": "lzma"}


def opened_text(path: Path) -> TextIO:
    """The file's text without a byte order mark, what is no UTF-8 replaced. OSError or EOFError for a damaged one."""
    found = _opener(path)
    text: Any = {"encoding": "utf-8-sig", "errors": "replace"}
    return found.open(path, "rt", **text) if found else path.open(**text)


def first_bytes(path: Path, count: int = 4096) -> bytes:
    """The beginning of the file, uncompressed. OSError or EOFError for a damaged one."""
    found = _opener(path)
    with found.open(path, "rb") if found else path.open("rb") as file:
        return file.read(count)


def _opener(path: Path) -> Any:
    suffix = path.suffix.lower().removeprefix(".")
    return import_module(MODULES[suffix]) if suffix in MODULES else None
