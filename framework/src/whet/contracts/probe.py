"""Probe: measures properties of one material with any potential, or with the labeler in the same role."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from whet.contracts.component import Backend, OptionsT
from whet.contracts.ports import Data, FinishedStep
from whet.contracts.ref import Ref
from whet.data.errors import PluginError
from whet.data.random_state import kept_random_state

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from whet.contracts.fine_tuning import Progress
    from whet.contracts.potential import Potential


@dataclass(frozen=True)
class Quantity:
    """A number that a probe measures.

    unit: of it. description: what it is, in a sentence. decimals: shown on a page; None: as many as its numbers need.
    stiffness: the power of the energy's curvature with which it grows, where nothing but the curvature changes (1: an
    elastic constant, 0.5: a frequency), so that its ratio to the reference can be held against the softening scale;
    None where it is no measure of curvature.
    """

    name: str
    unit: str = ""
    description: str = ""
    decimals: int | None = None
    stiffness: float | None = None


@dataclass(frozen=True)
class CurveKind:
    """A curve that a probe measures: what stands on its axes (`volume`, `Å³/atom`), and what it shows."""

    name: str
    x: str
    y: str
    x_unit: str = ""
    y_unit: str = ""
    description: str = ""


Point = tuple[float, float, int | str]
"""x, y, and the number or the name of the branch that it is on (0 where there is one)."""


@dataclass(frozen=True)
class Measured:
    """What a probe found of one material.

    values: quantity -> number. curves: name -> points. notes: what a reader must know before believing the numbers. A
    quantity that does not exist for this material is left out. marks: name of a curve -> places on its x axis that have
    names, such as points of the Brillouin zone.
    """

    values: Mapping[str, float]
    curves: Mapping[str, Sequence[Point]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    marks: Mapping[str, Sequence[tuple[float, str]]] = field(default_factory=dict)


class Probe(Backend[OptionsT], ABC):
    """Measures properties of a material: one file, one property, any potential.

    Runs wherever the potential does; asked of the labeler, its frames go through the label store, and none is paid for
    twice. quantities, curves: what `measure` may give.
    """

    quantities: ClassVar[Sequence[Quantity]]
    curves: ClassVar[Sequence[CurveKind]] = ()

    @abstractmethod
    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """Of one material. atoms: a copy of what the user gave. calculator: energy, forces, stress, in ASE's units.

        Raises FrameError where this cannot be measured of such a material (a molecule has no elastic constants), or
        where what the potential answers has no such property (a structure that is no minimum has no phonons). The same
        atoms and answers give the same numbers.
        """

    @classmethod
    def most_frames(cls, options: OptionsT) -> int | None:
        """How many frames it asks for at the most, so that a plan can tell the labels; None: nobody can tell."""
        return None

    def measured(self, atoms: Atoms, potential: Potential, progress: Progress = lambda done, total: None) -> Measured:
        """What `measure` finds of a copy of the material; random numbers that a whole process shares stay.

        Raises what `measure` and the potential raise, and PluginError for what is not declared, or not finite.
        """
        from whet.contracts.calculator import PotentialCalculator

        with kept_random_state():  # SciPy draws from them, deep below a relaxation
            found = self.measure(atoms.copy(), PotentialCalculator(potential), progress)
        known, drawn = {one.name for one in self.quantities}, {one.name for one in self.curves}
        for name, value in found.values.items():
            if name not in known:
                raise PluginError(f"the probe {self.name!r} gives {name!r}, which is none of its quantities")
            if not math.isfinite(value):
                raise PluginError(f"the probe {self.name!r} gives {value} as {name}", hint="Leave it out, or raise")
        for name in (*found.curves, *found.marks):
            if name not in drawn:
                raise PluginError(f"the probe {self.name!r} gives {name!r}, which is none of its curves")
        return found


@dataclass(frozen=True, eq=False)
class Measurement(Data):
    """What one potential, or the reference, has for one material (`ref.set`).

    quantities, curve_kinds: what the numbers and the curves are. given: whether a table of the user's says it.
    """

    kind = "measurements"
    ref: Ref
    quantities: Sequence[Quantity]
    curve_kinds: Sequence[CurveKind]
    measured: Measured
    given: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain data; `read` reads it back."""
        return {
            "quantities": [asdict(one) for one in self.quantities],
            "curve_kinds": [asdict(one) for one in self.curve_kinds],
            "values": dict(self.measured.values),
            "curves": {name: [list(point) for point in points] for name, points in self.measured.curves.items()},
            "notes": list(self.measured.notes),
            "marks": {name: [list(mark) for mark in marks] for name, marks in self.measured.marks.items()},
            "given": self.given,
        }

    @classmethod
    def read(cls, step: FinishedStep, ref: Ref) -> Self:
        """Of a step `measure`, or of one that took it from a table."""
        said = step.values
        curves = {name: [(x, y, branch) for x, y, branch in points] for name, points in said["curves"].items()}
        # Without any where it was measured before there were marks.
        marks = {name: [(x, word) for x, word in every] for name, every in said.get("marks", {}).items()}
        return cls(
            ref,
            [Quantity(**one) for one in said["quantities"]],
            [CurveKind(**one) for one in said["curve_kinds"]],
            Measured(said["values"], curves, said["notes"], marks),
            said["given"],
        )
