"""export_frames: frames in the files of other programs, as exactly as each format can hold them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.durable import replacing
from whet.data.errors import FrameError, InputError, WhetError
from whet.data.frame_log import write_frames
from whet.data.frames import ChosenFrames
from whet.data.input_files import full_path
from whet.files.ase_files import CONTAINERS, read_by_ase
from whet.files.deepmd_files import write_deepmd
from whet.files.extended_xyz import extended_xyz
from whet.files.lammps_text import lammps_data, lammps_dump

if TYPE_CHECKING:
    from ase import Atoms


SEVERAL_FILES = frozenset({"xtd"})
"""Formats of ASE that are more than the file that is named."""


def export_frames(
    path: Path | str, frames: Sequence[Atoms], indices: Sequence[int] | None = None, *, overwrite: bool = False
) -> None:
    """Writes frames (those at `indices`) in the format that the file's suffix names, all or nothing.

    | suffix              | what is kept                                                                               |
    |---------------------|--------------------------------------------------------------------------------------------|
    | .extxyz, .xyz       | every number, bit for bit, as ASE reads it; of constraints the fixed atoms and directions  |
    | .frames             | everything, bit for bit                                                                    |
    | .lammpstrj, .dump   | cell and positions (Å), velocities (Å/ps), forces (eV/Å), turned as LAMMPS wants the cell  |
    | .data, .lmp         | of one frame: cell, positions, masses, velocities, charges                                 |
    | .deepmd             | a new folder of DeePMD systems: cell, positions, energy, forces, virial                    |
    | what else ASE knows | what the format has room for: .traj, .db, .cif, .pdb, POSCAR, …                            |

    One frame at a time is in memory. overwrite: whether another file of this name may go; one with the very content
    that would be written is left as it is. Raises InputError where there is another and it may not, or where the
    format is not known or holds one frame only, FrameError where a frame does not fit into it, StoreError where the
    file cannot be written.
    """
    path = Path(path)
    chosen = ChosenFrames(frames, range(len(frames)) if indices is None else indices)
    if not chosen:
        raise FrameError("there is no frame to write", where=str(path))
    check_export(path, len(chosen))
    if path.suffix.lower() == ".deepmd":
        write_deepmd(path, chosen)
        return
    write = _writer(path, len(chosen))
    if path.is_symlink():
        path = full_path(path)  # a link stays one
    with replacing(path, check=lambda partial: overwrite or _check_same(path, partial)) as partial:
        write(partial, chosen)


def check_export(path: Path, count: int) -> None:
    """InputError where `count` frames cannot be written to such a file: asked before anything expensive begins."""
    if path.suffix.lower() != ".deepmd":
        _writer(path, count)
    elif path.exists():
        raise InputError("the folder exists", where=str(path), hint="Remove it, or give another name")


def _check_same(path: Path, partial: Path) -> None:
    """InputError where a file with another content has the name already."""
    if path.is_file() and _content(path) != _content(partial):
        hint = "Choose another name, or add --overwrite (in Python overwrite=True)"
        raise InputError("there is another file of this name", where=str(path), hint=hint)


def _content(path: Path) -> bytes:
    """SHA-256 of what a file holds, unpacked: a compressed file says when it was made."""
    import hashlib

    from ase.io.formats import open_with_compression

    found = hashlib.sha256()
    try:
        with open_with_compression(str(path), "rb") as file:
            while block := file.read(1 << 20):
                found.update(block if isinstance(block, bytes) else block.encode())
    except (OSError, EOFError, ValueError):  # damaged, or not compressed whatever its name says
        return path.read_bytes()
    return found.digest()


Writer = Callable[[Path, ChosenFrames], None]


def _writer(path: Path, count: int) -> Writer:
    """What writes such a file. InputError where nothing does, or where the file would hold one frame only."""
    from ase.io.formats import UnknownFileTypeError, filetype, get_compression, ioformats

    root, compression = get_compression(path.name)
    suffix = Path(root).suffix.lower()
    if suffix == ".frames" and not compression:
        return write_frames
    if suffix in (".extxyz", ".xyz"):
        return _frame_by_frame(lambda frame, index: extended_xyz(frame))
    if suffix in (".lammpstrj", ".dump"):
        types: dict[str, int] = {}
        return _frame_by_frame(lambda frame, index: lammps_dump(frame, index, types))
    try:
        name = "lammps-data" if suffix in (".data", ".lmp") else filetype(path.name, read=False)
    except UnknownFileTypeError:
        name = ""
    is_known = name in ioformats and ioformats[name].can_write and ioformats[name].can_read
    if suffix == ".frames" or not is_known or name in SEVERAL_FILES:
        known = ".extxyz, .xyz, .frames, .traj, .db, .deepmd, .lammpstrj, .dump, .data, .lmp, .cif, .pdb, .xsf, POSCAR"
        hint = f"Known: {known}, and the other suffixes under which ASE writes"
        raise InputError("the suffix names no format that can be written", where=str(path), hint=hint)
    if ioformats[name].single and count > 1:
        what = f"a file of the format {name} holds one frame, and {count} are chosen"
        raise InputError(what, where=str(path), hint="--last 1 takes the last")
    if name == "lammps-data":
        return _frame_by_frame(lambda frame, index: lammps_data(frame))
    return _by_ase(name)


def _frame_by_frame(text: Callable[[Atoms, int], str]) -> Writer:
    """A file that is the text of each frame, one after the other; the name may end in .gz."""

    def write(path: Path, chosen: ChosenFrames) -> None:
        from ase.io.formats import open_with_compression

        with open_with_compression(str(path), "w") as file:
            for index, frame in zip(chosen.indices, chosen, strict=True):
                try:
                    if not len(frame):
                        raise FrameError("the frame has no atoms")
                    file.write(text(frame, index))
                except FrameError as error:
                    raise error.at(f"frame {index}") from None

    return write


def _by_ase(name: str) -> Writer:
    def write(path: Path, chosen: ChosenFrames) -> None:
        import ase.io

        try:
            ase.io.write(path, chosen, format=name)  # pyright: ignore[reportArgumentType] -- any sequence will do
        except Exception as error:  # whatever a format's writer raises for a frame that it was not made for
            if isinstance(error, WhetError) or getattr(error, "errno", None) is not None:
                raise
            raise FrameError(f"ASE cannot write the frames as {name} ({error})") from error
        if name not in CONTAINERS:
            _check_written(path, name, chosen)

    return write


def _check_written(path: Path, name: str, chosen: ChosenFrames) -> None:
    """FrameError where ASE does not read back the atoms that it wrote: such a file is of no use to anybody."""
    back = [one.atoms for one in read_by_ase(path, name)]
    for index, (frame, found) in enumerate(zip(chosen, back, strict=False)):
        if isinstance(found, FrameError) or sorted(found.numbers) != sorted(frame.numbers):
            raise FrameError(f"ASE writes the format {name} so that frame {index} cannot be read again")
    if len(back) != len(chosen):
        raise FrameError(f"ASE reads {len(back)} of the {len(chosen)} frames that it wrote as {name}")
