"""most-uncertain: of each trajectory the frames on whose forces the members of a committee agree least."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from whet.contracts.options import Options
from whet.contracts.selector import Choice, Selector
from whet.contracts.task import Work
from whet.data.frames import FrameSet
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms

UNKNOWN = "no committee drove the run, so its spread is not known"
"""Why each frame of such a run is chosen."""


class MostUncertainOptions(Options):
    """Options of the selector `most-uncertain`."""

    frames: int = Field(default=1, ge=1)
    """How many of each trajectory that a committee drove; all where it has fewer."""


class MostUncertain(Selector):
    """Of each trajectory that a committee drove the frames with the largest spread of the force on their worst atom.

    The spread is the standard deviation over the members, eV/Å (`force_spread`); papers rank by it (Zhang et al.) or by
    its square, the variance (Niblett et al.). A trajectory that the monitor `max_force_spread` ended gives its last
    frame, the first one beyond the limit, before all others. Of a trajectory that no committee drove (the first round,
    by the untouched potential) nothing is known, and all its frames are chosen: on them members begin to differ.
    """

    name = "most-uncertain"
    Options = MostUncertainOptions
    needs: ClassVar = frozenset({"force_spread"})

    def choose(self, pool: FrameSet, known: FrameSet, work: Work) -> Sequence[Choice]:
        """Trajectory by trajectory, the least certain first."""
        chosen: list[Choice] = []
        before = 0
        for step in work.steps("pool"):
            found = [_spread(frame) for frame in step.frames()]
            spreads = [spread for spread in found if spread is not None]
            if len(spreads) < len(found):
                chosen += [Choice(before + place, UNKNOWN) for place in range(len(found))]
            else:
                ranked = islice(_ranked(spreads, step.values.get("end") or {}), self.options.frames)
                chosen += [Choice(before + place, reason) for place, reason in ranked]
            before += len(found)
        return chosen


def _ranked(spreads: Sequence[float], end: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Places in a trajectory and why, in the order in which they are taken. end: why it ended early, if it did."""
    last = len(spreads) - 1
    stopped = end.get("monitor") == "spread" and end.get("keeps")
    if stopped:
        yield last, f"the run ended there: {end['what']}"
    for place in sorted(range(len(spreads)), key=lambda place: -spreads[place]):
        if not (stopped and place == last):
            yield place, f"spread {spreads[place]:.3g} eV/Å on its worst atom"


def _spread(frame: Atoms) -> float | None:
    """eV/Å, on the atom on which it is largest; None where no committee answered for the frame."""
    found = Labels.of(frame).extra.get("force_spread")
    return None if found is None else float(found.max())
