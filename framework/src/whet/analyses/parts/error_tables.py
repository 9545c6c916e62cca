"""Errors of parts of a set: by element, size of the force, config type and material, a folded table each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from whet.analyses.parts.meanings import (
    FRAMES,
    MAE_E,
    MAE_E_FITTED,
    MAE_F,
    PART,
    POTENTIAL,
    RMSE_E,
    RMSE_E_FITTED,
    RMSE_F,
    RMSE_S,
    STATES,
)
from whet.analyses.parts.part_tables import PARTS, UNNAMED, frame_parts, too_many_materials
from whet.analyses.parts.series_table import COLUMNS, SeriesRow, several
from whet.contracts.findings import Cell, Column, Estimate, Table

if TYPE_CHECKING:
    from whet.analyses.parts.ends import Ends
    from whet.bias.error_parts import ForceErrors, FrameErrors
    from whet.bias.pairs import Comparison

KINDS = {"all": "of all frames", "element": PARTS["element"], "force size": "by size of the reference force"}
KINDS |= {name: PARTS[name] for name in ("config type", "material")}
"""Column that names a part -> words for its table."""


def error_tables(ends: Ends, rows: Sequence[SeriesRow], on: str, note: str) -> tuple[list[Table], list[str]]:
    """The tables, and notes on parts that are too many for one."""
    found: dict[str, list[list[Cell]]] = {kind: [] for kind in KINDS}
    notes: dict[str, None] = {}
    for row, comparison in ends:
        for kind, cells in _parts(comparison, notes):
            found[kind] += [[row.potential, row.state, *own] for own in cells]
    known = [Column("potential", description=POTENTIAL, shown=several(rows)), Column("state", description=STATES)]
    tables = []
    for kind, cells in found.items():
        if cells:
            of_frames = kind not in ("element", "force size")
            columns = [*known, *_columns(kind, of_frames)]
            caption = f"Errors {KINDS[kind]}, on “{on}”.{note}"
            tables.append(Table(f"errors-by-{kind.replace(' ', '-')}", caption, columns, cells, folded=True))
    return tables, list(notes)


def _parts(comparison: Comparison, notes: dict[str, None]) -> Iterator[tuple[str, list[list[Cell]]]]:
    import numpy as np

    from whet.bias.error_parts import force_errors_of_parts, frame_errors_of_parts
    from whet.bias.errors import fitted_energies
    from whet.bias.force_sizes import force_sizes

    yield "element", [[one.name, *_forces(one)] for one in force_errors_of_parts(comparison, comparison.symbols)]
    borders, place = force_sizes(comparison)
    sizes = [(*borders[int(one.name)], one) for one in force_errors_of_parts(comparison, place)]
    yield "force size", [[low, high, *_forces(one)] for low, high, one in sizes]
    shift = fitted_energies(comparison)
    frames = {"all": ["all"] * len(comparison)}
    names = frame_parts(comparison)
    frames |= {kind: names[kind] for kind in ("config type", "material") if _differ(kind, names[kind])}
    if note := too_many_materials(names["material"]):
        notes[note] = None
        frames.pop("material", None)
    for kind, of_frame in frames.items():
        whole = frame_errors_of_parts(comparison, of_frame, shift)
        forces = force_errors_of_parts(comparison, np.repeat(np.array(of_frame), comparison.n_atoms))
        yield kind, [[one.name, *_forces(one), *_frames(whole[one.name])] for one in forces]


def _differ(kind: str, names: Sequence[str]) -> bool:
    return len(set(names)) > 1 or (kind == "config type" and names[0] != UNNAMED)


def _forces(one: ForceErrors) -> list[Cell]:
    return [Estimate(one.mae, one.mae_interval), one.rmse, one.scale, one.atoms, one.frames]


def _frames(one: FrameErrors) -> list[Cell]:
    return [*one.raw, *one.fitted, *(one.stress or (None, None))]


def _columns(kind: str, of_frames: bool) -> Iterator[Column]:
    if kind == "force size":
        yield Column("force from", "eV/Å", "Least size of the reference force of an atom in this bin.", decimals=2)
        yield Column("to", "eV/Å", "Largest size of the reference force of an atom in this bin.", decimals=2)
    else:
        yield Column(kind, description=PART, shown=kind != "all")
    yield Column("MAE F", "eV/Å", MAE_F, interval=True)
    yield Column("RMSE F", "eV/Å", RMSE_F)
    yield replace(COLUMNS["scale"], name="s", decimals=3, interval=False, spread=False)
    yield Column("atoms", description="Of all frames, that are in this part.")
    yield Column("frames", description=FRAMES)
    if of_frames:
        yield Column("MAE E raw", "meV/atom", MAE_E)
        yield Column("RMSE E raw", "meV/atom", RMSE_E)
        yield Column("MAE E fitted here", "meV/atom", MAE_E_FITTED)
        yield Column("RMSE E fitted here", "meV/atom", RMSE_E_FITTED)
        yield Column("MAE S", "eV/Å³", "Mean absolute error over the six components of the stress.")
        yield Column("RMSE S", "eV/Å³", RMSE_S)
