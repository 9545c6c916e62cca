"""given_frames: what somebody in a notebook has of frames (a path, Atoms, Structures of pymatgen) as a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.data.errors import FrameError, InputError
from whet.data.frame_log import write_frames

if TYPE_CHECKING:
    from ase import Atoms

WANTED = "a path, or frames: ase.Atoms or structures of pymatgen"


def file_of(frames: Any, folder: Path, name: str = "frames") -> Path:
    """The file of these frames: the path itself, or a new file in `folder` that keeps all that they carry.

    frames: a path, one frame, or any iterable of frames, each an `ase.Atoms` or a Structure or Molecule of pymatgen
    (whose `properties` and site properties become `info` and arrays). Raises InputError for anything else, FrameError
    where there is no frame.
    """
    if isinstance(frames, str | Path):
        return Path(frames)
    given = [frames] if is_frame(frames) else frames
    if not isinstance(given, Iterable):
        raise InputError(f"{type(frames).__name__} is no file of frames and no frame", hint=f"Give {WANTED}")
    found = [atoms_of(one, place) for place, one in enumerate(given)]
    if not found:
        raise FrameError("there is no frame in the list")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.frames"
    write_frames(path, found)
    return path


def atoms_of(frame: Any, place: int = 0) -> Atoms:
    """One frame as `ase.Atoms`. place: its number, which an InputError names."""
    from ase import Atoms

    if isinstance(frame, Atoms):
        return frame
    if _is_of_pymatgen(frame):
        return frame.to_ase_atoms(msonable=False)  # pymatgen's own AseAtomsAdaptor, which only who has one has
    what = f"it is a {type(frame).__name__}, not a frame"
    raise InputError(what, where=f"frame {place}", hint=f"Give {WANTED}")


def is_frame(given: Any) -> bool:
    """Whether it is one frame, of ASE or of pymatgen."""
    from ase import Atoms

    return isinstance(given, Atoms) or _is_of_pymatgen(given)


def _is_of_pymatgen(given: Any) -> bool:
    """By the module of its class or of one that it is derived from: nobody who has none needs pymatgen."""
    return any(one.__module__.partition(".")[0] == "pymatgen" for one in type(given).__mro__)
