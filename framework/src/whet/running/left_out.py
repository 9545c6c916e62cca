"""left_out: files of finished steps that whoever exported a store left out on purpose."""

from __future__ import annotations

from pathlib import Path

from whet.data.durable import read_json
from whet.data.errors import StoreError

NAME = "left-out.json"
"""In the store: a list of paths in it."""


def left_out(root: Path) -> frozenset[str]:
    """Paths in the store, as results name them."""
    path = root / NAME
    try:
        said = read_json(path) if path.is_file() else []
    except StoreError:
        return frozenset()
    return frozenset(map(str, said)) if isinstance(said, list) else frozenset()
