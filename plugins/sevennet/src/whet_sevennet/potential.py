"""SevennetPotential: SevenNet as a potential of Whet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from whet import (
    Capabilities,
    InputError,
    KnownAnswer,
    Labels,
    LevelOfTheory,
    ModelPath,
    Options,
    Potential,
    Property,
    UnknownName,
    UpstreamModel,
)
from whet_sevennet.checkpoints import Checkpoint, read_checkpoint
from whet_sevennet.foundation import FIDELITIES, MODELS, Fidelity
from whet_sevennet.references import SEVENNET
from whet_torch.isolation import untouched

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms
    from sevenn.nn.sequential import AtomGraphSequential  # pyright: ignore[reportMissingImports]

    from whet import ModelFile

FINE_TUNED = "fine-tuned"
"""What stands as `model` in the options of a component whose weights Whet made."""


class SevennetOptions(Options):
    """Which weights, and which of their theories."""

    model: ModelPath = "7net-0"
    """A model that sevenn ships (`7net-0` of 11 July 2024, `7net-0_22May2024`, `7net-l3i5` or `7net-mf-0`), or the
    path of a checkpoint file."""
    modal: str | None = None
    """The theory that a multi-fidelity model answers with: `PBE` or `R2SCAN` for `7net-mf-0`. Others have none."""


class SevennetPotential(Potential[SevennetOptions]):
    """SevenNet, scalable equivariance-enabled neural network.

    Park et al., J. Chem. Theory Comput. 20, 4857 (2024); 89 elements.

    Forces and stress are the gradient of the energy.
    """

    name = "sevennet"
    title = "SevenNet"
    packages: ClassVar[Mapping[str, str]] = {"sevenn": "sevenn>=0.13", "torch": "torch>=2.6"}
    unpickles = False
    foundation_models = MODELS

    @classmethod
    def references(cls, options: SevennetOptions) -> Sequence[str]:
        return (SEVENNET,)

    @classmethod
    def find_files(cls, options: SevennetOptions) -> Mapping[str, Path | ModelFile]:
        """As the contract says; a modal that does not fit a shipped model is refused here, before it is loaded."""
        if options.model in MODELS:
            _checked_modal(options.modal, FIDELITIES.get(options.model, ()))
        return super().find_files(options)

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The model and its settings. Raises InputError where the file cannot be read."""
        return read_checkpoint(self.files["checkpoint"], self.device)

    @property
    def model(self) -> AtomGraphSequential:
        """The upstream model, on the device, not to be trained. Raises InputError where the file cannot be read."""
        return self.checkpoint.model

    @cached_property
    def modal(self) -> str | None:
        """The theory that answers, of a multi-fidelity model; None for any other.

        Raises UnknownName for one that the model does not have, InputError where one is missing or must not be given.
        """
        return _checked_modal(self.options.modal, self.model.modal_map or ())

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        """As the contract says; the frames are one batch of the model.

        A stress is left out of frames that are not periodic in all directions. An atom without a neighbor within
        the cutoff has the energy that the model tends to as the last neighbor leaves, and no force.
        """
        from whet_sevennet.answers import answer
        from whet_sevennet.graphs import batch_of, graph_of

        with untouched():
            graphs = [graph_of(atoms, self.model.cutoff) for atoms in frames]
            found = answer(self.model, batch_of(graphs, modal=self.modal, device=self.device))
        forces = found.forces.numpy(force=True)  # pyright: ignore[reportOptionalMemberAccess]
        stresses = found.stresses.numpy(force=True)  # pyright: ignore[reportOptionalMemberAccess]
        start = 0
        for index, atoms in enumerate(frames):
            yield Labels(
                energy=found.energies[index].item(),
                forces=forces[start : start + len(atoms)].copy(),
                stress=stresses[index].copy() if "stress" in properties and atoms.pbc.all() else None,
            )
            start += len(atoms)

    def export(self, folder: Path) -> UpstreamModel:
        """As the contract says: `sevennet.pth`, with the shift in the rescaling of atomic energies."""
        from whet_sevennet.upstream_export import FILE, NOTES, python, write_shifted

        write_shifted(self.files["checkpoint"], self.modal, self.energy_shift, folder / FILE)
        options = {} if self.modal is None else {"modal": self.modal}
        return UpstreamModel(folder / FILE, python(self.modal), options, NOTES)

    def parameters(self) -> Mapping[str, np.ndarray]:
        return {name: values.numpy(force=True).copy() for name, values in self.model.named_parameters()}

    @property
    def known_answer(self) -> KnownAnswer | None:
        # The base class knows one answer for each file; a multi-fidelity model has one for each modal.
        return self._fidelity.answer if self._fidelity else super().known_answer

    @cached_property
    def _capabilities(self) -> Capabilities:
        from ase.data import chemical_symbols

        return Capabilities(
            elements=frozenset(chemical_symbols[number] for number in self.model.type_map),
            cutoff=float(self.model.cutoff),
            theory=self._theory,
            dtype="float32",
        )

    @property
    def _theory(self) -> LevelOfTheory | None:
        if self._fidelity:
            return self._fidelity.theory
        return MODELS[self.published].theory if self.published else None

    @property
    def _fidelity(self) -> Fidelity | None:
        """Which of a published model's theories answers, where it has several."""
        return FIDELITIES[self.published][self.modal] if self.published in FIDELITIES and self.modal else None


def _checked_modal(given: str | None, known: Iterable[str]) -> str | None:
    known = sorted(known)
    if not known:
        if given is not None:
            raise InputError(
                f"modal {given!r} is given, but this SevenNet model has one theory only", hint="Leave it out"
            )
        return None
    if given is None:
        raise InputError(
            "this SevenNet model has several theories", hint=f"Choose one with `modal:`: {', '.join(known)}"
        )
    if given not in known:
        # Upstream's documentation says that case does not matter; its code says that it does.
        same = [name for name in known if name.lower() == given.lower()]
        raise UnknownName.among(
            "modal of this SevenNet model", given, known, hint=f"Did you mean {same[0]!r}?" if same else ""
        )
    return given
