"""Reproducibility: the same bits from the same input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reproducible() -> Iterator[None]:
    """Within the block torch gives the same bits for the same input on a CPU, with any number of threads.

    Else, with several threads, the gradient of indexing adds in any order.
    """
    import torch

    strict, warn = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    # On a GPU some of these operations have no such variant, and torch would complain at each.
    torch.use_deterministic_algorithms(strict or not torch.cuda.is_available(), warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict, warn_only=warn)
