"""comparison: which strategy makes the better potential, in energy, forces and stress, on frames that favor neither."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from math import comb
from typing import ClassVar

from pydantic import Field

from whet.analyses.parts.better import better
from whet.analyses.parts.compared import SELF, SELF_RELAXED, Compared, compared, kind_of
from whet.analyses.parts.comparison_figure import comparison_figure
from whet.analyses.parts.gathered import Gathered
from whet.analyses.parts.meanings import FRAMES, SEEDS
from whet.analyses.parts.naming import state_name
from whet.contracts.analysis import Analysis, Piece, StudyPieces, Wanted
from whet.contracts.findings import Cell, Column, Findings, Table
from whet.contracts.options import Options
from whet.contracts.ports import FineTuning, LabeledFrames, Port, Predictions
from whet.contracts.ref import Ref
from whet.contracts.task import Work
from whet.data.errors import InputError, suggestion
from whet.data.numbers import count

MOST_PAIRS = 6
"""Pairs of strategies of one potential that are compared where the study does not name them."""

DEFINITION = (
    "Mean absolute errors of the last states of two strategies of one potential, on the frames that all of them "
    "answered, paired by frame and by trajectory. Relative energies: energies per atom after each state has its own "
    "reference energies, fitted on these very frames, so that an offset that all frames share decides nothing; the "
    "mean size of what the fit took out is shown as energy offset. Independent units are trajectories (or the groups "
    "that a file names); an interval is over units and, where a strategy was repeated, over seeds too, and excludes no "
    "difference only where both do. From one run of each nothing is decided about strategies: what is said is of these "
    "two potentials. All quantities and sets of a pair that may decide are one family: p is Holm's, and a difference "
    "is claimed below 0.05, so that one or more false claims happen in 5 % of pairs at most. Below four units nothing "
    "is claimed. Frames of the reference's dynamics, structures that it relaxed, rattled ones and files favor neither "
    "side. On frames that a potential sampled or relaxed itself, force errors favor the naive strategy, which is "
    "trained on such frames: they are shown and decide nothing."
)


class ComparisonOptions(Options):
    """Options of the comparison."""

    pairs: tuple[tuple[str, str], ...] = ()
    """Pairs of strategies to compare. Default: naive with periodic ones, then all others as in the study file, six
    pairs at most of each potential."""
    presets: dict[str, str] = Field(default_factory=dict)
    """Strategies and their presets, by which a pair is called naive and periodic. Default: those of the study."""
    starts: dict[str, int] = Field(default_factory=dict)
    """Strategies and from how many starting structures their data are, where that is known. Default: as in the
    study."""


class StrategyComparison(Analysis):
    """Which strategy is better: energy, forces and stress of strategies pairwise, at the labels that they have."""

    name = "comparison"
    result_version = 5
    place = 15
    by_default = True
    Options = ComparisonOptions
    inputs: ClassVar[Mapping[str, Port]] = {
        "predictions": Port(Predictions, what="of the last state of each strategy"),
        "fine-tunings": Port(FineTuning, what="that made these states: they know their labels"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step for each potential that has two strategies. InputError where the study lacks a named one."""
        for name in (name for pair in self.options.pairs for name in pair):
            if name not in study.strategies:
                hint = suggestion(name, study.strategies) or f"Known: {', '.join(study.strategies) or 'none'}"
                raise InputError(f"there is no strategy {name!r}", hint=hint)
        last = [one for one in study.all(Predictions) if one.ref.strategy and one.ref.last]
        wanted = []
        for potential in dict.fromkeys(piece.ref.potential for piece in last):
            finals = _finals([piece.ref.state for piece in last if piece.ref.potential == potential])
            names = {ref.strategy for ref in finals}
            presets = {name: preset for name, preset in study.strategies.items() if name in names}
            presets = {**presets, **{name: self.options.presets[name] for name in names & self.options.presets.keys()}}
            given = [pair for pair in self.options.pairs if names.issuperset(pair)]
            pairs = given if self.options.pairs else _pairs(presets)
            states = {ref for ref in finals if any(ref.strategy in pair for pair in pairs)}
            pieces = _on_sets([one for one in last if one.ref.state in states], states)
            if pieces:
                tunings = [piece for piece in study.all(FineTuning) if piece.ref.state in states]
                starts = {**_starts(study, states), **self.options.starts}
                options = {"pairs": [list(pair) for pair in pairs], "presets": presets}
                options |= {"starts": starts} if starts else {}
                inputs = {"predictions": pieces, "fine-tunings": tunings}
                inputs = {role: feeds for role, feeds in inputs.items() if feeds}
                wanted.append(Wanted(inputs, options=options, ref=Ref(potential), label=potential))
        return wanted

    def run(self, work: Work) -> Findings:
        """Table and figure `comparison`, and a verdict for each pair."""
        found = sorted(work.all("predictions", Predictions), key=lambda one: (one.ref.set_kind, one.ref.set))
        tuned = work.all("fine-tunings", FineTuning)
        names, potential = _set_names(found), found[0].ref.potential if found else ""
        pairs = self.options.pairs or _pairs(dict.fromkeys(sorted({one.ref.strategy for one in found}), ""))
        rows, verdicts, data = [], [], {}
        for name in dict.fromkeys(name for pair in pairs for name in pair):
            own = (one for one in tuned if one.ref.strategy == name)
            data[name] = Gathered.of(own, self.options.starts.get(name))
        for place, pair in enumerate(pairs):
            some = compared(pair, found, names)
            if some:
                asked = sorted(self.options.presets.get(name, "") for name in pair) == ["naive", "periodic"]
                question = "Naive or periodic?" if asked else "Which strategy?"
                known = data[pair[0]], data[pair[1]]
                verdict = better(some, known, question=question, prominent=asked or not place)
                rows, verdicts = [*rows, *some], [*verdicts, verdict]
        if not rows:
            return Findings(
                "Which strategy?", potential, notes=["there is nothing on which strategies can be compared"]
            )
        drawn = comparison_figure(rows)
        tables = [_table(rows, data), *([drawn[1]] if drawn else [])]
        left = comb(len(self.options.presets), 2) - len(pairs)
        notes = [f"{count(left, 'other pair')} of strategies not compared: name them in `pairs`."] if left > 0 else []
        figures = [drawn[0]] if drawn else []
        return Findings("Which strategy?", potential, tables, figures, verdicts, DEFINITION, notes=notes)


def _finals(states: Iterable[Ref]) -> list[Ref]:
    """The last state of each strategy and seed: of those that end with several, the one that was trained on most."""
    found: dict[tuple[str, int], Ref] = {}
    for ref in sorted(states, key=lambda ref: ref.round):
        found[ref.strategy, ref.seed] = ref
    return list(found.values())


def _pairs(presets: Mapping[str, str]) -> list[tuple[str, str]]:
    """Naive against periodic first, the naive one as the first of its pair; then the others in their order."""
    every = [
        (second, first) if (presets[first], presets[second]) == ("periodic", "naive") else (first, second)
        for first, second in combinations(presets, 2)
    ]
    every.sort(key=lambda pair: (presets[pair[0]], presets[pair[1]]) != ("naive", "periodic"))
    return every[:MOST_PAIRS]


def _on_sets(pieces: Sequence[Piece], finals: Collection[Ref]) -> list[Piece]:
    """On independent sets, and on own trajectories of the untouched potential and of the last states, one seed each."""
    owners: dict[str, Ref] = {"": Ref(pieces[0].ref.potential)} if pieces else {}
    for ref in sorted(finals, key=lambda ref: ref.seed):
        owners.setdefault(ref.strategy, ref)
    kept = set(owners.values())
    return [
        one
        for one in pieces
        if one.ref.set_kind == "independent" or (one.ref.set_kind == "self" and one.ref.sampled_by in kept)
    ]


def _set_names(found: Sequence[Predictions]) -> dict[str, str]:
    """Set -> what it is called: own trajectories by who ran them; sets that may decide first."""
    refs = {one.ref.set: one.ref for one in sorted(found, key=lambda one: kind_of(one.ref) in (SELF, SELF_RELAXED))}
    names: dict[str, str] = {}
    for name, ref in refs.items():
        own = f"own run of {state_name(ref.sampled_by)}" if ref.set_kind == "self" and ref.sampled_by else name
        names[name] = name if own in refs or own in names.values() else own
    return names


def _starts(study: StudyPieces, states: Collection[Ref]) -> dict[str, int]:
    """Strategy -> from how many starting structures each of its runs gathered; without those of which it is not known.

    A trajectory that another one goes on from has its number: that of the structure with which both began.
    """
    found: dict[tuple[str, int], set[int | None]] = {}
    whose = {(one.potential, one.strategy, one.seed) for one in states}
    for piece in study.all(LabeledFrames, set_kind="training"):
        of = piece.ref.gathered_by
        if of is not None and (of.potential, of.strategy, of.seed) in whose:
            found.setdefault((of.strategy, of.seed), set()).add(piece.ref.trajectory)
    numbers = {strategy: len(each) for (strategy, _), each in found.items() if None not in each}
    unknown = {strategy for (strategy, _), each in found.items() if None in each}
    return {strategy: number for strategy, number in numbers.items() if strategy not in unknown}


def _table(rows: Sequence[Compared], data: Mapping[str, Gathered]) -> Table:
    pairs = list(dict.fromkeys((row.first, row.second) for row in rows))
    first, second = pairs[0] if len(pairs) == 1 else ("the first", "the second")
    repeated = any(row.contrast.change.seeds > 1 for row in rows)
    columns = (
        Column("first", shown=len(pairs) > 1),
        Column("second", shown=len(pairs) > 1),
        Column("set", description="Test frames on which the two are compared."),
        Column("frames of", description="Who sampled the set."),
        Column("quantity", description="Whose error."),
        Column(
            "reading",
            description="Which of the two errs less, where that is shown; else undecided, or why that is not read.",
        ),
        Column("MAE", description=f"Of {first} → of {second}."),
        Column("MAE first", "", "Of the first strategy, mean over seeds, in the unit of its row.", shown=False),
        Column("MAE second", "", "Of the second strategy, mean over seeds, in the unit of its row.", shown=False),
        Column("unit", shown=False),
        Column(
            "change", "", f"MAE of {second} over that of {first}, less 1.", 0, percent=True, interval=True, spread=True
        ),
        *(
            Column(f"over {of} {end}", "", f"The interval of the change over {of} alone.", 0, True, shown=False)
            for of in ("units", "seeds")
            for end in ("low", "high")
        ),
        Column("p", description="Of no difference, by Holm over all that may decide.", decimals=3),
        Column("units", description="Independent ones of the set."),
        Column("units are", description="What the independent units are.", shown=len({row.of for row in rows}) > 1),
        Column("frames", description=FRAMES),
        Column("seeds", description=SEEDS, shown=repeated),
        Column(
            "energy offset",
            description=f"Mean size of the reference energies that were taken out, of {first} against {second}.",
        ),
    )
    cells: list[list[Cell]] = []
    for row in rows:
        one = row.contrast
        alone = [end for interval in (one.over_units, one.over_seeds) for end in interval or (None, None)]
        cells.append(
            [
                *(row.first, row.second, row.on, row.kind, row.quantity, row.reading),
                *(row.maes_shown, *row.maes, row.unit),
                *(one.change, *alone),
                *(row.p, row.units, row.of, row.frames, one.change.seeds, row.offsets_shown),
            ]
        )
    named = [f"{name} ({data[name].labels})" for name in dict.fromkeys(sum(pairs, ()))]
    return Table("comparison", f"Change from {first} to {second}: {', '.join(named)}", columns, cells)
