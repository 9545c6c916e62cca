"""minima: whether a potential displaces the minima of bonds, which is another fault than softness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from whet.analyses.parts.last_states import last_states
from whet.analyses.parts.lengths_in_dynamics import LengthsInDynamics
from whet.analyses.parts.naming import state_name, state_names
from whet.analyses.parts.rest_forces import DEFINITION as AT_REST
from whet.analyses.parts.rest_forces import RestForces
from whet.analyses.parts.state_minima import StateMinima, longer
from whet.contracts.analysis import Analysis, Piece, StudyPieces, Wanted
from whet.contracts.findings import LEAST_UNITS, Cell, Column, Estimate, Figure, Findings, Table, Verdict
from whet.contracts.ports import Found, Port, Predictions, SampledTrajectory
from whet.contracts.ref import LABELER, Ref
from whet.contracts.task import Work
from whet.data.errors import FrameError
from whet.data.numbers import with_interval

if TYPE_CHECKING:
    from whet.bias.force_at_rest import ForceAtRest

QUESTION = "Displaced minima?"
DEFINITION = (
    "The force along each bond (with the shares of neighboring bonds and of angles taken out) is fitted by a line in "
    "the length, for the reference and for the potential on the same frames. Where each line crosses zero is the "
    "minimum; the displacement is the potential's minus the reference's, positive where the potential wants the bond "
    "longer, and the ratio of the slopes is how stiff the bond is. Neither depends, to first order, on who sampled the "
    "frames. A displaced minimum makes forces wrong where a bond is at rest, and lowers the softening scale of frames "
    "that the potential itself sampled: that is no softness. Called displaced: by more than 0.005 Å, with an "
    "interval, for all bonds of the potential together, that excludes 0. Within 0.005 Å: the displacement is, and its "
    "interval lies within 0.010 Å. Else undecided. 0.005 Å is about as much as two good functionals differ; a more "
    "approximate reference, such as tight binding, errs by more itself. C3-O1: carbon with three bonds and oxygen with "
    "one. A kind may pool bonds that chemistry tells apart: H1-O2 is the O–H of acids and of alcohols. An estimate "
    "that needs no forces is the change of the mean length from the reference's dynamics to the potential's own, where "
    "both were run. It confirms a displacement of the same sign where the p of the mean (in the CSV of the shifts of "
    "bond lengths) is at most 0.05, and is undecided above."
)
LIMITS = (
    "Relative to the reference, itself approximate (tight binding errs by more than 0.005 Å): any difference between "
    "its theory and that of the potential's training data is included. Bonds of molecules only. About a tenth of a "
    "displacement depends on who sampled the frames."
)
STRESS_LIMITS = (
    "Relative to the reference, itself approximate: any difference between its theory and that of the potential's "
    "training data is included. One number for a whole crystal; plane waves cut off too low shift the reference's "
    "stress."
)
NO_BONDS = (
    "There is no molecule whose bonds could be followed: along the bonds of a crystal, forces cancel at any lattice "
    "constant. The evidence there is the mean stress on these frames, and forces where the reference has relaxed them."
)


class Minima(Analysis):
    """Displacement of the minimum of each kind of bond, and its stiffness; and forces at the reference's minima."""

    name = "minima"
    place = 12
    result_version = 4
    by_default = True
    after = ("bonds",)
    inputs: ClassVar[Mapping[str, Port]] = {
        "main": Port(Predictions, what="on the first independent set: these answer on a report's first screen"),
        "others": Port(Predictions, what="on another independent set"),
        "minima": Port(Predictions, what="on structures that the reference relaxed"),
        "bonds": Port(Found, what="lengths in the dynamics of the reference and of the untouched potentials"),
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
        both = study.all(SampledTrajectory, sampled_by=LABELER) and _own_runs(study)
        bonds = [piece for piece in study.all(Found) if piece.role == "bonds"] if both else []
        wanted: list[Wanted] = []
        for place, name in enumerate(moving or list(relaxed)[:1]):
            first = {"main": moving.get(name, []), "minima": at_rest, "bonds": bonds if moving else []}
            inputs = {"others": moving[name]} if place else first
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
            lengths = next((one.findings for one in work.all("bonds", Found)), None)
            verdicts = list(_verdicts(made, rest, lengths, prominent))
        elif made:
            tables, verdicts = _by_stress(made, rest, names, on, prominent)
            notes = [NO_BONDS, *notes]
        answered = {ref.potential for ref, one in made.items() if (one.found.kinds if bonded else one.stress)}
        verdicts += rest.verdicts(QUESTION, {ref.potential for ref in rest.found} - answered)
        tables += rest.tables()
        return Findings("Displaced minima", on, tables, figures, verdicts, "\n\n".join(definitions), notes=notes)


def _made(found: Sequence[Predictions]) -> tuple[dict[Ref, StateMinima], RestForces, list[str]]:
    """What was found of each state where atoms move and where they rest, and a sentence for what could not be read."""
    from whet.bias.force_at_rest import force_at_rest
    from whet.bias.pairs import Comparison
    from whet.bias.sampler import MINIMUM

    made: dict[Ref, StateMinima] = {}
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
            made[one.ref] = StateMinima(comparison.take((~is_rest).nonzero()[0]))
    return made, RestForces(rest), notes


def _own_runs(study: StudyPieces) -> list[Piece]:
    """Of untouched potentials."""
    own = study.all(SampledTrajectory, set_kind="self")
    return [piece for piece in own if piece.ref.sampled_by and piece.ref.sampled_by.untouched]


def _verdicts(
    made: Mapping[Ref, StateMinima], rest: RestForces, bonds: Findings | None, prominent: bool
) -> Iterator[Verdict]:
    """One of each untouched potential; what its fine-tunings changed is evidence."""
    for ref, one in made.items():
        if not ref.untouched or not one.found.kinds:
            continue
        lengths = LengthsInDynamics.of(bonds, ref.potential)
        displaced = [(kind, its.displacement or 0.0) for kind, its in one.displaced]
        kinds = one.found.kinds
        units = max((found.units for found in kinds.values()), default=0)
        largest = max(kinds, key=lambda kind: abs(kinds[kind].displacement or 0.0))
        few = f"{ref.potential}: {longer(largest, kinds[largest])}" if units < LEAST_UNITS else ""
        forces = rest.after(ref.potential)
        after = [
            f"after {state_name(other.state)}: {_after(its, forces.get(other.state, ''))}"
            for other, its in made.items()
            if other.potential == ref.potential and not other.untouched
        ]
        said = [few, lengths.evidence(displaced), one.undecided(), rest.evidence(ref.potential), *after]
        claim = "; ".join(filter(None, [f"{ref.potential}: {one.said()}", lengths.claim(displaced)]))
        more = {"of": one.of, "evidence": "; ".join(filter(None, said)), "limits": LIMITS, "prominent": prominent}
        yield _verdict_of(units, claim, one.decided or units < LEAST_UNITS, **more)


def _after(one: StateMinima, forces: str) -> str:
    """Of a fine-tuned state: its bonds, and the forces that remain where the reference has none."""
    if not one.found.kinds:
        return forces or "unknown"
    return ", ".join(filter(None, [one.said(), one.undecided_briefly(), forces and f"but {forces}"]))


def _verdict_of(units: int, claim: str, decided: bool, **rest: Any) -> Verdict:
    if decided:
        return Verdict.of_units(units, QUESTION, claim, **rest)
    return Verdict(QUESTION, claim, units=units, decided=False, **rest)


def _table(made: Mapping[Ref, StateMinima], names: Mapping[Ref, str], on: str) -> Table:
    columns = (
        Column("state", description="The potential and its state."),
        Column("bond", description="The two elements, each with its number of bonds."),
        Column(
            "verdict",
            description="Longer or shorter: by over 0.005 Å, and the interval excludes 0. Within 0.005 Å: the "
            "displacement is, and its interval is within 0.010 Å. Else undecided, as below 4 units.",
        ),
        Column("displacement", "Å", "Of the minimum; positive: the potential wants it longer.", 3, interval=True),
        Column("stiffness ratio", "", "Of the potential to the reference; below 1: a soft bond.", 2, interval=True),
        Column("reference stiffness", "eV/Å²", "Slope of the reference's force along the bond.", decimals=1),
        Column("mean length", "Å", "On these frames.", decimals=3),
        Column("bonds", description="Lengths that were seen."),
        Column("units", description="Independent units (trajectories, or groups of a file) that have them."),
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
            rows.append([names[ref.state], kind, found.reading, *numbers, found.bonds, found.units])
    caption = f"Minima of bonds on “{on}”; intervals hold for all bonds of a potential together"
    return Table("minima", caption, columns, rows, folded=len(rows) > 12)


def _by_stress(
    made: Mapping[Ref, StateMinima], rest: RestForces, names: Mapping[Ref, str], on: str, prominent: bool
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
            claim = f"{ref.potential}: {said}{_stress_after(made, ref)}"
            decided = one.stress.displaced or one.stress.in_place or one.units < LEAST_UNITS
            more = {
                "of": one.of,
                "evidence": rest.in_full(ref.potential),
                "limits": STRESS_LIMITS,
                "prominent": prominent,
            }
            verdicts.append(_verdict_of(one.units, claim, decided, **more))
    columns = (
        Column("state", description="The potential and its state."),
        Column("mean stress", "GPa", "Predicted minus reference; positive: it wants a smaller cell.", 2, interval=True),
        Column("frames", description="With a stress of both."),
        Column("units", description="Independent units (trajectories, or groups of a file)."),
    )
    tables = [Table("mean-stress", f"Mean stress on “{on}”, predicted minus reference", columns, rows)] if rows else []
    return tables, verdicts


def _stress_after(made: Mapping[Ref, StateMinima], before: Ref) -> str:
    """What fine-tuning made of it: `; +0.15 [0.02, 0.28] GPa with naive 3`."""
    tuned = {ref: one.stress for ref, one in made.items() if ref.potential == before.potential and ref.strategy}
    said = [
        f"{with_interval(Estimate(stress.change, stress.interval), 2, sign=True, unit='GPa')} with {state_name(ref)}"
        for ref, stress in tuned.items()
        if stress is not None
    ]
    return f"; {', '.join(said)}" if said else ""


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
