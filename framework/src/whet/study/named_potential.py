"""label_of, full_paths_in: the word by which somebody names a potential, as a study takes it."""

from __future__ import annotations

from pathlib import Path


def label_of(potential: str) -> str:
    """What a study calls it: `mace:/long/path/x.model` is `mace:x.model`."""
    name, _, model = potential.partition(":")
    return f"{name}:{Path(model).name}" if "/" in model else potential


def full_paths_in(potential: str) -> str:
    """The word with a full path for a path in it: the study lies in a folder of its own."""
    name, colon, model = potential.partition(":")
    if "/" in name:
        return str(Path(name).expanduser().absolute()) + colon + model
    return f"{name}:{Path(model).expanduser().absolute()}" if "/" in model else potential
