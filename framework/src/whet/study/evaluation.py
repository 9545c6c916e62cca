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
    sampled_by: str | None = None,
    groups: str = "",
) -> Study:
    """A study that evaluates potentials (`NAME`, `NAME:MODEL`) on a file; its results are `study.stored.scores`.

    keys: label (`energy`, `forces`, `stress`, `virial`) -> its name in the file, where that is not a usual one.
    sampled_by: who sampled the frames: `reference`, `rattle`, `minimum`, `unknown`, one of the potentials, or `self`,
    the only one; default: as frames say. groups: key of the frames' info that names those that belong together, or
    `frames`.
    Raises InputError where the file is missing, a potential is named twice or `self` is not one, and what resolving a
    potential raises.
    """
    if not frames.is_dir():
        regular_file(frames)
    checked_device(str((running or {}).get("device", "cpu")))
    labels = {_label(given): given for given in potentials}
    if len(labels) < len(potentials):
        raise InputError("a potential is named twice", where=", ".join(potentials))
    known = {"sampled_by": _sampler(sampled_by, list(labels)), "groups": groups or None}
    test = without_none({"file": str(frames.absolute()), "first": first, "keys": keys or None, **known})
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


def evaluate(
    frames: str | Path,
    *potentials: str,
    device: str = "cpu",
    threads: int = 1,
    sampled_by: str | None = None,
    groups: str = "",
) -> list[Mapping[str, Any]]:
    """Measures potentials on a file of labeled frames, in a worker; one score each, in their order.

    >>> whet.evaluate("test.extxyz", "chgnet", "mace:small")[0]["softening"]["scale"]

    The keys are those of `scores.json`: see `whet.study.scores.scores_of`. sampled_by, groups: what frames do not say
    themselves, see `evaluation_study`.

    Raises the first fault: InputError, FrameError, UnknownName, ….
    """
    with tempfile.TemporaryDirectory(prefix="whet-") as scratch:
        running = {"device": device, "threads": threads}
        said: dict[str, Any] = {"sampled_by": sampled_by, "groups": groups}
        study = evaluation_study(Path(frames), potentials, store=Path(scratch), running=running, **said)
        for error in study.run().failed.values():
            raise error
        return list(study.stored.scores)


def _sampler(word: str | None, labels: Sequence[str]) -> str | None:
    """The word as a study takes it: of the potentials as they are known there."""
    if word == "self":
        if len(labels) > 1:
            hint = f"Name the one that sampled the frames: {', '.join(labels)}"
            raise InputError("`self` is one potential, and several are evaluated", hint=hint)
        return labels[0]
    return None if word is None else word if word in labels else _label(word)


def _label(given: str) -> str:
    """`mace:/long/path/x.model` is known as `mace:x.model`."""
    name, _, model = given.partition(":")
    return f"{name}:{Path(model).name}" if "/" in model else given
