"""Tables over many materials: all of them, those that stand out, means, and what probes measured beside the scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from whet.analyses.parts.meanings import FRAMES, MAE_E, MAE_E_FITTED, MAE_F, POTENTIAL, READINGS, RMSE_F, STATES
from whet.analyses.parts.series_table import COLUMNS, several
from whet.contracts.findings import Cell, Column, Estimate, Table
from whet.contracts.ports import Found

if TYPE_CHECKING:
    from whet.analyses.parts.material_states import StateOverMaterials

MATERIAL = Column("material", description="As its frames say, or its reduced formula.")
VALUE = Column("value", description="Curvature ratio, or s where the frames do not decide; the caption says which.")


def _known(states: Sequence[StateOverMaterials]) -> list[Column]:
    shown = several([one.row for one in states])
    return [Column("potential", description=POTENTIAL, shown=shown), Column("state", description=STATES)]


def over_table(states: Sequence[StateOverMaterials], what: str) -> Table:
    """Each state over all materials. what: the number, and the set."""
    first = {one.row.potential: one for one in states if one.row.untouched}
    columns = (
        *_known(states),
        Column("materials", description="That have a slope."),
        Column("mean", description="Over materials, each of which counts once.", decimals=3, interval=True),
        Column("median", description="Over materials.", decimals=3, interval=True),
        Column("spread", description="1.4826 times the median absolute deviation.", decimals=3),
        Column("reading", description=READINGS, shown=any(one.over.reading != "undecided" for one in states)),
        Column("below 1", description="Share of the materials.", percent=True),
        Column(
            "change",
            description="Mean over materials of what it is more than untouched.",
            decimals=3,
            interval=True,
            shown=any(one.row.strategy for one in states),
        ),
        Column("MAE F", "eV/Å", "Mean over materials of the mean absolute error of their force components."),
        Column("stand out", description="Materials beyond what chance explains."),
    )
    cells: list[list[Cell]] = []
    for one in states:
        over, before = one.over, first.get(one.row.potential)
        change = before.over.change_to(over) if before is not None and before is not one else Estimate(None)
        number = len(over.values)
        maes = [scale.slopes.mae for scale in one.scales]
        known: list[Cell] = [one.row.potential, one.row.state, number, over.mean, over.median]
        known += [over.standing.spread if over.standing else None, over.reading]
        known += [over.below / number if number else None, change, sum(maes) / len(maes)]
        cells.append([*known, len(over.standing.places) if over.standing else None])
    return Table("over-materials", f"Over materials: {what}", columns, cells)


def standing_table(states: Sequence[StateOverMaterials], what: str) -> Iterator[Table]:
    """Those that stand out, if any does."""
    cells: list[list[Cell]] = []
    for one in states:
        standing = one.over.standing
        scales = {scale.name: scale for scale in one.scales}
        for place in standing.places if standing else ():
            name, value = one.over.names[place], float(one.over.values[place])
            scale = scales[name]
            off = value - standing.median if standing else None
            known: list[Cell] = [one.row.potential, one.row.state, name, value, off]
            cells.append([*known, scale.slopes.frames, scale.slopes.components // 3, scale.slopes.mae])
    if cells:
        columns = (
            *_known(states),
            MATERIAL,
            replace(VALUE, decimals=3),
            Column("from the median", description="Value minus median over materials.", decimals=3),
            Column("frames", description=FRAMES),
            Column("atoms", description="In all of its frames."),
            Column("MAE F", "eV/Å", MAE_F),
        )
        yield Table("standing-out", f"Materials that stand out: {what}", columns, cells, folded=len(cells) > 12)


def material_table(states: Sequence[StateOverMaterials], caption: str, by_ratio: bool) -> Table:
    """A row for each material and state."""
    columns = (
        *_known(states),
        MATERIAL,
        Column("frames", description=FRAMES),
        replace(COLUMNS["scale"], name="s", decimals=3, spread=False, shown=not by_ratio),
        Column("1/b", description=COLUMNS["upper"].description, decimals=3, interval=True, shown=not by_ratio),
        replace(COLUMNS["curvature"], decimals=3, spread=False, brief=True, shown=by_ratio),
        COLUMNS["slope"],
        Column("standard error", description="Of the curvature ratio, else of s: from residuals of the components."),
        Column("stands out", description="Whether it lies beyond what chance explains, and where."),
        Column("MAE F", "eV/Å", MAE_F),
        Column("RMSE F", "eV/Å", RMSE_F, shown=False),
        replace(COLUMNS["relative_rmse"], percent=True),
        Column("MAE E raw", "meV/atom", MAE_E, shown=False),
        Column("MAE E fitted here", "meV/atom", MAE_E_FITTED),
        Column("MAE S", "eV/Å³", "Mean absolute error over the six components of the stress."),
        replace(COLUMNS["sampler"], shown=False),
    )
    cells = [row for one in states for row in _rows(one)]
    return Table("materials", caption, columns, cells, folded=True)


def _rows(one: StateOverMaterials) -> Iterator[list[Cell]]:
    from whet.bias.curvature import inverted

    out: dict[str, str] = {}
    if standing := one.over.standing:
        for place in standing.places:
            out[one.over.names[place]] = "above" if one.over.values[place] > standing.median else "below"
    for scale in one.scales:
        slopes, curvature, energy = scale.slopes, scale.curvature, one.energies[scale.name]
        yield [
            *(one.row.potential, one.row.state, scale.name, slopes.frames),
            Estimate(slopes.scale, slopes.scale_interval),
            Estimate(curvature.upper, inverted(slopes.inverse_slope_interval)),
            Estimate(curvature.ratio, curvature.interval),
            *(curvature.slope, scale.errors[curvature.slope == "1/b"], out.get(scale.name, "")),
            *(slopes.mae, scale.rmse, scale.relative, energy.raw[0], energy.fitted[0]),
            *(energy.stress[0] if energy.stress else None, curvature.sampler),
        ]


def probe_rows(states: Sequence[StateOverMaterials], found: Sequence[Found]) -> Table | None:
    """What probes measured of materials that have a slope here, beside it; None where they have none in common."""
    values = {
        (one.row.potential, one.row.state, name): float(value)
        for one in states
        for name, value in zip(one.over.names, one.over.values, strict=True)
    }
    names = {(one.row.potential, one.row.state): (one.name, one.series) for one in states}
    cells: list[list[Cell]] = []
    for properties in found:
        tables = {table.name: table for table in properties.findings.tables}
        for row in tables["properties"].records() if "properties" in tables else ():
            key = row["potential"], row["state"]
            value = values.get((*key, row["material"]))
            if value is not None and row["ratio"] is not None:
                known: list[Cell] = [*key, row["material"], properties.ref.set, row["quantity"], value]
                cells.append([*known, row["ratio"], row["curvature ratio"], *names[key]])
    if not cells:
        return None
    columns = (
        *_known(states),
        MATERIAL,
        Column("probe", shown=False),
        Column("quantity", description="That was measured."),
        replace(VALUE, decimals=3),
        Column("ratio", description="Of the quantity: potential over reference.", decimals=3),
        Column("curvature of the quantity", description="What that ratio says about the curvature.", decimals=3),
        Column("who", shown=False),
        Column("series", shown=False),
    )
    return Table("material-probes", "Probes beside the slope of the forces", columns, cells, folded=True)
