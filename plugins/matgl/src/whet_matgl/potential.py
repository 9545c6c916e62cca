"""MatglPotential: the potentials of MatGL as a potential of Whet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_validator

from whet import Capabilities, Labels, ModelPath, Options, Potential, Property, UpstreamModel
from whet_matgl.architectures import Architecture, Size, untrained
from whet_matgl.foundation import MODELS
from whet_matgl.model_files import copy_files, files_of, read_model, write_model
from whet_matgl.references import MATGL
from whet_torch.isolation import untouched
from whet_torch.reproducibility import reproducible

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from matgl.apps.pes import Potential as Upstream

    from whet import ModelFile

SCRATCH = "scratch"
"""What stands as `model` for an untrained start."""

SAVED = "saved"
"""What stands as `model` in the options of a component that carries its files."""


class MatglOptions(Options):
    """Which weights; or, with `model: scratch`, what an untrained potential is like."""

    words = frozenset({SCRATCH})

    model: ModelPath = "TensorNet-PES-MatPES-PBE-2025.2"
    """A foundation model, the folder of a saved model (or one of its files), or `scratch`: untrained."""
    architecture: Architecture | None = None
    """Of an untrained potential: TensorNet (the default), M3GNet, CHGNet or QET."""
    elements: list[str] | None = Field(default=None, min_length=1)
    """Chemical symbols that an untrained potential shall know."""
    cutoff: float | None = Field(default=None, gt=0)
    """Of an untrained potential, Å; 5 where nothing is said."""
    size: Size | None = None
    """Of an untrained potential: `small`, `medium` (the default) or `large`, with feature vectors of 32, 64 or 128."""
    hyperparameters: dict[str, Any] | None = None
    """More of an untrained potential, by upstream's own names (`nblocks`, `max_n`, …)."""
    seed: int | None = Field(default=None, ge=0)
    """Of the random weights of an untrained potential; 0 where nothing is said."""

    @model_validator(mode="after")
    def _fits(self) -> MatglOptions:
        given = [name for name in type(self).model_fields if name != "model" and getattr(self, name) is not None]
        if self.model == SCRATCH and self.elements is None:
            raise ValueError("`model: scratch` needs the `elements` that the potential shall know")
        if self.model != SCRATCH and given:
            raise ValueError(f"{', '.join(given)} can be chosen with `model: scratch` only, not with {self.model}")
        return self

    @property
    def place(self) -> Path | None:
        """The path that `model` is; None for a name."""
        if self.model in (SCRATCH, SAVED, *MODELS):
            return None
        return Path(self.model) if "/" in self.model else None

    def as_json(self) -> dict[str, Any]:
        """As the base class says; a path is left out, for its files identify the model wherever they lie."""
        # The core does this for paths of files alone.
        data = super().as_json()
        return {**data, "model": SAVED} if self.place else data


class MatglPotential(Potential[MatglOptions]):
    """M3GNet, TensorNet, CHGNet or QET of MatGL, published, saved or untrained.

    Ko et al., npj Comput. Mater. 11, 253 (2025).

    Forces and stress are the gradient of the energy.
    """

    name = "matgl"
    title = "MatGL"
    packages: ClassVar[Mapping[str, str]] = {"matgl": "matgl>=4.1", "torch": "torch>=2.6"}
    unpickles = False
    foundation_models = MODELS

    @classmethod
    def references(cls, options: MatglOptions) -> Sequence[str]:
        return (MATGL,)

    @classmethod
    def expected_failures(cls, options: MatglOptions) -> Mapping[str, str]:
        if options.model != SCRATCH:
            return {}
        return {"a_few_epochs_lower_the_loss": "untrained it has no forces to speak of, so that harder ones are noise"}

    @classmethod
    def find_files(cls, options: MatglOptions) -> Mapping[str, Path | ModelFile]:
        """The three files of the option `model`, by role; none for `scratch`. Raises as the base class does."""
        if options.model == SCRATCH:
            return {}
        return files_of(options.place) if options.place else super().find_files(options)

    @cached_property
    def model(self) -> Upstream:
        """The upstream potential, on the device. Raises as `read_model` and `untrained` do."""
        chosen = self.options
        if chosen.model != SCRATCH:
            return read_model(self.files, self.device)
        return untrained(
            chosen.architecture or "TensorNet",
            chosen.elements or [],
            cutoff=5.0 if chosen.cutoff is None else chosen.cutoff,
            size=chosen.size or "medium",
            hyperparameters=chosen.hyperparameters or {},
            seed=chosen.seed or 0,
            device=self.device,
        )

    @property
    def capabilities(self) -> Capabilities:
        return self._known

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """As the contract says; the frames are one batch of the model.

        A stress is left out of frames that are not periodic in all directions.
        """
        from whet_matgl.answers import answers
        from whet_matgl.graphs import graph_of

        graphs = [graph_of(atoms, self.model) for atoms in frames]
        stress = "stress" in properties and any(atoms.pbc.all() for atoms in frames)
        with untouched(), reproducible():
            found = answers(self.model, graphs, stress=stress)
        energies = found.energies.numpy(force=True)
        forces = found.forces.numpy(force=True)  # pyright: ignore[reportOptionalMemberAccess]
        tensions = None if found.stresses is None else found.stresses.numpy(force=True)
        start = 0
        for index, atoms in enumerate(frames):
            yield Labels(
                energy=float(energies[index]),
                forces=forces[start : start + len(atoms)],
                stress=tensions[index] if tensions is not None and atoms.pbc.all() else None,
            )
            start += len(atoms)

    def export(self, folder: Path) -> UpstreamModel:
        """As the contract says: the three files in the folder `matgl`, with the shift in `element_refs`."""
        from whet_matgl.upstream_export import FOLDER, NOTES, PYTHON, write_shifted

        write_shifted(self.model, self.energy_shift, folder / FOLDER)
        return UpstreamModel(folder / FOLDER, PYTHON, notes=NOTES)

    def parameters(self) -> Mapping[str, np.ndarray]:
        return {name: values.numpy(force=True).copy() for name, values in self.model.named_parameters()}

    def save(self, folder: Path) -> Mapping[str, Path]:
        # As they are: published weights stay recognizable.
        return copy_files(self.files, folder) if self.files else write_model(self.model, folder)

    @cached_property
    def _known(self) -> Capabilities:
        # Without checksums a hub's model is known by its name alone.
        name = self.published or self.options.model
        network: Any = self.model.model
        return Capabilities(
            elements=frozenset(network.element_types),
            cutoff=float(network.cutoff),
            theory=MODELS[name].theory if name in MODELS else None,
            dtype="float32",
        )
