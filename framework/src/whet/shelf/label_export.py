"""export_labels: labels of one level of theory from the shelf, in the files of other programs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.data.errors import FrameError, InputError
from whet.data.labels import Failure
from whet.data.theory import LevelOfTheory
from whet.files.extxyz_stream import is_extxyz
from whet.files.frame_export import check_export, export_frames
from whet.shelf.shelf import Shelf
from whet.shelf.theory_summary import is_isolated

if TYPE_CHECKING:
    from ase import Atoms

ISOLATED = "IsolatedAtom"
"""What MACE takes for the reference energy of an element: `config_type=IsolatedAtom`."""


class ExportedFrames(Sequence["Atoms"]):
    """Labeled frames as they are written: isolated atoms are marked, labels have their prefix."""

    def __init__(self, frames: Sequence[Atoms], prefix: str = "") -> None:
        self._frames, self._prefix = frames, prefix
        self.charged: set[int] = set()
        """Those that were read and have a charge, a multiplicity or initial moments: parts of their identity."""

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ExportedFrames(self._frames[index], self._prefix)
        frame = self._frames[index]
        if {"charge", "spin"} & set(frame.info) or frame.has("initial_magmoms"):
            self.charged.add(index)
        if is_isolated(frame):
            frame.info.setdefault("config_type", ISOLATED)
        return prefixed(frame, self._prefix) if self._prefix else frame


def prefixed(frame: Atoms, prefix: str) -> Atoms:
    """The frame with its labels as plain info and arrays: PREFIXenergy, PREFIXforces, PREFIXstress (3 × 3)."""
    from whet.data.labels import Labels

    labels = Labels.of(frame)
    plain = frame.copy()
    plain.info[f"{prefix}energy"] = labels.energy
    plain.arrays[f"{prefix}forces"] = labels.forces
    if labels.stress is not None:
        plain.info[f"{prefix}stress"] = labels.stress.ravel()
    return plain


def export_labels(
    shelf: Shelf,
    theory: LevelOfTheory,
    out: Path,
    *,
    prefix: str = "",
    elements: Collection[str] = (),
    first: int | None = None,
) -> tuple[int, int]:
    """Writes the labels of a theory, all or nothing; gives how many, and of how many the format drops charge or spin.

    out: its suffix names the format, as for `export_frames`. prefix: of the names of the labels in extended XYZ.
    elements: only frames that have no others. first: only so many. Raises what `export_frames` raises, and InputError
    for a prefix in another format.
    """
    if prefix and not is_extxyz(out):
        raise InputError("only extended XYZ has names of labels, and so a prefix", where=str(out))
    keys = sorted(shelf.keys(theory))
    if elements:
        keys = list(_of_elements(shelf, theory, frozenset(elements)))
    if first is not None and first > len(keys) > 0:
        raise FrameError(f"{first} frames were asked for, there are {len(keys)} of {theory}", where=str(shelf.path))
    if not keys:
        only = f" of {' '.join(sorted(elements))} only" if elements else ""
        raise FrameError(f"{theory} has no frames{only}", where=str(shelf.path))
    chosen = shelf.frames(theory, keys[:first])
    check_export(out, len(chosen))
    exported = ExportedFrames(chosen, prefix)
    export_frames(out, exported)
    keeps_all = is_extxyz(out) or out.suffix.lower() in (".frames", ".traj")
    return len(chosen), 0 if keeps_all else len(exported.charged)


def _of_elements(shelf: Shelf, theory: LevelOfTheory, elements: frozenset[str]) -> Iterator[str]:
    from whet.data.frames import frame_key

    for record in shelf.recorded(theory):
        if isinstance(record.answer, Failure) or record.frame is None:
            yield record.place.rpartition(" ")[2]  # it may be one of them: reading it says what is wrong
        elif elements.issuperset(record.frame.get_chemical_symbols()):
            yield frame_key(record.frame)
