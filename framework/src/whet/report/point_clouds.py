"""Point clouds: what a picture of thousands of equal marks weighs, brought down to a tenth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

MARK = re.compile(
    r'\s*<path transform="translate\((?P<x>-?[\d.]+),(?P<y>-?[\d.]+)\)" d="(?P<outline>[^"]*)"(?P<rest>[^>]*?)\s*'
    r"(?:/>|></path>)"
)
MANY = 24
"""Equal marks in a row from which on their outline is written once."""


def compacted(svg: str) -> str:
    """The same picture, in which marks that differ in their place alone are markers on one line that is not drawn.

    Markers are painted one by one, so that where many lie on each other it stays darker.
    """
    return "".join(_parts(svg))


def _parts(svg: str) -> Iterator[str]:
    end = clouds = 0
    for (_, outline, rest), found in groupby(_runs(svg), key=lambda one: (one[0], one[1]["outline"], one[1]["rest"])):
        marks = [mark for _, mark in found]
        if len(marks) < MANY or " id=" in rest:
            continue
        clouds += 1
        yield svg[end : marks[0].start()]
        yield f'<defs><marker id="cloud-{clouds}" markerUnits="userSpaceOnUse" overflow="visible">'
        yield f'<path d="{outline}"{rest}/></marker></defs><path fill="none" stroke="none"'
        yield from (f' marker-{place}="url(#cloud-{clouds})"' for place in ("start", "mid", "end"))
        places = "L".join(f"{mark['x']},{mark['y']}" for mark in marks)
        yield f' d="M{places}"/>'
        end = marks[-1].end()
    yield svg[end:]


def _runs(svg: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Marks, each with a number that those share between which there is nothing."""
    end, run = -1, 0
    for mark in MARK.finditer(svg):
        run += mark.start() != end
        end = mark.end()
        yield run, mark
