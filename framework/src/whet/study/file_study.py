"""file_study: a study without a study file: some potentials, files of frames, and what is to be computed of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import Field

from whet.contracts.component import Component, FileRef
from whet.contracts.device import checked_device
from whet.contracts.potential import Potential
from whet.data.errors import InputError, SeveralFaults, WhetError
from whet.plugins.registry import registry
from whet.running.store import Store
from whet.study.invocation import FILES
from whet.study.named_potential import label_of
from whet.study.other_interpreter import Environments, placed_in
from whet.study.resolved import resolve
from whet.study.schema import Given, PotentialName, StudyFile
from whet.study.study import Study
from whet.study.study_file import Source

Evaluated = str | Component | Potential
"""A potential by its name (`NAME`, `NAME:MODEL`), as a component, or loaded."""


class FileStudy(StudyFile):
    """A study of files; what it computes of them may need no potential."""

    potentials: dict[PotentialName, Given] = Field(default={})
    """As in a study file."""


def file_study(
    title: str,
    potentials: Mapping[str, Evaluated],
    analyses: Mapping[str, Mapping[str, Any]],
    *,
    store: Path,
    running: Mapping[str, Any] | None = None,
    environments: Environments = (),
    **keys: Any,
) -> Study:
    """A study with these potentials, by label, and these analyses and no others, with their options.

    keys: others of a study file, with full paths. environments: interpreters of potentials that are named (see
    `placed_in`). Raises what resolving the potentials and analyses raises.
    """
    checked_device(str((running or {}).get("device", "cpu")))
    named = {label: one for label, one in potentials.items() if isinstance(one, str)}
    entries, interpreters = placed_in(named, environments)
    living = {label: one for label, one in potentials.items() if isinstance(one, Potential)}
    made = {label: one for label, one in potentials.items() if isinstance(one, Component)}
    made |= {label: component_of(one, place) for place, (label, one) in enumerate(living.items())}
    known = dict.fromkeys(registry().names("analyses"), False)
    file = FileStudy.checked(
        {
            "name": title,
            "potentials": {label: entries.get(label) or {"use": made[label].name} for label in potentials},
            "environments": interpreters,
            "running": dict(running or {}),
            "analyses": {**known, **{name: dict(options) or True for name, options in analyses.items()}},
            **keys,
        },
        of=title,
    )
    source = Source(Path(FILES), {})
    loaded = {made[label].key: one for label, one in living.items()}
    parts = [*(f"analyses.{name}." for name in analyses), *(f"probes.{name}." for name in keys.get("probes", {}))]
    with _in_own_words(parts):
        return Study(file, source, resolve(file, source, made=made), Store(store), loaded=loaded)


@contextmanager
def _in_own_words(parts: Sequence[str]) -> Iterator[None]:
    """Faults are placed at options and files: there is no study file with keys. parts: keys above options."""
    try:
        yield
    except WhetError as error:
        for fault in error.faults if isinstance(error, SeveralFaults) else (error,):
            option = next((fault.where.partition(part)[2] for part in parts if part in fault.where), "")
            fault.where = f"option {option}" if option else re.sub(rf"^{FILES}(, key [^:]*)?(: )?", "", fault.where)
        raise


def by_label(potentials: Sequence[Evaluated]) -> dict[str, Evaluated]:
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
    return found


def component_of(potential: Potential, place: int = 0) -> Component:
    """What stands for a loaded potential in the recipes of a scratch store. place: its number among the loaded ones."""
    files = {role: FileRef.to(Path(path)) for role, path in potential.files.items() if Path(path).is_file()}
    options = {**potential.options.as_json(), "loaded": place}
    shift, span = dict(potential.energy_shift), tuple(potential.energy_span)
    version = potential.result_version
    return Component("potentials", potential.name, version, options, files, {}, shift, span, unpickles=False)


def sampler(word: str | None, labels: Sequence[str]) -> str | None:
    """`sampled_by` as a study takes it: `self` is the only potential. InputError where that is not one."""
    if word == "self":
        if len(labels) != 1:
            hint = f"Name the one that sampled the frames: {', '.join(labels) or 'there is none'}"
            raise InputError(f"`self` is one potential, and {len(labels) or 'none'} are given", hint=hint)
        return labels[0]
    return None if word is None else word if word in labels else label_of(word)


def _called(one: Component | Potential) -> str:
    """`mace:small` of what is no name: with its model, where that is a word of the plugin's."""
    options = one.options if isinstance(one, Component) else one.options.model_dump(exclude_unset=True)
    model = options.get("model")
    is_word = isinstance(model, str) and model and "/" not in model and not model.startswith("file:")
    return f"{one.name}:{model}" if is_word else one.name
