"""export_labels: labels of one level of theory from the label store, in the files of other programs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.data.errors import FrameError, InputError
from whet.data.frame_identity import frame_key
from whet.data.labels import Failure
from whet.data.theory import LevelOfTheory
from whet.files.extxyz_stream import is_extxyz
from whet.labels.label_store import LabelStore
from whet.labels.theory_summary import is_isolated
from whet.plugins.formats import writer_of
from whet.plugins.frame_export import check_export, export_frames

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


@dataclass(frozen=True)
class Exported:
    """frames: written. bare: of them, those whose charge, multiplicity or initial moments the format has no room for.
    atoms: isolated atoms that were left out, because without their multiplicity they are nothing. whole: whether the
    format has room for energy, forces and stress.
    """

    frames: int
    bare: int = 0
    atoms: int = 0
    whole: bool = True


def export_labels(
    store: LabelStore,
    theory: LevelOfTheory,
    out: Path,
    *,
    prefix: str = "",
    elements: Collection[str] = (),
    first: int | None = None,
    overwrite: bool = False,
) -> Exported:
    """Writes the labels of a theory, all or nothing.

    out: its suffix names the format, as for `export_frames`. prefix: of the names of the labels in extended XYZ.
    elements: only frames that have no others. first: only so many. overwrite: whether another file
    of this name may go. Raises what `export_frames` raises, and InputError
    for a prefix in another format.
    """
    if prefix and not is_extxyz(out):
        raise InputError("only extended XYZ has names of labels, and so a prefix", where=str(out))
    kept = writer_of(out).keeps(out)
    keeps_all = "identity" in kept
    keys, atoms = sorted(store.keys(theory)), 0
    if elements or not keeps_all:
        keys, atoms = _chosen(store, theory, frozenset(elements), keeps_all)
    if first is not None and first > len(keys) > 0:
        raise FrameError(f"{first} frames were asked for, there are {len(keys)} of {theory}", where=str(store.path))
    if not keys:
        only = f" of {' '.join(sorted(elements))} only" if elements else ""
        only += " beside isolated atoms, for which this format has no room" if atoms else ""
        raise FrameError(f"{theory} has no frames{only}", where=str(store.path))
    chosen = store.frames(theory, keys[:first])
    check_export(out, len(chosen))
    exported = ExportedFrames(chosen, prefix)
    export_frames(out, exported, overwrite=overwrite)
    if keeps_all:
        return Exported(len(chosen))
    return Exported(len(chosen), len(exported.charged), atoms, "labels" in kept)


def _chosen(
    store: LabelStore, theory: LevelOfTheory, elements: frozenset[str], with_atoms: bool
) -> tuple[list[str], int]:
    """Keys of the frames that have no other elements, and how many isolated atoms are left out."""
    keys, atoms = [], 0
    for record in store.recorded(theory):
        if isinstance(record.answer, Failure) or record.frame is None:
            keys.append(record.place.rpartition(" ")[2])  # it may be one of them: reading it says what is wrong
        elif not elements or elements.issuperset(record.frame.get_chemical_symbols()):
            if with_atoms or not is_isolated(record.frame):
                keys.append(frame_key(record.frame))
            else:
                atoms += 1
    return keys, atoms
