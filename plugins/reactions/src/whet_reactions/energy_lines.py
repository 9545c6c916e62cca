"""EnergyLines: the energy along trajectories, as far as a figure needs it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from whet import Column, SampledTrajectory, Table
from whet_reactions.followed import Followed

if TYPE_CHECKING:
    from ase import Atoms

MOST_RUNS, MOST_POINTS = 6, 200
"""Trajectories that are drawn, and points of each line."""

PREDICTED, REFERENCE, REACTION = "predicted", "reference", "reaction"


class EnergyLines:
    """Energies of a few frames of each trajectory, taken in while its frames are read once."""

    def __init__(self) -> None:
        self._lines: dict[int, list[tuple[float, float]]] = {}

    def take(self, run: int, one: SampledTrajectory, frame: Atoms, number: int) -> None:
        """A frame of a trajectory; kept where it is one of the 200 that are drawn and has an energy. run: its place."""
        if number % (len(one.frames) // MOST_POINTS + 1) == 0 and (energy := _energy(frame)) is not None:
            self._lines.setdefault(run, []).append((float(one.times[number]), energy))

    def table(self, followed: Sequence[Followed]) -> Table:
        """Energies of the driver and of the reference, each less its mean, and the times of reactions."""
        columns = (
            Column("run", description="Set and trajectory."),
            Column("what", description="Whose energy it is, or a reaction."),
            Column("time", "ps", "Of the frame."),
            Column("energy", "meV/atom", "Less the mean of its line; nothing for a reaction."),
        )
        rows = []
        shown = [(run, one) for run, one in enumerate(followed) if one.chemistry.reactions and run in self._lines]
        for run, one in shown[:MOST_RUNS]:
            lines = {PREDICTED: self._lines[run], REFERENCE: _labeled(one.of)}
            for what, line in lines.items():
                mean = sum(energy for _, energy in line) / max(len(line), 1)
                rows += [[one.run, what, time / 1000, 1000 * (energy - mean)] for time, energy in line]
            events = one.chemistry.reactions
            few = events[:: len(events) // MOST_POINTS + 1]
            rows += [[one.run, REACTION, event.time / 1000, None] for event in few]
        return Table("reaction-energies", "Energy along trajectories with reactions", columns, rows, shown=False)


def _labeled(one: SampledTrajectory) -> list[tuple[float, float]]:
    """Times (fs) and energies (eV/atom) of the labels, at most 200."""
    step = len(one.labeled) // MOST_POINTS + 1
    chosen = range(0, len(one.labeled), step)
    found = [(float(one.times[one.kept[place]]), _energy(one.labeled[place])) for place in chosen]
    return [(time, energy) for time, energy in found if energy is not None]


def _energy(frame: Atoms) -> float | None:
    """eV/atom, where the frame carries an energy."""
    energy = getattr(frame.calc, "results", {}).get("energy")
    return None if energy is None or not len(frame) else float(energy) / len(frame)
