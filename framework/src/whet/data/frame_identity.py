"""frame_key: which frame it is, as a labeler sees it; the total charge and the multiplicity are part of that."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from whet.data.errors import FrameError

if TYPE_CHECKING:
    from ase import Atoms

CHARGE_NAMES = ("charge", "total_charge")
MULTIPLICITY_NAMES = ("spin", "total_spin")
"""Keys of `info` that state the total charge (e) and the multiplicity 2S + 1; the second ones are MACE's."""

LARGEST = 1e6
"""e; what is beyond is no charge."""

WHOLE, ROUNDING = 1e-6, 0.05
"""e; a stated charge, and a sum of charges in a column of rounded numbers, that is so near a whole number is it."""


def frame_key(atoms: Atoms) -> str:
    """Identity of a frame as a labeler sees it: numbers, positions, cell, pbc, total charge, spin, initial moments.

    Exact to the last bit (only −0.0 counts as 0.0); info, velocities and the file it came from do not enter. Raises
    FrameError as `total_charge` and `multiplicity` do.
    """
    return _key(atoms, f"{total_charge(atoms):.12g} {multiplicity(atoms)}")


def former_frame_key(atoms: Atoms) -> str:
    """The key before charges of rounded columns, MACE's names and whole multiplicities in decimals were understood."""
    stated = atoms.info.get("charge")
    charge = float(stated) if stated is not None else float(atoms.get_initial_charges().sum()) + 0.0
    return _key(atoms, f"{charge:.12g} {atoms.info.get('spin')}")


def _key(atoms: Atoms, charge_and_spin: str) -> str:
    import numpy as np

    content = hashlib.sha256()
    for array, kind in (
        (atoms.numbers, np.int64),
        (atoms.positions, np.float64),
        (np.asarray(atoms.cell), np.float64),
        (atoms.pbc, np.int64),
        (atoms.get_initial_magnetic_moments(), np.float64),
    ):
        exact = np.ascontiguousarray(np.asarray(array, dtype=kind) + kind(0))
        content.update(str(exact.shape).encode() + exact.tobytes())
    content.update(charge_and_spin.encode())
    return content.hexdigest()[:32]


def total_charge(atoms: Atoms) -> float:
    """Total charge in e: `info["charge"]` or `info["total_charge"]` where given, else the sum of the initial charges.

    A sum that misses a whole number only by the rounding of its column is that number. Raises FrameError for a stated
    charge that is no number, two that differ, and a sum that is far from whole.
    """
    stated = _stated(atoms, CHARGE_NAMES, "total charge in e")
    if stated is not None:
        return _whole(stated, WHOLE)
    total = float(atoms.get_initial_charges().sum()) if atoms.has("initial_charges") else 0.0
    if not abs(total - _rounded(total)) <= ROUNDING:
        hint = "State the total charge as `charge` in the frame's info"
        raise FrameError(f"the initial charges add up to {total:.6g} e, no whole number", hint=hint)
    return _rounded(total)


def multiplicity(atoms: Atoms) -> int | None:
    """The multiplicity 2S + 1: `info["spin"]` or `info["total_spin"]`; None where none is stated.

    Raises FrameError for one that is no positive whole number, and for two that differ.
    """
    stated = _stated(atoms, MULTIPLICITY_NAMES, "multiplicity 2S + 1")
    if stated is None:
        return None
    if stated < 1 or stated != int(stated):
        name = next(name for name in MULTIPLICITY_NAMES if atoms.info.get(name) is not None)
        raise FrameError(f"`{name}` is {stated:g}, which is no multiplicity 2S + 1 (1, 2, 3, …)")
    return int(stated)


def _stated(atoms: Atoms, names: tuple[str, ...], what: str) -> float | None:
    """The number under one of the names in the info. FrameError for what is no number, and for two that differ."""
    found = {name: atoms.info[name] for name in names if atoms.info.get(name) is not None}
    for name, value in found.items():
        plain = value.item() if getattr(value, "shape", None) == () else value
        if isinstance(plain, bool) or not isinstance(plain, int | float) or not abs(plain) < LARGEST:
            shown = " ".join(str(plain).split())[:40]
            raise FrameError(f"`{name}` is {shown!r}, no number", hint=f"Give the {what}, or leave it out")
        found[name] = float(plain)
    if len(set(found.values())) > 1:
        listed = " and ".join(f"`{name}` is {value:g}" for name, value in found.items())
        raise FrameError(f"the {what} is stated twice: {listed}", hint="Leave one of them out")
    return next(iter(found.values()), None)


def _whole(value: float, tolerance: float) -> float:
    return _rounded(value) if abs(value - _rounded(value)) <= tolerance else value


def _rounded(value: float) -> float:
    return float(round(value)) + 0.0 if abs(value) < LARGEST else value
