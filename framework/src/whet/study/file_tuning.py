"""tuning_study: plain fine-tuning on a file, as a study in a folder of its own, which `whet run` takes up again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from whet.data.durable import unwritable, write_text
from whet.data.errors import FrameError, InputError, WhetError
from whet.data.frame_split import split_frames
from whet.data.frames import FrameSet
from whet.data.identity import without_none
from whet.data.input_files import regular_file
from whet.data.numbers import count
from whet.plugins.frame_export import export_frames
from whet.plugins.frame_files import read_labeled
from whet.study.named_potential import full_paths_in, label_of
from whet.study.other_interpreter import Environments, placed_in
from whet.study.study import Study

TRAIN, VALID = "train.extxyz", "valid.extxyz"
"""The two parts of a file."""

STRATEGY, VALIDATION = "fine-tuned", "validation"
"""What the study calls the fine-tuning, and the frames that no training sees."""


@dataclass(frozen=True)
class TuningRequest:
    """A fine-tuning on a file.

    frames: the labeled file. potential: `NAME` or `NAME:MODEL`. valid: a file of frames to score on; without it
    `valid_fraction` of the frames are held back, whole groups where frames name them (`groups`: by which key).
    settings: words of `fine_tune:`. more: other keys of the study file. keys: label -> its name in the files, where
    that is not a usual one. sampled_by: who sampled the frames to score on, where they do not say it.
    """

    frames: Path
    potential: str
    valid: Path | None = None
    valid_fraction: float = 0.2
    seed: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    running: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    sampled_by: str | None = None
    groups: str = ""
    environments: Environments = ()

    @property
    def label(self) -> str:
        """What the study calls the potential."""
        return label_of(self.potential)

    @cached_property
    def labeled(self) -> FrameSet:
        """The frames of the file. Raises what reading it raises; InputError where one stands there with two labels."""
        return _labeled(self.frames, self.keys)

    @property
    def copies(self) -> int:
        """How many of them are copies of others, labels included, and so are left out."""
        return len(self.labeled) - len(self.labeled.unique())


def tuning_study(request: TuningRequest, folder: Path) -> Study:
    """Writes the study into the folder, with the frames to train on and to score on, and reads and checks it.

    Of frames that stand there several times with the same labels one is taken (`request.copies`).

    The same request finds its study there, and goes on with it. Raises InputError where the folder has another one,
    FrameError where the file has a fault or too few frames, and what `Study.load` raises.
    """
    if not request.frames.is_dir():
        regular_file(request.frames)
    if not 0 <= request.valid_fraction < 1:
        raise InputError(f"{request.valid_fraction:g} is no share of the frames", hint="Give a number from 0 to 0.9")
    data, tests, counted, parts = _files(request)
    entries, interpreters = placed_in({request.label: full_paths_in(request.potential)}, request.environments)
    keys: dict[str, Any] = {
        "name": f"{request.label} fine-tuned on {request.frames.name}",
        "seed": request.seed,
        "potentials": entries,
        "environments": interpreters,
        "data": {"train": data},
        "tests": tests,
        "fine_tune": {"valid_fraction": 0, **_with_full_paths(request.settings)},
        "strategies": {STRATEGY: {"preset": "subsets", "data": "train", "sizes": [counted]}},
        "running": dict(request.running),
    }
    study = _joined({key: value for key, value in keys.items() if value not in ({}, None)}, request.more)
    lines = [f"# Fine-tuning of {request.label} on {request.frames.name}; `whet run` of this file goes on with it."]
    lines += [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in study.items()]
    return _begun(folder, "\n".join(lines) + "\n", parts)


def _begun(folder: Path, text: str, parts: Mapping[str, FrameSet]) -> Study:
    """The study in its folder; a request with a fault leaves nothing there. Raises what `Study.load` raises."""
    path, was_there = folder / "study.yaml", folder.exists()
    is_new = not path.exists()
    _write(folder, text, parts)
    try:
        return Study.load(path)
    except WhetError as error:
        if is_new:
            for one in (path, *(folder / name for name in parts)):
                one.unlink(missing_ok=True)
            if not was_there:
                folder.rmdir()
            # The file is gone, and the user wrote none of its lines: the key is what they know.
            error.where = re.sub(rf"{re.escape(str(path.absolute()))}(, line \d+)?(, key )?", "", error.where)
        raise


def _write(folder: Path, text: str, parts: Mapping[str, FrameSet]) -> None:
    """The study file and its frames. InputError where the folder has those of another request."""
    path, hint = folder / "study.yaml", "Give another folder (--out), or remove it"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise InputError("another fine-tuning was begun in this folder", where=str(folder), hint=hint)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error
    for name, frames in parts.items():
        try:
            export_frames(folder / name, frames)
        except InputError as error:
            error.hint = hint
            raise
    write_text(path, text)


def _files(request: TuningRequest) -> tuple[dict[str, Any], dict[str, Any], int, dict[str, FrameSet]]:
    """The study's data and tests, the number of training frames, and the files to write: two parts of one file."""
    frames = request.labeled.unique()
    sampled_by, groups, keys = request.sampled_by, request.groups or None, dict(request.keys) or None
    if request.valid is not None:
        _labeled(request.valid, request.keys)
        data = {"file": str(request.frames.absolute()), "keys": keys, "groups": groups}
        test = {"file": str(request.valid.absolute()), "keys": keys, "sampled_by": sampled_by, "groups": groups}
        return without_none(data), {VALIDATION: without_none(test)}, len(frames), {}
    train, valid, _ = split_frames(frames, request.valid_fraction, request.seed, request.groups)
    data, test = {"file": TRAIN, "groups": groups}, {"file": VALID, "sampled_by": sampled_by, "groups": groups}
    if not request.valid_fraction:
        return without_none(data), {}, len(frames), {TRAIN: frames}
    if not (len(train) and len(valid)):
        what = f"{count(len(frames), 'frame')} cannot be split into some to train on and some to score on"
        hint = "Give a file to score on (--valid), or score nothing (--valid-fraction 0)"
        raise FrameError(what, where=str(request.frames), hint=hint)
    return without_none(data), {VALIDATION: without_none(test)}, len(train), {TRAIN: train, VALID: valid}


def _labeled(path: Path, keys: Mapping[str, str]) -> FrameSet:
    """The frames of a file. InputError where one of them stands there with two labels."""
    from whet.labels.doubles import doubles

    frames = read_labeled(path, keys)
    if conflicts := doubles(frames).conflicts:
        first, second, apart = conflicts[0]
        what = f"frames {first} and {second} are one structure with two labels, {apart} apart"
        raise InputError(what, where=str(path), hint="Remove the wrong one")
    return frames


def _joined(plain: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings joined at any depth; of the same key the second counts."""
    found = dict(plain)
    for key, value in more.items():
        before = found.get(key)
        if isinstance(before, dict) and isinstance(value, Mapping):
            value = _joined(before, value)
        found[key] = value
    return found


def _with_full_paths(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The words of `fine_tune:` with full paths of the files that they name."""
    found = dict(settings)
    if isinstance(replay := found.get("replay"), str):
        found["replay"] = str(Path(replay).absolute())
    energies = found.get("reference_energies")
    if isinstance(energies, Mapping) and isinstance(energies.get("atoms"), str):
        found["reference_energies"] = {"atoms": str(Path(energies["atoms"]).absolute())}
    return found
