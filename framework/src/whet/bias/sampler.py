"""Sampler: who sampled a frame, as seen from the potential that is evaluated. It decides which slope is a curvature."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from whet.contracts.ref import LABELER, RATTLE, Ref
from whet.data.errors import suggestion

if TYPE_CHECKING:
    from ase import Atoms

    from whet.contracts.ports import Predictions

Sampler = Literal["reference", "self", "rattle", "minimum", "other", "unknown"]
"""`reference`: dynamics of the labels' theory. `self`: dynamics of the evaluated potential in that very state.
`rattle`: displacements or strains drawn at random. `minimum`: relaxed, by whomever; where forces of one of the two
vanish, no slope is a curvature. `other`: dynamics of another potential or state."""

MINIMUM: Sampler = "minimum"

MIXED = "mixed"
"""What several samplers are together."""

IN_WORDS = {
    "reference": "frames of the reference's dynamics",
    "self": "frames of its own dynamics",
    "rattle": "rattled frames",
    MINIMUM: "relaxed structures",
    "other": "frames of another potential's dynamics",
    "unknown": "frames of which nobody says who sampled them",
    MIXED: "frames of several samplers",
}

NAMED: dict[str, Sampler] = {"reference": "reference", "rattle": "rattle", "minimum": MINIMUM, "unknown": "unknown"}
"""Words of files; a `minimum` there is one of the labels' theory."""


def samplers_of(found: Predictions) -> list[Sampler]:
    """Of each predicted frame: as the study knows it, else as `sampled_by` in the frame's info says it.

    There a potential is named as the study names it, and means that potential untouched.
    """
    by, state = found.ref.sampled_by, found.ref.state
    if found.ref.minimum_of is not None:
        return [MINIMUM] * len(found.reference)
    if by is None:
        return [_named(frame, state) for frame in found.reference]
    one: Sampler = "other"
    if by.state in (LABELER, RATTLE):
        one = "reference" if by.state == LABELER else "rattle"
    elif by.state == state:
        one = "self"
    return [one] * len(found.reference)


def sampler_of(samplers: Iterable[str]) -> str:
    """The one that all frames have, else `mixed`."""
    kinds = set(samplers)
    return kinds.pop() if len(kinds) == 1 else MIXED


def _named(frame: Atoms, state: Ref) -> Sampler:
    said = str(frame.info.get("sampled_by", "unknown")).strip()
    if (word := said.casefold()) in NAMED:
        return NAMED[word]
    if state == Ref(said):
        return "self"
    # A misspelt word is no potential's name, and "self" does not say whose.
    return "unknown" if word in ("", "self") or suggestion(word, NAMED) else "other"
