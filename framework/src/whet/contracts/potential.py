"""Potential: the contract of an interatomic potential. An author writes `predict` and `capabilities`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from warnings import warn

from whet.contracts.component import Backend, OptionsT
from whet.contracts.energy_span import UndeterminedEnergy, span_of
from whet.contracts.foundation import FoundationModel, KnownAnswer
from whet.contracts.upstream_model import UpstreamModel
from whet.data.errors import FrameError, PluginError, UnknownName, Unsupported, WhetError
from whet.data.frame_checks import check_frame
from whet.data.labels import Labels
from whet.data.model_file import ModelFile

if TYPE_CHECKING:
    import numpy as np
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
    dtype: of the arithmetic, on which the tolerances of the conformance kit hang.
    """

    elements: frozenset[str] | None = None
    properties: frozenset[Property] = frozenset(EFS)
    cutoff: float | None = None
    conservative: bool = True
    theory: LevelOfTheory | None = None
    dtype: Literal["float32", "float64"] = "float64"


class Potential(Backend[OptionsT], ABC):
    """An interatomic potential: frames in, labels out.

    Structures are `ase.Atoms`, arrays are NumPy; batching, graphs and tensors stay inside.
    """

    asks_known_answer = True
    """Whether published weights are asked for their known answer; the conformance kit has a check of its own for it."""
    extras: ClassVar[frozenset[str]] = frozenset()
    """Names of extra labels that it gives with every answer (`force_spread`), for monitors that look at them."""
    foundation_models: ClassVar[Mapping[str, FoundationModel]] = {}
    """Published weights by the name that the option `model` has for them."""

    checkpoint_version: ClassVar[int] = 1
    """Of the form of the files that `save` and the fine-tuner write. To be bumped, and `upgrade` written, when this
    version could not read those of the last; it moves no key."""

    native_forms: ClassVar[tuple[str, ...]] = ()
    """Forms in which an MD engine can run the potential by itself (see `native`), the best first."""

    energy_shift: Mapping[str, float] = {}
    """eV by chemical symbol, added to total energies for each atom; set by the core from the component."""

    energy_span: Sequence[str] = ()
    """Formulas of the compositions that determine the energy shift, where not each element's is determined; set by the
    core. At other compositions `evaluate` warns (`UndeterminedEnergy`), once for each: energies there mean nothing,
    forces and stresses what they always do."""

    @classmethod
    def find_files(cls, options: OptionsT) -> Mapping[str, Path | ModelFile]:
        """The files of the option `model`: those of a foundation model, here or not, or a path.

        The option is a `ModelPath`. A path has the role `checkpoint`. Raises UnknownName for what is neither.
        """
        model = getattr(options, "model", "")
        if not model:
            return {}
        if model in cls.foundation_models:
            return cls.foundation_models[model].files
        if "/" not in model:
            raise UnknownName.among(f"{cls.name} model", model, cls.foundation_models)
        return {"checkpoint": Path(model)}

    @cached_property
    def published(self) -> str:
        """The name of the foundation model whose weights these are, by content; empty for any others.

        The option does not tell: a component that was named by a path carries the file and not its name.
        """
        return next((name for name, model in self.foundation_models.items() if model.is_in(self.files)), "")

    @property
    def known_answer(self) -> KnownAnswer | None:
        """What these weights are known to answer; to be overridden where that hangs on more than the files."""
        return self.foundation_models[self.published].answer if self.published else None

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
        """Writes the potential's files into `folder`: role -> path, from which its component can be loaded again.

        The files that it was loaded from are copied, which is right for all whose weights do not change in memory.
        """
        from shutil import copyfile

        folder.mkdir(parents=True, exist_ok=True)
        return {role: Path(copyfile(path, folder / path.name)) for role, path in self.files.items()}

    def export(self, folder: Path) -> UpstreamModel:
        """Writes the potential into `folder` as its own package reads it, with `energy_shift` in the file. Optional.

        What the package's own loader makes of it answers what `evaluate` does here: the shift goes into per-element
        energies that the package keeps anyway. So does `NAME:PATH` of Whet. The head or theory that answers here is
        the one that answers there when nothing is said. Raises Unsupported where the package has no place for a shift.
        """
        what = f"potential {self.name!r} has no file of another package that could hold its energy shift"
        raise Unsupported(what, hint="Whet itself loads it with the shift")

    @classmethod
    def upgrade(cls, files: Mapping[str, Path], from_version: int, folder: Path) -> Mapping[str, Path]:
        """Writes files of an older `checkpoint_version` into `folder` in the form of this one: role -> path.

        The potential answers the same before and after. files: of that version; they must not be changed.
        """
        what = f"the checkpoint of potential {cls.name!r} has version {from_version}; this plugin has no upgrade of it"
        raise PluginError(what, hint="Install the version of the plugin that saved it, or fine-tune again")

    def embed(self, frames: Sequence[Atoms]) -> Iterator[Any]:
        """Learned per-atom features, (n_atoms, n_features) a frame: a descriptor for free. Optional."""
        raise Unsupported(f"potential {self.name!r} offers no embedding")

    def native(self, form: str, folder: Path, symbols: Sequence[str]) -> Sequence[str]:
        """Writes the potential into `folder` in one of its `native_forms`; gives the commands that load it. Optional.

        `lammps:STYLE` is a pair style of LAMMPS (units `metal`), for atom types that are `symbols` in this order. The
        energy shift is left out. An engine compares the answer for one frame before it uses it.
        """
        raise Unsupported(f"potential {self.name!r} has no form {form!r}")

    def parameters(self) -> Mapping[str, np.ndarray]:
        """The numbers of the bare model that a training may move, by name; copies.

        Needed of a potential that has a fine-tuner.
        """
        raise Unsupported(f"potential {self.name!r} does not show its parameters")

    def evaluate(
        self, frames: Iterable[Atoms], properties: Sequence[Property] = EFS, *, batch_size: int = 1
    ) -> Iterator[Labels]:
        """Checked labels of each frame, lazily and in order; what everybody but the author of a potential calls.

        Raises FrameError for a frame that is not finite, UnknownName for an element that the potential does not
        know, Unsupported for a property that it does not have, FrameError where it answers NaN, and PluginError where
        a foundation model does not give its known answer. Warns (`UndeterminedEnergy`) where the reference energies of
        a fine-tuning do not determine the energy of a composition.
        """
        capabilities = self.capabilities
        self.check_known_answer()
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

    def answers(
        self, frames: Iterable[Atoms], properties: Sequence[Property] = EFS, *, batch_size: int = 1
    ) -> Iterator[Labels | FrameError | UnknownName]:
        """Checked labels of each frame, or the fault of that frame, lazily and in order.

        A stress is asked for frames that are periodic in all directions. batch_size: frames that the model gets at
        once, at most. A batch that fails is halved until the frame at fault is alone; where the fault was none of a
        frame's (memory that does not suffice), the next batches are of the size that went well. Raises what
        `evaluate` raises that is no fault of one frame.
        """
        size = max(batch_size, 1)
        for periodic, group in groupby(frames, key=lambda frame: bool(frame.pbc.all())):
            wanted: list[Property] = [one for one in properties if periodic or one != "stress"]
            while batch := list(islice(group, size)):
                parts = [batch]
                while parts:
                    part = parts.pop()
                    try:
                        answered = list(self.evaluate(part, wanted, batch_size=len(part)))
                    except Exception as error:
                        of_frame = isinstance(error, FrameError | UnknownName)
                        if len(part) > 1 and (of_frame or not isinstance(error, WhetError)):
                            half = len(part) // 2
                            parts += [part[half:], part[:half]]
                            size = size if of_frame else min(size, half)
                        elif of_frame:
                            yield error
                        else:
                            raise
                    else:
                        yield from answered

    def check_known_answer(self) -> None:
        """PluginError where these are published weights and do not answer what they are known to; asks them once."""
        if self.asks_known_answer and self._misread:
            hint = "The installed version of its package misreads these weights, or the plugin's known answer is old"
            raise PluginError(self._misread, hint=hint)

    def calculator(self) -> Calculator:
        """An ASE calculator that answers exactly as `evaluate` does."""
        from whet.contracts.calculator import PotentialCalculator

        return PotentialCalculator(self)

    @cached_property
    def _misread(self) -> str:
        known = self.known_answer
        if known is None:
            return ""
        if unknown := sorted(set(known.symbols) - (self.capabilities.elements or set(known.symbols))):
            what = f"potential {self.name!r}, model {self.published!r}, has a known answer for {''.join(known.symbols)}"
            return f"{what}, but does not know {', '.join(unknown)}"
        (labels,) = self.predict([known.compound], ("energy", "forces"))
        wrong = known.fault(labels)
        of = "".join(known.symbols)
        return f"potential {self.name!r}, model {self.published!r}, answers {wrong} for {of}" if wrong else ""

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
                self._warn_of_energy(frame)
                yield labels.checked(len(frame)).shifted(shift)
            except FrameError as error:
                raise error.at(f"potential {self.name!r}, {frame.get_chemical_formula()}") from None

    def _warn_of_energy(self, frame: Atoms) -> None:
        if self.energy_shift:
            doubt = span_of(tuple(sorted(self.energy_shift)), tuple(self.energy_span)).doubt(frame)
            if doubt and doubt not in self._warned_of:
                self._warned_of.add(doubt)
                warn(doubt, UndeterminedEnergy, stacklevel=2)

    @cached_property
    def _warned_of(self) -> set[str]:
        return set()
