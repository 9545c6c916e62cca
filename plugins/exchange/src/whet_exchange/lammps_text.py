"""lammps_dump and lammps_data: a frame as LAMMPS writes and reads it, turned as it wants the cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whet import FrameError

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

MARGIN = 0.5
"""Å around the atoms where a frame has no cell vector, so that a flat molecule gets a box with a volume."""


def lammps_dump(frame: Atoms, index: int, types: dict[str, int]) -> str:
    """One snapshot in LAMMPS's units `metal`. Raises FrameError for a flat cell.

    types: LAMMPS's atom types by element; grows by those that are new.
    """
    import numpy as np
    from ase import units

    placed, low = _as_in_lammps(frame)
    for symbol in sorted(set(frame.symbols) - set(types)):
        types[symbol] = len(types) + 1
    columns, tables = "id type element x y z", [placed.positions]
    if placed.has("momenta"):
        columns, tables = f"{columns} vx vy vz", [*tables, placed.get_velocities() * (1000 * units.fs)]
    if placed.has("forces"):
        columns, tables = f"{columns} fx fy fz", [*tables, placed.get_array("forces")]
    (xx, _, _), (xy, yy, _), (xz, yz, zz) = placed.cell.array.tolist()
    bounds = (  # of the upright box around the tilted one: that is how LAMMPS writes it
        (low[0] + min(0, xy) + min(0, xz), low[0] + xx + max(0, xy) + max(0, xz), xy),
        (low[1] + min(0, yz), low[1] + yy + max(0, yz), xz),
        (low[2], low[2] + zz, yz),
    )
    tilted = any((xy, xz, yz))
    sides = " ".join("pp" if periodic else "ff" for periodic in frame.pbc)
    lines = ["ITEM: TIMESTEP", str(index), "ITEM: NUMBER OF ATOMS", str(len(frame))]
    lines += [f"ITEM: BOX BOUNDS {'xy xz yz ' if tilted else ''}{sides}"]
    lines += [numbers(bound[: 3 if tilted else 2]) for bound in bounds]
    lines += [f"ITEM: ATOMS {columns}"]
    rows = zip(frame.symbols, np.hstack(tables).tolist(), strict=True)
    lines += [f"{place} {types[symbol]} {symbol} {numbers(row)}" for place, (symbol, row) in enumerate(rows, 1)]
    return "\n".join(lines) + "\n"


def lammps_data(frame: Atoms) -> str:
    """A data file: cell, positions, masses, velocities, charges. Raises FrameError for a flat cell."""
    import io

    import ase.io

    placed, low = _as_in_lammps(frame)
    placed.positions -= low
    text = io.StringIO()
    style = "charge" if frame.has("initial_charges") else "atomic"
    about: dict[str, Any] = {"masses": True, "velocities": frame.has("momenta"), "atom_style": style}
    ase.io.write(text, placed, format="lammps-data", **about)
    return text.getvalue()


def _as_in_lammps(frame: Atoms) -> tuple[Atoms, np.ndarray]:
    """The frame (with forces as an array) turned until its cell is lower triangular, and its box's corner (3,) in Å.

    Along a direction without a cell vector the box is put around the atoms. Raises FrameError for a flat cell.
    """
    import numpy as np
    from ase import Atoms

    cell, turn, low = frame.cell.complete().array, np.eye(3), np.zeros(3)
    if np.triu(cell, 1).any() or np.diag(cell).min() <= 0:
        q, r = np.linalg.qr(cell.T)
        signs = np.where(np.diag(r) < 0, -1.0, 1.0)
        turn, cell = q * signs, (r * signs[:, None]).T
        cell[np.abs(cell) < 1e-14 * np.abs(cell).max()] = 0.0  # what rounding leaves of a right angle
    if not np.diag(cell).min() > 1e-6:
        raise FrameError("the cell is flat")
    positions = frame.positions @ turn
    for axis in np.flatnonzero(~frame.cell.array.any(axis=1)):
        low[axis] = positions[:, axis].min() - MARGIN
        cell[axis, axis] = np.ptp(positions[:, axis]) + 2 * MARGIN
    kept = {name: frame.arrays[name] for name in ("masses", "initial_charges") if frame.has(name)}
    placed = Atoms(frame.numbers, positions, cell=cell, pbc=frame.pbc)
    for name, array in kept.items():
        placed.set_array(name, array)
    if frame.has("momenta"):
        placed.set_array("momenta", frame.arrays["momenta"] @ turn)
    if frame.calc is not None and frame.calc.results.get("forces") is not None:
        placed.set_array("forces", frame.calc.results["forces"] @ turn)
    return placed, low


def numbers(values: Any) -> str:
    """Floats with as many digits as bring the very same float back."""
    return " ".join(repr(float(value)) for value in values)
