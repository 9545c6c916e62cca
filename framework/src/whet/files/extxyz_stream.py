"""ExtendedXyz: extended XYZ frame by frame; a damaged frame is named by its line, and costs no other."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from whet.data.errors import FrameError, InputError
from whet.files.extended_xyz import extended_xyz
from whet.files.frame_format import FrameFormat, ReadFrame
from whet.files.opened import opened_text
from whet.files.unit_system import UnitSystem

if TYPE_CHECKING:
    from ase import Atoms


class ExtendedXyz(FrameFormat):
    """Extended XYZ (.xyz, .extxyz, perhaps compressed), whose units its author has to know."""

    name = "extended XYZ"
    rank = 3
    suffixes = (".extxyz", ".xyz")
    structure_files = ("*.extxyz", "*.xyz")
    compresses = True
    fixes_units = False

    def recognizes(self, path: Path, head: bytes) -> bool:
        from whet.files.ase_files import ase_format

        try:
            return is_extxyz(path) or (path.is_file() and ase_format(path) in ("extxyz", "xyz"))
        except FrameError:
            return False

    def read(self, path: Path) -> Iterator[ReadFrame]:
        """After a fault the reading goes on at the next line that is a number of atoms."""
        index = 0
        try:
            with opened_text(path) as file:
                lines = _Lines(file)
                while first := lines.take():
                    if not first.strip():
                        continue
                    place = f"{path}, line {lines.number} (frame {index})"
                    try:
                        yield ReadFrame(place, _frame(first, lines))
                    except FrameError as error:
                        lines.skip_to_header()
                        yield ReadFrame(place, error)
                    index += 1
        except (OSError, EOFError) as error:
            why = getattr(error, "strerror", None) or error
            raise InputError(f"the file cannot be read ({why})", where=str(path)) from error

    def units_of(self, atoms: Atoms, given: UnitSystem | None) -> UnitSystem:
        stated = UnitSystem.stated_in(atoms.info)
        if given is None and stated is None:
            raise FrameError("its units are not stated", hint="Add --units eV,Å (or what they are)")
        if given is not None and stated is not None and (given.energy, given.length) != (stated.energy, stated.length):
            raise FrameError(f"the frame states the units {stated}, but is to be read in {given}")
        found = given or stated
        assert found is not None
        return found

    def stated_units(self, path: Path) -> UnitSystem | None:
        """Those of the first readable frame."""
        for one in self.read(path):
            if not isinstance(one.atoms, FrameError):
                try:
                    return UnitSystem.stated_in(one.atoms.info)
                except FrameError:
                    return None
        return None

    def keeps(self, path: Path) -> Set[Literal["labels", "identity"]]:
        return {"labels", "identity"}

    def write(self, path: Path, frames: Sequence[Atoms], indices: Sequence[int]) -> None:
        self.write_texts(path, frames, indices, lambda frame, index: extended_xyz(frame))


def is_extxyz(path: Path) -> bool:
    """Whether the name is that of an extended XYZ file."""
    return re.search(r"\.(ext)?xyz(\.(gz|bz2|xz))?$", path.name.lower()) is not None


class _Lines:
    """Lines of a file with their numbers; one can be given back."""

    def __init__(self, file: TextIO) -> None:
        self._file, self._back, self.number = file, "", 0

    def take(self) -> str:
        """The next line; empty at the end."""
        line, self._back = self._back or self._file.readline(), ""
        self.number += bool(line)
        return line

    def give_back(self, line: str) -> None:
        self._back = line
        self.number -= bool(line)

    def skip_to_header(self) -> None:
        """Goes on to the next line that is a whole number by itself: no line of an atom is."""
        while line := self.take():
            if line.strip().isdecimal():
                self.give_back(line)
                return


def _frame(first: str, lines: _Lines) -> Atoms:
    """The frame that begins with this line. FrameError where it is damaged; what follows it is not yet taken then."""
    from ase.io.extxyz import read_xyz

    if not first.strip().isdecimal():
        raise FrameError(f"expected a number of atoms, found {first.strip()[:40]!r}")
    count = int(first)
    comment, rows = lines.take(), []
    while len(rows) < count:
        line = lines.take()
        if not line.strip() or line.strip().isdecimal():
            lines.give_back(line)
            raise FrameError(f"the frame is cut off: {count} atoms announced, {len(rows)} found")
        rows.append(line)
    if not rows:
        raise FrameError("the frame has no atoms")
    while (after := lines.take()).lstrip().startswith("VEC"):
        rows.append(after)
    lines.give_back(after)
    width = len(rows[-1].split())
    if len(after.split()) == width > 1:
        raise FrameError(f"more than the {count} atoms announced follow, the next in line {lines.number + 1}")
    _check_columns(comment, rows[:count], lines.number - len(rows))
    try:
        found = read_xyz(io.StringIO("".join((first, comment, *rows))), index=0)
        return next(iter(found))  # pyright: ignore[reportArgumentType, reportCallIssue] -- ASE's wrapper has no types
    except Exception as error:
        raise FrameError(f"the frame cannot be read ({' '.join(str(error).split())[:200]})") from error


def _check_columns(comment: str, rows: list[str], above: int) -> None:
    """FrameError for a line with more or fewer columns than stated: ASE would pass over those beyond."""
    stated = re.search(r'Properties="?([^\s"]+)', comment)
    widths = stated.group(1).split(":")[2::3] if stated else []
    if not all(width.isdecimal() for width in widths):
        return  # ASE says what is wrong with it
    wanted = sum(map(int, widths))
    for place, row in enumerate(rows, above + 1):
        if wanted and (found := len(row.split())) != wanted:
            raise FrameError(f"line {place} has {found} columns, the frame's Properties state {wanted}")
