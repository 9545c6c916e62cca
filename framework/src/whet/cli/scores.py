"""The summary table: how soft, how wrong, by potential and set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from whet.cli.terminal import print_table, say

Score = Mapping[str, Any]
"""See `whet.study.scores.scores_of`."""


def print_scores(scores: Iterable[Score]) -> None:
    """One table a set: softening scale with its interval, R², force error, energy error, frames."""
    by_set: dict[str, list[Score]] = {}
    for score in scores:
        by_set.setdefault(score["set"], []).append(score)
    for name, rows in by_set.items():
        say()
        say(f"{name} ({rows[0]['frames']} frames)")
        headings = ("potential", "scale", "95 %", "R²", "MAE F", "MAE E", "s/frame")
        print_table(headings, map(_row, rows), right=(1, 3, 4, 5, 6))
        for score in rows:
            if out := score["left_out"]:
                first = out[0]
                say(f"{score['potential']}: {len(out)} frames left out; frame {first['index']}: {first['reason']}")
    if by_set:
        say()
        say("scale: softening scale of the forces (1: none), with 95 % bootstrap over frames.")
        say("MAE F: eV/Å. MAE E: meV/atom, after fitting reference energies on these frames.")


def _row(score: Score) -> tuple[str, ...]:
    slopes, interval = score["softening"], score["softening"]["scale_interval"]
    seconds = None if score["correction"] else score["seconds_per_frame"]
    return (
        score["potential"],
        "" if slopes["scale"] is None else f"{slopes['scale']:.3f}",
        "" if interval is None else f"{interval[0]:.3f}–{interval[1]:.3f}",
        "" if slopes["r2"] is None else f"{slopes['r2']:.3f}",
        f"{score['forces']['mae']:.3f}",
        f"{score['energy_fitted']['mae']:.1f}",
        "" if seconds is None else f"{seconds:.3f}",
    )
