"""FrameFormat: a way in which frames are written down; and ReadFrame, a frame as it stands there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whet.data.errors import FrameError
from whet.data.frame_checks import check_frame
from whet.data.labels import Failure
from whet.data.recorded import Recorded
from whet.files.label_keys import OWN, LabelKeys
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
    """One format. A fault of a frame costs no other frame, and is an answer like any other."""

    name: str
    """What people call it."""
    states_theory = False
    """Whether each label comes with its level of theory."""
    fixes_units = True
    """Whether the format says which units it has; where it does not, the file or the user has to."""

    fixes_keys = False
    """Whether the format says under which keys labels stand, so that what a user names is for other files."""

    @abstractmethod
    def recognizes(self, path: Path, head: bytes) -> bool:
        """Whether a file that begins with these (uncompressed) bytes, or a folder (no bytes), is of this format."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[ReadFrame]:
        """Each frame, one at a time in memory. Raises InputError or FrameError where none of it can be read."""

    def records(self, path: Path, keys: Named, units: UnitSystem | None) -> Iterator[Recorded]:
        """Each labeled frame, or why it is none. units: None where each frame has to state its own."""
        keys = {} if self.fixes_keys else keys
        for one in self.read(path):
            try:
                if isinstance(one.atoms, FrameError):
                    raise one.atoms
                check_frame(one.atoms)
                if one.note:
                    raise FrameError(one.note)
                found = keys if isinstance(keys, LabelKeys) else LabelKeys.find(one.atoms, keys)
                frame, labels = found.read(one.atoms, self.units_of(one.atoms, units))
            except FrameError as error:
                yield Recorded(one.place, None, Failure(str(error)))
            except (TypeError, ValueError) as error:
                yield Recorded(one.place, None, Failure(f"the labels cannot be read ({' '.join(str(error).split())})"))
            else:
                yield Recorded(one.place, frame, labels, note="" if self.fixes_units else f"labels under {found}")

    def units_of(self, atoms: Atoms, given: UnitSystem | None) -> UnitSystem:
        """The units in which this frame is written. FrameError where nobody says them, or they are said in two ways."""
        return OWN

    def stated_units(self, path: Path) -> UnitSystem | None:
        """The units that the file itself states; None where it states none."""
        return OWN
