"""Content identities: the one way in which anything in Whet gets a key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

JSON = Any  # what json.dumps takes: str, int, float, bool, None, lists and string-keyed mappings of these

_digests: dict[tuple[str, int, int], str] = {}


def canonical(value: JSON) -> str:
    """JSON with sorted keys and no spaces; floats by their shortest exact form. ValueError on NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def key_of(value: JSON) -> str:
    """32 hexadecimal digits that identify a JSON value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:32]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, remembered in this process by path, size and modification time.

    Of a folder that of the names and contents of all its files.
    """
    if path.is_dir():
        inside = sorted(inner for inner in path.rglob("*") if inner.is_file())
        return hashlib.sha256(
            canonical([[str(inner.relative_to(path)), file_digest(inner)] for inner in inside]).encode()
        ).hexdigest()
    status = path.stat()
    seen = (str(path.resolve()), status.st_size, status.st_mtime_ns)
    if seen not in _digests:
        _digests[seen] = fresh_digest(path)
    return _digests[seen]


def forget_digests() -> None:
    """Files are read anew from here on: for those who must not trust a size and a time of modification."""
    _digests.clear()


def fresh_digest(path: Path) -> str:
    """SHA-256 of what is in the file now: size and modification time can be set to those of another content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def without_none(mapping: Mapping[str, JSON]) -> dict[str, JSON]:
    """The mapping less its unset keys: a new option whose default is None moves no key."""
    return {key: value for key, value in mapping.items() if value is not None}
