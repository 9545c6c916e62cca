"""scores_of: the public form of scores, out of the table that the analysis `scores` leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whet.contracts.findings import Findings

PLAIN = ("set", "set_kind", "strategy", "round", "size", "seed", "frames")
GROUPS = ("forces", "forces_by_element", "energy", "energy_fitted", "stress")
LOW, HIGH = " 95 % low", " 95 % high"


def scores_of(findings: Findings) -> list[Mapping[str, Any]]:
    """What `scores.json` and `whet evaluate --json` hold, of one set; these keys are public and kept.

    | key                             | value                                                             |
    |---------------------------------|-------------------------------------------------------------------|
    | potential, set, set_kind        | labels                                                            |
    | strategy, round, size, seed     | of the fine-tuning: "", 0, null and 0 for the untouched potential |
    | frames, left_out                | number of frames counted; [{index, reason}] of the others         |
    | softening.scale, .inverse_slope | s and b: slopes of the forces, with intervals; .r2: uncentred R²  |
    | softening.curvature, .bounds    | the ratio of curvatures with its interval, or null; [s, 1/b]      |
    | softening.sampler, .units, …    | who sampled, independent units (.units_of what), reading, verdict |
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
            out.setdefault(_state(row), []).append({"index": row["frame"], "reason": row["reason"]})
    # A correction leaves no other frames out than what it corrects, whose state it has.
    return [_public(row, out.get(_state(row), [])) for row in findings.table("scores").records()]


def _state(row: Mapping[str, Any]) -> tuple:
    return tuple(row[name] for name in ("potential", "strategy", "round", "size", "seed"))


def _public(row: Mapping[str, Any], left_out: list[dict[str, Any]]) -> dict[str, Any]:
    nested = _nested(row)
    softening = nested["softening"]
    bounds = [softening.pop("lower"), softening.pop("upper")]
    softening["bounds"] = None if None in bounds else bounds
    softening["discounted_frames"] = [int(index) for index in softening["discounted_frames"].split()]
    return {
        "potential": row["label"],
        **{name: row[name] for name in PLAIN},
        "left_out": left_out,
        "softening": softening | {"left_out": left_out, "correction": row["correction"]},
        **{name: nested.get(name) for name in GROUPS},
        **{name: row[name] for name in ("relative_force_rmse", "seconds_per_frame", "correction")},
    }


def _nested(row: Mapping[str, Any]) -> dict[str, Any]:
    """Columns `a.b.c` as mappings in mappings, intervals as `c_interval`; None for a part without frames."""
    found: dict[str, Any] = {"forces_by_element": {}}
    for name, value in row.items():
        *path, last = name.split(".")
        part = found
        for word in path:
            part = part.setdefault(word, {})
        if not path or last.endswith(HIGH):
            continue
        if last.endswith(LOW):
            ends = [value, row[name.removesuffix(LOW) + HIGH]]
            part[f"{last.removesuffix(LOW)}_interval"] = None if None in ends else ends
        else:
            part[last] = value
    return {name: _without_empty(part) for name, part in found.items()}


def _without_empty(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    if "frames" in part and part["frames"] is None:
        return None
    parts = {name: _without_empty(one) for name, one in part.items()}
    return {name: one for name, one in parts.items() if one is not None or not isinstance(part[name], dict)}
