"""Isolation: what importing, building and running upstream packages does to the process is undone."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from whet import kept_random_state


@contextmanager
def untouched() -> Iterator[None]:
    """Within the block upstream packages may be imported, and their models built, loaded, run and trained.

    Afterwards environment variables, warning filters, the root logger, torch's default dtype and the random states of
    torch, NumPy and Python are as before, and nothing was printed. Within, warnings are silent, and whatever the
    caller does, the default dtype is float32 and gradients can be taken.
    """
    import logging
    import warnings

    import torch

    variables, dtype = dict(os.environ), torch.get_default_dtype()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    # Asking for the state of a GPU that nobody uses would start it.
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    try:
        # With a handler there, an upstream's first message does not install one of its own.
        root.handlers = [*handlers] or [logging.NullHandler()]
        torch.set_default_dtype(torch.float32)
        with (
            kept_random_state(),
            torch.random.fork_rng(devices=devices),
            # What is made in inference mode can never be trained.
            torch.inference_mode(False),
            torch.enable_grad(),
            warnings.catch_warnings(),
            redirect_stdout(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_default_dtype(dtype)
        root.handlers, root.level = handlers, level
        for name in os.environ.keys() - variables.keys():
            del os.environ[name]
        os.environ.update(variables)
