"""The table of scores, a row for each potential, state, seed and correction; and the public dictionaries behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whet.contracts.findings import Cell, Column, Estimate, Findings, Table

if TYPE_CHECKING:
    from whet.bias.series import Score

SLOPES = ("scale*", "r2", "inverse_slope*", "mae", "cmae", "frames", "components")
DEVIATION = ("mae*", "rmse*", "unit", "frames", "values")
GROUPS = {
    "softening": (*SLOPES, "robust_scale*", "discounted_frames", "reading", "verdict"),
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


def scores_json(findings: Findings) -> list[dict[str, Any]]:
    """What `scores.json` and `whet evaluate --json` hold, of one set; these keys are public and kept.

    | key                             | value                                                             |
    |---------------------------------|-------------------------------------------------------------------|
    | potential, set, set_kind        | labels                                                            |
    | strategy, round, size, seed     | of the fine-tuning: "", 0, null and 0 for the untouched potential |
    | frames, left_out                | number of frames counted; [{index, reason}] of the others         |
    | softening.scale, .r2, …         | see `whet.bias.softening.Softening.as_json`                       |
    | forces.mae, .rmse, .mae_interval| eV/Å, over components                                             |
    | forces_by_element               | the same for each element                                         |
    | energy.mae, .rmse               | meV/atom, as predicted                                            |
    | energy_fitted.mae, .rmse        | meV/atom, after per-element energies fitted on these very frames  |
    | stress                          | eV/Å³, or null                                                    |
    | relative_force_rmse             | RMSE over the root mean square of the reference forces            |
    | seconds_per_frame               | of the evaluation, one frame at a time, or null                   |
    | correction                      | what was done to the predictions; empty for none                  |
    """
    out: dict[tuple, list[dict[str, Any]]] = {}
    for table in findings.tables:
        for row in table.records() if table.name == "left-out" else ():
            state = row["potential"], *(row[name] for name in STATE)
            out.setdefault(state, []).append({"index": row["frame"], "reason": row["reason"]})
    # A correction leaves no other frames out than what it corrects, whose state it has.
    rows = findings.table("scores").records()
    return [_public(row, out.get((row["potential"], *(row[name] for name in STATE)), [])) for row in rows]


def _public(row: Mapping[str, Any], left_out: list[dict[str, Any]]) -> dict[str, Any]:
    elements = [name.split(".")[1] for name in row if name.startswith(f"{ELEMENT}.") and name.endswith(".unit")]
    of_elements = {symbol: _read(row, f"{ELEMENT}.{symbol}", DEVIATION) for symbol in elements}
    softening = _read(row, "softening", GROUPS["softening"]) or {}
    softening["discounted_frames"] = [int(index) for index in softening["discounted_frames"].split()]
    kept = _read(row, "softening.kept", SLOPES)
    return {
        "potential": row["label"],
        **{name: row[name] for name in ("set", "set_kind", "strategy", "round", "size", "seed", "frames")},
        "left_out": left_out,
        "softening": softening | {"kept": kept, "left_out": left_out, "correction": row["correction"]},
        "forces": _read(row, "forces", DEVIATION),
        ELEMENT: {symbol: found for symbol, found in of_elements.items() if found is not None},
        **{name: _read(row, name, DEVIATION) for name in ("energy", "energy_fitted", "stress")},
        **{name: row[name] for name in ("relative_force_rmse", "seconds_per_frame", "correction")},
    }


def _parts(score: Score) -> dict[str, Mapping[str, Any]]:
    """Plain data of each group that the score has."""
    errors, slopes = score.errors, score.softening.as_json()
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


def _read(row: Mapping[str, Any], group: str, names: Sequence[str]) -> dict[str, Any] | None:
    """The reverse of `_cells`; None where the score has no such part."""
    if row[f"{group}.frames"] is None:
        return None
    found = {}
    for name in names:
        plain = name.rstrip("*")
        found[plain] = row[f"{group}.{plain}"]
        if plain != name:
            ends = [row[f"{group}.{plain} 95 % {end}"] for end in ("low", "high")]
            found[f"{plain}_interval"] = None if None in ends else ends
    return found
