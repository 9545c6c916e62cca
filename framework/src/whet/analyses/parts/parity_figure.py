"""parity_figure: predicted against reference values, a panel each, as cells of a grid that are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from whet.contracts.findings import Cell, Column, Figure, Table

if TYPE_CHECKING:
    import numpy as np

CELLS = (56, 40, 28)
"""Along each axis: the finest grid with no more than MOST_MARKS cells that have a point."""

MOST_MARKS = 5000
PIXELS = 168
ACROSS = 3
LEVELS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
"""Cells of one level have one color: a picture of few colors weighs a tenth."""

REACH, BEYOND = 0.999, 1.05
"""Axes end a little beyond this share of the reference values, so that one exploded prediction squeezes nothing."""


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points of one panel. reference, predicted: (n,). slope: of the line through the origin that is drawn, if any."""

    panel: str
    potential: str
    state: str
    reference: np.ndarray
    predicted: np.ndarray
    slope: float | None = None

    @classmethod
    def of_forces(cls, panel: str, potential: str, state: str, reference: np.ndarray, predicted: np.ndarray) -> Self:
        """Of all components of (n_atoms, 3) forces, eV/Å, with the line of s."""
        from whet.bias.robust_slope import is_still

        f, p = reference.ravel(), predicted.ravel()
        slope = None if is_still(f) else float(f @ p / (f @ f))
        return cls(panel, potential, state, f, p, slope)

    def times(self, factor: float) -> Self:
        """In another unit."""
        return replace(self, reference=factor * self.reference, predicted=factor * self.predicted)


def parity_figure(name: str, what: str, unit: str, clouds: Sequence[Cloud], note: str = "") -> tuple[Figure, Table]:
    """The figure and its table, both called `name`. what: in words, for the caption. clouds: at least one."""
    import numpy as np

    from whet.bias.parity_density import ParityDensity

    low, high = _ends(np.concatenate([cloud.reference for cloud in clouds]))
    grids: list[ParityDensity] = []
    for cells in CELLS:
        grids = [ParityDensity.of(cloud.reference, cloud.predicted, low, high, cells) for cloud in clouds]
        if sum(map(len, grids)) <= MOST_MARKS:
            break
    rows: list[list[Cell]] = []
    for cloud, grid in zip(clouds, grids, strict=True):
        known = [cloud.panel, cloud.potential, cloud.state]
        level = np.searchsorted(LEVELS, grid.counts, side="right") - 1
        order = np.lexsort((grid.predicted, grid.reference, level))
        for place in order.tolist():
            at = float(grid.reference[place]), float(grid.predicted[place])
            rows.append([*known, "cell", *at, int(grid.counts[place]), LEVELS[level[place]]])
        rows += [[*known, "perfect", end, end, None, None] for end in (low, high)]
        if cloud.slope is not None:
            rows += [[*known, "slope", end, cloud.slope * end, None, None] for end in (low, high)]
    columns = (
        *map(Column, ("panel", "potential", "state", "kind")),
        Column("reference", unit, "Mean of the points of the cell."),
        Column("predicted", unit, "Mean of the points of the cell."),
        Column("points", description="In the cell."),
        Column("at least", description="The level of its color."),
    )
    outside, every = sum(grid.outside for grid in grids), sum(len(cloud.reference) for cloud in clouds)
    slopes = any(cloud.slope is not None for cloud in clouds)
    caption = f"{what}. Dashed: perfect" + ("; line: s, the slope through the origin." if slopes else ".")
    caption += " The color counts the points of a cell."
    caption += f" {outside:,} of {every:,} points are outside." if outside else ""
    table = Table(name, f"Points of the figure: {what}", columns, rows, shown=False)
    pixels = PIXELS * grids[0].width / (high - low)
    spec = _spec(name, (low, high), unit, list(dict.fromkeys(cloud.panel for cloud in clouds)), pixels)
    return Figure(name, caption + note, f"Predicted against reference: {what}.", spec), table


def _ends(reference: np.ndarray) -> tuple[float, float]:
    """Of both axes: symmetric where values have two signs to about the same extent."""
    import numpy as np

    low, high = (float(np.quantile(reference, share)) for share in (1 - REACH, REACH))
    if low == high:
        return low - 1.0, high + 1.0
    if low < 0 < high and min(-low, high) > 0.5 * max(-low, high):
        high = max(-low, high)
        return -BEYOND * high, BEYOND * high
    pad = (BEYOND - 1) * (high - low)
    return low - pad, high + pad


def _spec(name: str, ends: tuple[float, float], unit: str, panels: Sequence[str], pixels: float) -> dict[str, Any]:
    axis: dict[str, Any] = {"type": "quantitative", "axis": {"tickCount": 4}}
    axis["scale"] = {"domain": list(ends), "nice": False, "zero": False}
    encoding = {
        "x": {"field": "reference", "title": f"reference ({unit})", **axis},
        "y": {"field": "predicted", "title": f"predicted ({unit})", **axis},
    }

    def layer(kind: str, mark: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        only = {"filter": f"datum.kind == '{kind}'"}
        return {"transform": [only], "mark": {"clip": True, **mark}, "encoding": {**encoding, **more}}

    color = {
        "field": "at least",
        "type": "quantitative",
        "title": "points in a cell",
        "scale": {"type": "log", "scheme": {"name": "cividis", "extent": [0.95, 0.2]}, "domainMin": 1},
        "legend": {"tickCount": 3, "format": "~s"},
    }
    tooltip = [{"field": one, "type": "quantitative"} for one in ("reference", "predicted", "points")]
    square = {"type": "point", "shape": "square", "filled": True, "opacity": 1, "strokeWidth": 0}
    square["size"] = round((pixels + 0.3) ** 2, 2)
    layers = [
        layer("cell", square, color=color, tooltip=tooltip),
        layer("perfect", {"type": "line", "strokeDash": [4, 4], "strokeWidth": 1}),
        layer("slope", {"type": "line", "strokeWidth": 1.5}),
    ]
    across = -(-len(panels) // -(-len(panels) // ACROSS))  # no row of one where it can be helped
    return {
        "data": {"name": name},
        "facet": {"field": "panel", "type": "nominal", "title": None, "sort": list(panels)},
        "columns": across,
        "spec": {"width": PIXELS, "height": PIXELS, "layer": layers},
    }
