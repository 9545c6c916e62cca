"""PairwisePotential: the pair model as a potential of Whet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from whet import Capabilities, InputError, Labels, ModelPath, Options, Potential, Property
from whet_pairwise.foundation import MODELS

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from whet_pairwise.model import PairModel


class PairwiseOptions(Options):
    """Which weights."""

    model: ModelPath = "noble-gases"
    """The weights that come with the package (`noble-gases`), or the path of a file of weights."""


class PairwisePotential(Potential[PairwiseOptions]):
    """A pair potential, linear in its coefficients."""

    name = "pairwise"
    unpickles = False
    foundation_models = MODELS

    @cached_property
    def model(self) -> PairModel:
        """The model. Raises InputError where the file holds none."""
        from whet_pairwise.model import PairModel

        path = self.files["checkpoint"]
        try:
            return PairModel.read(path)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"these are no weights of a pair potential ({error})", where=str(path)) from error

    @property
    def capabilities(self) -> Capabilities:
        theory = MODELS[self.published].theory if self.published else None
        return Capabilities(frozenset(self.model.elements), cutoff=self.model.cutoff, theory=theory, dtype="float64")

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        coefficients = self.model.coefficients.ravel()
        for atoms in frames:
            energy, forces, virial = self.model.features(atoms)
            wanted = "stress" in properties and atoms.pbc.all()
            stress = virial @ coefficients / atoms.get_volume() if wanted else None
            yield Labels(float(energy @ coefficients), forces @ coefficients, stress)

    def parameters(self) -> Mapping[str, np.ndarray]:
        return {f"center {number}": column.copy() for number, column in enumerate(self.model.coefficients.T)}
