"""process_state, unchanged: what code can change of the process that it runs in, and the guard that names it."""

from __future__ import annotations

import logging
import os
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from whet.testing.check import CheckFailed


def process_state() -> dict[str, Any]:
    """What is global, by name: environment, working directory, random numbers, logging, NumPy's and torch's settings.

    Torch's settings are among them once it is imported; this does not import it.
    """
    import numpy as np

    legacy: Any = np.random.get_state()  # noqa: NPY002 -- the state that everybody shares
    state = {
        "environment variables": dict(os.environ),
        "working directory": str(Path.cwd()),
        "files in the working directory": sorted(path.name for path in Path().iterdir()),
        "random numbers of Python": hash(random.getstate()),
        "random numbers of NumPy": [*legacy[1].tolist(), legacy[2]],
        "NumPy's error handling": np.geterr(),
        "handlers of the root logger": [repr(handler) for handler in logging.getLogger().handlers],
        "level of the root logger": logging.getLogger().level,
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        state["torch's default dtype"] = str(torch.get_default_dtype())
        state["torch's threads"] = torch.get_num_threads()
        state["torch's random numbers"] = torch.get_rng_state().tolist()
        state["torch's gradient mode"] = torch.is_grad_enabled()
        state["torch's deterministic mode"] = torch.are_deterministic_algorithms_enabled()
    return state


def changes(before: Mapping[str, Any], during: str) -> list[str]:
    """What of the process is no more as it was, each with the phase: `random numbers of Python (during training)`."""
    after = process_state()
    return [
        f"{name}{_which(before[name], after[name])} (during {during})" for name in before if before[name] != after[name]
    ]


def _which(before: Any, after: Any) -> str:
    """Of what has names, those that changed."""
    if not isinstance(before, Mapping):
        return ""
    names = (name for name in sorted({*before, *after}) if before.get(name) != after.get(name))
    return f" {', '.join(names)}"


@contextmanager
def unchanged(during: str) -> Iterator[None]:
    """A guard for tests: CheckFailed, with what it was, where the block changes something global.

    >>> with unchanged("training"):
    ...     train(model)

    during: what the block does, for the message. Code that changes something can be wrapped in
    `whet_torch.untouched()`, which puts it back.
    """
    before = process_state()
    yield
    if changed := changes(before, during):
        raise CheckFailed(f"changed: {', '.join(changed)}")
