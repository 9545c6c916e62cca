"""evaluation_study: the smallest study there is: some potentials, one file of labeled frames."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whet.contracts.device import checked_device
from whet.data.errors import InputError
from whet.data.identity import without_none
from whet.data.input_files import regular_file
from whet.plugins.registry import registry
from whet.running.store import Store
from whet.study.resolved import resolve
from whet.study.schema import StudyFile
from whet.study.study import Study
from whet.study.study_file import Source

WANTED = ("scores", "data")
"""The analyses that are run."""


def evaluation_study(
    frames: Path,
    potentials: Sequence[str],
    *,
    store: Path,
    first: int | None = None,
    keys: Mapping[str, str] | None = None,
    running: Mapping[str, Any] | None = None,
) -> Study:
    """A study that evaluates potentials (`NAME`, `NAME:MODEL`) on a file; its results are `study.stored.scores`.

    keys: label (`energy`, `forces`, `stress`, `virial`) -> its name in the file, where that is not a usual one.
    Raises InputError where the file is missing or a potential is named twice, and what resolving a potential raises.
    """
    if not frames.is_dir():
        regular_file(frames)
    checked_device(str((running or {}).get("device", "cpu")))
    labels = {_label(given): given for given in potentials}
    if len(labels) < len(potentials):
        raise InputError("a potential is named twice", where=", ".join(potentials))
    test = without_none({"file": str(frames.absolute()), "first": first, "keys": keys or None})
    file = StudyFile.checked(
        {
            "name": f"evaluation on {frames.name}",
            "potentials": labels,
            "tests": {frames.absolute().stem: test},
            "running": dict(running or {}),
            "analyses": {name: name in WANTED for name in registry().names("analyses")},
        },
        of="the evaluation",
    )
    source = Source(Path("command line"), {})
    return Study(file, source, resolve(file, source), Store(store))


def evaluate(frames: str | Path, *potentials: str, device: str = "cpu", threads: int = 1) -> list[Mapping[str, Any]]:
    """Measures potentials on a file of labeled frames, in a worker; one score each, in their order.

    >>> whet.evaluate("test.extxyz", "chgnet", "mace:small")[0]["softening"]["scale"]

    The keys are those of `scores.json`: see `whet.study.scores.scores_of`.

    Raises the first fault: InputError, FrameError, UnknownName, ….
    """
    with tempfile.TemporaryDirectory(prefix="whet-") as scratch:
        running = {"device": device, "threads": threads}
        study = evaluation_study(Path(frames), potentials, store=Path(scratch), running=running)
        for error in study.run().failed.values():
            raise error
        return list(study.stored.scores)


def _label(given: str) -> str:
    """`mace:/long/path/x.model` is known as `mace:x.model`."""
    name, _, model = given.partition(":")
    return f"{name}:{Path(model).name}" if "/" in model else given
