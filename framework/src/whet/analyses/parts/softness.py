"""Softness: what two readings of the curvature of one potential say together."""

from __future__ import annotations

from dataclasses import dataclass

from whet.analyses.parts.series_table import SeriesRow
from whet.data.numbers import with_interval

UNDECIDED = "undecided"


@dataclass(frozen=True)
class Softness:
    """How soft an untouched potential is: read on a test set, on its own trajectories, or on both.

    s on frames of the reference and 1/b on the potential's own are ratios of mean curvatures, over two ensembles. They
    need not be one number, but where both are free of bias they say the same, so each checks the other:

    | the two readings                                              | what is said                               |
    |---------------------------------------------------------------|--------------------------------------------|
    | both decide, alike                                            | that, with both numbers                    |
    | not alike, intervals that do not meet, over 5 % between them  | they disagree; undecided                   |
    | both decide, not alike, but hardly apart                      | undecided, at the limit of the two         |
    | one decides, the other has too wide an interval, too few      | what the one says; the other is evidence   |
    | units, or frames that do not decide                           |                                            |
    | none decides                                                  | undecided, as the test set says            |
    | there is one                                                  | what it says                               |

    A wide interval holds the values of the narrow one, so it is no evidence against it: the narrow one decides, also
    where it says “not soft”. One that lies elsewhere is evidence, and nothing is decided, even if it alone would not.

    claim: without the potential's name. units, of: independent ones behind it, the fewest where both count.
    """

    claim: str
    is_decided: bool
    units: int
    of: str

    @classmethod
    def of_readings(cls, given: SeriesRow | None, own: SeriesRow | None) -> Softness:
        """given: on a test set. own: on its own trajectories. ValueError where there is neither."""
        if given is None or own is None:
            return cls._of_one(given or own)
        deciding = [row for row in (given, own) if row.reading != UNDECIDED]
        alike = len(deciding) == 2 and given.reading == own.reading
        if not alike and _apart(given, own):
            why = "one of the ensembles is not settled, or the frames are too few"
            return cls._of_both(given, own, f"{UNDECIDED}: the two readings disagree", f": {why}")
        if len(deciding) < 2:
            return cls._of_one(deciding[0] if deciding else given)
        if alike:
            return cls._of_both(given, own, _said(given))
        return cls._of_both(given, own, f"{UNDECIDED}: between {_said(given)} and {_said(own)}")

    @classmethod
    def _of_one(cls, row: SeriesRow | None) -> Softness:
        if row is None:
            raise ValueError("there is no reading")
        return cls(row.in_words, row.reading != UNDECIDED, row.units, row.of)

    @classmethod
    def _of_both(cls, given: SeriesRow, own: SeriesRow, said: str, why: str = "") -> Softness:
        from whet.bias.curvature import WHY_READ

        read = WHY_READ[given.sampler], f"read from {own.slope} on its own trajectories"
        numbers = "; ".join(
            f"{with_interval(row.curvature, 2)}, {how}" for row, how in zip((given, own), read, strict=True)
        )
        fewest = min((given, own), key=lambda row: row.units)
        claim = f"{said} (curvature ratio {numbers}){why}"
        return cls(claim, not said.startswith(UNDECIDED), fewest.units, fewest.of)


def reading_and_why(row: SeriesRow) -> str:
    """`not soft`, `undecided: its interval includes 1`: what one reading says by itself."""
    if row.reading != UNDECIDED:
        return row.reading
    if row.in_words.startswith(f"{UNDECIDED}: "):
        return row.in_words.partition(" (")[0]
    ends = row.curvature.interval
    if row.seeds > 1 or ends is None:
        return UNDECIDED
    return f"{UNDECIDED}: its interval " + ("includes 1" if _is_off(row) else "reaches past 10\N{NO-BREAK SPACE}%")


def _is_off(row: SeriesRow) -> bool:
    """Whether the ratio is far enough from 1 to matter, were it certain."""
    from whet.bias.curvature import SMALL

    return row.curvature.value is not None and abs(row.curvature.value - 1) > SMALL


def _apart(one: SeriesRow, other: SeriesRow) -> bool:
    """Whether their intervals do not meet, and what they are apart matters."""
    from whet.bias.curvature import SMALL

    found = [(row.curvature.value, row.curvature.interval) for row in (one, other)]
    (value, interval), (other_value, other_interval) = found
    if value is None or other_value is None or interval is None or other_interval is None:
        return False
    meet = interval[0] <= other_interval[1] and other_interval[0] <= interval[1]
    return not meet and abs(value - other_value) > SMALL


def _said(row: SeriesRow) -> str:
    """`soft by 20 %`."""
    from whet.bias.curvature import reading_in_words

    return reading_in_words(row.reading, row.curvature.value)
