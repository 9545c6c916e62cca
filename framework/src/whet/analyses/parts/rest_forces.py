"""RestForces: the forces of each state at the reference's minima, as a table, as evidence and as an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet.analyses.parts.naming import state_name, state_names
from whet.contracts.findings import LEAST_UNITS, Cell, Column, Estimate, Table, Verdict
from whet.contracts.ref import Ref
from whet.data.numbers import count, shown, with_interval

if TYPE_CHECKING:
    from whet.bias.force_at_rest import ForceAtRest

DEFINITION = (
    "Force at the reference's minima: predicted forces on structures that the reference relaxed, less the forces that "
    "its relaxation left. Softness alone leaves none there; displaced minima do, of crystals and molecules alike."
)
LIMITS = (
    "Relative to the reference, itself approximate: any difference between its theory and that of the potential's "
    "training data is included. Structures in a given cell; how far the minima are away, a force alone does not tell."
)


@dataclass(frozen=True)
class RestForces:
    """found: each state on each set of structures that the reference relaxed -> its forces there."""

    found: Mapping[Ref, ForceAtRest]

    def evidence(self, potential: str) -> str:
        """`force at the reference's minima: RMS 0.290 eV/Å [0.250, 0.330], 6 structures`; nothing where there is none.

        On the first set, of the untouched potential.
        """
        first = self._first(potential)
        return f"force at the reference's minima: {_said(self.found[first])}" if first else ""

    def after(self, potential: str) -> dict[Ref, str]:
        """Each state that fine-tuning left -> `forces of 0.133 eV/Å remain at the reference's minima`."""
        first = self._first(potential)
        return {
            ref.state: f"forces of {shown(one.rms, 3)} eV/Å remain at the reference's minima"
            for ref, one in self.found.items()
            if first and (ref.potential, ref.set) == (potential, first.set) and not ref.untouched
        }

    def in_full(self, potential: str) -> str:
        """Evidence of the untouched potential, and behind it of what its fine-tunings ended with."""
        after = [f"after {state_name(state)}: {said}" for state, said in self.after(potential).items()]
        return "; ".join(filter(None, [self.evidence(potential), *after]))

    def _first(self, potential: str) -> Ref | None:
        """The first set on which the untouched potential was evaluated."""
        return next((ref for ref in self.found if ref.potential == potential and ref.untouched), None)

    def verdicts(self, question: str, potentials: set[str]) -> Iterator[Verdict]:
        """One of each of these untouched potentials, on the first set: for where nothing else answers."""
        for ref, one in self.found.items():
            if ref.potential not in potentials or not ref.untouched:
                continue
            potentials = potentials - {ref.potential}
            said = "minima not shown to be displaced"
            if one.displaced:
                said = "minima displaced"
            elif one.in_place:
                said = "every minimum about in place"
            evidence = f"{ref.potential}: {self.in_full(ref.potential)}"
            rest: dict[str, Any] = {"evidence": evidence, "limits": LIMITS, "of": one.of}
            if one.units < LEAST_UNITS:
                yield Verdict.of_units(one.units, question, "", **rest)
                continue
            claim = f"{ref.potential}: {said} (force there {_said(one)})"
            yield Verdict(question, claim, units=one.units, decided=one.displaced or one.in_place, **rest)

    def tables(self) -> Iterator[Table]:
        """Table `forces-at-minima`; none where nothing was relaxed by the reference."""
        if not self.found:
            return
        names = state_names(self.found)
        columns = (
            Column("state", description="The potential and its state."),
            Column("set", shown=len({ref.set for ref in self.found}) > 1),
            Column("RMS F", "eV/Å", "Over force components, less what the relaxation left.", 3, interval=True),
            Column("largest", "eV/Å", "On one atom.", 3),
            Column("left by the relaxation", "eV/Å", "Root mean square of the reference's own components.", 3),
            Column("structures"),
            Column("units", description="Independent ones.", shown=False),
        )
        rows: list[list[Cell]] = [
            [
                names[ref.state],
                ref.set,
                Estimate(one.rms, one.interval),
                one.largest,
                one.left,
                one.structures,
                one.units,
            ]
            for ref, one in self.found.items()
        ]
        yield Table("forces-at-minima", "Forces at the reference's minima", columns, rows, folded=len(rows) > 12)


def _said(one: ForceAtRest) -> str:
    size = with_interval(Estimate(one.rms, one.interval), 3, unit="eV/Å")
    no_more = ", no more than the relaxation left" if one.rms <= one.left else ""
    return f"RMS {size}{no_more}, {count(one.structures, 'structure')}"
