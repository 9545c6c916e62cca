"""reactions: bonds that are made and broken along trajectories, and the species that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from whet import (
    Analysis,
    Findings,
    FrameError,
    Options,
    Port,
    SampledTrajectory,
    StudyPieces,
    Table,
    Verdict,
    Wanted,
    Work,
)
from whet_reactions.drivers import REFERENCE, every_trajectory, in_order
from whet_reactions.energy_lines import EnergyLines
from whet_reactions.event_rates import FEWEST, Counts, chance
from whet_reactions.followed import Followed
from whet_reactions.pair_limits import PairLimits
from whet_reactions.reaction_figures import figures
from whet_reactions.reaction_tables import counts_of, events_table, population_table, rates_table, species_table
from whet_reactions.references import NETWORKX, RADII, WEISFEILER_LEHMAN

TITLE = "Reactions along trajectories"
QUESTION = "False reactions?"


class PairFactors(Options):
    """When two elements form and break a bond, in parts of the sum of their covalent radii."""

    forming: float = Field(gt=0, le=4)
    """A bond forms below this multiple of the sum of the covalent radii."""
    breaking: float = Field(gt=0, le=4)
    """It breaks above this larger multiple."""


class ReactionsOptions(Options):
    """When a bond forms and breaks, and how long that must last to count."""

    forming: float = Field(default=1.2, gt=0, le=4)
    """A bond forms below this multiple of the sum of the two covalent radii."""
    breaking: float = Field(default=1.5, gt=0, le=4)
    """It breaks above this larger multiple; in between it stays as it is."""
    pairs: dict[str, PairFactors] = Field(default_factory=dict)
    """Pairs of elements with factors of their own: `O-H: {forming: 1.25, breaking: 1.6}`."""
    unbonded: list[str] = Field(default_factory=list)
    """Symbols of ions that have neighbors but no bonds (Li)."""
    dwell: float = Field(default=100.0, ge=0)
    """fs; a bond that is made or broken counts once it stays so for this long."""

    @field_validator("pairs")
    @classmethod
    def _are_pairs(cls, given: dict[str, PairFactors]) -> dict[str, PairFactors]:
        for name in given:
            _check_symbols(name.split("-"), 2, f"{name!r} is no pair of elements, such as O-H")
        return given

    @field_validator("unbonded")
    @classmethod
    def _are_elements(cls, given: list[str]) -> list[str]:
        for symbol in given:
            _check_symbols([symbol], 1, f"{symbol!r} is no element")
        return given

    @model_validator(mode="after")
    def _breaks_above(self) -> Self:
        every = {"": (self.forming, self.breaking)}
        every |= {name: (one.forming, one.breaking) for name, one in self.pairs.items()}
        for name, (forming, breaking) in every.items():
            if breaking < forming:
                of = f" of {name}" if name else ""
                raise ValueError(f"breaking{of} ({breaking:g}) is less than forming ({forming:g})")
        return self


def _check_symbols(symbols: Sequence[str], count: int, otherwise: str) -> None:
    from ase.data import atomic_numbers

    if len(symbols) != count or any(symbol not in atomic_numbers for symbol in symbols):
        raise ValueError(otherwise)


class Reactions(Analysis[ReactionsOptions]):
    """Bonds made and broken along trajectories, the species before and after, and how often."""

    name = "reactions"
    result_version = 2
    place = 57
    Options = ReactionsOptions
    inputs: ClassVar = {"trajectories": Port(SampledTrajectory, what="every trajectory of the study, once")}
    packages: ClassVar[Mapping[str, str]] = {"networkx": "networkx>=3.3", "matscipy": "matscipy>=1.1"}

    @classmethod
    def references(cls, options: ReactionsOptions) -> Sequence[str]:
        return (NETWORKX, WEISFEILER_LEHMAN, RADII)

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        found = every_trajectory(study)
        return [Wanted({"trajectories": found})] if found else []

    def run(self, work: Work) -> Findings:
        given = in_order(one for one in work.all("trajectories", SampledTrajectory) if len(one.frames))
        if not given:
            return Findings(TITLE, notes=["there is no trajectory with a frame"])
        lines = EnergyLines()
        followed = [self._follow(run, one, work, given, lines) for run, one in enumerate(given)]
        tables = [rates_table(followed), *self._tables(followed), lines.table(followed)]
        return Findings(
            TITLE,
            tables=tables,
            figures=figures(tables),
            verdicts=_verdicts(followed),
            definition=self._definition(),
            source="Wong & Yang, figure 5; bonds by covalent radii (Cordero et al., 2008)",
            notes=self._notes(followed),
        )

    def _follow(
        self, run: int, one: SampledTrajectory, work: Work, given: Sequence[SampledTrajectory], lines: EnergyLines
    ) -> Followed:
        from whet_reactions.pair_history import PairHistory
        from whet_reactions.reaction_events import chemistry_of

        own = {}
        for name, two in self.options.pairs.items():
            first, second = name.split("-")
            own[first, second] = two.forming, two.breaking
        factors = (self.options.forming, self.options.breaking)
        history = PairHistory(
            one.start, PairLimits.of_bonds(one.start, factors, own, self.options.unbonded), self.options.dwell
        )
        done, total = sum(len(other.frames) for other in given[:run]), sum(len(other.frames) for other in given)
        for number, (frame, time) in enumerate(zip(one.frames, one.times, strict=True)):
            try:
                history.follow(frame, float(time), number)
            except FrameError as error:
                raise error.at(f"{one.title}, frame {number}") from None
            lines.take(run, one, frame, number)
            if number % 100 == 0:
                work.progress(done + number, total)
        interval = max((float(after - before) for before, after in pairwise(one.times)), default=0.0)
        ends = float(one.times[0]), float(one.times[-1])
        return Followed(one, chemistry_of(history), history.recrossings, history.undecided, *ends, interval)

    def _tables(self, followed: Sequence[Followed]) -> list[Table]:
        from whet_reactions.species import species_names

        every = {kind for one in followed for kind in one.chemistry.first}
        reactions = [event for one in followed for event in one.chemistry.reactions]
        every |= {kind for event in reactions for kind in (*event.before, *event.after)}
        names = species_names(every)
        return [
            events_table(followed, names),
            species_table(followed, names),
            population_table(followed, names),
        ]

    def _definition(self) -> str:
        options = self.options
        own = "".join(f" {name}: {one.forming:g} and {one.breaking:g}." for name, one in sorted(options.pairs.items()))
        without = f" {', '.join(sorted(options.unbonded))}: no bonds." if options.unbonded else ""
        return (
            f"Two atoms form a bond below {options.forming:g} times the sum of their covalent radii, and break it "
            f"above {options.breaking:g} times that sum; in between they stay as they are.{own}{without} Bonds at the "
            "beginning are those of the starting structure. That a bond is made or broken counts once it stays so for "
            f"{options.dwell:g} fs; what goes back sooner is counted under “recrossings”, what is younger at the end "
            "under “undecided”. Changes that begin within that time and touch the same species are one reaction. "
            "Species are sets of bonded atoms, told apart by formula and graph, without charges. Rates are reactions "
            "over the time from first frame to last; their intervals are Poisson's, widened where trajectories scatter "
            "more, from four trajectories on."
        )

    def _notes(self, followed: Sequence[Followed]) -> list[str]:
        notes = []
        begun = sum(event.time <= one.first for one in followed for event in one.chemistry.reactions)
        if begun:
            notes.append(
                f"{begun} of the reactions took place between the starting structure and the first frame, whose time "
                "they have."
            )
        interval = max(one.interval for one in followed)
        if interval > self.options.dwell:
            notes.append(
                f"Frames are up to {interval:g} fs apart, which is more than the {self.options.dwell:g} fs that a "
                "change must last: it counts where two frames in a row show it, and what goes back between frames is "
                "not seen."
            )
        return notes


def _verdicts(followed: Sequence[Followed]) -> list[Verdict]:
    """Of each potential: does more react than in the reference's own dynamics?"""
    states: dict[str, list[Followed]] = {}
    for one in followed:
        states.setdefault(one.driver[0], []).append(one)
    reference = states.pop(REFERENCE, None)
    beside = counts_of(reference) if reference else None
    return [_verdict(state, counts_of(ones), beside) for state, ones in sorted(states.items())]


def _verdict(state: str, counts: Counts, reference: Counts | None) -> Verdict:
    found, units = _said(counts, state), len(counts.events)
    rest: dict[str, Any] = {"prominent": sum(counts.events) > 0}
    if reference is None:
        limits = "Without dynamics of the reference nothing says which reactions are false."
        return Verdict(QUESTION, found, units=units, decided=False, limits=limits, **rest)
    beside, p = _said(reference, "the reference"), chance(counts, reference)
    units = min(units, len(reference.events))
    evidence = f"{found}; {beside}" + ("" if p is None else f"; p = {p:.2g}, whole trajectories dealt out at random")
    limits = "All reactions together; whether one of them is false the table of reactions lets you judge."
    if p is None or p > 0.05:
        claim = f"no difference shown between {state} and the reference"
        if units >= FEWEST:
            return Verdict(QUESTION, claim, evidence, units, decided=False, limits=limits, **rest)
        return Verdict.of_units(units, QUESTION, claim, evidence=evidence, limits=limits, **rest)
    more = "more" if (counts.rate or 0) > (reference.rate or 0) else "less"
    claim = f"{state} reacts {more} often than the reference"
    return Verdict.of_units(units, QUESTION, claim, evidence=evidence, limits=limits, **rest)


def _said(counts: Counts, who: str) -> str:
    events, runs = sum(counts.events), len(counts.events)
    what = f"{events} reaction" + "s" * (events != 1)
    return f"{what} in {runs} {'trajectory' if runs == 1 else 'trajectories'} of {who}"
