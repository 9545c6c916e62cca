"""FrameFormat: the contract of a way in which frames are written down; and ReadFrame, a frame as it stands there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from whet.data.errors import FrameError, InputError, Unsupported
from whet.data.frame_checks import check_frame
from whet.data.labels import Failure
from whet.data.recorded import Recorded
from whet.files.label_keys import OWN, LabelKeys
from whet.files.opened import MODULES
from whet.files.unit_system import UnitSystem

if TYPE_CHECKING:
    from ase import Atoms

Named = LabelKeys | Mapping[str, str]
"""The keys of labels: all of them, or those that a user named, by label (`{"energy": "E0"}`)."""


@dataclass(frozen=True, eq=False)
class ReadFrame:
    """A frame with all that is written there of it, labels included; or the fault that it has.

    place: file with line, frame or ionic step, as an error names it. note: what was left out, and why.
    """

    place: str
    atoms: Atoms | FrameError
    note: str = ""


class FrameFormat(ABC):
    """One format. A fault of a frame costs no other frame, and is an answer like any other.

    To be read it needs `recognizes` and `read`; to be written `suffixes` and `write`.
    """

    name: ClassVar[str]
    """What people call it."""
    packages: ClassVar[Mapping[str, str]] = {}
    """Module -> requirement (`dpdata` -> `dpdata>=1.1`) of what reading and writing import."""
    rank: ClassVar[int] = 2
    """Files are shown to formats of a lower rank first. 0: it begins with bytes of its own; 1: outputs that a labeler
    judges; 2: all others; beyond: what takes whatever nobody else knows. Two of one rank must not know one file."""
    outputs: ClassVar[Sequence[str]] = ()
    """Patterns of the names (`type.raw`) by which it is found in a tree of folders. Of several that match in one folder
    the first counts. Files of frames that a user names one by one need none."""
    is_folder: ClassVar[bool] = False
    """Whether it is a folder (the one that holds a file of `outputs`), not a file."""
    suffixes: ClassVar[Sequence[str]] = ()
    """Suffixes (`.dump`) of what it writes; none where it is only read."""
    compresses: ClassVar[bool] = False
    """Whether `.gz` and the like may follow the suffix."""
    one_frame: ClassVar[bool] = False
    """Whether a file holds one frame only."""

    states_theory: bool = False
    """Whether each label comes with its level of theory."""
    fixes_units: bool = True
    """Whether the format says which units it has; where it does not, the file or the user has to."""
    fixes_keys: bool = False
    """Whether the format says under which keys labels stand, so that what a user names is for other files."""

    @abstractmethod
    def recognizes(self, path: Path, head: bytes) -> bool:
        """Whether a file that begins with these (uncompressed) bytes, or a folder (no bytes), is of this format."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[ReadFrame]:
        """Each frame, one at a time in memory. Raises InputError or FrameError where none of it can be read."""

    def records(self, path: Path, keys: Named, units: UnitSystem | None) -> Iterator[Recorded]:
        """Each labeled frame, or why it is none. units: None where each frame has to state its own."""
        for one in self.read(path):
            yield self.record(one, keys, units)

    def record(self, one: ReadFrame, keys: Named, units: UnitSystem | None) -> Recorded:
        """A frame that `read` gave as a labeled one, or why it is none; arguments as of `records`."""
        keys = {} if self.fixes_keys else keys
        try:
            if isinstance(one.atoms, FrameError):
                raise one.atoms
            check_frame(one.atoms)
            if one.note:
                raise FrameError(one.note)
            found = keys if isinstance(keys, LabelKeys) else LabelKeys.find(one.atoms, keys)
            frame, labels = found.read(one.atoms, self.units_of(one.atoms, units))
        except FrameError as error:
            return Recorded(one.place, None, Failure(str(error)))
        except (TypeError, ValueError) as error:
            return Recorded(one.place, None, Failure(f"the labels cannot be read ({' '.join(str(error).split())})"))
        return Recorded(one.place, frame, labels, note="" if self.fixes_units else f"labels under {found}")

    def units_of(self, atoms: Atoms, given: UnitSystem | None) -> UnitSystem:
        """The units in which this frame is written. FrameError where nobody says them, or they are said in two ways."""
        return OWN

    def stated_units(self, path: Path) -> UnitSystem | None:
        """The units that the file itself states; None where it states none."""
        return OWN

    def writes(self, path: Path) -> bool:
        """Whether a file of that name would be one that it writes."""
        is_compressed = self.compresses and path.suffix.removeprefix(".") in MODULES
        return Path(path.stem if is_compressed else path.name).suffix.lower() in self.suffixes

    def check_writable(self, path: Path, count: int) -> None:
        """InputError where `count` frames cannot be in one file. Asked before anything expensive begins."""
        if self.one_frame and count > 1:
            raise only_one(self.name, path, count)

    def keeps(self, path: Path) -> Set[Literal["labels", "identity"]]:
        """What arrives in a file of that name: energy, forces and stress; charge, multiplicity and initial moments."""
        return frozenset()

    def write(self, path: Path, frames: Sequence[Atoms], indices: Sequence[int]) -> None:
        """Writes frames into an empty file or folder, which gets its name when all is in it.

        frames: one at a time should be in memory. indices: which frames they are of the file that they come from.
        Raises FrameError for one that does not fit.
        """
        raise Unsupported(f"the format {self.name!r} is only read")

    def write_texts(
        self, path: Path, frames: Sequence[Atoms], indices: Sequence[int], text: Callable[[Atoms, int], str]
    ) -> None:
        """`write` for a file that is the text of each frame (with its index), one after the other."""
        from ase.io.formats import open_with_compression

        with open_with_compression(str(path), "w") as file:
            for index, frame in zip(indices, frames, strict=True):
                try:
                    if not len(frame):
                        raise FrameError("the frame has no atoms")
                    file.write(text(frame, index))
                except FrameError as error:
                    raise error.at(f"frame {index}") from None


def only_one(name: str, path: Path, count: int) -> InputError:
    """What is said of several frames for a file that holds one."""
    what = f"a file of the format {name} holds one frame, and {count} are chosen"
    return InputError(what, where=str(path), hint="--last 1 takes the last")
