"""What is drawn inside moves nobody else's random numbers, also where it ends in an exception."""

from __future__ import annotations

import random

import numpy as np
import pytest

from whet import kept_random_state


@pytest.mark.parametrize("fails", [False, True])
def test_shared_generators_go_on_as_if_nothing_was_drawn(fails: bool) -> None:
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    wanted = random.random(), float(np.random.random())  # noqa: NPY002
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    try:
        with kept_random_state():
            random.random()
            np.random.random(5)  # noqa: NPY002
            if fails:
                raise ValueError
    except ValueError:
        assert fails
    assert (random.random(), float(np.random.random())) == wanted  # noqa: NPY002
