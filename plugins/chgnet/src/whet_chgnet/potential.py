"""ChgnetPotential: CHGNet as a potential of Whet."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from whet import Capabilities, Labels, LevelOfTheory, Options, Potential, Property
from whet_chgnet.checkpoints import PRETRAINED, read_checkpoint, shipped, write_checkpoint

if TYPE_CHECKING:
    from ase import Atoms
    from chgnet.model.model import CHGNet

FINE_TUNED = "fine-tuned"
"""What stands as `model` in the options of a component whose weights Whet made."""

THEORIES = {
    "0.3.0": LevelOfTheory("PBE/PBE+U", "VASP", settings={"corrections": "MP2020", "data": "MPtrj"}),
    "0.2.0": LevelOfTheory("PBE/PBE+U", "VASP", settings={"corrections": "MP2020", "data": "MPtrj"}),
    "r2scan": LevelOfTheory("r2SCAN", "VASP", settings={"data": "MP-r2SCAN"}),
}
"""Of the labels that the shipped models were trained on (U as the Materials Project sets it, by compound)."""


class ChgnetOptions(Options):
    """Which weights."""

    model: str = "0.3.0"
    """A model that chgnet ships (`0.3.0`, `0.2.0` or `r2scan`), or the path of a checkpoint file."""


class ChgnetPotential(Potential):
    """CHGNet, charge-informed graph neural network.

    Deng et al., Nat. Mach. Intell. 5, 1031 (2023); 94 elements.

    Forces and stress are the gradient of the energy. Energies of 0.3.0 and 0.2.0 carry the corrections MP2020, so
    they differ from DFT's by a shift that depends on the composition.
    """

    name = "chgnet"
    Options = ChgnetOptions
    packages: ClassVar[Mapping[str, str]] = {"chgnet": "chgnet>=0.4.2", "torch": "torch>=2.4"}

    @classmethod
    def find_files(cls, options: Any) -> Mapping[str, Path]:
        path = Path(options.model).expanduser()
        is_path = options.model not in PRETRAINED and ("/" in options.model or path.is_file())
        return {"checkpoint": path if is_path else shipped(options.model)}

    @cached_property
    def model(self) -> CHGNet:
        """The upstream model, on the device. Raises InputError where the checkpoint cannot be read."""
        return read_checkpoint(self.files["checkpoint"], self.device)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """As the contract says; `extra` has `magmoms` (μB) for the models that chgnet ships.

        A stress is left out of frames that are not periodic in all directions. Atoms without a neighbor within
        the cutoff get the energy that the model tends to as the last neighbor leaves, and no force.
        """
        from whet_chgnet.gradients import answers
        from whet_chgnet.graphs import crystal_graph

        graphs = [crystal_graph(atoms, self.model) for atoms in frames]
        stress = "stress" in properties and any(atoms.pbc.all() for atoms in frames)
        found = answers(self.model, graphs, stress=stress, magmoms=bool(self._pretrained))
        for atoms, answer in zip(frames, found, strict=True):
            tension = answer.stress if atoms.pbc.all() else None
            yield Labels(
                energy=answer.energy.item(),
                forces=answer.forces.numpy(force=True),  # pyright: ignore[reportOptionalMemberAccess]
                stress=None if tension is None else tension.numpy(force=True),
                extra={} if answer.magmoms is None else {"magmoms": answer.magmoms.double().numpy(force=True)},
            )

    def save(self, folder: Path) -> Mapping[str, Path]:
        path = folder / "checkpoint.pth.tar"
        write_checkpoint(self.model, path)
        return {"checkpoint": path}

    @cached_property
    def _capabilities(self) -> Capabilities:
        from ase.data import chemical_symbols

        known = self.model.atom_embedding.embedding.num_embeddings
        return Capabilities(
            elements=frozenset(chemical_symbols[1 : known + 1]),
            cutoff=float(self.model.graph_converter.atom_graph_cutoff),
            theory=THEORIES.get(self._pretrained),
        )

    @cached_property
    def _pretrained(self) -> str:
        """Which shipped model this is, by content; empty for any other.

        The option does not tell: a component that was named by a path carries the file and not its name. Fine-tuning
        does not train magnetic moments, so that other checkpoints answer none.
        """
        here = self.files["checkpoint"]
        return next((name for name in PRETRAINED if filecmp.cmp(shipped(name), here, shallow=False)), "")
