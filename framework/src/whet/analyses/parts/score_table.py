"""The table of scores: a row for each potential, state, seed and correction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whet.contracts.findings import Cell, Column, Estimate, Table

if TYPE_CHECKING:
    from whet.bias.series import Score

SLOPES = ("scale*", "r2", "inverse_slope*", "mae", "cmae", "frames", "units", "components")
CURVATURE = ("sampler", "curvature*", "lower", "upper", "units_of", "reading", "verdict")
DEVIATION = ("mae*", "rmse*", "unit", "frames", "values")
GROUPS = {
    "softening": (*SLOPES, "robust_scale*", "discounted_frames", *CURVATURE),
    "softening.kept": SLOPES,
    **dict.fromkeys(("forces", "energy", "energy_fitted", "energy_given", "stress"), DEVIATION),
}
"""Parts of a score -> their numbers; those with a star have an interval."""

ELEMENT = "forces_by_element"
STATE = ("strategy", "round", "size", "seed")
"""With the potential, whose a score is."""


def score_table(scores: Sequence[tuple[Mapping[str, Cell], Score]]) -> Table:
    """A row each. The mappings hold what is known of a score beside its numbers; all have the same keys."""
    elements = sorted({symbol for _, score in scores for symbol in score.errors.forces_by_element})
    groups = {**GROUPS, **{f"{ELEMENT}.{symbol}": DEVIATION for symbol in elements}}
    columns = [Column(name, shown=False) for name in (scores[0][0] if scores else ())]
    columns += [Column(name) for name in ("frames", "relative_force_rmse", "correction")]
    columns += [
        Column(f"{group}.{name.rstrip('*')}", interval="*" in name) for group, names in groups.items() for name in names
    ]
    rows = []
    for known, score in scores:
        errors, parts = score.errors, _parts(score)
        own: list[Cell] = [*known.values(), errors.frames, errors.relative_force_rmse, errors.correction]
        rows.append(own + [cell for group, names in groups.items() for cell in _cells(parts.get(group), names)])
    return Table("scores", "Every number of every potential and seed", columns, rows, shown=False)


def _parts(score: Score) -> dict[str, Mapping[str, Any]]:
    """Plain data of each group that the score has."""
    errors, slopes = score.errors, score.softening.as_json()
    slopes["lower"], slopes["upper"] = score.softening.curvature.bounds or (None, None)
    slopes["discounted_frames"] = " ".join(map(str, score.softening.discounted_frames))
    found = {
        "softening": slopes,
        "softening.kept": slopes["kept"],
        "forces": errors.forces.as_json(),
        "energy": errors.energy_raw.as_json(),
        "energy_fitted": errors.energy_fitted_here.as_json(),
        "energy_given": errors.energy_given and errors.energy_given.as_json(),
        "stress": errors.stress and errors.stress.as_json(),
        **{f"{ELEMENT}.{symbol}": one.as_json() for symbol, one in errors.forces_by_element.items()},
    }
    return {name: part for name, part in found.items() if isinstance(part, Mapping)}


def _cells(part: Mapping[str, Any] | None, names: Sequence[str]) -> Iterator[Cell]:
    for name in names:
        plain = name.rstrip("*")
        value = None if part is None else part[plain]
        interval = part[f"{plain}_interval"] if part is not None and plain != name else None
        yield Estimate(value, interval and tuple(interval)) if plain != name else value
