"""Isolation: what importing and building SevenNet does to the process is undone."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout


@contextmanager
def untouched() -> Iterator[None]:
    """Within the block SevenNet may be imported, built and run; torch's default dtype is float32 there.

    Afterwards environment variables (torch_geometric's import sets some), warning filters, the default dtype and the
    random states are as before, and nothing was printed.
    """
    import random
    import warnings

    import numpy as np

    variables = dict(os.environ)
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 -- the legacy state is global
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            with _torch_as_it_was():
                yield
    finally:
        np.random.set_state(legacy)  # noqa: NPY002
        random.setstate(python)
        for name in os.environ.keys() - variables.keys():
            del os.environ[name]
        os.environ.update(variables)


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


@contextmanager
def _torch_as_it_was() -> Iterator[None]:
    import torch

    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        # Forces need gradients, which inference mode of a caller would rule out.
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False):
            yield
    finally:
        torch.set_default_dtype(dtype)
