"""Files that a study names, by content: each, what a folder of frames has, and starting structures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from whet.contracts.component import FileRef, expanded
from whet.contracts.labeling import lowest_atoms
from whet.data.errors import WhetError
from whet.data.frame_groups import FRAMES, GROUP_NAMES
from whet.data.frame_identity import frame_key
from whet.data.input_files import located
from whet.data.material_names import material_names
from whet.files.naming import named_by
from whet.plugins.frame_files import find_sources, read_labeled, read_structures
from whet.study.faults import FaultList
from whet.study.schema import LabeledFile, Paths, StudyFile
from whet.study.study_file import Source
from whet.study.yaml_tree import Keys

if TYPE_CHECKING:
    from ase import Atoms

COMPRESSED = (".gz", ".bz2", ".xz", ".zip")


@dataclass(frozen=True)
class StructureFile:
    """A user's file of structures. unique: places of those that differ from each other, in order. names: of each."""

    files: Mapping[str, FileRef]
    unique: Sequence[int]
    names: Sequence[str]


def structure_file(source: Source, paths: Paths, keys: Keys) -> StructureFile:
    """The structures of a file, which stands in the study under these keys. InputError, with its line, for a fault."""
    files = frame_references(source, paths, keys)
    unique: dict[str, int] = {}
    kept: list[Atoms] = []
    place = 0
    for _, ref in sorted(files.items()):
        for frame in read_structures(ref.locate()):
            if unique.setdefault(frame_key(frame), place) == place:
                kept.append(frame)
            place += 1
    return StructureFile(files, sorted(unique.values()), material_names(kept))


def labeled_files(study: StudyFile, source: Source, faults: FaultList) -> dict[Keys, dict[str, FileRef]]:
    """The files of labeled frames of every test and of all data, by their keys in the study, each looked for once.

    A fault, with its line, where one is missing, or a test has the very file of the data, and both have all of it.
    """
    found: dict[Keys, dict[str, FileRef]] = {}
    for kind, entries in (("data", study.data), ("tests", study.tests)):
        for name, entry in entries.items():
            if entry.file is not None:
                with faults.kept():
                    found[kind, name] = frame_references(source, entry.file, (kind, name, "file"))
    contents = {keys: {ref.sha256 for ref in files.values()} for keys, files in found.items()}
    for name in study.tests:
        for other in study.data:
            some = study.tests[name].only or study.data[other].only  # whether they overlap is seen when they are read
            if not some and contents.get(("tests", name), set()) & contents.get(("data", other), set()):
                what = f"this is the same file as the data {other!r}: errors on training frames say nothing"
                faults.add(source.fault(("tests", name, "file"), what, "Test on frames that no training sees"))
    return found


def are_grouped(entry: LabeledFile, files: Mapping[str, FileRef]) -> bool:
    """Whether frames of these files may name groups: one that holds none of the words leaves its study as it was."""
    if entry.groups:
        return entry.groups != FRAMES
    words = [name.encode() for name in GROUP_NAMES]
    paths = (Path(ref.path) for ref in files.values())
    return any(path.suffix in COMPRESSED or (path.is_file() and _holds(path, words)) for path in paths)


def _holds(path: Path, words: Sequence[bytes]) -> bool:
    longest, before = max(map(len, words)), b""
    with path.open("rb") as file:
        while chunk := file.read(1 << 24):
            if any(word in before + chunk for word in words):
                return True
            before = chunk[-longest:]
    return False


def atom_energies(source: Source, path: str, keys: Keys) -> dict[str, float]:
    """eV by symbol of the labeled single atoms of a file. InputError, with its line, where they cannot be had."""
    try:
        with named_by("file"):
            return lowest_atoms(read_labeled(located(expanded(path), source.folder)))
    except WhetError as error:
        raise source.placed(error, keys) from None


def file_reference(source: Source, path: str, keys: Keys) -> FileRef:
    """A file that the study names, by content. InputError, with its line, where it is missing."""
    try:
        return FileRef.to(located(expanded(path), source.folder))
    except WhetError as error:
        raise source.placed(error, keys) from None


def frame_references(source: Source, paths: Paths, keys: Keys) -> dict[str, FileRef]:
    """What is read of files and folders of frames, by role (`frames`, or `frames-0001` and so on), by content.

    InputError, with its line, where one is missing, or nothing in it is known.
    """
    try:
        found = find_sources(
            *(_frame_path(path, source.folder) for path in ([paths] if isinstance(paths, str) else paths))
        )
        refs = [FileRef.to_any(one.path) for one in found]
    except WhetError as error:
        raise source.placed(error, keys) from None
    return {"frames": refs[0]} if len(refs) == 1 else {f"frames-{i:04}": ref for i, ref in enumerate(refs, 1)}


def _frame_path(path: str, folder: Path) -> Path:
    literal = folder / path  # a file may have a `$` in its name
    return literal if "\0" not in path and literal.exists() else located(expanded(path), folder)
