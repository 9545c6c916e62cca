"""AseFile: what ASE reads and writes of the other programs' formats, less what nobody could vouch for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from whet.data.errors import FrameError, WhetError
from whet.data.labels import without_labels
from whet.files.frame_format import FrameFormat, ReadFrame, only_one

if TYPE_CHECKING:
    from ase import Atoms

CONTAINERS = frozenset({"bundletrajectory", "db", "json", "netcdftrajectory", "traj"})
"""ASE's own formats: their labels are what somebody put there, as in extended XYZ."""

WITHOUT_ELEMENTS = frozenset({"lammps-dump-binary", "lammps-dump-text", "lammps-data"})
"""Formats with type numbers, which ASE takes for atomic numbers."""

JUDGED = frozenset({"aims-output", "gaussian-out", "orca-output"})
"""Formats of ASE whose convergence a plugin of Whet's own judges."""

SEVERAL_FILES = frozenset({"xtd"})
"""Formats of ASE that are more than the file that is named."""

WITH_IDENTITY = frozenset({"traj"})
"""Formats of ASE that keep charge, multiplicity and initial moments."""

WITH_LABELS = WITH_IDENTITY | {"db", "json"}
"""Formats of ASE in which energy, forces and stress arrive."""


class AseFile(FrameFormat):
    """Any format of which ASE has a reader.

    Labels are taken from ASE's own formats only. An output of a program may be that of a calculation that did not
    converge, which ASE's readers do not tell: of those only structures are taken, and a note says so.
    """

    name = "what ASE reads"
    rank = 4
    structure_files = (
        "*.cif",
        "POSCAR*",
        "CONTCAR*",
        "*.vasp",
        "*.poscar",
        "*.traj",
        "*.db",
        "*.pdb",
        "*.xsf",
        "*.gen",
    )

    def recognizes(self, path: Path, head: bytes) -> bool:
        return True

    def read(self, path: Path) -> Iterator[ReadFrame]:
        """Raises FrameError where ASE does not know the format, or cannot read the file."""
        kind = ase_format(path)
        if kind in WITHOUT_ELEMENTS:
            hint = "Give a text file that names its elements; pip install whet-exchange reads those of LAMMPS"
            raise FrameError(
                f"ASE takes the type numbers of the format {kind} for elements", where=str(path), hint=hint
            )
        for one in read_by_ase(path, kind):
            calculator = None if isinstance(one.atoms, FrameError) else one.atoms.calc
            if isinstance(one.atoms, FrameError) or kind in CONTAINERS or not getattr(calculator, "results", None):
                yield one
            else:
                what = f"its labels are left out: whether a calculation of the format {kind} converged is not known"
                judge = "pip install whet-dpdata judges it" if kind in JUDGED else "no installed plugin judges it"
                way_out = f"{judge}; or check it, and give structure and labels as extended XYZ"
                yield ReadFrame(one.place, without_labels(one.atoms), f"{what} ({way_out})")

    def writes(self, path: Path) -> bool:
        return bool(_written_kind(path))

    def check_writable(self, path: Path, count: int) -> None:
        from ase.io.formats import ioformats

        if count > 1 and ioformats[kind := _written_kind(path)].single:
            raise only_one(kind, path, count)

    def keeps(self, path: Path) -> Set[Literal["labels", "identity"]]:
        kind = _written_kind(path)
        return {"labels", "identity"} if kind in WITH_IDENTITY else {"labels"} if kind in WITH_LABELS else set()

    def write(self, path: Path, frames: Sequence[Atoms], indices: Sequence[int]) -> None:
        """Raises FrameError where ASE cannot write them, or not read again what it wrote."""
        import ase.io

        kind = _written_kind(path)
        try:
            ase.io.write(path, frames, format=kind)  # pyright: ignore[reportArgumentType] -- any sequence will do
        except Exception as error:  # whatever a format's writer raises for a frame that it was not made for
            if isinstance(error, WhetError) or getattr(error, "errno", None) is not None:
                raise
            raise FrameError(f"ASE cannot write the frames as {kind} ({error})") from error
        if kind not in CONTAINERS:
            _check_written(path, kind, frames)


def _written_kind(path: Path) -> str:
    """ASE's name of the format that a file of that name would be written in; empty where there is none."""
    from ase.io.formats import UnknownFileTypeError, filetype, ioformats

    try:
        kind = filetype(path.name, read=False)
    except UnknownFileTypeError:
        return ""
    is_known = kind in ioformats and ioformats[kind].can_write and ioformats[kind].can_read
    return kind if is_known and kind not in SEVERAL_FILES | WITHOUT_ELEMENTS | {"whet-frames"} else ""


def _check_written(path: Path, kind: str, frames: Sequence[Atoms]) -> None:
    """FrameError where ASE does not read back the atoms that it wrote: such a file is of no use to anybody."""
    back = [one.atoms for one in read_by_ase(path, kind)]
    for index, (frame, found) in enumerate(zip(frames, back, strict=False)):
        if isinstance(found, FrameError) or sorted(found.numbers) != sorted(frame.numbers):
            raise FrameError(f"ASE writes the format {kind} so that frame {index} cannot be read again")
    if len(back) != len(frames):
        raise FrameError(f"ASE reads {len(back)} of the {len(frames)} frames that it wrote as {kind}")


def ase_format(path: Path) -> str:
    """ASE's name of a file's format. FrameError where it has none, or no reader."""
    from ase.io.formats import UnknownFileTypeError, filetype, ioformats

    try:
        kind = filetype(str(path.absolute()))
    except UnknownFileTypeError:
        kind = ""
    except Exception as error:  # whatever a damaged archive or a plugin of ASE's raises
        raise FrameError(f"its format cannot be found out ({_said(error)})", where=str(path)) from error
    if kind not in ioformats or not ioformats[kind].can_read:
        hint = "Known are extended XYZ, .frames, .traj, .db, CIF, POSCAR and others that ASE reads"
        raise FrameError("its format is not known", where=str(path), hint=hint)
    return kind


def read_by_ase(path: Path, kind: str, **options: Any) -> Iterator[ReadFrame]:
    """The frames of a file in a format of ASE's. What its reader raises is the fault of the frame that it came to."""
    import warnings

    import ase.io

    # The full path, and no index after an `@`: a name means the file that is called so.
    name = str(path.absolute())
    found = ase.io.iread(name, slice(None), kind, parallel=False, do_not_split_by_at_sign=True, **options)
    index = 0
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what a reader makes of a file: its frames are checked here
                atoms = next(found, None)
        except Exception as error:
            place = f"{path}, frame {index}" if index else str(path)
            yield ReadFrame(place, FrameError(f"ASE cannot read it ({_said(error)})"))
            return
        if atoms is None:
            return
        yield ReadFrame(f"{path}, frame {index}", atoms)
        index += 1


def frames_by_ase(path: Path, kind: str) -> list[Atoms]:
    """All frames of a file in a format of ASE's. FrameError for the first that its reader cannot read."""
    found: list[Atoms] = []
    for one in read_by_ase(path, kind):
        if isinstance(one.atoms, FrameError):
            raise one.atoms
        found.append(one.atoms)
    return found


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
