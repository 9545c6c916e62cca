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
from whet.running.store import Store
from whet.study.cast import cast
from whet.study.planner import plan
from whet.study.results import Score
from whet.study.schema import StudyFile
from whet.study.study import Study
from whet.study.study_file import Source


def evaluation_study(
    frames: Path,
    potentials: Sequence[str],
    *,
    store: Path,
    first: int | None = None,
    keys: Mapping[str, str] | None = None,
    running: Mapping[str, Any] | None = None,
) -> Study:
    """A study that evaluates potentials (`NAME`, `NAME:MODEL`) on a file; its results are `study.results.scores`.

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
        },
        of="the evaluation",
    )
    source = Source(Path("command line"), {})
    players = cast(file, source)
    return Study(file, source, players, plan(file, players, source), Store(store))


def evaluate(frames: str | Path, *potentials: str, device: str = "cpu", threads: int = 1) -> list[Score]:
    """Measures potentials on a file of labeled frames, in a worker; one score each, in their order.

    >>> whet.evaluate("test.extxyz", "chgnet", "mace:small")[0].softening.slopes.scale

    Raises the first fault: InputError, FrameError, UnknownName, ….
    """
    with tempfile.TemporaryDirectory(prefix="whet-") as scratch:
        running = {"device": device, "threads": threads}
        study = evaluation_study(Path(frames), potentials, store=Path(scratch), running=running)
        for error in study.run().failed.values():
            raise error
        return study.results.scores


def _label(given: str) -> str:
    """`mace:/long/path/x.model` is known as `mace:x.model`."""
    name, _, model = given.partition(":")
    return f"{name}:{Path(model).name}" if "/" in model else given
