"""NepPotential: a neuroevolution potential as a potential of Whet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from whet import Capabilities, Labels, ModelPath, Options, Potential, Property, boxed
from whet_nep.evaluator import Evaluator
from whet_nep.foundation import MODELS
from whet_nep.model_file import Head, read_head
from whet_nep.references import CALORINE, NEP

if TYPE_CHECKING:
    from ase import Atoms


class NepOptions(Options):
    """Which model."""

    model: ModelPath = "nep89"
    """The foundation model `nep89`, or the path of a `nep.txt`."""


class NepPotential(Potential[NepOptions]):
    """NEP, a neuroevolution potential; NEP89 knows 89 elements and takes milliseconds a frame.

    Fan et al., J. Chem. Phys. 157, 114801 (2022); NEP89: Liang et al., arXiv:2504.21286.

    Forces and stress are the gradient of the energy.
    """

    name = "nep"
    title = "NEP"
    packages: ClassVar[Mapping[str, str]] = {"calorine": "calorine>=4.1"}
    unpickles = False
    foundation_models = MODELS

    @classmethod
    def references(cls, options: NepOptions) -> Sequence[str]:
        return (NEP, CALORINE)

    @classmethod
    def expected_failures(cls, options: NepOptions) -> Mapping[str, str]:
        if options.model != "nep89":
            return {}
        return {"every_element_matters": "NEP89 was not trained on pairs of Ar and Ne, which feel nothing beyond 2 Å"}

    @cached_property
    def head(self) -> Head:
        """What the model file says of itself. Raises InputError where it is no NEP."""
        return read_head(self.files["checkpoint"])

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            elements=frozenset(self.head.elements),
            cutoff=self.head.cutoff,
            theory=MODELS[self.published].theory if self.published else None,
        )

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """As the contract says; a stress is left out of frames that are not periodic in all directions."""
        for atoms in frames:
            energy, forces, virial = self._evaluate(boxed(atoms, self.head.cutoff / 2 + 0.5))
            stress = None
            if "stress" in properties and atoms.pbc.all():
                stress = -(virial + virial.T) / (2 * atoms.cell.volume)
            yield Labels(energy, forces, stress)

    @cached_property
    def _evaluate(self) -> Evaluator:
        return Evaluator(self.files["checkpoint"])
