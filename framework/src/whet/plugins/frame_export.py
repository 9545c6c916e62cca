"""export_frames: frames in the files of other programs, as exactly as each format can hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.durable import replacing, sync_folder, unwritable
from whet.data.errors import FrameError, InputError
from whet.data.frames import ChosenFrames
from whet.data.input_files import full_path
from whet.plugins.formats import writer_of

if TYPE_CHECKING:
    from ase import Atoms


def export_frames(
    path: Path | str, frames: Sequence[Atoms], indices: Sequence[int] | None = None, *, overwrite: bool = False
) -> None:
    """Writes frames (those at `indices`) in the format that the file's suffix names, all or nothing.

    | suffix                   | what is kept                                                                       |
    |--------------------------|------------------------------------------------------------------------------------|
    | .extxyz, .xyz            | every number, bit for bit, as ASE reads it; of constraints fixed atoms, directions |
    | .frames                  | everything, bit for bit                                                            |
    | those of another plugin  | what it says: .deepmd, .lammpstrj, .dump, .data, .lmp of whet-exchange             |
    | what else ASE knows      | what the format has room for: .traj, .db, .cif, .pdb, POSCAR, …                    |

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
    one = writer_of(path)
    if path.is_symlink() and not one.is_folder:
        path = full_path(path)  # a link stays one
    new = _new_folder(path) if one.is_folder else replacing(path, check=lambda new: overwrite or _check_same(path, new))
    with new as partial:
        one.write(partial, chosen, chosen.indices)


def check_export(path: Path, count: int) -> None:
    """InputError where `count` frames cannot be written to such a file: asked before anything expensive begins."""
    one = writer_of(path)
    one.check_writable(path, count)
    if one.is_folder and path.exists():
        raise InputError("the folder exists", where=str(path), hint="Remove it, or give another name")


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder, which takes the name when all is in it. StoreError where it cannot be written."""
    import shutil
    import tempfile

    partial: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-", suffix=".partial"))
        yield partial
        partial.chmod(0o755)
        partial.rename(folder)
        sync_folder(folder.parent)
    except OSError as error:
        if getattr(error, "errno", None) is None:
            raise
        raise unwritable(folder, error) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)


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
