"""evaluation_study: the smallest study there is: some potentials, one file of labeled frames."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whet.contracts.component import Component, FileRef
from whet.contracts.device import checked_device
from whet.contracts.ports import Predictions
from whet.contracts.potential import Potential
from whet.data.errors import InputError
from whet.data.identity import without_none
from whet.data.input_files import regular_file
from whet.plugins.registry import registry
from whet.running.store import Store
from whet.study.given_frames import file_of
from whet.study.named_potential import label_of
from whet.study.other_interpreter import Environments, placed_in
from whet.study.predicted_frames import predicted_frames
from whet.study.resolved import resolve
from whet.study.schema import StudyFile
from whet.study.scored_frames import Evaluation
from whet.study.stored_study import StoredStudy
from whet.study.study import Study
from whet.study.study_file import Source

WANTED = ("scores", "data")
"""The analyses that are run."""

Evaluated = str | Component | Potential
"""A potential by its name (`NAME`, `NAME:MODEL`), as a component, or loaded."""


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
    checked_device(str((running or {}).get("device", "cpu")))
    given = _labeled(potentials)
    named = {label: one for label, one in given.items() if isinstance(one, str)}
    entries, interpreters = placed_in(named, environments)
    living = {label: one for label, one in given.items() if isinstance(one, Potential)}
    made = {label: one for label, one in given.items() if isinstance(one, Component)}
    made |= {label: component_of(one, place) for place, (label, one) in enumerate(living.items())}
    known = {"sampled_by": _sampler(sampled_by, list(given)), "groups": groups or None}
    test = without_none({"file": str(frames.absolute()), "first": first, "keys": keys or None, **known})
    file = StudyFile.checked(
        {
            "name": f"evaluation on {frames.name}",
            "potentials": {label: entries.get(label) or {"use": made[label].name} for label in given},
            "environments": interpreters,
            "tests": {frames.absolute().stem: test},
            "running": dict(running or {}),
            "analyses": {name: name in WANTED for name in registry().names("analyses")},
        },
        of="the evaluation",
    )
    source = Source(Path("command line"), {})
    loaded = {made[label].key: one for label, one in living.items()}
    return Study(file, source, resolve(file, source, made=made), Store(store), loaded=loaded)


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


def component_of(potential: Potential, place: int = 0) -> Component:
    """What stands for a loaded potential in the recipes of a scratch store. place: its number among the loaded ones."""
    files = {role: FileRef.to(Path(path)) for role, path in potential.files.items() if Path(path).is_file()}
    options = {**potential.options.as_json(), "loaded": place}
    shift, span = dict(potential.energy_shift), tuple(potential.energy_span)
    version = potential.result_version
    return Component("potentials", potential.name, version, options, files, {}, shift, span, unpickles=False)


def _labeled(potentials: Sequence[Evaluated]) -> dict[str, Evaluated]:
    """The potentials by what they are called. InputError where one is named twice, or is none.

    Those that carry no name of the user's are told apart by numbers.
    """
    found: dict[str, Evaluated] = {}
    for one in potentials:
        if isinstance(one, Component) and one.hook != "potentials":
            raise InputError(f"the component {one.name!r} is one of {one.hook}, not a potential")
        if not isinstance(one, str | Component | Potential):
            hint = "Give a name (`chgnet`, `mace:small`), a component or a loaded potential (whet.load)"
            raise InputError(f"{type(one).__name__} is no potential", hint=hint)
        label = label_of(one) if isinstance(one, str) else _called(one)
        if label in found:
            if isinstance(one, str) and isinstance(found[label], str):
                what = "a potential is named twice"
                raise InputError(what, where=", ".join(map(str, potentials)))
            label = next(name for n in range(2, len(potentials) + 2) if (name := f"{label} {n}") not in found)
        found[label] = one
    if not found:
        raise InputError("there is no potential to evaluate", hint="Name one, for example `chgnet`")
    return found


def _called(one: Component | Potential) -> str:
    """`mace:small` of what is no name: with its model, where that is a word of the plugin's."""
    options = one.options if isinstance(one, Component) else one.options.model_dump(exclude_unset=True)
    model = options.get("model")
    is_word = isinstance(model, str) and model and "/" not in model and not model.startswith("file:")
    return f"{one.name}:{model}" if is_word else one.name


def _sampler(word: str | None, labels: Sequence[str]) -> str | None:
    """The word as a study takes it: of the potentials as they are known there."""
    if word == "self":
        if len(labels) > 1:
            hint = f"Name the one that sampled the frames: {', '.join(labels)}"
            raise InputError("`self` is one potential, and several are evaluated", hint=hint)
        return labels[0]
    return None if word is None else word if word in labels else label_of(word)
