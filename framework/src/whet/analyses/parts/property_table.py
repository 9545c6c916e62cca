"""Measured properties beside the reference's: a row for each material, quantity and state; and over materials."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from whet.analyses.parts.meanings import POTENTIAL, STATES
from whet.analyses.parts.naming import state_name
from whet.contracts.findings import Cell, Column, Estimate, Table
from whet.contracts.probe import Measurement, Quantity
from whet.contracts.ref import LABELER

MATERIAL = Column("material", description="Its name, or its formula.")
QUANTITY = Column("quantity", description="What was measured.")
UNIT = Column("unit", description="Of the numbers.")
WHO = "Potential and state."
REFERENCE = "reference"
"""What stands in the place of a state where it is the reference's own."""
LEAST = 1e-12
"""A reference nearer to zero has no ratio."""


@dataclass(frozen=True)
class Compared:
    """One quantity of one material, as a potential in a state has it. value: mean over seeds, with their spread."""

    material: str
    quantity: Quantity
    potential: str
    state: str
    value: Estimate
    reference: float | None

    @property
    def difference(self) -> float | None:
        """Potential minus reference."""
        return None if self.reference is None or self.value.value is None else self.value.value - self.reference

    @property
    def ratio(self) -> float | None:
        """Potential over reference."""
        if self.reference is None or self.value.value is None or abs(self.reference) < LEAST:
            return None
        return self.value.value / self.reference

    @property
    def curvature(self) -> float | None:
        """What the ratio says about the curvature of the energy; None where it says nothing."""
        ratio, power = self.ratio, self.quantity.stiffness
        return None if ratio is None or power is None or ratio <= 0 else ratio ** (1 / power)


def compared(measured: Sequence[Measurement]) -> list[Compared]:
    """Every number of every potential, beside the reference's; by material, then as the probe lists its quantities.

    Where no potential was asked, the reference's own.
    """
    from whet.bias.estimate import over_seeds

    reference = {one.ref.set: one.measured.values for one in measured if one.ref.state == LABELER}
    quantities = {quantity.name: quantity for one in measured for quantity in one.quantities}
    groups: dict[tuple[str, str, str, str], list[float]] = {}
    alone = all(one.ref.state == LABELER for one in measured)
    for one in measured:
        if one.ref.state == LABELER and not alone:
            continue
        for name in quantities:
            if name in one.measured.values:
                potential, state = ("", REFERENCE) if alone else (one.ref.potential, state_name(one.ref.state))
                key = (one.ref.set, name, potential, state)
                groups.setdefault(key, []).append(one.measured.values[name])
    found = []
    for (material, name, potential, state), values in groups.items():
        known = None if alone else reference.get(material, {}).get(name)
        found.append(Compared(material, quantities[name], potential, state, over_seeds(values), known))
    return found


def property_table(rows: Sequence[Compared]) -> Table:
    """Each material by itself."""
    repeated = any(row.value.seeds > 1 for row in rows)
    known = any(row.reference is not None for row in rows)
    bent = any(row.curvature is not None for row in rows)
    number = partial(Column, decimals=_decimals(rows), by=QUANTITY.name)
    columns = (
        MATERIAL,
        QUANTITY,
        UNIT,
        Column("potential", description=POTENTIAL),
        Column("state", description=STATES),
        Column("who", description=WHO, shown=False),
        number("value", description="As the potential has it.", spread=repeated),
        number("reference", description="As the labeler, or the table, has it.", shown=known),
        number("difference", description="Potential minus reference.", shown=known),
        Column("ratio", description="Potential over reference.", decimals=3, shown=known),
        Column("curvature ratio", description="What the ratio says about the curvature.", decimals=3, shown=bent),
    )
    cells: list[list[Cell]] = []
    for row in rows:
        value = row.value if repeated else row.value.value
        named: list[Cell] = [row.material, row.quantity.name, row.quantity.unit, row.potential, row.state]
        named.append(f"{row.potential} {row.state}")
        cells.append([*named, value, row.reference, row.difference, row.ratio, row.curvature])
    return Table("properties", "Properties of each material", columns, cells, folded=len(cells) > 24)


def summary_table(rows: Sequence[Compared]) -> Iterator[Table]:
    """Over materials, where there are several with a reference."""
    import numpy as np

    from whet.bias.over_materials import mean_over

    groups: dict[tuple[str, str, str], list[Compared]] = {}
    for row in rows:
        if row.difference is not None:
            groups.setdefault((row.quantity.name, row.potential, row.state), []).append(row)
    if not any(len(every) > 1 for every in groups.values()):
        return
    number = partial(Column, decimals=_decimals(rows), by=QUANTITY.name, interval=True)
    columns = (
        QUANTITY,
        UNIT,
        Column("potential", description=POTENTIAL),
        Column("state", description=STATES),
        number("MAE", description="Mean of the absolute differences."),
        number("mean difference", description="Potential minus reference."),
        Column("median ratio", description="Of potential over reference.", decimals=3, interval=True),
        Column("materials", description="That have a reference."),
    )
    cells: list[list[Cell]] = []
    for (name, potential, state), every in groups.items():
        off = np.array([row.difference for row in every if row.difference is not None])
        ratio = median_ratio([row.ratio for row in every if row.ratio is not None])
        named: list[Cell] = [name, every[0].quantity.unit, potential, state]
        cells.append([*named, mean_over(np.abs(off)), mean_over(off), ratio, len(every)])
    yield Table("over-materials", "Over all materials", columns, cells)


def _decimals(rows: Sequence[Compared]) -> dict[str, int]:
    """Of the quantities of which the probe says so."""
    kinds = {row.quantity.name: row.quantity.decimals for row in rows}
    return {name: decimals for name, decimals in kinds.items() if decimals is not None}


def median_ratio(ratios: Sequence[float]) -> Estimate:
    """The ratio that half of the materials exceed, with its interval from six materials on.

    Not the mean: a reference near zero makes one ratio as large as all the others together.
    """
    import numpy as np

    from whet.bias.over_materials import median_interval

    values = np.array(ratios, dtype=float)
    return Estimate(float(np.median(values)), median_interval(values)) if len(values) else Estimate(None)
