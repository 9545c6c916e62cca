"""The summary table: how soft, how wrong, by potential and set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from whet.cli.terminal import print_table, say, wrapped
from whet.data.frame_groups import units_in_words

Score = Mapping[str, Any]
"""See `whet.study.scores.scores_of`."""

SAMPLED = {
    "reference": "the reference's dynamics",
    "self": "the potential's own dynamics",
    "rattle": "random displacements",
    "minimum": "relaxation",
    "other": "another potential's dynamics",
    "unknown": "unknown",
    "mixed": "several",
}
CURVATURE = "curvature: of the energy surface, predicted over reference; [95 %]. 1: not soft"
NONE = "curvature –: none is read from relaxed structures, where one side's forces vanish."
BOUNDS = "curvature 0.5–1.5: from s to 1/b, undecided."
ERRORS = "MAE F: eV/Å. MAE E: meV/atom, raw and with reference energies fitted here."


def print_scores(scores: Iterable[Score]) -> None:
    """One table a set: curvature ratio with its interval, uncentred R², errors of forces and energies."""
    by_set = _by_set(scores)
    for name, rows in by_set.items():
        say()
        say(f"{name} ({_evidence(rows[0])})")
        headings = ("potential", "curvature", "uncentred\nR²", "MAE F", "MAE E\nraw", "MAE E\nfitted", "s/frame")
        print_table(headings, map(_row, rows), right=(2, 3, 4, 5, 6))
        for score in rows:
            if out := score["left_out"]:
                first = out[0]
                say(f"{score['potential']}: {len(out)} frames left out; frame {first['index']}: {first['reason']}")
    if by_set:
        say()
        slopes = [score["softening"] for rows in by_set.values() for score in rows]
        if any(one["curvature"] is not None for one in slopes):
            say(CURVATURE)
        if any(one["curvature"] is None and one["bounds"] is not None for one in slopes):
            say(BOUNDS)
        if any(one["sampler"] == "minimum" for one in slopes):
            say(NONE)
        say(ERRORS)


def print_readings(scores: Iterable[Score]) -> None:
    """What `whet evaluate` says about softness, what it takes for granted of the frames, and how to say otherwise."""
    for rows in _by_set(scores).values():
        say()
        for score in rows:
            wrapped(f"{score['potential']}: {score['softening']['verdict']}")
        say()
        found = {score["softening"]["sampler"] for score in rows}
        say(f"Sampled by: {', '.join(SAMPLED[one] for one in SAMPLED if one in found)} (change: --sampled-by)")
        of = rows[0]["softening"]["units_of"]
        say(f"Independent: {of or 'nobody says which frames belong together'} (change: --groups)")


def _by_set(scores: Iterable[Score]) -> dict[str, list[Score]]:
    found: dict[str, list[Score]] = {}
    for score in scores:
        found.setdefault(score["set"], []).append(score)
    return found


def _evidence(score: Score) -> str:
    frames, slopes = score["frames"], score["softening"]
    words = f"{frames} frame" + ("" if frames == 1 else "s")
    units = units_in_words(slopes["units"], slopes["units_of"])
    return words if slopes["units_of"] in ("", "frames") else f"{words} of {units}"


def _row(score: Score) -> tuple[str, ...]:
    slopes = score["softening"]
    seconds = None if score["correction"] else score["seconds_per_frame"]
    return (
        score["potential"],
        _curvature(slopes),
        "" if slopes["r2"] is None else f"{slopes['r2']:.3f}",
        f"{score['forces']['mae']:.3f}",
        f"{score['energy']['mae']:.1f}",
        f"{score['energy_fitted']['mae']:.1f}",
        "" if seconds is None else f"{seconds:.3f}",
    )


def _curvature(slopes: Mapping[str, Any]) -> str:
    """`0.80 [0.77, 0.83]`, or `0.78–1.50` where the frames do not decide."""
    if slopes["curvature"] is None:
        return "–" if slopes["bounds"] is None else "{:.2f}–{:.2f}".format(*slopes["bounds"])
    ends = slopes["curvature_interval"]
    return f"{slopes['curvature']:.2f}" + ("" if ends is None else f" [{ends[0]:.2f}, {ends[1]:.2f}]")
