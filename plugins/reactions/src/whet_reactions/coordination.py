"""coordination: how many neighbors named ions have along trajectories, and when that changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, field_validator

from whet import (
    Analysis,
    Figure,
    Findings,
    FrameError,
    Options,
    Port,
    SampledTrajectory,
    StudyPieces,
    Verdict,
    Wanted,
    Work,
)
from whet_reactions.coordination_tables import (
    changes_table,
    means_table,
    number_of,
    points_table,
    radii_table,
    shares_table,
)
from whet_reactions.drivers import REFERENCE, driver_of, every_trajectory, in_order
from whet_reactions.event_rates import FEWEST, Counts, chance
from whet_reactions.shell_history import Kinds, ShellHistory

TITLE = "Coordination along trajectories"
QUESTION = "Coordination as in the reference?"
MOST_FRAMES = 200
"""Of each trajectory, from which the end of the first shell is found."""


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Symbols = Annotated[list[str], BeforeValidator(_listed)]


class CoordinationOptions(Options):
    """Whose neighbors are counted, which, and how far away."""

    centers: Symbols = Field(min_length=1)
    """Elements whose neighbors are counted: `Co`."""
    neighbors: Symbols = Field(min_length=1)
    """Elements that count as neighbors: `[Cl, O]`."""
    cutoff: float | None = Field(default=None, gt=0)
    """Å; the radius of the shell. By default the first minimum of the radial distribution function of each pair of
    elements, in the reference's own dynamics where there are any."""
    margin: float = Field(default=0.1, ge=0, lt=1)
    """A neighbor comes at this part of the radius below it, and goes at this part above it; in between it stays."""
    dwell: float = Field(default=100.0, ge=0)
    """fs; a neighbor that comes or goes counts as a change once it stays so for this long."""

    @field_validator("centers", "neighbors")
    @classmethod
    def _are_elements(cls, given: list[str]) -> list[str]:
        from ase.data import atomic_numbers

        if unknown := [symbol for symbol in given if symbol not in atomic_numbers]:
            raise ValueError(f"{unknown[0]!r} is no element")
        return given


class Coordination(Analysis[CoordinationOptions]):
    """Coordination numbers of named ions through time, and their changes."""

    name = "coordination"
    result_version = 2
    place = 58
    Options = CoordinationOptions
    inputs: ClassVar = {"trajectories": Port(SampledTrajectory, what="every trajectory of the study, once")}
    packages: ClassVar[Mapping[str, str]] = {"matscipy": "matscipy>=1.1"}

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        found = every_trajectory(study)
        return [Wanted({"trajectories": found})] if found else []

    def run(self, work: Work) -> Findings:
        centers, neighbors = set(self.options.centers), set(self.options.neighbors)
        given = [
            one
            for one in in_order(work.all("trajectories", SampledTrajectory))
            if len(one.frames) and centers & (symbols := set(one.start.get_chemical_symbols())) and neighbors & symbols
        ]
        if not given:
            what = f"both {' or '.join(sorted(centers))} and {' or '.join(sorted(neighbors))}"
            return Findings(TITLE, notes=[f"no trajectory has a frame with {what}"])
        shells, origin = self._shells(given)
        found = [self._follow(one, shells, work, given[:place], given) for place, one in enumerate(given)]
        tables = [means_table(found), changes_table(found), shares_table(found)]
        tables += [radii_table(shells, origin), points_table(found)]
        return Findings(
            TITLE,
            tables=tables,
            figures=[_numbers(), _shares()],
            verdicts=_verdicts(found),
            definition=self._definition(),
            source="Wong & Yang, figure 5e",
            notes=_notes(found, self.options.dwell),
        )

    def _follow(
        self,
        one: SampledTrajectory,
        shells: Mapping[Kinds, tuple[float, float]],
        work: Work,
        before: Sequence[SampledTrajectory],
        every: Sequence[SampledTrajectory],
    ) -> ShellHistory:
        history = ShellHistory(one, shells, self.options.dwell)
        done, total = (sum(len(other.frames) for other in ones) for ones in (before, every))
        for number, frame in enumerate(one.frames):
            try:
                history.follow(frame, number)
            except FrameError as error:
                raise error.at(f"{one.title}, frame {number}") from None
            if number % 100 == 0:
                work.progress(done + number, total)
        return history

    def _shells(self, given: Sequence[SampledTrajectory]) -> tuple[dict[Kinds, tuple[float, float]], str]:
        """The two distances of each pair of kinds, and words for where they are from."""
        from whet_reactions.shell_radius import shell_radius

        symbols = {symbol for one in given for symbol in one.start.get_chemical_symbols()}
        kinds = [
            (center, neighbor)
            for center in dict.fromkeys(self.options.centers)
            for neighbor in dict.fromkeys(self.options.neighbors)
            if {center, neighbor} <= symbols
        ]
        low, high = 1 - self.options.margin, 1 + self.options.margin
        if (cutoff := self.options.cutoff) is not None:
            return dict.fromkeys(kinds, (low * cutoff, high * cutoff)), "the option cutoff"
        reference = [one for one in given if driver_of(one)[0] == REFERENCE]
        chosen = reference or given
        found = {}
        for one in kinds:
            frames = (
                run.frames[number]
                for run in chosen
                for number in range(0, len(run.frames), len(run.frames) // MOST_FRAMES + 1)
            )
            radius = shell_radius(frames, one)
            found[one] = (low * radius, high * radius)
        return found, "first minimum, reference dynamics" if reference else "first minimum, all trajectories"

    def _definition(self) -> str:
        options = self.options
        radius = (
            "The radius of a shell is the first minimum of the radial distribution function, or the middle of the gap "
            "behind the first peak."
            if options.cutoff is None
            else f"The radius of a shell is {options.cutoff:g} Å."
        )
        return (
            f"{radius} A neighbor comes {options.margin:.0%} below it and goes {options.margin:.0%} above it; in "
            "between it stays as it was, at the beginning as in the starting structure. The smooth number needs no "
            "memory: it falls from 1 to 0 between the two distances, as a cosine does. A change counts once it stays "
            f"so for {options.dwell:g} fs; what is back sooner is a recrossing, what is younger at the end undecided. "
            "What comes and goes within that time around one center is one change. Means are over time and centers; "
            "their intervals over trajectories, of which four are needed. Frames at unequal times weigh by the time "
            "that they stand for."
        )


def _verdicts(found: Sequence[ShellHistory]) -> list[Verdict]:
    """Of each potential and kind of center: does it have as many neighbors as in the reference's own dynamics?"""
    verdicts = []
    states = [state for state in dict.fromkeys(one.driver[0] for one in found) if state != REFERENCE]
    for center in dict.fromkeys(center for center, _ in found[0].shells):
        having = [one for one in found if (one.symbols == center).any()]
        reference = [number_of(one, center) for one in having if one.driver[0] == REFERENCE]
        for state in states:
            mine = [number_of(one, center) for one in having if one.driver[0] == state]
            if mine and reference:
                verdicts.append(_verdict(center, state, mine, reference))
    return verdicts


def _verdict(center: str, state: str, mine: Sequence[float], reference: Sequence[float]) -> Verdict:
    number, other = sum(mine) / len(mine), sum(reference) / len(reference)
    p = chance(Counts(mine, [1.0] * len(mine)), Counts(reference, [1.0] * len(reference)))
    units = min(len(mine), len(reference))
    numbers = f"{center} has {number:.2f} neighbors with {state}, {other:.2f} with the reference"
    evidence = f"{numbers}; p = {p:.2g}, whole trajectories dealt out at random"
    rest = {"evidence": evidence, "prominent": False}
    if p is None or p > 0.05:
        claim = f"no difference shown between {state} and the reference around {center}"
        if units >= FEWEST:
            return Verdict(QUESTION, claim, units=units, decided=False, **rest)
        return Verdict.of_units(units, QUESTION, claim, **rest)
    more = "more" if number > other else "fewer"
    claim = f"{center} has {more} neighbors with {state} than with the reference: {number:.2f}, not {other:.2f}"
    return Verdict.of_units(units, QUESTION, claim, **rest)


def _notes(found: Sequence[ShellHistory], dwell: float) -> list[str]:
    steps = (float(after - before) for one in found for before, after in pairwise(one.of.times))
    apart = max(steps, default=0.0)
    if apart <= dwell:
        return []
    return [f"Frames are up to {apart:g} fs apart: what comes and goes between two of them is not seen."]


def _numbers() -> Figure:
    spec = {
        "data": {"name": "coordination-numbers"},
        "facet": {"row": {"field": "run", "type": "nominal", "sort": None, "title": None}},
        "spec": {
            "width": 480,
            "height": 110,
            "mark": {"type": "line", "interpolate": "step-after", "tooltip": {"content": "data"}},
            "encoding": {
                "x": {"field": "time", "type": "quantitative", "title": "time (ps)"},
                "y": {
                    "field": "number",
                    "type": "quantitative",
                    "title": "neighbors",
                    "scale": {"zero": False},
                    "axis": {"tickMinStep": 1, "format": "d"},
                },
                "color": {"field": "center", "type": "nominal", "title": None},
            },
        },
    }
    caption = "Number of neighbors through time, of the centers that change most in the trajectories that change most."
    return Figure("coordination-numbers", caption, caption + " The table has means.", spec)


def _shares() -> Figure:
    spec = {
        "data": {"name": "coordination-shares"},
        "facet": {"column": {"field": "center", "type": "nominal", "title": None}},
        "spec": {
            "mark": {"type": "line", "point": True, "tooltip": {"content": "data"}},
            "encoding": {
                "x": {
                    "field": "number",
                    "type": "quantitative",
                    "title": "neighbors",
                    "axis": {"tickMinStep": 1, "format": "d"},
                },
                "y": {"field": "share", "type": "quantitative", "title": "share of time", "axis": {"format": "%"}},
                "color": {"field": "state", "type": "nominal", "sort": None, "title": None},
                "detail": {"field": "seed", "type": "nominal"},
            },
        },
    }
    caption = "How much of the time centers have how many neighbors, by who drove the trajectories."
    return Figure("coordination-shares", caption, caption + " The table has the numbers.", spec)
