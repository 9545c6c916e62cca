"""NpzArchive: labeled frames in a .npz archive as sGDML (MD17) and NequIP write it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import (
    Failure,
    FrameError,
    FrameFormat,
    InputError,
    LabelKeys,
    Labels,
    ReadFrame,
    Recorded,
    UnitSystem,
    check_frame,
)

if TYPE_CHECKING:
    import numpy as np

KEYS = LabelKeys("E", "F", None)
"""Energies (n_frames,) and forces (n_frames, n_atoms, 3); positions are `R`, atomic numbers `z`."""


class NpzArchive(FrameFormat):
    """A .npz archive with the arrays R, z, E, F (and cell or lattice, pbc).

    It may state its units (`e_unit`, `r_unit`). cell: vectors are rows, lattice: they are columns (as sGDML has it).
    """

    name = "npz archive"
    fixes_units = False
    fixes_keys = True

    def recognizes(self, path: Path, head: bytes) -> bool:
        return path.suffix.lower() == ".npz"

    def read(self, path: Path) -> Iterator[ReadFrame]:
        """Raises InputError where the archive cannot be read, lacks an array, or does not state its units."""
        return self._frames(path, None)

    def records(self, path: Path, keys: LabelKeys | Mapping[str, str], units: UnitSystem | None) -> Iterator[Recorded]:
        for one in self._frames(path, units):
            if isinstance(one.atoms, FrameError):
                yield Recorded(one.place, None, Failure(str(one.atoms)))
            else:
                labels = Labels.of(one.atoms)
                one.atoms.calc = None
                yield Recorded(one.place, one.atoms, labels)

    def stated_units(self, path: Path) -> UnitSystem | None:
        """InputError where the archive cannot be read."""
        try:
            with zipfile.ZipFile(path) as archive:
                return _stated(archive, {Path(name).stem for name in archive.namelist()}, path)
        except InputError:
            raise
        except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError) as error:
            raise InputError(f"the archive cannot be read ({error})", where=str(path)) from error

    def _frames(self, path: Path, units: UnitSystem | None) -> Iterator[ReadFrame]:
        import numpy as np
        from ase import Atoms

        try:
            with zipfile.ZipFile(path) as archive:
                there = {Path(name).stem for name in archive.namelist()}
                if missing := sorted({"R", "z", "E", "F"} - there):
                    hint = "Needed are R (positions), z (atomic numbers), E (energies), F (forces)"
                    raise InputError(f"the archive has no array {missing[0]!r}", where=str(path), hint=hint)
                written = _units(archive, there, path, units)
                numbers, cell, pbc = _fixed(archive, "z"), _cell(archive, there), _pbc(archive, there)
                counts = {name: _head(archive, name)[0][0] for name in ("R", "E", "F")}
                if len(set(counts.values())) > 1:
                    listed = ", ".join(f"{name} of {count}" for name, count in counts.items())
                    raise InputError(f"its arrays are of different numbers of frames ({listed})", where=str(path))
                rows = {name: _rows(archive, name) for name in counts}
                for index, (positions, energy, forces) in enumerate(zip(*rows.values(), strict=True)):
                    place = f"{path}, frame {index}"
                    try:
                        own = numbers[index] if numbers.ndim == 2 else numbers
                        box = cell[index] if cell is not None and cell.ndim == 3 else cell
                        atoms = Atoms(numbers=own, positions=positions, cell=box, pbc=pbc if box is not None else False)
                        check_frame(atoms)
                        atoms.info["E"], atoms.arrays["F"] = np.ravel(energy)[0], np.asarray(forces)
                        frame, labels = KEYS.read(atoms, written)
                        yield ReadFrame(place, labels.attach(frame))
                    except FrameError as error:
                        yield ReadFrame(place, error)
                    except (ValueError, TypeError, IndexError) as error:
                        yield ReadFrame(place, FrameError(" ".join(str(error).split())))
        except InputError:
            raise
        except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError) as error:
            raise InputError(f"the archive cannot be read ({error})", where=str(path)) from error


def _units(archive: zipfile.ZipFile, there: set[str], path: Path, given: UnitSystem | None) -> UnitSystem:
    stated = _stated(archive, there, path)
    if given is None and stated is None:
        raise InputError("the archive does not state its units", where=str(path), hint="Add --units kcal/mol,Å or so")
    if given is not None and stated is not None and (given.energy, given.length) != (stated.energy, stated.length):
        raise InputError(f"the archive states the units {stated}, not {given}", where=str(path))
    found = given or stated
    assert found is not None
    return found


def _stated(archive: zipfile.ZipFile, there: set[str], path: Path) -> UnitSystem | None:
    if not {"e_unit", "r_unit"} <= there:
        return None
    energy, length = (_text(_fixed(archive, name)) for name in ("e_unit", "r_unit"))
    return UnitSystem.parse(f"{energy},{length}", where=f"{path}, e_unit, r_unit")


def _text(array: np.ndarray) -> str:
    value: Any = array.item()
    return value.decode() if isinstance(value, bytes) else str(value)


def _cell(archive: zipfile.ZipFile, there: set[str]) -> np.ndarray | None:
    if "cell" in there:
        return _fixed(archive, "cell")
    return _fixed(archive, "lattice").swapaxes(-1, -2) if "lattice" in there else None


def _pbc(archive: zipfile.ZipFile, there: set[str]) -> Any:
    return _fixed(archive, "pbc").astype(bool).ravel()[:3] if "pbc" in there else True


def _fixed(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    """A small array as a whole."""
    import numpy as np

    with archive.open(f"{name}.npy") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _head(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of a large array. ValueError where it is not in C order."""
    with archive.open(f"{name}.npy") as file:
        return _header(file, name)


def _rows(archive: zipfile.ZipFile, name: str) -> Iterator[np.ndarray]:
    """A large array row by row. ValueError where it is cut off, or not in C order."""
    import numpy as np

    with archive.open(f"{name}.npy") as file:
        shape, dtype = _header(file, name)
        size = int(np.prod(shape[1:], dtype=int)) * dtype.itemsize
        for _ in range(shape[0]):
            content = file.read(size)
            if len(content) < size:
                raise ValueError(f"the array {name!r} is cut off")
            yield np.frombuffer(content, dtype).reshape(shape[1:])


def _header(file: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    import numpy as np

    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = read(file)
    if by_columns or dtype.hasobject or not shape:
        raise ValueError(f"the array {name!r} is of a kind that is not read")
    return shape, dtype
