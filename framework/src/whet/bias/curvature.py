"""Curvature: how soft a potential is, as the ratio of mean curvatures, read from the slope that the sampler allows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from whet.bias.sampler import IN_WORDS, MINIMUM
from whet.contracts.findings import LEAST_UNITS, Interval
from whet.data.frame_groups import units_in_words
from whet.data.numbers import percent, shown

if TYPE_CHECKING:
    from whet.bias.softening import Slopes

SMALL = 0.05
"""A curvature that is off by less does not matter: it is within what functionals differ by."""

READ_FROM = {"reference": "s", "rattle": "s", "self": "1/b"}
"""Sampler -> the slope that is the ratio of curvatures; no other sampler has one."""

WHY_READ = {
    "reference": "read from s, as the reference drove these frames",
    "rattle": "read from s, as these frames are rattled",
    "self": "read from 1/b, as it drove these frames itself",
}
"""Sampler -> what that slope is and why, in words that follow the ratio."""

Reading = Literal["soft", "stiff", "not soft", "undecided"]


@dataclass(frozen=True)
class Curvature:
    """Mean curvature of the predicted energy surface over that of the reference; below 1 a potential is soft.

    Integrating ∫ρ f·p by parts, with ρ ∝ exp(−U/kT), gives ⟨f·p⟩ = kT ⟨∇²U_p⟩ and ⟨f·f⟩ = kT ⟨∇²U_f⟩ over the
    reference's ensemble, so s = ⟨∇²U_p⟩/⟨∇²U_f⟩ there, and 1/b = ⟨∇²U_p⟩/⟨∇²U_f⟩ over the potential's own, exactly and
    for any anharmonicity; for displacements that were drawn independently of both, s is the ratio of the harmonic parts
    along them (the scale s itself: Deng et al.). Random errors of the force and displaced minima do not lower it.

    sampler: see `whet.bias.sampler`. slope: `s` or `1/b`, which the ratio is; empty where the sampler allows none.
    ratio: without unit, with its 95 % interval over units; None where slope is empty or the slope is not defined.
    lower, upper: s and 1/b, between which it lies where nobody knows the sampler; None where they are not positive, and
    of relaxed structures, which have no slopes.
    units: independent units behind it, of `units_of`.
    """

    sampler: str
    slope: str
    ratio: float | None
    interval: Interval
    lower: float | None
    upper: float | None
    units: int
    units_of: str
    reading: Reading
    verdict: str

    @classmethod
    def of(cls, slopes: Slopes, sampler: str, units_of: str, aside: str = "") -> Curvature:
        """Read from the slopes of frames of one sampler. aside: words on what was left out, for the verdict."""
        s, b = slopes.scale, slopes.inverse_slope
        positive = s is not None and b is not None and s > 0 and b > 0
        lower, upper = (s, 1 / b) if positive and b else (None, None)
        slope = READ_FROM.get(sampler, "")
        ratio, interval = {
            "s": (lower, slopes.scale_interval),
            "1/b": (upper, inverted(slopes.inverse_slope_interval)),
            "": (None, None),
        }[slope]
        interval = None if ratio is None else interval
        if sampler == MINIMUM:
            claim = f"undecided: {IN_WORDS[MINIMUM]} have no forces to read a curvature from"
            return cls(sampler, "", None, None, None, None, slopes.units, units_of, "undecided", claim)
        reading, claim = _read(ratio, interval, slopes.units, units_of, bool(slope), positive)
        if s is None:
            claim = "undecided: all reference forces are zero, so there is no slope"
        where = WHY_READ[sampler] if slope and positive else IN_WORDS[sampler]
        words = f" ({_numbers(slope, ratio, interval, lower, upper)}{where}{aside})"
        known = (sampler, slope, ratio, interval, lower, upper, slopes.units, units_of)
        return cls(*known, reading, claim + words)

    @classmethod
    def without_slope(cls, slopes: Slopes, sampler: str, units_of: str, frames: int) -> Curvature:
        """Of frames in which symmetry allows no force, as in a perfect crystal: what is there is noise."""
        what = "this frame" if frames == 1 else f"these {frames} frames"
        claim = f"undecided: by symmetry the forces of {what} are zero (a perfect crystal), so there is no slope"
        return cls(sampler, "", None, None, None, None, slopes.units, units_of, "undecided", claim)

    def doubted(self, why: str) -> Curvature:
        """Read from no slope, as the frames are not what they are taken for: why, a clause."""
        if self.reading == "undecided" and not self.slope:
            return self
        numbers = f"s = {shown(self.lower, 2)}, 1/b = {shown(self.upper, 2)}, {IN_WORDS[self.sampler]}"
        few = f"{units_in_words(self.units, self.units_of)}, " if self.units < LEAST_UNITS else ""
        verdict = f"undecided: {few}{why} ({numbers})"
        return replace(self, slope="", ratio=None, interval=None, reading="undecided", verdict=verdict)

    @property
    def bounds(self) -> tuple[float, float] | None:
        """s and 1/b, where they are positive."""
        return None if self.lower is None or self.upper is None else (self.lower, self.upper)


def inverted(interval: Interval) -> Interval:
    """The interval of 1/b from that of b; None where b may vanish."""
    return None if interval is None or interval[0] <= 0 else (1 / interval[1], 1 / interval[0])


def reading_of(ratio: float, interval: tuple[float, float]) -> Reading:
    """Soft or stiff: beyond 1 with its whole interval, and by more than SMALL; not soft: within SMALL, surely near.

    With SMALL = 0.05: soft where high < 1 and ratio < 0.95; stiff where low > 1 and ratio > 1.05; not soft where
    |ratio − 1| ≤ 0.05 and 0.90 ≤ low ≤ high ≤ 1.10; else undecided.
    """
    low, high = interval
    if high < 1 and ratio < 1 - SMALL:
        return "soft"
    if low > 1 and ratio > 1 + SMALL:
        return "stiff"
    near = abs(ratio - 1) <= SMALL and low >= 1 - 2 * SMALL and high <= 1 + 2 * SMALL
    return "not soft" if near else "undecided"


def reading_in_words(reading: str, ratio: float | None) -> str:
    """`soft by 20 %`, `not soft`."""
    if ratio is None or reading not in ("soft", "stiff"):
        return reading
    return f"{reading} by {percent(abs(1 - ratio))}"


def _read(
    ratio: float | None, interval: Interval, units: int, units_of: str, readable: bool, positive: bool
) -> tuple[Reading, str]:
    if not positive:
        return "undecided", "undecided: the predictions do not follow the reference"
    if units_of and units < LEAST_UNITS:
        return "undecided", f"undecided: {units_in_words(units, units_of)}"
    if not readable:
        return "undecided", "undecided: these frames do not decide, as a curvature is read by who sampled them"
    if not units_of:
        return "undecided", "undecided: nobody says which frames belong together"
    if ratio is None or interval is None:
        return "undecided", "undecided: in too many frames all forces are zero"
    reading = reading_of(ratio, interval)
    return reading, reading_in_words(reading, ratio)


def _numbers(slope: str, ratio: float | None, interval: Interval, lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None:
        return ""
    if not slope:
        return f"curvature ratio between s = {shown(lower, 2)} and 1/b = {shown(upper, 2)}, "
    ends = "" if interval is None else f" [{shown(interval[0], 2)}, {shown(interval[1], 2)}]"
    return f"curvature ratio {shown(ratio, 2)}{ends}, "
