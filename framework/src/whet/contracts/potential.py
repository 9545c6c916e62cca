"""Potential: the contract of an interatomic potential. An author writes `predict` and `capabilities`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from whet.contracts.component import Backend
from whet.data.errors import FrameError, UnknownName, Unsupported
from whet.data.frames import check_frame
from whet.data.labels import Labels

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from whet.data.theory import LevelOfTheory

Property = Literal["energy", "forces", "stress"]

EFS: tuple[Property, ...] = ("energy", "forces", "stress")


@dataclass(frozen=True)
class Capabilities:
    """What a loaded potential can do.

    elements: chemical symbols that it knows; None where it takes any. cutoff: Å, of one message-passing layer.
    conservative: forces are the gradient of the energy. theory: of the labels that it was trained on, where known.
    """

    elements: frozenset[str] | None = None
    properties: frozenset[Property] = frozenset(EFS)
    cutoff: float | None = None
    conservative: bool = True
    theory: LevelOfTheory | None = None


class Potential(Backend, ABC):
    """An interatomic potential: frames in, labels out.

    Structures are `ase.Atoms`, arrays are NumPy; batching, graphs and tensors stay inside.
    """

    energy_shift: Mapping[str, float] = {}
    """eV by chemical symbol, added to total energies for each atom; set by the core from the component."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this potential can do; may load the model."""

    @abstractmethod
    def predict(self, frames: Sequence[Atoms], properties: Sequence[Property]) -> Iterable[Labels]:
        """Labels of each frame, in order, as the bare model gives them: eV, eV/Å, eV/Å³ with tension positive.

        frames: a batch, never empty, of finite frames with known elements; they must not be changed.
        properties: what is asked for; energy and forces always are. A stress is answered for periodic frames only.
        """

    def save(self, folder: Path) -> Mapping[str, Path]:
        """Writes the potential's files into `folder`: role -> path, from which its component can be loaded again."""
        raise Unsupported(f"potential {self.name!r} cannot be saved")

    def embed(self, frames: Sequence[Atoms]) -> Iterator[Any]:
        """Learned per-atom features, (n_atoms, n_features) a frame: a descriptor for free. Optional."""
        raise Unsupported(f"potential {self.name!r} offers no embedding")

    def evaluate(
        self, frames: Iterable[Atoms], properties: Sequence[Property] = EFS, *, batch_size: int = 1
    ) -> Iterator[Labels]:
        """Checked labels of each frame, lazily and in order; what everybody but the author of a potential calls.

        Raises FrameError for a frame that is not finite, UnknownName for an element that the potential does not
        know, Unsupported for a property that it does not have, and FrameError where it answers NaN.
        """
        capabilities = self.capabilities
        for wanted in properties:
            if wanted not in capabilities.properties:
                has = ", ".join(sorted(capabilities.properties))
                raise Unsupported(f"potential {self.name!r} has no {wanted}", hint=f"It has {has}")
        batch: list[Atoms] = []
        for frame in frames:
            check_frame(frame)
            self._check_elements(frame, capabilities.elements)
            batch.append(frame)
            if len(batch) == batch_size:
                yield from self._answer(batch, properties)
                batch = []
        if batch:
            yield from self._answer(batch, properties)

    def calculator(self) -> Calculator:
        """An ASE calculator that answers exactly as `evaluate` does."""
        from whet.contracts.calculator import PotentialCalculator

        return PotentialCalculator(self)

    def _check_elements(self, frame: Atoms, known: frozenset[str] | None) -> None:
        unknown = set() if known is None else set(frame.get_chemical_symbols()) - known
        if unknown:
            raise UnknownName(
                f"potential {self.name!r} does not know {', '.join(sorted(unknown))}",
                hint=f"It knows {len(known or ())} elements; use another potential for this system",
            )

    def _answer(self, batch: Sequence[Atoms], properties: Sequence[Property]) -> Iterator[Labels]:
        answered = list(self.predict(batch, properties))
        if len(answered) != len(batch):
            raise FrameError(f"potential {self.name!r} answered {len(answered)} of {len(batch)} frames")
        for frame, labels in zip(batch, answered, strict=True):
            try:
                shift = sum(self.energy_shift.get(symbol, 0.0) for symbol in frame.get_chemical_symbols())
                yield labels.checked(len(frame)).shifted(shift)
            except FrameError as error:
                raise error.at(f"potential {self.name!r}, {frame.get_chemical_formula()}") from None
