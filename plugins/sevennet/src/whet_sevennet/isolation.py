"""Isolation: how e3nn builds modules is set for a while, and set back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def eager() -> Iterator[None]:
    """Within the block e3nn builds plain modules: TorchScript is no faster here, and slow in its first calls."""
    from e3nn import get_optimization_defaults, set_optimization_defaults  # pyright: ignore[reportMissingImports]

    before = get_optimization_defaults()
    set_optimization_defaults(jit_script_fx=False)
    try:
        yield
    finally:
        # e3nn 0.6 turns the older switch into the newer one, `jit_mode`: that one goes last.
        set_optimization_defaults(**dict(sorted(before.items(), key=lambda item: item[0] == "jit_mode")))
