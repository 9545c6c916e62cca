"""LabelSource: a file or folder of labels that somebody has, and what it says about itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whet.data.errors import InputError
from whet.data.labels import Failure
from whet.data.recorded import Recorded
from whet.files.deepmd_files import is_deepmd
from whet.files.extxyz_stream import is_extxyz
from whet.files.frame_files import recorded_frames, stated_units
from whet.files.npz_frames import npz_units
from whet.files.unit_system import UnitSystem
from whet.shelf.theory_statement import TheoryStatement

Reader = Callable[[Path], Iterator[Recorded]]
"""Reads an output of a calculation."""


@dataclass(frozen=True)
class LabelSource:
    """One file, system folder or calculation. reader: reads a calculation, which states its theory and its units."""

    path: Path
    reader: Reader | None = None

    @property
    def states_theory(self) -> bool:
        """Whether each of its labels comes with its theory."""
        return self.reader is not None

    def records(self, named: Mapping[str, str], units: UnitSystem | None) -> Iterator[Recorded]:
        """Its labels, one at a time in memory. named: keys of labels that are not the usual ones (see `LabelKeys`).

        A source that cannot be read, or not to its end, gives a failure: it costs no other source.
        """
        try:
            yield from self.reader(self.path) if self.reader else recorded_frames(self.path, named, units)
        except InputError as error:
            place, error.where = error.where or str(self.path), ""
            yield Recorded(place, None, Failure(str(error)))

    def check(self, statement: TheoryStatement, given: UnitSystem | None) -> None:
        """InputError where nobody states the theory; where the units are neither stated nor given, or in two ways."""
        if not self.states_theory:
            try:
                statement.alone()
            except InputError as error:
                raise error.at(str(self.path)) from None
        self._check_units(given)

    def _check_units(self, given: UnitSystem | None) -> None:
        if self.reader is None and is_extxyz(self.path):
            stated = stated_units(self.path)
        elif self.path.suffix.lower() == ".npz":
            stated = npz_units(self.path)
        elif given is not None and not given.is_own:
            fixed = "the format fixes its units: eV and Å, stress with tension positive"
            raise InputError(f"{fixed}; {given} cannot be", where=str(self.path), hint="Leave --units away")
        else:
            return
        if stated is None and given is None:
            hint = "Add --units eV,Å (or hartree,bohr, kcal/mol,Å, …)"
            raise InputError("the file does not state its units", where=str(self.path), hint=hint)
        if stated and given and (stated.energy, stated.length) != (given.energy, given.length):
            raise InputError(f"the file states the units {stated}, not {given}", where=str(self.path))


def find_sources(paths: Sequence[Path], readers: Mapping[str, Reader]) -> list[LabelSource]:
    """What there is to be read in files and, at any depth, in folders: DeePMD systems, and outputs of calculations.

    readers: how an output is read, by its file name. Of several names that one reader has in a folder the first
    counts. Raises InputError for a path that is not there, or a folder in which nothing is known.
    """
    found: list[LabelSource] = []
    for path in paths:
        if path.is_dir():
            inside = list(_inside(path, readers))
            if not inside:
                known = ", ".join(["type.raw (DeePMD)", *readers])
                hint = f"Looked for {known}; give files of frames by their names"
                raise InputError("nothing in this folder is known", where=str(path), hint=hint)
            found += inside
        elif path.is_file():
            found.append(LabelSource(path, readers.get(path.name)))
        else:
            raise InputError("there is no such file", where=str(path))
    return found


def _inside(root: Path, readers: Mapping[str, Reader]) -> Iterator[LabelSource]:
    for name, folders, files in os.walk(root):
        folders.sort()
        folder = Path(name)
        if is_deepmd(folder):
            folders[:] = [inner for inner in folders if not inner.startswith("set.")]
            yield LabelSource(folder)
        seen: list[Reader] = []
        for output, reader in readers.items():
            if output in files and reader not in seen:
                seen.append(reader)
                yield LabelSource(folder / output, reader)
