"""D3Potential: any potential and the dispersion that its training data lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field, model_validator

from whet import Capabilities, Labels, Options, Potential, Property, Spec, UnknownName
from whet_d3.damping import TITLES, Damping, damping_parameters
from whet_d3.dispersion import LAST_ELEMENT, Dispersion
from whet_d3.functional import matched_functional
from whet_d3.references import D3, DAMPING, SIMPLE_DFTD3

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


class D3Options(Options):
    """The potential, and which dispersion is added to it."""

    potential: str | dict[str, Any]
    """A potential as everywhere else: `NAME`, `NAME:MODEL`, or a mapping with `use:` and its options."""
    functional: str | None = None
    """The functional that the potential was trained on (`pbe`, `r2scan`, …); None: as the potential states it. Where
    the potential states one, another is refused."""
    damping: Damping = "bj"
    """How the dispersion ends at short distances: `bj` (rational, Becke and Johnson), `zero` (the original one), `bjm`
    and `zerom` (their modifications of 2016), `op` (optimized power) or `cso`."""
    three_body: bool = False
    """Whether the term of Axilrod, Teller and Muto is added."""
    cutoff: float = Field(default=25.0, gt=0)
    """Å; of the sum over pairs. Solids lose some 0.2 % of their dispersion energy beyond 25 Å, 0.1 % beyond 32 Å."""
    smoothing: float = Field(default=2.0, ge=0)
    """Å; over which pairs and triples go to zero before their cutoff. At 0, as other programs have it, the stress is
    not the derivative of the energy to within 0.2 % of the dispersion's."""
    three_body_cutoff: float = Field(default=21.17, gt=0)
    """Å; of the sum over triples."""
    coordination_cutoff: float = Field(default=21.17, gt=0)
    """Å; of the coordination numbers, on which the dispersion coefficients hang."""

    @model_validator(mode="after")
    def _smoothing_fits(self) -> Self:
        shortest = min(self.cutoff, self.three_body_cutoff) if self.three_body else self.cutoff
        if self.smoothing > shortest:
            raise ValueError(f"`smoothing` ({self.smoothing:g} Å) is wider than the cutoff ({shortest:g} Å)")
        return self


class D3Potential(Potential[D3Options]):
    """The sum of any potential and Grimme's dispersion correction DFT-D3.

    Grimme et al., J. Chem. Phys. 132, 154104 (2010), and J. Comput. Chem. 32, 1456 (2011); by the library
    simple-dftd3, Ehlert, J. Open Source Softw. 9, 7169 (2024).

    Loading it raises InputError where the functional is not known, is another than the potential's, or where the
    potential has a dispersion already, and UnknownName where D3 has no parameters for the functional.
    """

    name = "d3"
    title = "D3 dispersion"
    packages: ClassVar[Mapping[str, str]] = {"dftd3": "dftd3>=1.7"}
    unpickles = False

    @classmethod
    def references(cls, options: D3Options) -> Sequence[str]:
        return (D3, DAMPING, SIMPLE_DFTD3) if options.damping == "bj" else (D3, SIMPLE_DFTD3)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # Now and not at the first frame: an hour of dynamics may lie between.
        self._dispersion = self._matched()

    @classmethod
    def find_parts(cls, options: D3Options) -> Mapping[str, Spec]:
        """The potential. Raises InputError where it has no name."""
        return {"potential": Spec.parse(options.potential)}

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """As the contract says; `extra` is what the potential has there.

        Raises FrameError where two atoms coincide, and what `evaluate` of the potential raises.
        """
        # `evaluate`, not `predict`: the potential's own reference energies and known answer belong to it.
        answered = self._part.evaluate(frames, properties, batch_size=len(frames))
        for atoms, labels in zip(frames, answered, strict=True):
            yield self._sum(atoms, labels)

    def parameters(self) -> Mapping[str, np.ndarray]:
        """Those of the potential; D3 has none that a training moves."""
        return self._part.parameters()

    def embed(self, frames: Sequence[Atoms]) -> Iterator[Any]:
        """The potential's features: the dispersion has none of its own."""
        return self._part.embed(frames)

    @property
    def _part(self) -> Potential:
        part: Any = self.parts["potential"]
        return part

    @cached_property
    def _capabilities(self) -> Capabilities:
        from ase.data import chemical_symbols

        part, options = self._part.capabilities, self.options
        known = frozenset(chemical_symbols[1 : LAST_ELEMENT + 1])
        title = TITLES[options.damping] + ("-ATM" if options.three_body else "")
        return replace(
            part,
            elements=known if part.elements is None else known & part.elements,
            theory=part.theory and replace(part.theory, dispersion=title),
        )

    def _matched(self) -> Dispersion:
        options, part = self.options, self._part
        theory = part.capabilities.theory
        functional = matched_functional(theory, options.functional, potential=part.name)
        damping = partial(damping_parameters, functional, options.damping, three_body=options.three_body)
        try:
            damping()
        except UnknownName as error:
            raise error.at(f"potential {part.name!r}, trained on {theory}" if theory else "functional") from None
        return Dispersion(
            damping,
            cutoff=options.cutoff,
            smoothing=options.smoothing,
            three_body_cutoff=options.three_body_cutoff,
            coordination_cutoff=options.coordination_cutoff,
        )

    def _sum(self, atoms: Atoms, labels: Labels) -> Labels:
        added = self._dispersion.labels(atoms)
        extra = dict(labels.extra)
        if "energies" in extra:
            extra["energies"] = extra["energies"] + self._dispersion.energies(atoms)
        if "free_energy" in extra:
            extra["free_energy"] = extra["free_energy"] + added.energy
        return replace(
            labels,
            energy=labels.energy + added.energy,
            forces=labels.forces + added.forces,
            stress=None if labels.stress is None or added.stress is None else labels.stress + added.stress,
            extra=extra,
        )
