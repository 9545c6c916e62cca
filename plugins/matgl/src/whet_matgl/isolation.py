"""Isolation: what importing matgl does to the disk is undone, and what it does to the process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from whet_torch import isolation


@contextmanager
def untouched() -> Iterator[None]:
    """As `whet_torch.isolation.untouched`; matgl may be imported within.

    The cache folder that it then makes is gone afterwards where it was not there.
    """
    cache = _absent_cache()
    try:
        with isolation.untouched():
            yield
    finally:
        for folder in cache:
            with suppress(OSError):  # somebody keeps something in it
                folder.rmdir()


def _absent_cache() -> list[Path]:
    """The folders of matgl's cache that are not there, innermost first."""
    with suppress(RuntimeError):  # nobody's home
        cache = Path.home() / ".cache" / "matgl"
        return [folder for folder in (cache, cache.parent) if not folder.exists()]
    return []
