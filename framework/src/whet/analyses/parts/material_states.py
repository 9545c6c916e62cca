"""StateOverMaterials: a potential in one state over many materials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from whet.analyses.parts.series_table import SeriesRow, row_names, series_names
from whet.data.errors import FrameError

if TYPE_CHECKING:
    from whet.analyses.parts.ends import Ends
    from whet.bias.error_parts import FrameErrors
    from whet.bias.material_scales import MaterialScale
    from whet.bias.over_materials import OverMaterials
    from whet.bias.pairs import Comparison

FORMULA = "formula"


@dataclass(frozen=True, eq=False)
class StateOverMaterials:
    """One state of a potential over all materials. name: of its row. series: what its color stands for."""

    row: SeriesRow
    name: str
    series: str
    scales: Sequence[MaterialScale]
    energies: Mapping[str, FrameErrors]
    over: OverMaterials


def names_of_materials(comparison: Comparison, by: str) -> list[str]:
    """The material of each frame. FrameError where a frame lacks the key."""
    from whet.data.material_names import material_of

    if by and by != FORMULA:
        for index, frame in zip(comparison.indices, comparison.frames, strict=True):
            if frame.info.get(by) is None:
                known = ", ".join(map(repr, frame.info)) or "none"
                what = f"it has no `{by}` that names its material"
                raise FrameError(what, where=f"frame {index}", hint=f"Its keys: {known}")
        return [str(frame.info[by]) for frame in comparison.frames]
    if by == FORMULA:
        return [frame.get_chemical_formula("metal", empirical=True) for frame in comparison.frames]
    return [material_of(frame) for frame in comparison.frames]


def states_over_materials(ends: Ends, names: Sequence[Sequence[str]]) -> tuple[list[StateOverMaterials], bool]:
    """Each state, and whether its numbers are curvature ratios; else they are s.

    names: of each of the ends the material of each frame.
    """
    from whet.bias.curvature import READ_FROM
    from whet.bias.error_parts import frame_errors_of_parts
    from whet.bias.errors import fitted_energies
    from whet.bias.material_scales import material_scales
    from whet.bias.over_materials import OverMaterials

    rows = [row for row, _ in ends]
    found = []
    for (row, comparison), own in zip(ends, names, strict=True):
        scales = material_scales(comparison, own)
        if not row.slope and row.sampler in READ_FROM:  # the whole set is doubted: its runs are not equilibrated
            doubt = "as on the whole set"
            scales = [replace(one, curvature=one.curvature.doubted(doubt)) for one in scales]
        found.append((scales, frame_errors_of_parts(comparison, own, fitted_energies(comparison))))
    by_ratio = all(one.curvature.slope or one.slopes.scale is None for scales, _ in found for one in scales)
    labels = zip(rows, row_names(rows), series_names(rows), found, strict=True)
    states = [
        StateOverMaterials(row, name, series, scales, energies, OverMaterials.of(scales, by_ratio))
        for row, name, series, (scales, energies) in labels
    ]
    return states, by_ratio
