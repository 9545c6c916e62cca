"""placed_in: potentials that are named on a command line, and the interpreters that have their plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from whet.data.errors import InputError, UnknownName

Environments = Sequence[str]
"""`PYTHON` for every potential, or `POTENTIAL=PYTHON` for one: as a study file's `environments:` has them."""


def placed_in(
    potentials: Mapping[str, str], environments: Environments
) -> tuple[dict[str, str | dict[str, str]], dict[str, str]]:
    """The potentials as a study file has them, by label, and its environments: name -> interpreter.

    potentials: label -> `NAME` or `NAME:MODEL`. Raises UnknownName where a potential is not one of them, InputError
    where an interpreter is missing, or two are named for one potential.
    """
    place: dict[str, str] = {}
    for given in environments:
        potential, equals, python = given.partition("=")
        named = [potential] if equals else list(potentials)
        if equals and potential not in potentials:
            raise UnknownName.among("potential", potential, potentials, where="--environment")
        for one in named:
            if one in place:
                raise InputError(f"two interpreters are named for {one!r}", where="--environment")
            place[one] = interpreter(python if equals else given)
    names = {python: _name(python, number) for number, python in enumerate(dict.fromkeys(place.values()), start=1)}
    entries: dict[str, str | dict[str, str]] = {
        label: {"use": word, "environment": names[place[label]]} if label in place else word
        for label, word in potentials.items()
    }
    return entries, {name: python for python, name in names.items()}


def interpreter(path: str) -> str:
    """The full path of another interpreter; of an environment's folder, the one in it. InputError where it is none."""
    found = Path(path).expanduser().absolute()  # not resolved: that of a virtual environment is a link to another one
    if found.is_dir():
        found = found / "bin" / "python"
    if not found.is_file():
        hint = "Give the interpreter of the environment, as in a study file: .envs/NAME/bin/python"
        raise InputError("there is no interpreter", where=f"--environment {path}", hint=hint)
    return str(found)


def _name(python: str, number: int) -> str:
    """What the environment is called: as its folder."""
    folder = Path(python).parent.parent.name
    return f"{folder} {number}" if folder in ("", "usr", "local") or number > 1 else folder
