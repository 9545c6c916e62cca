"""most-uncertain: of each trajectory the frames on whose forces the members of a committee agree least."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from whet.contracts.options import Options
from whet.contracts.selector import Choice, Selector
from whet.contracts.task import Work
from whet.data.frames import FrameSet
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms

    from whet.contracts.ports import FinishedStep


class MostUncertainOptions(Options):
    """Options of the selector `most-uncertain`."""

    frames: int = Field(default=1, ge=1)
    """How many of each trajectory; all where it has fewer."""


class MostUncertain(Selector):
    """Of each trajectory that a committee drove the frames with the largest spread of the force on their worst atom.

    The spread is the standard deviation over the members, eV/Å (`force_spread`); Niblett et al. and Zhang et al. rank by
    the same number or its square. A trajectory that the monitor `max_force_spread` ended gives its last frame, the
    first one beyond the limit, before all others. Of a trajectory without a committee (the first round, by the
    untouched potential) nothing is known; its last frames are taken, each with that as the reason.
    """

    name = "most-uncertain"
    Options = MostUncertainOptions
    needs: ClassVar = frozenset({"force_spread"})

    def choose(self, pool: FrameSet, known: FrameSet, work: Work) -> Sequence[Choice]:
        """Trajectory by trajectory, the least certain first."""
        chosen: list[Choice] = []
        before = 0
        for step in work.steps("pool"):
            frames = step.frames()
            ranked = list(_ranked(frames, step))[: self.options.frames]
            chosen += [Choice(before + place, reason) for place, reason in ranked]
            before += len(frames)
        return chosen


def _ranked(frames: FrameSet, step: FinishedStep) -> Iterator[tuple[int, str]]:
    """Places in the trajectory and why, the first the first to be taken."""
    spreads = [_spread(frame) for frame in frames]
    last, end = len(frames) - 1, step.values.get("end") or {}
    stopped = bool(frames) and end.get("monitor") == "spread" and bool(end.get("keeps"))
    if stopped:
        yield last, f"the run ended there: {end['what']}"
    order = sorted(range(len(frames)), key=lambda place: (spreads[place] is not None, spreads[place] or 0.0, place))
    for place in reversed(order):
        if stopped and place == last:
            continue
        spread = spreads[place]
        unknown = "the driver is no committee, so its spread is not known: the last"
        yield place, unknown if spread is None else f"spread {spread:.3g} eV/Å on its worst atom"


def _spread(frame: Atoms) -> float | None:
    """eV/Å, on the atom on which it is largest; None where no committee answered for the frame."""
    found = Labels.of(frame).extra.get("force_spread")
    return None if found is None else float(found.max())
