"""LammpsDump and LammpsData: LAMMPS's files as frames, read as far as they say which elements their types are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from whet import FrameError, FrameFormat, ReadFrame, opened_text, read_by_ase
from whet_exchange.lammps_text import lammps_data, lammps_dump

if TYPE_CHECKING:
    from ase import Atoms

UNITS = ("metal", "real")
"""LAMMPS's unit systems that are read: lengths in Å, masses in g/mol."""

MASS_OFF = 0.1
"""g/mol; a mass that is farther from every element's is that of something else (a united atom, a bead)."""


class LammpsDump(FrameFormat):
    """A text dump. It has no energies, so its forces alone are no labels."""

    name = "LAMMPS dump"
    suffixes = (".lammpstrj", ".dump")
    compresses = True

    def recognizes(self, path: Path, head: bytes) -> bool:
        return b"ITEM: TIMESTEP" in head

    def read(self, path: Path) -> Iterator[ReadFrame]:
        """Raises FrameError where a snapshot does not name its elements."""
        units = _check_dump(path)
        for one in read_by_ase(path, "lammps-dump-text", units=units):
            if not isinstance(one.atoms, FrameError) and one.atoms.calc is not None:
                one.atoms.calc.results.pop("energy", None)  # ASE's reader makes up a zero
            yield one

    def write(self, path: Path, frames: Sequence[Atoms], indices: Sequence[int]) -> None:
        types: dict[str, int] = {}
        self.write_texts(path, frames, indices, lambda frame, index: lammps_dump(frame, index, types))


class LammpsData(FrameFormat):
    """A data file, whose types are elements by their labels or masses."""

    name = "LAMMPS data file"
    suffixes = (".data", ".lmp")
    compresses = True
    one_frame = True

    def recognizes(self, path: Path, head: bytes) -> bool:
        return re.search(rb"^\s*\d+\s+atoms\b", head, re.MULTILINE) is not None and b"xlo xhi" in head

    def read(self, path: Path) -> Iterator[ReadFrame]:
        """Raises FrameError where neither labels nor masses of its types name elements."""
        with opened_text(path) as file:
            lines = file.readlines()
        stated = re.search(r"\bunits\s*=\s*(\w+)", lines[0] if lines else "")
        units = _known_units(stated[1] if stated else "metal", str(path))
        sections = {line.split("#")[0].strip() for line in lines}
        if "Masses" in sections and "Atom Type Labels" not in sections:
            _check_masses(_section(lines, "Masses"), str(path))
        elif "Atom Type Labels" not in sections:
            hint = "Add a Masses or an Atom Type Labels section, or give the structure in another format"
            raise FrameError("the file has type numbers and says no elements", where=str(path), hint=hint)
        yield from read_by_ase(path, "lammps-data", units=units)

    def write(self, path: Path, frames: Sequence[Atoms], indices: Sequence[int]) -> None:
        self.write_texts(path, frames, indices, lambda frame, index: lammps_data(frame))


def _check_dump(path: Path) -> str:
    """The units of a dump. FrameError for a snapshot without a column of elements, and for units that are not read."""
    units = "metal"
    with opened_text(path) as file:
        for number, line in enumerate(file, 1):
            if line.startswith("ITEM: UNITS"):
                units = _known_units(next(file, "").strip(), f"{path}, line {number + 1}")
            elif line.startswith("ITEM: ATOMS") and "element" not in line.split()[2:]:
                what = "the dump has type numbers and says no elements"
                hint = "Dump them: `dump 1 all custom N FILE id element x y z`, `dump_modify 1 element Na Cl`"
                raise FrameError(what, where=f"{path}, line {number}", hint=hint)
    return units


def _known_units(word: str, where: str) -> str:
    if word not in UNITS:
        raise FrameError(f"the units {word!r} are not read", where=where, hint=f"Known: {', '.join(UNITS)}")
    return word


def _section(lines: Sequence[str], name: str) -> list[str]:
    """The lines of a section of a data file, without comments."""
    plain = [line.split("#")[0].strip() for line in lines]
    found: list[str] = []
    for line in plain[plain.index(name) + 1 :]:
        if line and not line[0].isdigit():
            break
        found += [line] if line else []
    return found


def _check_masses(rows: Sequence[str], where: str) -> None:
    """FrameError for a mass that is no element's."""
    import numpy as np
    from ase.data import atomic_masses

    for row in rows:
        try:
            kind, mass = row.split()[0], float(row.split()[1])
        except (IndexError, ValueError):
            raise FrameError(f"{row[:40]!r} is no type and its mass", where=where) from None
        if not float(np.nanmin(np.abs(atomic_masses[1:] - mass))) <= MASS_OFF:
            hint = "Give the structure in a format that names the elements"
            raise FrameError(f"type {kind} has the mass {mass:g}, which is no element's", where=where, hint=hint)
