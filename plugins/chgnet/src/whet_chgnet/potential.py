"""ChgnetPotential: CHGNet as a potential of Whet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from whet import Capabilities, Labels, ModelPath, Options, Potential, Property, UpstreamModel
from whet_chgnet.checkpoints import read_checkpoint
from whet_chgnet.foundation import MODELS
from whet_chgnet.references import CHGNET

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from chgnet.model.model import CHGNet

FINE_TUNED = "fine-tuned"
"""What stands as `model` in the options of a component whose weights Whet made."""


class ChgnetOptions(Options):
    """Which weights."""

    model: ModelPath = "0.3.0"
    """A model that chgnet ships (`0.3.0`, `0.2.0` or `r2scan`), or the path of a checkpoint file."""


class ChgnetPotential(Potential[ChgnetOptions]):
    """CHGNet, charge-informed graph neural network.

    Deng et al., Nat. Mach. Intell. 5, 1031 (2023); 94 elements.

    Forces and stress are the gradient of the energy. Energies of 0.3.0 and 0.2.0 carry the corrections MP2020, so
    they differ from DFT's by a shift that depends on the composition.
    """

    name = "chgnet"
    title = "CHGNet"
    packages: ClassVar[Mapping[str, str]] = {"chgnet": "chgnet>=0.4.2", "torch": "torch>=2.6"}
    unpickles = False
    foundation_models = MODELS

    @classmethod
    def references(cls, options: ChgnetOptions) -> Sequence[str]:
        return (CHGNET,)

    @cached_property
    def model(self) -> CHGNet:
        """The upstream model, on the device. Raises InputError where the checkpoint cannot be read."""
        return read_checkpoint(self.files["checkpoint"], self.device)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """As the contract says; `extra` has `magmoms` (μB) for the models that chgnet ships (fine-tuning does not
        train them).

        A stress is left out of frames that are not periodic in all directions. Atoms without a neighbor within
        the cutoff get the energy that the model tends to as the last neighbor leaves, and no force.
        """
        from whet_chgnet.gradients import answers
        from whet_chgnet.graphs import crystal_graph

        graphs = [crystal_graph(atoms, self.model) for atoms in frames]
        stress = "stress" in properties and any(atoms.pbc.all() for atoms in frames)
        found = answers(self.model, graphs, stress=stress, magmoms=bool(self.published))
        for atoms, answer in zip(frames, found, strict=True):
            tension = answer.stress if atoms.pbc.all() else None
            yield Labels(
                energy=answer.energy.item(),
                forces=answer.forces.numpy(force=True),  # pyright: ignore[reportOptionalMemberAccess]
                stress=None if tension is None else tension.numpy(force=True),
                extra={} if answer.magmoms is None else {"magmoms": answer.magmoms.double().numpy(force=True)},
            )

    def export(self, folder: Path) -> UpstreamModel:
        """As the contract says: `chgnet.pth.tar`, with the shift in the composition model."""
        from whet_chgnet.upstream_export import FILE, NOTES, PYTHON, write_shifted

        write_shifted(self.files["checkpoint"], self.energy_shift, folder / FILE)
        return UpstreamModel(folder / FILE, PYTHON, notes=NOTES)

    def parameters(self) -> Mapping[str, np.ndarray]:
        return {name: values.numpy(force=True).copy() for name, values in self.model.named_parameters()}

    @cached_property
    def _capabilities(self) -> Capabilities:
        from ase.data import chemical_symbols

        known = self.model.atom_embedding.embedding.num_embeddings
        return Capabilities(
            elements=frozenset(chemical_symbols[1 : known + 1]),
            cutoff=float(self.model.graph_converter.atom_graph_cutoff),
            theory=MODELS[self.published].theory if self.published else None,
            dtype="float32",
        )
