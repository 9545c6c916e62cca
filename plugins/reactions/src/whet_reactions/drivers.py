"""Drivers: whose dynamics trajectories are, as tables name them, in an order that no input's place changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from whet import LABELER, Piece, SampledTrajectory, StudyPieces

REFERENCE = "reference dynamics"

Driver = tuple[str, int]
"""Words for who drove a trajectory, and the seed of the potential's fine-tuning."""

Kind = TypeVar("Kind")


def every_trajectory(study: StudyPieces) -> list[Piece]:
    """Each sampled trajectory once, whatever the sets that it stands in."""
    return list({piece.key: piece for piece in reversed(study.all(SampledTrajectory))}.values())[::-1]


def driver_of(one: SampledTrajectory) -> Driver:
    """`reference dynamics`; the potential and what was done to it; where nobody says, the name of the set."""
    by = one.ref.sampled_by
    if by is None:
        return one.ref.set or one.title, 0
    return (REFERENCE, 0) if by.state == LABELER else (str(by.state), by.seed)


def in_order(found: Iterable[SampledTrajectory]) -> list[SampledTrajectory]:
    """By who drove them, the reference first, then by set and number."""

    def place(one: SampledTrajectory) -> tuple[bool, Driver, str, int, str]:
        driver = driver_of(one)
        return driver[0] != REFERENCE, driver, one.ref.set, one.ref.trajectory or 0, one.title

    return sorted(found, key=place)


def by_driver(found: Sequence[tuple[Driver, Kind]]) -> dict[Driver, list[Kind]]:
    """What belongs to each driver, in the order of its first."""
    groups: dict[Driver, list[Kind]] = {}
    for driver, one in found:
        groups.setdefault(driver, []).append(one)
    return groups


def label_of(one: SampledTrajectory) -> str:
    """What a figure calls a trajectory: its set, and its number there."""
    return f"{one.ref.set or one.title} {one.ref.number or 1}"


class AlongTrajectory:
    """What was followed along one trajectory."""

    of: SampledTrajectory

    @property
    def driver(self) -> Driver:
        """Who drove it."""
        return driver_of(self.of)

    @property
    def run(self) -> str:
        """What figures call it."""
        return label_of(self.of)
