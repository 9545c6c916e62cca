"""evaluation_study: the smallest study there is: some potentials, one file of labeled frames."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whet.contracts.ports import Predictions
from whet.data.errors import InputError
from whet.data.identity import without_none
from whet.data.input_files import regular_file
from whet.study.file_study import Evaluated, by_label, file_study, sampler
from whet.study.given_frames import file_of
from whet.study.other_interpreter import Environments
from whet.study.predicted_frames import predicted_frames
from whet.study.scored_frames import Evaluation
from whet.study.stored_study import StoredStudy
from whet.study.study import Study

WANTED = ("scores", "data")
"""The analyses that are run."""


def evaluation_study(
    frames: Path,
    potentials: Sequence[Evaluated],
    *,
    store: Path,
    first: int | None = None,
    keys: Mapping[str, str] | None = None,
    running: Mapping[str, Any] | None = None,
    sampled_by: str | None = None,
    groups: str = "",
    environments: Environments = (),
) -> Study:
    """A study that evaluates potentials on a file; its results are `study.stored.scores`.

    keys: label (`energy`, `forces`, `stress`, `virial`) -> its name in the file, where that is not a usual one.
    sampled_by: who sampled the frames: `reference`, `rattle`, `minimum`, `unknown`, one of the potentials, or `self`,
    the only one; default: as frames say. groups: key of the frames' info that names those that belong together, or
    `frames`. environments: interpreters of potentials that are named (see `placed_in`).
    Raises InputError where the file is missing, a potential is named twice or `self` is not one, and what resolving a
    potential raises.
    """
    if not frames.is_dir():
        regular_file(frames)
    given = by_label(potentials)
    if not given:
        raise InputError("there is no potential to evaluate", hint="Name one, for example `chgnet`")
    known = {"sampled_by": sampler(sampled_by, list(given)), "groups": groups or None}
    test = without_none({"file": str(frames.absolute()), "first": first, "keys": keys or None, **known})
    return file_study(
        f"evaluation on {frames.name}",
        given,
        {name: {} for name in WANTED},
        store=store,
        running=running,
        environments=environments,
        tests={frames.absolute().stem: test},
    )


def evaluate(
    frames: Any,
    *potentials: Evaluated,
    device: str = "cpu",
    threads: int = 1,
    first: int | None = None,
    keys: Mapping[str, str] | None = None,
    sampled_by: str | None = None,
    groups: str = "",
    environment: str | Path | None = None,
) -> Evaluation:
    """Measures potentials on labeled frames; one score each, in their order, and the predictions.

    >>> whet.evaluate("test.extxyz", "chgnet", "mace:small")[0]["softening"]["scale"]
    >>> whet.evaluate(list_of_atoms, whet.load("chgnet")).table()

    frames: a file or folder, `ase.Atoms`, Structures of pymatgen, or a list of them. potentials: names or components,
    which run in a worker, or loaded ones: then all run in this process. keys: label (`energy`, `forces`, `stress`,
    `virial`) -> its name in the frames, where that is not a usual one. sampled_by, groups: what frames do not say
    themselves, see `evaluation_study`. environment: the interpreter that has the plugins of the potentials that are
    named. The keys of a score are those of `scores.json`: see `whet.study.scores.scores_of`.

    Raises the first fault: InputError, FrameError, UnknownName, ….
    """
    with tempfile.TemporaryDirectory(prefix="whet-") as scratch:
        study = evaluation_study(
            file_of(frames, Path(scratch)),
            potentials,
            store=Path(scratch) / "store",
            first=first,
            keys=keys,
            running={"device": device, "threads": threads},
            sampled_by=sampled_by,
            groups=groups,
            environments=(str(environment),) if environment else (),
        )
        for error in study.run().failed.values():
            raise error
        return evaluation_of(study.stored)


def evaluation_of(study: StoredStudy) -> Evaluation:
    """What an evaluation that has run found."""
    unscored = [f"no score: {which}: {why}" for which, why in study.unscored]
    suspicious = [f"suspicious: {what}" for what in study.suspicious]
    sets = dict.fromkeys(piece.ref.set for piece in study.stored.plan.all(Predictions, set_kind="independent"))
    frames = [frame for name in sets for frame in predicted_frames(study, name)]
    return Evaluation(tuple(study.scores), frames, (*unscored, *suspicious, *study.doubts))
