"""The formats of frames that the installed plugins offer, and which of them a file is of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from whet.data.errors import InputError, MissingPackage
from whet.files.frame_format import FrameFormat
from whet.files.opened import MODULES
from whet.plugins.registry import missing_packages, registry


class Separate(NamedTuple):
    """A plugin of Whet's own that a user may lack, and what is known by it: for the words of an error only."""

    plugin: str
    names: tuple[str, ...] = ()
    """Patterns of the names of what it reads."""
    begins: bytes = b"(?!)"
    """What stands at the beginning of other files that it reads."""
    suffixes: tuple[str, ...] = ()
    """Of what it writes."""


SEPARATE = (
    Separate(
        "whet-exchange",
        ("*.npz", "type.raw"),
        rb"ITEM: TIMESTEP|xlo xhi",
        (".deepmd", ".lammpstrj", ".dump", ".data", ".lmp"),
    ),
    Separate("whet-dpdata", ("running_scf.log",), rb"Atomic-orbital Based Ab-initio Computation|WELCOME TO SIESTA"),
)


def formats() -> list[FrameFormat]:
    """One of each, in the order in which a file is shown to them."""
    offered: list[Any] = [one for plugin in registry().plugins for one in plugin.offers.get("formats", ())]
    return sorted((one() for one in offered), key=lambda one: one.rank)


def format_of(path: Path, head: bytes, candidates: Iterable[FrameFormat]) -> FrameFormat | None:
    """The format that recognizes the file, of the lowest rank; None where none does.

    InputError where two of one rank do: which of them is right only the user can know.
    """
    found: list[FrameFormat] = []
    for one in sorted(candidates, key=lambda one: one.rank):
        if found and one.rank > found[0].rank:
            break  # those that know whatever nobody else knows look at the file for long
        if one.recognizes(path, head):
            found.append(one)
    return _only_one(found, path)


def writer_of(path: Path) -> FrameFormat:
    """The format that such a file would be written in. InputError where no suffix of an installed format fits."""
    every = formats()
    able = [one for one in every if one.writes(path)]
    found = _only_one([one for one in able if one.rank == able[0].rank], path)
    if (found is None or found.rank > FrameFormat.rank) and (plugin := _lacking_writer(path)):
        what = f"files of that name are written by the plugin {plugin}"
        raise InputError(what, where=str(path), hint=install(plugin))
    if found is not None:
        return found
    suffixes = ", ".join(suffix for one in every for suffix in one.suffixes)
    hint = f"Known: {suffixes}, .traj, .db, .cif, .pdb, .xsf, POSCAR, and the other suffixes under which ASE writes"
    raise InputError("the suffix names no format that can be written", where=str(path), hint=hint)


def _only_one(found: Sequence[FrameFormat], path: Path) -> FrameFormat | None:
    """InputError where there are two, MissingPackage where it needs what is not installed."""
    if len(found) > 1:
        hint = "Uninstall one of the plugins, or use another format"
        named = " and ".join(one.name for one in found)
        raise InputError(f"two formats take the file for theirs: {named}", where=str(path), hint=hint)
    if found:
        check_packages(found[0], path)
    return found[0] if found else None


def check_packages(one: FrameFormat, path: Path) -> None:
    """MissingPackage where the format needs what is not installed."""
    if missing := missing_packages(type(one)):
        words = " ".join(f"'{requirement}'" for requirement in missing)
        raise MissingPackage(f"format {one.name!r} needs {words}", where=str(path), hint=install(words))


def lacking_reader(names: Iterable[str], head: bytes = b"") -> str:
    """The plugin of Whet's own that is not installed and reads files of one of these names, or that begin so."""
    for one in _not_here():
        if re.search(one.begins, head) or any(fnmatchcase(name, known) for name in names for known in one.names):
            return one.plugin
    return ""


def _lacking_writer(path: Path) -> str:
    name = path.stem if path.suffix.removeprefix(".") in MODULES else path.name
    return next((one.plugin for one in _not_here() if Path(name).suffix.lower() in one.suffixes), "")


def _not_here() -> list[Separate]:
    here = {plugin.distribution for plugin in registry().plugins}
    return [one for one in SEPARATE if one.plugin not in here]


def install(plugin: str) -> str:
    """The command that installs it."""
    return f"pip install {plugin}"


def looked_for(known: Iterable[FrameFormat], *, structures: bool = False) -> str:
    """What is found in folders, in words. structures: whether those of bare structures, too."""
    every = [(*one.outputs, *(one.structure_files if structures else ())) for one in known]
    return ", ".join(dict.fromkeys(pattern for patterns in every for pattern in patterns))
