"""Training files: labeled frames as extended XYZ, every number with all its digits (ASE writes eight decimals)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from whet import FrameSet, Labels

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from ase import Atoms


def write_training_file(path: Path, frames: FrameSet, *, weight: float = 1.0) -> None:
    """Writes frames with the keys that mace_run_train reads: REF_energy (eV), REF_forces (eV/Å), REF_stress (eV/Å³).

    Nothing else of a frame is passed on: a `config_type` in it would change what upstream does. A stress is written
    for periodic frames that have one. weight: of every frame in the loss.
    """
    with path.open("w", encoding="utf-8") as file:
        for atoms in frames:
            file.write(_block(atoms, Labels.of(atoms), weight))


def _block(atoms: Atoms, labels: Labels, weight: float) -> str:
    facts = [
        "Properties=species:S:1:pos:R:3:REF_forces:R:3",
        f"REF_energy={labels.energy!r}",
        f"config_weight={weight!r}",
        f'pbc="{" ".join("T" if periodic else "F" for periodic in atoms.pbc)}"',
    ]
    if atoms.cell.array.any():
        facts.append(f'Lattice="{_row(atoms.cell.array.ravel())}"')
    if has_stress(atoms):
        facts.append(f'REF_stress="{_row(labels.stress.ravel())}"')  # pyright: ignore[reportOptionalMemberAccess]
    rows = (
        f"{symbol} {_row(position)} {_row(force)}"
        for symbol, position, force in zip(atoms.symbols, atoms.positions, labels.forces, strict=True)
    )
    return "\n".join([str(len(atoms)), " ".join(facts), *rows]) + "\n"


def has_stress(atoms: Atoms) -> bool:
    """Whether the frame has a stress to train on: it carries one and is periodic in all directions."""
    return bool(atoms.pbc.all()) and Labels.of(atoms).stress is not None


def _row(numbers: Iterable[float] | np.ndarray) -> str:
    return " ".join(repr(float(number)) for number in numbers)
