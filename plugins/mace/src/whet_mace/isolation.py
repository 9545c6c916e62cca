"""Isolation: what MACE does to the process when it is imported, loaded or run is undone."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

SWITCH = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"
"""Environment variable that importing mace sets: torch.load then runs code out of any file."""


@contextmanager
def untouched() -> Iterator[None]:
    """Within the block MACE may be imported and models loaded.

    Afterwards the environment variable, the default dtype, the random states and the root logger are as before, and
    nothing was printed.
    """
    import logging
    import random
    import warnings

    import numpy as np
    import torch

    switch, dtype = os.environ.get(SWITCH), torch.get_default_dtype()
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 -- the legacy state is global
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        # With a handler there, mace's first message does not install one of its own.
        root.handlers = handlers or [logging.NullHandler()]
        with torch.random.fork_rng(devices=[]), redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.handlers, root.level = handlers, level
        np.random.set_state(legacy)  # noqa: NPY002
        random.setstate(python)
        torch.set_default_dtype(dtype)
        if switch is None:
            os.environ.pop(SWITCH, None)
        else:
            os.environ[SWITCH] = switch


@contextmanager
def default_dtype(name: str) -> Iterator[None]:
    """Within the block torch's default dtype is `name`: MACE makes its graphs in it."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, name))
    try:
        yield
    finally:
        torch.set_default_dtype(before)
