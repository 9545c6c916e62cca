"""Frames in files that a user gave, read with an error that names frame and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.errors import FrameError, InputError
from whet.data.frames import FrameSet, check_frame
from whet.data.labels import Failure
from whet.data.recorded import Recorded
from whet.files.deepmd_files import deepmd_records, is_deepmd
from whet.files.extxyz_stream import extxyz_frames, is_extxyz
from whet.files.label_keys import OWN, LabelKeys
from whet.files.npz_frames import npz_records
from whet.files.unit_system import UnitSystem

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["LabelKeys", "read_labeled", "read_structures", "recorded_frames"]


def read_labeled(path: Path | str, keys: LabelKeys | None = None) -> FrameSet:
    """The labeled frames of a file that a user gave (any format ASE reads; extended XYZ in any usual keys).

    Raises FrameError, naming file, line and frame, for an empty or truncated file, missing labels, and any
    number that is not finite. Stress is kept where a frame has it.
    """
    frames = []
    for record in recorded_frames(Path(path), keys):
        if isinstance(record.answer, Failure) or record.frame is None:
            reason = record.answer.reason if isinstance(record.answer, Failure) else "there is no frame"
            raise FrameError(reason, where=record.place)
        frames.append(record.answer.attach(record.frame))
    return FrameSet(frames)


def read_structures(path: Path | str) -> FrameSet:
    """The structures of a file that a user gave; labels are not needed. Raises FrameError as `read_labeled` does."""
    frames = []
    for place, atoms in _frames_of(Path(path)):
        if isinstance(atoms, FrameError):
            raise atoms.at(place)
        try:
            check_frame(atoms)
        except FrameError as error:
            raise error.at(place) from None
        frames.append(atoms)
    return FrameSet(frames)


def recorded_frames(
    path: Path, keys: LabelKeys | Mapping[str, str] | None = None, units: UnitSystem | None = OWN
) -> Iterator[Recorded]:
    """Each labeled frame of a file or of a DeePMD system folder, or why it is none; nothing else is lost with one.

    keys: all of them, or by label (`{"energy": "E0"}`) those that are not found by themselves. units: of extended XYZ
    and .npz; None where each frame has to state its own. The other formats fix theirs. One frame at a time is in
    memory. Raises InputError where there is no such file, or none of it can be read.
    """
    if is_deepmd(path):
        yield from deepmd_records(path)
        return
    if path.suffix.lower() == ".npz":
        yield from npz_records(path, units)
        return
    by_file = is_extxyz(path)
    for place, atoms in _frames_of(path, whole=True):
        try:
            if isinstance(atoms, FrameError):
                raise atoms
            check_frame(atoms)
            written = _units(atoms, units) if by_file else OWN
            found = keys if isinstance(keys, LabelKeys) else LabelKeys.find(atoms, keys or {})
            frame, labels = found.read(atoms, written)
            yield Recorded(place, frame, labels, note=f"labels under {found}" if by_file else "")
        except FrameError as error:
            yield Recorded(place, None, Failure(str(error)))
        except (TypeError, ValueError) as error:
            yield Recorded(place, None, Failure(f"the labels cannot be read ({' '.join(str(error).split())})"))


def stated_units(path: Path) -> UnitSystem | None:
    """The units that the first readable frame of an extended XYZ file states itself; None where it states none."""
    for _, atoms in extxyz_frames(path):
        if not isinstance(atoms, FrameError):
            try:
                return UnitSystem.stated_in(atoms.info)
            except FrameError:
                return None
    return None


def _units(atoms: Atoms, given: UnitSystem | None) -> UnitSystem:
    """The units of a frame. FrameError where they are not known, or the frame states others."""
    stated = UnitSystem.stated_in(atoms.info)
    if given is None and stated is None:
        raise FrameError("its units are not stated", hint="Add --units eV,Å (or what they are)")
    if given is not None and stated is not None and (given.energy, given.length) != (stated.energy, stated.length):
        raise FrameError(f"the frame states the units {stated}, but is to be read in {given}")
    found = given or stated
    assert found is not None
    return found


def _frames_of(path: Path, *, whole: bool = False) -> Iterator[tuple[str, Atoms | FrameError]]:
    """Each frame, or what is wrong with it, with the words that say where it stands.

    whole: whether a file of ours that ends in the middle of a frame is damaged, or just still being written.
    """
    if not path.is_file():
        raise InputError("there is no such file", where=str(path))
    if path.stat().st_size == 0:
        yield str(path), FrameError("the file is empty")
    elif is_extxyz(path):
        yield from extxyz_frames(path)
    elif path.suffix == ".frames":
        yield from _own(path, whole)
    else:
        yield from _by_ase(path)


def _own(path: Path, whole: bool) -> Iterator[tuple[str, Atoms | FrameError]]:
    from whet.data.frame_log import FrameLog

    try:
        log = FrameLog(path)
    except FrameError as error:
        where, error.where = error.where, ""
        yield where, error
        return
    for index in range(len(log)):
        place = f"{path}, frame {index}"
        try:
            atoms = log[index]
        except FrameError as error:
            error.where = ""
            yield place, error
        else:
            yield place, atoms
    if whole and log.is_torn:
        yield f"{path}, frame {len(log)}", FrameError("the file ends in the middle of the frame")


def _by_ase(path: Path) -> Iterator[tuple[str, Atoms | FrameError]]:
    import ase.io

    index = 0
    try:
        for atoms in ase.io.iread(path, index=":"):
            yield f"{path}, frame {index}", atoms
            index += 1
    except Exception as error:
        place = f"{path}, frame {index}" if index else str(path)
        yield place, FrameError(f"ASE cannot read it ({' '.join(str(error).split())[:300]})")
