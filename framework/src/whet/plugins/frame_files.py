"""What frames a user's file or folder holds: the one way in for all files, by the formats and codes that are known.

A file's format is found out by what is in it; calculations are read and judged by the labeler that knows their code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from whet.data.errors import FrameError, InputError, WhetError
from whet.data.frame_checks import check_frame
from whet.data.frames import FrameSet
from whet.data.input_files import regular_file
from whet.data.labels import Failure, Labels
from whet.data.recorded import Recorded
from whet.files.frame_format import FrameFormat, Named, ReadFrame
from whet.files.label_keys import OWN
from whet.files.opened import first_bytes
from whet.files.unit_system import UnitSystem
from whet.plugins.formats import check_packages, format_of, formats, install, lacking_reader, looked_for
from whet.plugins.registry import registry

if TYPE_CHECKING:
    from whet.contracts.labeling import Labeler

NO_NAMES: Mapping[str, str] = MappingProxyType({})


class CalculationOutput(FrameFormat):
    """The outputs of the code of an installed labeler, which judges whether they are labels."""

    rank = 1
    states_theory = True

    def __init__(self, labeler: type[Labeler]) -> None:
        self.labeler = labeler
        # Of a class these are facts of the class; here there is one format for each labeler.
        vars(self).update(outputs=labeler.outputs, name=f"output of {labeler.name}")

    def recognizes(self, path: Path, head: bytes) -> bool:
        return bool(head) and self.labeler.recognizes(head)

    def read(self, path: Path) -> Iterator[ReadFrame]:
        for one in self._recorded(path):
            failed = isinstance(one.answer, Failure) or one.frame is None
            atoms = FrameError(_reason(one)) if failed else one.answer.attach(one.frame)  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType]
            yield ReadFrame(one.place, atoms)

    def records(self, path: Path, keys: Named, units: UnitSystem | None) -> Iterator[Recorded]:
        for one in self._recorded(path):
            try:
                if one.frame is not None:
                    check_frame(one.frame)
            except FrameError as error:
                yield Recorded(one.place, None, Failure(str(error)))
            else:
                yield one

    def _recorded(self, path: Path) -> Iterator[Recorded]:
        try:
            yield from self.labeler.recorded(path)
        except Exception as error:  # a plugin that breaks its promise costs one calculation, not all
            said = " ".join(str(error).split())[:200]
            what = f"{self.labeler.name} cannot read it ({type(error).__name__}: {said})"
            yield Recorded(str(path), None, Failure(what))


class Unreadable(FrameFormat):
    """A file of which not even the beginning can be read: its fault is that of all its frames."""

    name = "unreadable"
    fixes_units = False

    def __init__(self, fault: FrameError) -> None:
        self.fault = fault

    def recognizes(self, path: Path, head: bytes) -> bool:
        return False

    def read(self, path: Path) -> Iterator[ReadFrame]:
        yield ReadFrame(str(path), self.fault)


@dataclass(frozen=True)
class FrameSource:
    """One file, or the folder of one system, and its format. It has a frame, or a fault."""

    path: Path
    format: FrameFormat

    def read(self) -> Iterator[ReadFrame]:
        """Each frame as it stands there, checked, or its fault; one at a time in memory."""
        none = True
        try:
            for one in self.format.read(self.path):
                none = False
                yield _checked(one)
        except Exception as error:  # whatever a damaged file makes its reader raise is the fault of the file
            none, fault = False, _fault(error)
            place, fault.where = fault.where or str(self.path), ""
            yield ReadFrame(place, fault)
        if none:
            yield ReadFrame(str(self.path), FrameError(f"there is no frame in it ({self.format.name})"))

    def records(self, keys: Named = NO_NAMES, units: UnitSystem | None = OWN) -> Iterator[Recorded]:
        """Each labeled frame, or why it is none; nothing else is lost with one.

        keys: all of them, or those of labels that are not the usual ones. units: None where each frame has to state
        its own; of formats that fix theirs it is not asked.
        """
        none = True
        try:
            for one in self.format.records(self.path, keys, units):
                none = False
                yield one
        except Exception as error:  # as in `read`
            none, fault = False, _fault(error)
            place, fault.where = fault.where or str(self.path), ""
            yield Recorded(place, None, Failure(str(fault)))
        if none:
            yield Recorded(str(self.path), None, Failure(f"there is no frame in it ({self.format.name})"))

    def record(self, one: ReadFrame, keys: Named = NO_NAMES) -> Recorded:
        """What `read` gave as a labeled frame in the units that the file states, or why it is none."""
        return self.format.record(one, keys, self.stated_units)

    @cached_property
    def stated_units(self) -> UnitSystem:
        """Those that the file states, and eV, Å where it states none."""
        return self.format.stated_units(self.path) or OWN

    def check_units(self, given: UnitSystem | None) -> None:
        """InputError where the units are neither stated nor given, or in two ways."""
        if self.format.fixes_units:
            if given is not None and not given.is_own:
                fixed = f"the format ({self.format.name}) fixes its units: eV and Å, stress with tension positive"
                raise InputError(f"{fixed}; {given} cannot be", where=str(self.path), hint="Leave --units away")
            return
        stated = self.format.stated_units(self.path)
        if isinstance(self.format, Unreadable):
            return
        if stated is None and given is None:
            hint = "Add --units eV,Å (or hartree,bohr, kcal/mol,Å, …)"
            raise InputError("the file does not state its units", where=str(self.path), hint=hint)
        if stated and given and (stated.energy, stated.length) != (given.energy, given.length):
            raise InputError(f"the file states the units {stated}, not {given}", where=str(self.path))


def find_sources(*paths: Path, structures: bool = False) -> list[FrameSource]:
    """What there is to be read in files and, at any depth, in folders: systems, and outputs of calculations.

    Of the outputs that one calculation leaves in a folder those count that its labeler names first. structures: whether
    files of structures count, too (CIF, POSCAR, extended XYZ, …), in folders without such outputs; whoever wants labels
    does not want them. Raises InputError for a path that is not there or is no file, a folder in which nothing is
    known, and the root of the file system, all of which nobody means to have read.
    """
    known = [*formats(), *_calculations()]
    found: list[FrameSource] = []
    for path in paths:
        if path.is_dir():
            if path.resolve() == Path(path.resolve().anchor):
                raise InputError("this is the whole file system", where=str(path), hint="Name a folder of frames in it")
            inside = list(_inside(path, known, structures))
            if not inside:
                raise _nothing_in(path, known, structures)
            found += inside
        else:
            found.append(FrameSource(path, _format_of(path, known)))
    return found


def read_labeled(path: Path | str, keys: Named = NO_NAMES, units: UnitSystem | None = None) -> FrameSet:
    """The labeled frames of a file, or of a folder of calculations or DeePMD systems.

    keys: as for `FrameSource.records`. units: by default those that the file states, and eV, Å where it states none.
    Raises FrameError, naming file, line and frame, for the first that is no
    labeled frame: an empty or truncated file, missing labels, two that differ, an unconverged calculation, any number
    that is not finite, and what `check_frame` refuses. Stress is kept where a frame has it.
    """
    frames = []
    for source in find_sources(Path(path)):
        for record in source.records(keys, units or source.stated_units):
            if not isinstance(record.answer, Labels) or record.frame is None:
                raise FrameError(_reason(record), where=record.place)
            frames.append(record.answer.attach(record.frame))
    return FrameSet(frames)


def read_structures(path: Path | str) -> FrameSet:
    """The structures of a file or folder, with all that stands there. Raises FrameError as `read_labeled` does."""
    frames = []
    for source in find_sources(Path(path), structures=True):
        for one in source.read():
            if isinstance(one.atoms, FrameError):
                raise one.atoms.at(one.place)
            frames.append(one.atoms)
    return FrameSet(frames)


def _fault(error: Exception) -> FrameError:
    """What a reader raised, as a fault of what it read. Raises what is no matter of the file."""
    if isinstance(error, InputError):
        return FrameError(error.what, where=error.where, hint=error.hint)
    if isinstance(error, WhetError):
        raise error
    said = " ".join(str(error).split())[:200]
    return FrameError(f"it is damaged ({type(error).__name__}: {said})")


def _checked(one: ReadFrame) -> ReadFrame:
    if isinstance(one.atoms, FrameError):
        return one
    try:
        check_frame(one.atoms)
    except FrameError as error:
        return ReadFrame(one.place, error)
    return one


def _reason(record: Recorded) -> str:
    return record.answer.reason if isinstance(record.answer, Failure) else "there is no frame"


def _format_of(path: Path, known: Sequence[FrameFormat]) -> FrameFormat:
    """The format that recognizes the file. InputError where it is no file that can be read."""
    if not regular_file(path).stat().st_size:
        return Unreadable(FrameError("the file is empty"))
    try:
        head = first_bytes(path)
    except Exception as error:  # of a compressed file that is damaged, each library raises its own
        why = getattr(error, "strerror", None) or error
        return Unreadable(FrameError(f"the file cannot be read ({why})"))
    found = format_of(path, head, known)
    if (found is None or found.rank > FrameFormat.rank) and (plugin := lacking_reader([path.name], head)):
        return Unreadable(FrameError(f"it is read by the plugin {plugin}", hint=install(plugin)))
    return found or Unreadable(FrameError("its format is not known"))


def _calculations() -> list[CalculationOutput]:
    """A format for each installed labeler that reads the outputs of its code."""
    offered = [labeler for plugin in registry().plugins for labeler in plugin.offers.get("labelers", ())]
    return [CalculationOutput(labeler) for labeler in offered]  # pyright: ignore[reportAttributeAccessIssue, reportArgumentType]


def _nothing_in(folder: Path, known: Sequence[FrameFormat], structures: bool) -> InputError:
    names = {name for _, _, files in os.walk(folder) for name in files}
    if plugin := lacking_reader(sorted(names)):
        return InputError(f"what is in it is read by the plugin {plugin}", where=str(folder), hint=install(plugin))
    hint = f"Looked for {looked_for(known, structures=structures)}; give files of frames by their names"
    return InputError("nothing in this folder is known", where=str(folder), hint=hint)


def _inside(root: Path, known: Sequence[FrameFormat], structures: bool) -> Iterator[FrameSource]:
    is_named = re.compile("|".join(translate(pattern) for one in known for pattern in one.outputs)).match
    is_one = re.compile("|".join(translate(pattern) for one in known for pattern in one.structure_files)).match
    for name, folders, files in os.walk(root):
        folders.sort()
        folder, has_outputs = Path(name), False
        every = sorted(file for file in files if not file.startswith("."))
        files = [file for file in files if is_named(file)]  # of a large tree hardly any
        for one in known:
            for pattern in one.outputs:
                there = {file for file in files if fnmatchcase(file, pattern) and _fits(folder / file, one)}
                # Of a file and its compressed copy one counts.
                if chosen := sorted(file for file in there if file.removesuffix(".gz") not in there - {file}):
                    check_packages(one, folder)
                    has_outputs = True
                    places = [folder] if one.is_folder else [folder / file for file in chosen]
                    yield from (FrameSource(place, one) for place in places)
                    break
        if structures and not has_outputs:
            yield from (FrameSource(folder / file, _format_of(folder / file, known)) for file in every if is_one(file))


def _fits(path: Path, one: FrameFormat) -> bool:
    """Whether a file with a name of the format is of it. Of calculations the name is enough: a damaged one is told."""
    if one.is_folder or one.rank < FrameFormat.rank:
        return True
    try:
        return one.recognizes(path, first_bytes(path))
    except Exception:  # of a compressed file that is damaged, each library raises its own
        return False
