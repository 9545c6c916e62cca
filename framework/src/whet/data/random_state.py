"""kept_random_state: the random numbers that a whole process shares stay where they are, whoever draws from them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_random_state() -> Iterator[None]:
    """What is drawn inside from Python's and NumPy's shared generators moves nobody else's numbers."""
    import numpy as np

    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 -- the state that everybody shares
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002
