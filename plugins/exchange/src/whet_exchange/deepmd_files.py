"""DeePMD's folders of NumPy arrays: a system of frames with the same atoms is a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from whet import FrameError, FrameFormat, InputError, LabelKeys, Labels, ReadFrame, check_frame

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

ARRAYS = ("coord", "box", "energy", "force", "virial")
"""Å; Å, rows are vectors; eV; eV/Å; eV, −stress × volume."""

AT_ONCE = 500_000
"""Numbers that are kept in memory before they are written; a frame counts as `AT_LEAST` of them."""

AT_LEAST = 500


KEYS = LabelKeys("deepmd_energy", "deepmd_force", None, "deepmd_virial")
"""Under these a frame carries its labels until they are read: nothing else is called so."""


class DeepmdSystem(FrameFormat):
    """The folder of a system; `box` has vectors as rows."""

    name = "DeePMD system"
    outputs = ("type.raw",)
    is_folder = True
    suffixes = (".deepmd",)
    fixes_keys = True

    def recognizes(self, path: Path, head: bytes) -> bool:
        return (path / "type.raw").is_file()

    def read(self, path: Path) -> Iterator[ReadFrame]:
        """Raises InputError where the system's elements are not stated, or it has no set of frames."""
        types, names = _types(path), _names(path)
        sets = sorted(inner for inner in path.glob("set.*") if inner.is_dir())
        if not sets:
            hint = "Frames are read from set.*/coord.npy, energy.npy and so on"
            raise InputError("the system has no set of frames", where=str(path), hint=hint)
        is_open = (path / "nopbc").is_file()
        for one in sets:
            try:
                arrays = _arrays(one, is_open)
            except FrameError as error:
                yield ReadFrame(str(one), error)
                continue
            for index in range(len(arrays["coord"])):
                place = f"{one}, frame {index}"
                try:
                    atoms = _frame(arrays, index, types, names, is_open)
                    check_frame(atoms)
                    frame, labels = KEYS.read(atoms)
                    yield ReadFrame(place, labels.attach(frame))
                except FrameError as error:
                    yield ReadFrame(place, error)
                except (ValueError, IndexError) as error:
                    yield ReadFrame(place, FrameError(" ".join(str(error).split())))

    def keeps(self, path: Path) -> Set[Literal["labels", "identity"]]:
        return {"labels"}

    def write(self, path: Path, frames: Sequence[Atoms], indices: Sequence[int]) -> None:
        """Writes labeled frames as systems.

        A system is a folder named after its formula: frames with the same elements in the same order, all periodic or
        all open, all with stress or all without. Numbers are of double precision; the virial is −stress × volume, eV.
        Every system has the same type_map.raw. Raises FrameError for a frame without labels or periodic in some
        directions only.
        """
        from ase.data import atomic_numbers

        systems: dict[tuple[Any, ...], _System] = {}
        elements: set[str] = set()
        waiting = 0
        for index, frame in enumerate(frames):
            try:
                labels = Labels.of(frame)
                if frame.pbc.any() and not frame.pbc.all():
                    raise FrameError("DeePMD knows frames that are periodic in all directions or in none")
            except FrameError as error:
                raise error.at(f"frame {index}") from None
            elements.update(frame.get_chemical_symbols())
            has_box = bool(frame.cell.array.any())
            key = (frame.numbers.tobytes(), bool(frame.pbc.all()), labels.stress is not None, has_box)
            if key not in systems:
                systems[key] = _System(
                    _free_name(path, frame), tuple(frame.get_chemical_symbols()), not frame.pbc.all()
                )
            waiting += systems[key].add(frame, labels, has_box)
            if waiting > AT_ONCE:
                for system in systems.values():
                    system.flush()
                waiting = 0
        names = sorted(elements, key=atomic_numbers.__getitem__)
        for system in systems.values():
            system.flush()
            system.finish(names)


def _types(folder: Path) -> list[int]:
    text = (folder / "type.raw").read_text(encoding="utf-8", errors="replace").split()
    if not text or not all(word.isdecimal() for word in text):
        raise InputError("not a list of whole numbers, one an atom", where=str(folder / "type.raw"))
    return list(map(int, text))


def _names(folder: Path) -> list[str]:
    from ase.data import atomic_numbers

    path = folder / "type_map.raw"
    if not path.is_file():
        hint = f"Write {path}: one chemical symbol a line, in the order of the type numbers"
        raise InputError("the elements of the types are not stated", where=str(folder), hint=hint)
    names = path.read_text(encoding="utf-8", errors="replace").split()
    for name in names:
        if name not in atomic_numbers:
            raise InputError(f"{name!r} is no chemical symbol", where=str(path))
    return names


def _arrays(one: Path, is_open: bool) -> dict[str, np.ndarray]:
    """The arrays of a set, left on the disk. FrameError where one is missing, damaged, or of another length."""
    import warnings

    import numpy as np

    found: dict[str, np.ndarray] = {}
    for name in (*ARRAYS, "real_atom_types"):
        path = one / f"{name}.npy"
        if not path.is_file():
            if name in ("coord", "energy", "force") or (name == "box" and not is_open):
                raise FrameError(f"{path.name} is missing")
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of headers that are old, or damaged
                found[name] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise FrameError(f"{path.name} cannot be read ({error})") from None
        if not found[name].ndim or len(found[name]) != len(found["coord"]):
            frames = len(found[name]) if found[name].ndim else 0
            raise FrameError(f"{path.name} has {frames} frames, coord.npy has {len(found['coord'])}")
    return found


def _frame(
    arrays: dict[str, np.ndarray], index: int, types: Sequence[int], names: Sequence[str], is_open: bool
) -> Atoms:
    """A frame with its labels under keys that nothing else has. FrameError, ValueError where the shapes do not fit."""
    import numpy as np
    from ase import Atoms

    own = np.asarray(arrays["real_atom_types"][index] if "real_atom_types" in arrays else types, dtype=int).ravel()
    real = own >= 0  # −1 fills up frames of fewer atoms
    if own.max(initial=-1) >= len(names):
        raise FrameError(f"type {own.max()} has no name: type_map.raw has {len(names)}")
    values: dict[str, Any] = {name: np.array(arrays[name][index], dtype=float) for name in ARRAYS if name in arrays}
    for name in ("coord", "force"):
        if values[name].size != 3 * len(own):
            wanted = f"{len(own)} atoms have {3 * len(own)}"
            raise FrameError(f"{name}.npy has {values[name].size} numbers a frame, {wanted}")
    for name in ("box", "virial"):
        if name in values and values[name].size != 9:
            raise FrameError(f"{name}.npy has {values[name].size} numbers a frame, not 9")
    if values["energy"].size != 1:
        raise FrameError(f"energy.npy has {values['energy'].size} numbers a frame, not 1")
    atoms = Atoms(
        [names[kind] for kind in own[real]],
        positions=values["coord"].reshape(-1, 3)[real],
        cell=values["box"].reshape(3, 3) if "box" in values else None,
        pbc=not is_open,
    )
    atoms.info["deepmd_energy"] = values["energy"].item()
    atoms.arrays["deepmd_force"] = values["force"].reshape(-1, 3)[real]
    if "virial" in values:
        atoms.info["deepmd_virial"] = values["virial"].reshape(3, 3)
    return atoms


def _free_name(folder: Path, frame: Atoms) -> Path:
    """A folder for a new system; a second one of the same formula has a number."""
    name, number = frame.get_chemical_formula(), 2
    path = folder / name
    while path.exists():
        path, number = folder / f"{name}-{number}", number + 1
    (path / "set.000").mkdir(parents=True)
    return path


@dataclass
class _System:
    """A system that is being written."""

    folder: Path
    symbols: tuple[str, ...]
    is_open: bool
    rows: dict[str, list[np.ndarray]] = field(default_factory=dict)
    written: int = 0

    def add(self, frame: Atoms, labels: Labels, has_box: bool) -> int:
        """Takes a frame; gives how many numbers it has."""
        import numpy as np

        values = {"coord": frame.positions, "energy": np.float64(labels.energy), "force": labels.forces}
        if has_box:
            values["box"] = frame.cell.array
        if labels.stress is not None:
            values["virial"] = -np.asarray(labels.stress) * abs(frame.cell.volume)
        for name, value in values.items():
            self.rows.setdefault(name, []).append(np.array(value, dtype=np.float64).ravel())
        return max(AT_LEAST, sum(value.size for value in values.values()))

    def flush(self) -> None:
        """Adds what is in memory to the files."""
        import numpy as np

        count = 0
        for name, rows in self.rows.items():
            count = len(rows)
            block = np.concatenate(rows) if name == "energy" else np.stack(rows)
            _append(self.folder / "set.000" / f"{name}.npy", block, self.written)
        self.written += count
        self.rows = {}

    def finish(self, names: Sequence[str]) -> None:
        """Writes what the system is made of."""
        types = "".join(f"{names.index(symbol)}\n" for symbol in self.symbols)
        (self.folder / "type.raw").write_text(types, encoding="utf-8")
        (self.folder / "type_map.raw").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
        if self.is_open:
            (self.folder / "nopbc").touch()


def _append(path: Path, block: np.ndarray, before: int) -> None:
    """Adds rows to a .npy file of `before` rows: NumPy leaves room in the header for a first axis that grows."""
    import numpy as np

    head = {"descr": "<f8", "fortran_order": False, "shape": (before + len(block), *block.shape[1:])}
    with path.open("r+b" if before else "w+b") as file:
        np.lib.format.write_array_header_1_0(file, head)
        file.seek(0, 2)
        file.write(block.astype("<f8").tobytes())
