"""The summary table: how soft, how wrong, by potential and set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
BOUNDS = "curvature, two numbers: its bounds, s and 1/b; the frames do not decide."
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


def print_readings(scores: Iterable[Score], *, sampler_given: bool = False) -> None:
    """What `whet evaluate` says about softness, what it takes for granted of the frames, and how to say otherwise.

    sampler_given: whether --sampled-by was, so that it was not the frames who said it.
    """
    for rows in _by_set(scores).values():
        say()
        if any(score[part]["mae_interval"] for score in rows for part in ("forces", "energy", "energy_fitted")):
            print_table(("with [95 %]", "MAE F", "MAE E raw", "MAE E fitted"), map(_errors, rows))
            say()
        for score in rows:
            wrapped(f"{score['potential']}: {score['softening']['verdict']}")
        say()
        found = {score["softening"]["sampler"] for score in rows}
        words = ", ".join(SAMPLED[one] for one in SAMPLED if one in found)
        whence = "as --sampled-by says" if sampler_given else "as the frames say (change: --sampled-by)"
        if not sampler_given and found == {"unknown"}:
            whence = "as the frames do not say (change: --sampled-by)"
        say(f"Sampled by: {words}, {whence}")
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


def _errors(score: Score) -> tuple[str, ...]:
    """Mean absolute errors with their 95 % intervals, where there are frames enough for one."""
    parts = ((score["forces"], 3), (score["energy"], 1), (score["energy_fitted"], 1))
    return (score["potential"], *(_with_interval(part["mae"], part["mae_interval"], digits) for part, digits in parts))


def _with_interval(value: float, interval: Sequence[float] | None, digits: int) -> str:
    ends = "" if interval is None else f" [{interval[0]:.{digits}f}, {interval[1]:.{digits}f}]"
    return f"{value:.{digits}f}{ends}"


def _curvature(slopes: Mapping[str, Any]) -> str:
    """`0.80 [0.77, 0.83]`, or `0.78–1.50` where the frames do not decide."""
    if slopes["curvature"] is None:
        return "–" if slopes["bounds"] is None else "{:.2f}–{:.2f}".format(*slopes["bounds"])
    ends = slopes["curvature_interval"]
    return f"{slopes['curvature']:.2f}" + ("" if ends is None else f" [{ends[0]:.2f}, {ends[1]:.2f}]")
