"""MacePotential: MACE as a potential of Whet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from whet import Capabilities, Labels, ModelPath, Options, Potential, Property, UnknownName, UpstreamModel
from whet_mace.checkpoints import head_index, heads_of, read_checkpoint
from whet_mace.foundation import MODELS
from whet_mace.references import MACE
from whet_torch.isolation import untouched

if TYPE_CHECKING:
    import numpy as np
    import torch
    from ase import Atoms

FINE_TUNED = "fine-tuned"
"""What stands as `model` in the options of a component whose weights Whet made."""


class MaceOptions(Options):
    """Which weights, and how exact."""

    model: ModelPath = "small"
    """A foundation model of MACE-MP-0 (`small`, `medium` or `large`), or the path of a `.model` file."""
    head: str | None = None
    """The head that answers, of a model with several; None: the only one, or the one called Default."""
    dtype: Literal["float32", "float64"] = "float32"
    """Floating-point numbers of the model: float32 for dynamics, float64 (two to three times slower) for relaxations,
    phonons and other small differences."""


class MacePotential(Potential[MaceOptions]):
    """MACE, higher-order equivariant message passing.

    Batatia et al., NeurIPS 2022; MACE-MP-0: arXiv:2401.00096.

    Forces and stress are the gradient of the energy.
    """

    name = "mace"
    title = "MACE"
    packages: ClassVar[Mapping[str, str]] = {"mace": "mace-torch>=0.3.16", "torch": "torch>=2.6"}
    foundation_models = MODELS
    native_forms = ("lammps:mliap unified", "lammps:mace")

    @classmethod
    def references(cls, options: MaceOptions) -> Sequence[str]:
        return (MACE,)

    @classmethod
    def foreign_code(cls, path: Path) -> str:
        from whet_mace.dry_reading import foreign_code

        return foreign_code(path)

    @classmethod
    def expected_failures(cls, options: MaceOptions) -> Mapping[str, str]:
        if options.model != "small":
            return {}
        return {"every_element_matters": "two atoms of neon, of which MPtrj has next to none, feel nothing"}

    @cached_property
    def model(self) -> torch.nn.Module:
        """The upstream model, on the device. Raises InputError where the checkpoint cannot be read."""
        return read_checkpoint(self.files["checkpoint"], self.device, self.options.dtype).eval().requires_grad_(False)

    @cached_property
    def head(self) -> str:
        """The head that answers. Raises as `head_index` does."""
        return heads_of(self.model)[head_index(self.model, self.options.head)]

    @property
    def capabilities(self) -> Capabilities:
        return self._known

    @cached_property
    def _known(self) -> Capabilities:
        from ase.data import chemical_symbols

        return Capabilities(
            elements=frozenset(chemical_symbols[number] for number in self._numbers),
            cutoff=float(self.model.r_max),  # pyright: ignore[reportArgumentType]
            theory=MODELS[self.published].theory if self.published else None,
            dtype=self.options.dtype,
        )

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """As the contract says; the frames are one batch of the model.

        A stress is left out of frames that are not periodic in all directions.
        """
        import torch

        stress = "stress" in properties and any(atoms.pbc.all() for atoms in frames)
        with untouched():
            # Graphs and whatever the model makes on its way are of the default dtype.
            torch.set_default_dtype(getattr(torch, self.options.dtype))
            answer = self.model(self._batch(frames), training=False, compute_force=True, compute_stress=stress)
        energies = answer["energy"].double().numpy(force=True)
        forces = answer["forces"].double().numpy(force=True)
        tensions = answer["stress"].double().numpy(force=True) if stress else None
        start = 0
        for index, atoms in enumerate(frames):
            yield Labels(
                energy=float(energies[index]),
                forces=forces[start : start + len(atoms)],
                stress=tensions[index] if tensions is not None and atoms.pbc.all() else None,
            )
            start += len(atoms)

    def native(self, form: str, folder: Path, symbols: Sequence[str]) -> Sequence[str]:
        """As the contract says: the head that answers here, in the precision of the potential.

        Raises UnknownName for an element that the model does not know.
        """
        if form not in self.native_forms:
            return super().native(form, folder, symbols)
        known = self.capabilities.elements or frozenset()
        for symbol in symbols:
            if symbol not in known:
                raise UnknownName.among("element of this MACE model", symbol, sorted(known))
        from whet_mace.lammps_export import LammpsExport

        export = LammpsExport(self.model, self.head)
        folder.mkdir(parents=True, exist_ok=True)
        write = export.torchscript if form == "lammps:mace" else export.mliap
        return write(folder, symbols)

    def export(self, folder: Path) -> UpstreamModel:
        """As the contract says: `mace.model`, with the shift in the atomic energies of the head that answers here."""
        from whet_mace.upstream_export import FILE, NOTES, PYTHON, write_shifted

        write_shifted(self.files["checkpoint"], self.options.head, self.energy_shift, folder / FILE)
        return UpstreamModel(folder / FILE, PYTHON, {"dtype": "float64"}, NOTES)

    def parameters(self) -> Mapping[str, np.ndarray]:
        return {name: values.numpy(force=True).copy() for name, values in self.model.named_parameters()}

    def _batch(self, frames: Sequence[Atoms]) -> dict[str, Any]:
        """The frames as one graph with periodic edges up to the cutoff."""
        from mace.data import AtomicData
        from mace.data.utils import Configuration
        from mace.tools import AtomicNumberTable
        from mace.tools.torch_geometric.batch import Batch

        table, cutoff = AtomicNumberTable(self._numbers), float(self.model.r_max)  # pyright: ignore[reportArgumentType]
        graphs = []
        for atoms in frames:
            structure = Configuration(
                atomic_numbers=atoms.numbers.copy(),
                positions=atoms.positions.copy(),
                properties={},
                property_weights={},
                cell=atoms.cell.array.copy(),
                pbc=tuple(bool(periodic) for periodic in atoms.pbc),
                head=self.head,
            )
            graphs.append(AtomicData.from_config(structure, z_table=table, cutoff=cutoff, heads=heads_of(self.model)))
        return Batch.from_data_list(graphs).to(self.device).to_dict()

    @cached_property
    def _numbers(self) -> list[int]:
        """Atomic numbers that the model knows, in its order."""
        return [int(number) for number in self.model.atomic_numbers]  # pyright: ignore[reportGeneralTypeIssues]
