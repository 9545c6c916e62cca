"""Frames in files that a user gave, read with an error that names frame and line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.data.errors import FrameError, InputError
from whet.data.frames import FrameSet, check_frame
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms

PREFIXES = ("REF_", "", "dft_", "DFT_", "ref_")
"""Label keys are looked for with these prefixes: REF_energy, energy, dft_energy, …"""

MOST_FORCE, MOST_ENERGY = 1e6, 1e12
"""eV/Å and eV; beyond these a label is no label."""


@dataclass(frozen=True)
class LabelKeys:
    """Under which keys an extended XYZ file keeps its labels; stress is None where it has none."""

    energy: str
    forces: str
    stress: str | None


def read_labeled(path: Path, keys: LabelKeys | None = None) -> FrameSet:
    """The labeled frames of a file that a user gave (any format ASE reads; extended XYZ in any usual keys).

    Raises FrameError, naming file, line and frame, for an empty or truncated file, missing labels, and any
    number that is not finite. Stress is kept where a frame has it.
    """
    frames = []
    for place, atoms in _frames_of(path):
        try:
            check_frame(atoms)
            labels = _labels(atoms, keys or _find_keys(atoms)).checked(len(atoms))
            _check_size(labels)
            frames.append(labels.attach(_bare(atoms)))
        except FrameError as error:
            raise error.at(place) from None
        except (TypeError, ValueError) as error:
            raise FrameError(f"the labels cannot be read ({error})", where=place) from None
    return FrameSet(frames)


def read_structures(path: Path) -> FrameSet:
    """The structures of a file that a user gave; labels are not needed. Raises FrameError as `read_labeled` does."""
    frames = []
    for place, atoms in _frames_of(path):
        try:
            check_frame(atoms)
        except FrameError as error:
            raise error.at(place) from None
        frames.append(atoms)
    return FrameSet(frames)


def _frames_of(path: Path) -> Iterator[tuple[str, Atoms]]:
    """Each frame with the words that say where it stands."""
    if not path.is_file():
        raise InputError("there is no such file", where=str(path))
    if path.stat().st_size == 0:
        raise FrameError("the file is empty", where=str(path))
    if path.suffix in (".xyz", ".extxyz"):
        try:
            yield from _extxyz(path)
        except OSError as error:
            raise InputError(f"the file cannot be read ({error.strerror or error})", where=str(path)) from error
        return
    import ase.io

    try:
        images = ase.io.iread(path, index=":")
        for index, atoms in enumerate(images):
            yield f"{path}, frame {index}", atoms
    except (FrameError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise FrameError(f"ASE cannot read it ({error})", where=str(path)) from error


def _extxyz(path: Path) -> Iterator[tuple[str, Atoms]]:
    """Extended XYZ, a frame at a time: so a damaged one is named by its line."""
    import io

    import ase.io

    with path.open(encoding="utf-8-sig", errors="replace") as file:
        number, index = 0, 0
        while line := file.readline():
            number += 1
            if not line.strip():
                continue
            place = f"{path}, line {number} (frame {index})"
            if not line.strip().isdigit():
                raise FrameError(f"expected a number of atoms, found {line.strip()[:40]!r}", where=place)
            block = [line, *islice(iter(file.readline, ""), int(line) + 1)]
            had = len(block) - 2
            if had < int(line) or not block[-1].strip():
                found = max(had if had < int(line) else had - 1, 0)
                raise FrameError(f"the frame is cut off: {int(line)} atoms announced, {found} found", where=place)
            try:
                atoms = ase.io.read(io.StringIO("".join(block)), index=0, format="extxyz")
            except Exception as error:
                raise FrameError(f"the frame cannot be read ({error})", where=place) from error
            yield place, atoms  # pyright: ignore[reportReturnType] -- index=0 gives one Atoms
            number += len(block) - 1
            index += 1
        if index == 0:
            raise FrameError("the file holds no frame", where=str(path))


def _find_keys(atoms: Atoms) -> LabelKeys:
    """The label keys that this frame uses. FrameError where there are none."""
    results = atoms.calc.results if atoms.calc is not None else {}
    for prefix in PREFIXES:
        energy, forces, stress = (prefix + name for name in ("energy", "forces", "stress"))
        has_energy = energy in atoms.info or energy in results
        has_forces = forces in atoms.arrays or forces in results
        if has_energy and has_forces:
            return LabelKeys(energy, forces, stress if stress in atoms.info or stress in results else None)
        if has_energy or has_forces:
            missing, present = ("forces", energy) if has_energy else ("energy", forces)
            raise FrameError(
                f"the frame has {present!r} but no {missing}",
                hint="Energy and forces are both needed; name unusual keys with `keys:`",
            )
    raise FrameError(
        "the frame has no labels",
        hint="Looked for energy and forces, REF_energy and REF_forces, dft_energy and dft_forces",
    )


def _labels(atoms: Atoms, keys: LabelKeys) -> Labels:
    import numpy as np
    from ase.calculators.singlepoint import SinglePointCalculator

    results = atoms.calc.results if atoms.calc is not None else {}

    def value(key: str | None) -> Any:
        if key is None:
            return None
        for source in (atoms.info, atoms.arrays, results):
            if key in source:
                return source[key]
        return None

    energy, forces, stress = value(keys.energy), value(keys.forces), value(keys.stress)
    for name, found, key in (("energy", energy, keys.energy), ("forces", forces, keys.forces)):
        if found is None:
            raise FrameError(f"the frame has no {name} under the key {key!r}")
    if stress is not None and np.size(stress) == 9:
        full = np.reshape(np.asarray(stress, dtype=float), (3, 3))
        if not np.allclose(full, full.T, atol=1e-6, equal_nan=True):
            raise FrameError(f"the stress under {keys.stress!r} is not symmetric")
        stress = np.array([full[0, 0], full[1, 1], full[2, 2], full[1, 2], full[0, 2], full[0, 1]])
    single_point = atoms.copy()
    single_point.calc = SinglePointCalculator(single_point, energy=energy, forces=forces, stress=stress)
    return Labels.of(single_point)


def _check_size(labels: Labels) -> None:
    """FrameError for numbers that no atoms have, which would only overflow further on."""
    import numpy as np

    largest = float(np.abs(labels.forces).max(initial=0.0))
    if largest > MOST_FORCE or abs(labels.energy) > MOST_ENERGY:
        what = f"a force of {largest:.3g} eV/Å" if largest > MOST_FORCE else f"an energy of {labels.energy:.3g} eV"
        raise FrameError(f"the frame has {what}", hint="Is it of another unit, or damaged?")


def _bare(atoms: Atoms) -> Atoms:
    """The structure with its info, less the label arrays that it carried."""
    from ase import Atoms as _Atoms

    bare = _Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    label_keys = {prefix + name for prefix in PREFIXES for name in ("energy", "stress")}
    bare.info = {key: value for key, value in atoms.info.items() if key not in label_keys}
    if atoms.has("initial_magmoms"):
        bare.set_initial_magnetic_moments(atoms.get_initial_magnetic_moments())
    if atoms.has("initial_charges"):
        bare.set_initial_charges(atoms.get_initial_charges())
    return bare
