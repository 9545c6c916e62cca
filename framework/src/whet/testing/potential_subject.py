"""PotentialSubject: a potential under test, with frames of elements that it knows and tolerances that suit it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.contracts.component import Component, Spec
from whet.contracts.fine_tune_settings import FineTuneSettings, Strategy
from whet.contracts.fine_tuning import FineTuner
from whet.contracts.potential import EFS, Capabilities, Potential, Property
from whet.data.frames import FrameSet
from whet.data.identity import key_of
from whet.data.labels import Labels
from whet.plugins.registry import registry
from whet.tasks.aligned_training import AlignedFineTuned, Material, fine_tuned
from whet.testing import structures
from whet.testing.check import NotApplicable
from whet.testing.process_state import changes, process_state
from whet.testing.subject import Given, Subject
from whet.testing.tolerance import TOLERANCES, Tolerance

if TYPE_CHECKING:
    from ase import Atoms

EPOCHS = 3


class PotentialSubject(Subject):
    """A potential under test.

    given: a component, or how a user names one (`mace:small`, `{"use": …}`). device: where it runs. fine_tune:
    settings of every training that the checks make, for a backend whose defaults learn nothing in three epochs.
    changed_by_training: what those changed of the process, so far.
    """

    hook = "potentials"

    def __init__(self, given: Given, *, device: str = "cpu", fine_tune: Mapping[str, Any] | None = None) -> None:
        super().__init__(given)
        self.device = device
        self.fine_tune = dict(fine_tune or {})
        self._scratch = tempfile.TemporaryDirectory(prefix="whet-check-")
        self._tuned: dict[str, AlignedFineTuned] = {}
        self.changed_by_training: list[str] = []

    def __str__(self) -> str:
        model = self.component.options.get("model", "")
        return super().__str__() + (f":{model}" if model and "file:" not in str(model) else "")

    @cached_property
    def potential(self) -> Potential:
        """The living potential."""
        return self.load()

    def load(self, component: Component | None = None, device: str | None = None) -> Potential:
        """A fresh instance of this potential, or of another component."""
        made: Potential = registry().load(component or self.component, device=device or self.device)
        # A wrong answer would hide what is wrong with it; one check asks for it.
        made.asks_known_answer = False
        return made

    @cached_property
    def capabilities(self) -> Capabilities:
        """What it says that it can do."""
        return self.potential.capabilities

    @property
    def tolerance(self) -> Tolerance:
        """By its arithmetic."""
        return TOLERANCES[self.capabilities.dtype]

    @property
    def properties(self) -> tuple[Property, ...]:
        """What it can answer, in the usual order."""
        return tuple(name for name in EFS if name in self.capabilities.properties)

    @property
    def pair(self) -> tuple[str, str]:
        """Two elements that it knows."""
        return structures.pair_of(self.capabilities.elements)

    @property
    def crystal(self) -> Atoms:
        """Eight atoms, periodic, triclinic, no symmetry."""
        return structures.crystal(self.pair)

    def folder(self, name: str) -> Path:
        """A folder to write in, gone with the subject."""
        path = Path(self._scratch.name) / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def answer(self, frame: Atoms, properties: Sequence[Property] | None = None) -> Labels:
        """Labels of one frame."""
        (labels,) = self.potential.evaluate([frame], properties or self.properties)
        return labels

    def answers(self, frames: Iterable[Atoms], *, batch_size: int = 1) -> list[Labels]:
        """Labels of each frame."""
        return list(self.potential.evaluate(frames, self.properties, batch_size=batch_size))

    def energies(self, frames: Iterable[Atoms]) -> list[float]:
        """Total energies, eV."""
        return [labels.energy for labels in self.potential.evaluate(frames, ("energy", "forces"))]

    def needs_gradient(self) -> None:
        """NotApplicable where the forces are not meant to be the gradient of the energy."""
        if not self.capabilities.conservative:
            raise NotApplicable("the plugin states that its forces are not the gradient of an energy")

    # -- fine-tuning

    @cached_property
    def tuner(self) -> FineTuner:
        """The fine-tuner of the same name. NotApplicable where there is none."""
        if self.component.name not in registry().names("fine_tuners"):
            raise NotApplicable("there is no fine-tuner for this potential")
        here = registry()
        upstream = self.fine_tune.get("upstream", {})
        component = here.resolve("fine_tuners", Spec(self.component.name, upstream))
        return here.load(component, device=self.device)

    @property
    def strategy(self) -> Strategy:
        """The plainest strategy that there is."""
        order: tuple[Strategy, ...] = ("full", "frozen", "head-only", "lora", "multihead-replay")
        return next(strategy for strategy in order if strategy in self.tuner.strategies)

    @property
    def weights(self) -> dict[str, float]:
        """Weights of everything that it can answer."""
        return {"energy": 1.0, "forces": 10.0, "stress": 10.0 if "stress" in self.properties else 0.0}

    def labeled(self, start: int, count: int, change: Callable[[int, Labels], Labels] | None = None) -> FrameSet:
        """Crystals with labels that are a harder version of what the potential answers: every slope 1.3 times it.

        change: makes other labels out of these, given the number of the frame.
        """
        frames = [structures.crystal(self.pair, seed=10 + number) for number in range(start, start + count)]
        made = []
        for number, (frame, labels) in enumerate(zip(frames, self._soft(frames), strict=True), start):
            mean = self._soft([self.crystal])[0].energy
            stress = None if labels.stress is None else 1.3 * labels.stress
            harder = Labels(mean + 1.3 * (labels.energy - mean), 1.3 * labels.forces, stress)
            made.append((change(number, harder) if change else harder).attach(frame))
        return FrameSet(made)

    def _soft(self, frames: Sequence[Atoms]) -> list[Labels]:
        """Answers of the untouched potential without its shift, so that labels are near its own scale."""
        bare = self._bare
        return list(bare.evaluate(frames, self.properties))

    @cached_property
    def _bare(self) -> Potential:
        return self.load(replace(self.component, energy_shift={}))

    def tuned(
        self,
        *,
        start: Component | None = None,
        change: Callable[[int, Labels], Labels] | None = None,
        replay_change: Callable[[int, Labels], Labels] | None = None,
        again: str = "",
        folder: Path | None = None,
        progress: Callable[[int, int], None] = lambda done, total: None,
        **settings: Any,
    ) -> AlignedFineTuned:
        """A fine-tuning on four frames with two to validate; the same one is made only once.

        start: another component to begin with. change, replay_change: of the labels. again: any word, to have a
        second training with the same settings. folder, progress: of this training, which is then never remembered.
        """
        merged = {"epochs": EPOCHS, "strategy": self.strategy, "weights": self.weights, **self.fine_tune, **settings}
        names = [getattr(function, "__name__", "") for function in (change, replay_change)]
        key = key_of([merged, names, again, None if start is None else start.key])
        if folder is None and key in self._tuned:
            return self._tuned[key]
        chosen = FineTuneSettings.checked({**merged, "upstream": {}}, of="the check")
        replay = 2 if chosen.strategy == "multihead-replay" else 0
        material = Material(
            self.labeled(0, 4, change), self.labeled(4, 2, change), self.labeled(6, replay, replay_change)
        )
        tuner, before = self.tuner, process_state()
        made = fine_tuned(
            tuner,
            start or self.component,
            material,
            chosen,
            seed=1,
            folder=folder or self.folder(key),
            device=self.device,
            progress=progress,
        )
        self.changed_by_training += changes(before, f"a training with strategy {chosen.strategy!r}")
        if folder is None:
            self._tuned[key] = made
        return made
