"""minima: whether a potential displaces the minima of bonds, which is another fault than softness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from whet.analyses.parts.last_states import last_states
from whet.analyses.parts.naming import state_name, state_names
from whet.analyses.parts.rest_forces import DEFINITION as AT_REST
from whet.analyses.parts.rest_forces import RestForces
from whet.contracts.analysis import Analysis, StudyPieces, Wanted
from whet.contracts.findings import LEAST_UNITS, Cell, Column, Estimate, Figure, Findings, Table, Verdict
from whet.contracts.ports import Port, Predictions
from whet.contracts.ref import LABELER, Ref
from whet.contracts.task import Work
from whet.data.errors import FrameError
from whet.data.numbers import with_interval

if TYPE_CHECKING:
    from whet.bias.bond_minima import BondMinima, BondMinimum
    from whet.bias.force_at_rest import ForceAtRest
    from whet.bias.mean_stress import MeanStress
    from whet.bias.pairs import Comparison

QUESTION = "Displaced minima?"
MOST_KINDS = 4
"""Kinds of bonds that an answer names."""

DEFINITION = (
    "The force along each bond (with the shares of neighboring bonds and of angles taken out) is fitted by a line in "
    "the length, for the reference and for the potential on the same frames. Where each line crosses zero is the "
    "minimum; the displacement is the potential's minus the reference's, positive where the potential wants the bond "
    "longer, and the ratio of the slopes is how stiff the bond is. Neither depends, to first order, on who sampled the "
    "frames. A displaced minimum makes forces wrong where a bond is at rest, and lowers the softening scale of frames "
    "that the potential itself sampled: that is no softness. Called displaced: by more than 0.005 Å (about as much as "
    "two good functionals differ), with an interval, for all bonds of the potential together, that excludes 0. C3-O1: "
    "carbon with three bonds and oxygen with one. The bonds table has the change of the mean length in dynamics, an "
    "independent estimate, where both were run."
)
LIMITS = (
    "bonds of molecules only, by forces on these frames; of anharmonic bonds about a tenth of it depends on who "
    "sampled them"
)
NO_BONDS = (
    "There is no molecule whose bonds could be followed: along the bonds of a crystal, forces cancel at any lattice "
    "constant. The evidence there is the mean stress on these frames, and forces where the reference has relaxed them."
)


class Minima(Analysis):
    """Displacement of the minimum of each kind of bond, and its stiffness; and forces at the reference's minima."""

    name = "minima"
    place = 12
    by_default = True
    inputs: ClassVar[Mapping[str, Port]] = {
        "main": Port(Predictions, what="on the first independent set: these answer on a report's first screen"),
        "others": Port(Predictions, what="on another independent set"),
        "minima": Port(Predictions, what="on structures that the reference relaxed"),
    }

    def wants(self, study: StudyPieces) -> Sequence[Wanted]:
        """One step for each independent set, of untouched potentials and the last state of each strategy.

        The first is one of the reference's dynamics, where there is one; what the reference relaxed stands beside it.
        """
        sets = study.by_set(Predictions, "independent")
        sets = dict(sorted(sets.items(), key=lambda one: one[1][0].ref.sampled_by != LABELER))
        moving = {name: last_states(pieces) for name, pieces in sets.items() if pieces[0].ref.minimum_of is None}
        relaxed = {name: last_states(pieces) for name, pieces in sets.items() if pieces[0].ref.minimum_of == LABELER}
        at_rest = [piece for pieces in relaxed.values() for piece in pieces]
        wanted = []
        for place, name in enumerate(moving or list(relaxed)[:1]):
            inputs = {"others" if place else "main": moving.get(name, []), "minima": [] if place else at_rest}
            feeds = {role: pieces for role, pieces in inputs.items() if pieces}
            wanted.append(Wanted(feeds, ref=Ref(set=name, set_kind="independent"), label=name))
        return wanted

    def run(self, work: Work) -> Findings:
        """Tables: `minima`, of frames without molecules `mean-stress`, of relaxed structures `forces-at-minima`."""
        main, at_rest = work.all("main", Predictions), work.all("minima", Predictions)
        prominent = bool(main or at_rest)
        made, rest, notes = _made([*(main or work.all("others", Predictions)), *at_rest])
        if not made and not rest.found:
            return Findings("Displaced minima", notes=notes or ["there are no predictions"])
        on = next(iter(made or rest.found)).set
        names, definitions = state_names(made), [AT_REST] if rest.found else []
        tables, figures, verdicts = [], [], []
        bonded = any(one.found.kinds for one in made.values())
        if bonded:
            refused = {reason: None for one in made.values() for reason in one.found.refused}
            notes += [f"Left out: {reason}." for reason in list(refused)[:1]]
            tables, figures, definitions = [_table(made, names, on)], [_figure(on)], [DEFINITION, *definitions]
            verdicts = list(_verdicts(made, rest, prominent))
        elif made:
            tables, verdicts = _by_stress(made, rest, names, on, prominent)
            notes = [NO_BONDS, *notes]
        answered = {ref.potential for ref, one in made.items() if (one.found.kinds if bonded else one.stress)}
        verdicts += rest.verdicts(QUESTION, {ref.potential for ref in rest.found} - answered)
        tables += rest.tables()
        return Findings("Displaced minima", on, tables, figures, verdicts, "\n\n".join(definitions), notes=notes)


class _Made:
    """What was found of one state."""

    def __init__(self, comparison: Comparison) -> None:
        from whet.bias.bond_minima import bond_minima
        from whet.bias.mean_stress import mean_stress

        self.found: BondMinima = bond_minima(comparison)
        self.stress: MeanStress | None = mean_stress(comparison)
        self.units, self.of = comparison.n_units, comparison.units_of or "units"

    @property
    def displaced(self) -> list[tuple[str, BondMinimum]]:
        """The kinds that are, the most displaced first."""
        found = [(kind, one) for kind, one in self.found.kinds.items() if one.displaced]
        return sorted(found, key=lambda pair: -abs(pair[1].displacement or 0.0))

    @property
    def decided(self) -> bool:
        """Whether a minimum is displaced, or all are shown to be in place."""
        return bool(self.displaced) or all(one.in_place for one in self.found.kinds.values())

    def said(self) -> str:
        """What may be said, without the potential's name."""
        if found := self.displaced:
            words = [_longer(kind, one) for kind, one in found[:MOST_KINDS]]
            more = f" and {len(found) - MOST_KINDS} more" if len(found) > MOST_KINDS else ""
            return f"{', '.join(words)}{more}"
        if self.decided:
            return "every minimum of a bond within 0.005 Å of the reference's"
        return "no minimum of a bond is shown to be displaced"


def _longer(kind: str, one: BondMinimum) -> str:
    """`C4-O2 longer by 0.021 Å [0.018, 0.024]`."""
    value = one.displacement or 0.0
    sign = 1 if value > 0 else -1
    low, high = sorted(sign * end for end in one.interval) if one.interval else (0.0, 0.0)
    size = Estimate(abs(value), (low, high) if one.interval else None)
    return f"{kind} {'longer' if value > 0 else 'shorter'} by {with_interval(size, 3, unit='Å')}"


def _made(found: Sequence[Predictions]) -> tuple[dict[Ref, _Made], RestForces, list[str]]:
    """What was found of each state where atoms move and where they rest, and a sentence for what could not be read."""
    from whet.bias.force_at_rest import force_at_rest
    from whet.bias.pairs import Comparison
    from whet.bias.sampler import MINIMUM

    made: dict[Ref, _Made] = {}
    rest: dict[Ref, ForceAtRest] = {}
    notes: list[str] = []
    for one in found:
        try:
            comparison = Comparison.of_predictions(one)
        except FrameError as error:
            notes.append(f"{one.ref}: {error.what}.")
            continue
        is_rest = comparison.samplers == MINIMUM
        if is_rest.any():
            rest[one.ref] = force_at_rest(comparison.take(is_rest.nonzero()[0]))
        if not is_rest.all():
            made[one.ref] = _Made(comparison.take((~is_rest).nonzero()[0]))
    return made, RestForces(rest), notes


def _verdicts(made: Mapping[Ref, _Made], rest: RestForces, prominent: bool) -> Iterator[Verdict]:
    """One of each untouched potential; what its fine-tunings changed is evidence."""
    for ref, one in made.items():
        if not ref.untouched or not one.found.kinds:
            continue
        after = [
            f"after {state_name(other.state)}: {its.said() if its.found.kinds else 'unknown'}"
            for other, its in made.items()
            if other.potential == ref.potential and not other.untouched
        ]
        kinds = one.found.kinds
        units = max((found.units for found in kinds.values()), default=0)
        largest = max(kinds, key=lambda kind: abs(kinds[kind].displacement or 0.0))
        if units < LEAST_UNITS:
            after = [f"{ref.potential}: {_longer(largest, kinds[largest])}", *after]
        after += filter(None, [rest.evidence(ref.potential)])
        claim, decided = f"{ref.potential}: {one.said()}", one.decided or units < LEAST_UNITS
        more = {"of": one.of, "evidence": "; ".join(after), "limits": LIMITS, "prominent": prominent}
        yield _verdict_of(units, claim, decided, **more)


def _verdict_of(units: int, claim: str, decided: bool, **rest: Any) -> Verdict:
    if decided:
        return Verdict.of_units(units, QUESTION, claim, **rest)
    return Verdict(QUESTION, claim, units=units, decided=False, **rest)


def _table(made: Mapping[Ref, _Made], names: Mapping[Ref, str], on: str) -> Table:
    columns = (
        Column("state", description="The potential and its state."),
        Column("bond", description="The two elements, each with its number of bonds."),
        Column("displacement", "Å", "Of the minimum; positive: the potential wants it longer.", 3, interval=True),
        Column("stiffness ratio", "", "Of the potential to the reference; below 1: a soft bond.", 2, interval=True),
        Column("reference stiffness", "eV/Å²", "Slope of the reference's force along the bond.", decimals=1),
        Column("mean length", "Å", "On these frames.", decimals=3),
        Column("bonds", description="Lengths that were seen."),
        Column("units", description="Independent units (trajectories, or groups of a file) that have them."),
        Column(
            "verdict", description="Displaced by over 0.005 Å and the interval excludes 0; undecided below 4 units."
        ),
    )
    rows: list[list[Cell]] = []
    for ref, one in made.items():
        for kind, found in one.found.kinds.items():
            numbers = (
                Estimate(found.displacement, found.interval),
                Estimate(found.stiffness_ratio, found.stiffness_ratio_interval),
                found.stiffness,
                found.length,
            )
            rows.append([names[ref.state], kind, *numbers, found.bonds, found.units, _verdict(found)])
    caption = f"Minima of bonds on “{on}”; intervals hold for all bonds of a potential together"
    return Table("minima", caption, columns, rows, folded=len(rows) > 12)


def _verdict(found: BondMinimum) -> str:
    if found.displacement is None:
        return "no minimum"
    if found.interval is None:
        return "undecided"
    if found.displaced:
        return "longer" if found.displacement > 0 else "shorter"
    return "in place" if found.in_place else "not shown"


def _by_stress(
    made: Mapping[Ref, _Made], rest: RestForces, names: Mapping[Ref, str], on: str, prominent: bool
) -> tuple[list[Table], list[Verdict]]:
    """What is left where there is no molecule."""
    rows: list[list[Cell]] = []
    verdicts = []
    for ref, one in made.items():
        if one.stress is None:
            continue
        size = Estimate(one.stress.change, one.stress.interval)
        rows.append([names[ref.state], size, one.stress.frames, one.units])
        if ref.untouched:
            said = "mean stress not shown to be off"
            if one.stress.displaced:
                cell = "smaller" if one.stress.change > 0 else "larger"
                said = f"mean stress off by {with_interval(size, 2, sign=True, unit='GPa')}: it wants a {cell} cell"
            elif one.stress.in_place:
                said = "mean stress within 0.1 GPa of the reference's"
            limits = "one number for a whole crystal; plane waves cut off too low shift the reference's stress, too"
            claim = f"{ref.potential}: {said}"
            decided = one.stress.displaced or one.stress.in_place or one.units < LEAST_UNITS
            more = {"of": one.of, "evidence": rest.evidence(ref.potential), "limits": limits, "prominent": prominent}
            verdicts.append(_verdict_of(one.units, claim, decided, **more))
    columns = (
        Column("state", description="The potential and its state."),
        Column("mean stress", "GPa", "Predicted minus reference; positive: it wants a smaller cell.", 2, interval=True),
        Column("frames", description="With a stress of both."),
        Column("units", description="Independent units (trajectories, or groups of a file)."),
    )
    tables = [Table("mean-stress", f"Mean stress on “{on}”, predicted minus reference", columns, rows)] if rows else []
    return tables, verdicts


def _figure(on: str) -> Figure:
    x = {"type": "quantitative", "title": "displacement of the minimum (Å)"}
    shared: dict[str, Any] = {
        "y": {"field": "bond", "type": "nominal", "title": None},
        "yOffset": {"field": "state", "type": "nominal", "sort": None},
        "color": {"field": "state", "type": "nominal", "sort": None, "title": None},
    }
    low, high = "displacement 95 % low", "displacement 95 % high"
    tooltip = [{"field": name} for name in ("state", "bond", "displacement", low, high)]
    ends = {"x": {"field": low, **x}, "x2": {"field": high}}
    spec = {
        "data": {"name": "minima"},
        "transform": [{"filter": "isValid(datum.displacement)"}],
        "width": 420,
        "height": {"step": 14},
        "layer": [
            {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": 0, **x}}},
            {
                "transform": [{"filter": f"isValid(datum['{low}'])"}],
                "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.5},
                "encoding": {**shared, **ends},
            },
            {
                "mark": {"type": "point", "filled": True, "opacity": 1},
                "encoding": {**shared, "x": {"field": "displacement", **x}, "tooltip": tooltip},
            },
        ],
    }
    caption = f"Displacement of the minima of bonds on “{on}”; 95 % intervals for all bonds of a potential together."
    return Figure("minima", caption, caption + " The table has the numbers.", spec)
