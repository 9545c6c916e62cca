"""The formats of frames that the installed plugins offer, and which of them a file is of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from whet.data.errors import InputError, MissingPackage
from whet.files.frame_format import FrameFormat
from whet.plugins.registry import missing_packages, registry

SEPARATE = {
    "whet-exchange": ("*.deepmd", "type.raw", "*.npz", "*.lammpstrj", "*.dump", "*.data", "*.lmp"),
    "whet-dpdata": ("running_*.log",),
}
"""Plugins of Whet's own that a user may lack, and names that are those of their files: for the error only."""


def formats() -> list[FrameFormat]:
    """One of each, in the order in which a file is shown to them."""
    offered: list[Any] = [one for plugin in registry().plugins for one in plugin.offers.get("formats", ())]
    return sorted((one() for one in offered), key=lambda one: one.rank)


def format_of(path: Path, head: bytes, candidates: Iterable[FrameFormat]) -> FrameFormat | None:
    """The first in order of rank that recognizes the file; None where none does.

    InputError where two of one rank do: which of them is right only the user can know.
    """
    found: list[FrameFormat] = []
    for one in sorted(candidates, key=lambda one: one.rank):
        if found and one.rank > found[0].rank:
            break
        if one.recognizes(path, head):
            found.append(one)
    if len(found) > 1:
        hint = "Uninstall one of the plugins, or give the file in another format"
        named = " and ".join(one.name for one in found)
        raise InputError(f"two formats take the file for theirs: {named}", where=str(path), hint=hint)
    if found:
        check_packages(found[0], path)
    return found[0] if found else None


def writer_of(path: Path) -> FrameFormat:
    """The format that such a file would be written in. InputError where no suffix of an installed format fits."""
    every = formats()
    for one in every:
        if one.writes(path):
            check_packages(one, path)
            return one
    suffixes = ", ".join(suffix for one in every for suffix in one.suffixes)
    hint = f"Known: {suffixes}, .traj, .db, .cif, .pdb, .xsf, POSCAR, and the other suffixes under which ASE writes"
    if plugin := lacking(path.name, *([path.stem] if path.suffix in (".gz", ".bz2", ".xz") else [])):
        raise InputError(
            f"files of that name are written by the plugin {plugin}", where=str(path), hint=install(plugin)
        )
    raise InputError("the suffix names no format that can be written", where=str(path), hint=hint)


def check_packages(one: FrameFormat, path: Path) -> None:
    """MissingPackage where the format needs what is not installed."""
    if missing := missing_packages(type(one)):
        words = " ".join(f"'{requirement}'" for requirement in missing)
        raise MissingPackage(f"format {one.name!r} needs {words}", where=str(path), hint=install(words))


def lacking(*names: str) -> str:
    """The plugin of Whet's own that is not installed and knows a file of one of these names; empty where none does."""
    here = {plugin.distribution for plugin in registry().plugins}
    for plugin, patterns in SEPARATE.items():
        if plugin not in here and any(fnmatchcase(name.lower(), pattern) for name in names for pattern in patterns):
            return plugin
    return ""


def install(plugin: str) -> str:
    """The command that installs it."""
    return f"pip install {plugin}"


def looked_for(known: Sequence[FrameFormat]) -> str:
    """What is found in folders, in words."""
    return ", ".join(f"{', '.join(one.outputs)} ({one.name})" for one in known if one.outputs)
