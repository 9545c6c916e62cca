"""make_frames: structures of a source (`structures()`), without a study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Spec
from whet.contracts.structures import StructureSource
from whet.data.errors import InputError
from whet.data.frame_checks import check_frame
from whet.data.frames import FrameSet
from whet.plugins.registry import registry

if TYPE_CHECKING:
    from ase import Atoms


def make_frames(source: str | Mapping[str, Any], count: int | None = None, *, seed: int = 1) -> FrameSet:
    """The first `count` structures of a source: `{"use": "rattled", "file": "nacl.cif", "displacement": 0.1}`.

    count: by default all that it has. Relative paths start in the working directory. Raises InputError where there are
    fewer, or no end to them and no count, and what the source raises.
    """
    here = registry()
    made: StructureSource = here.load(here.resolve("structures", Spec.parse(source, folder=Path.cwd())))
    there = made.count
    if count is None and there is None:
        raise InputError(
            f"{made.name} makes as many structures as are wanted", hint="Say how many: --count 12 (in Python count=12)"
        )
    if count is not None and there is not None and count > there:
        raise InputError(f"{count} structures were asked for, {made.name} has {there}")
    wanted = there if count is None else count
    return FrameSet([_checked(made, index, seed) for index in range(wanted or 0)])


def _checked(source: StructureSource, index: int, seed: int) -> Atoms:
    atoms = source.make(index, seed)
    check_frame(atoms)
    return atoms
