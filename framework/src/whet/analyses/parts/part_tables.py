"""Softening of parts of a set: by element, material, config type and sampler, a folded table each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from whet.analyses.parts.meanings import FRAMES, PART, POTENTIAL, READINGS, STATES
from whet.analyses.parts.series_table import COLUMNS, SeriesRow, several
from whet.contracts.findings import Cell, Column, Estimate, Table
from whet.data.material_names import material_of

if TYPE_CHECKING:
    from whet.bias.pairs import Comparison
    from whet.bias.softening_parts import Part

PARTS = {
    "element": "by element",
    "material": "by material",
    "config type": "by config type",
    "sampler": "by who sampled the frames",
}
"""Column that names a part -> words for its table."""

UNNAMED = "–"
"""Frames without a config type."""

MOST_MATERIALS = 100
"""Materials up to which each has a row; the analysis `materials` has them all, however many."""


def part_tables(
    ends: Sequence[tuple[SeriesRow, Comparison]], rows: Sequence[SeriesRow], on: str, note: str = ""
) -> Iterator[Table]:
    """By element always; by formula, config type and sampler where frames differ. Without discounted frames.

    ends: of these rows, those that there are predictions of. note: behind the captions.
    """
    from whet.bias.softening_parts import softening_by_element, softening_by_name

    found: dict[str, list[list[Cell]]] = {kind: [] for kind in PARTS}
    for row, comparison in ends:
        kept = _kept(comparison)
        if kept is None:
            continue
        parts = {"element": softening_by_element(kept)}
        for kind, names in frame_parts(kept).items():
            if kind == "material" and too_many_materials(names):
                continue
            if len(set(names)) > 1 or (kind == "config type" and names[0] != UNNAMED):
                parts[kind] = softening_by_name(kept, names)
        for kind, of in parts.items():
            decided = _with_the_doubts_of(row, of)
            found[kind] += [[row.potential, row.state, name, *_part_cells(part)] for name, part in decided.items()]
    columns = (
        Column("reading", description=READINGS),
        replace(COLUMNS["scale"], name="s", decimals=3, spread=False),
        Column("1/b", description=COLUMNS["upper"].description, decimals=3, interval=True),
        replace(COLUMNS["curvature"], decimals=3, spread=False),
        Column("units", description="Independent ones"),
        Column("frames", description=FRAMES),
    )
    for kind, cells in found.items():
        if cells:
            known = (
                Column("potential", description=POTENTIAL, shown=several(rows)),
                Column("state", description=STATES),
                Column(kind, description=PART),
            )
            caption = f"Softening {PARTS[kind]}, on “{on}”.{note}"
            yield Table(f"by-{kind.replace(' ', '-')}", caption, (*known, *columns), cells, folded=True)


def _with_the_doubts_of(row: SeriesRow, parts: Mapping[str, Part]) -> Mapping[str, Part]:
    """The parts without a curvature where the whole, though of a known sampler, has none: runs not equilibrated."""
    from whet.bias.curvature import READ_FROM

    if row.slope or row.sampler not in READ_FROM:
        return parts
    return {
        name: replace(part, curvature=part.curvature.doubted("as on the whole set")) for name, part in parts.items()
    }


def _kept(comparison: Comparison) -> Comparison | None:
    """Without the frames that are wrong beyond any scale; None where that is most of them."""
    from whet.bias.resampling import Resampling
    from whet.bias.robust_slope import robust_slope

    gone = {comparison.indices[place] for place in robust_slope(comparison, Resampling(resamples=1)).discounted}
    if 2 * len(gone) > len(comparison):
        return None
    return comparison.without(gone, "discounted") if gone else comparison


def frame_parts(comparison: Comparison) -> dict[str, list[str]]:
    """Of each frame, by the column that shows them."""
    return {
        "material": [material_of(frame) for frame in comparison.frames],
        "config type": [str(frame.info.get("config_type", UNNAMED)) for frame in comparison.frames],
        "sampler": comparison.samplers.tolist(),
    }


def too_many_materials(names: Sequence[str]) -> str:
    """Why materials have no table here; empty where they are few enough."""
    if (many := len(set(names))) <= MOST_MATERIALS:
        return ""
    return f"The set has {many:,} materials; the analysis `materials` (`analyses: [materials]`) shows each."


def _part_cells(part: Part) -> list[Cell]:
    from whet.bias.curvature import inverted

    slopes, curvature = part.slopes, part.curvature
    upper = Estimate(curvature.upper, inverted(slopes.inverse_slope_interval))
    ratio = Estimate(curvature.ratio, curvature.interval)
    s = Estimate(slopes.scale, slopes.scale_interval)
    return [curvature.reading, s, upper, ratio, slopes.units, slopes.frames]
