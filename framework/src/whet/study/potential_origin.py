"""PotentialOrigin: what a fine-tuned state was made from, as its store has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from whet.contracts.component import Component
from whet.data.errors import WhetError
from whet.data.frames import FrameSet
from whet.data.theory import LevelOfTheory
from whet.plugins.models import NamedModel, named_models
from whet.running.stored_step import StoredStep
from whet.study.stored_study import StoredStudy
from whet.study.tuned_states import TunedState


@dataclass(frozen=True)
class PotentialOrigin:
    """Of one state of a study. Only the foundation's licence and paper need the plugin; nothing is loaded."""

    study: StoredStudy
    state: TunedState

    @cached_property
    def made(self) -> StoredStep:
        """The step that left the potential."""
        return self.study.done[self.state.key]

    @cached_property
    def trainings(self) -> list[StoredStep]:
        """The fine-tuning, or those of a committee."""
        joined = list(self.made.fed_by("members"))
        return [self.study.done[one.key] for one in joined] or [self.made]

    @property
    def component(self) -> Component:
        """The potential, its files in the store."""
        component = self.made.component
        assert component is not None, self.state.key
        return component

    @cached_property
    def start(self) -> Component | None:
        """The untouched potential with which the first training began."""
        step = self.trainings[0]
        while before := list(step.fed_by("start")):
            step = self.study.done.get(before[0].key, before[0])
        return step.recipe.components.get("start")

    @cached_property
    def foundation(self) -> NamedModel | None:
        """The published weights that it began with; None where these are others, or the plugin is not here."""
        if self.start is None:
            return None
        contents = {role: ref.sha256 for role, ref in self.start.files.items()}
        known = [one for one in named_models() if one.potential == self.start.name]
        for one in known:
            stated = {role: file.sha256 for role, file in one.foundation.files.items()}
            if contents and stated == contents:
                return one
        return next((one for one in known if one.model == self.start.options.get("model")), None)

    @cached_property
    def train(self) -> FrameSet | None:
        """The training frames, of a committee those of its first member; None where their file is not here any more."""
        try:
            return next(iter(self.trainings[0].fed_by("data"))).frames("train")
        except (StopIteration, WhetError):
            return None

    def formulas(self, most: int = 4) -> str:
        """`4 × Ar32`, of the training frames; empty where they are not here."""
        counts = Counter(frame.get_chemical_formula() for frame in self.train or ())
        said = [f"{number} × {formula}" for formula, number in counts.most_common(most)]
        more = len(counts) - most
        return ", ".join([*said, *([f"{more} other compositions"] if more > 0 else [])])

    @cached_property
    def theories(self) -> list[str]:
        """Levels of theory of the labels that it was trained on."""
        data = [step for training in self.trainings for step in training.fed_by("data")]
        return list(dict.fromkeys(self._theories(data)))

    def _theories(self, steps: list[StoredStep]) -> Iterator[str]:
        for step in steps:
            if theory := step.values.get("theory"):
                yield str(LevelOfTheory.from_json(theory))
            elif said := self.study.stored.theories.get(step.title.removeprefix("read ")):
                yield f"{said} (as the study file says)"
            yield from self._theories([*step.fed_by("labeled"), *step.fed_by("data")])

    @property
    def day(self) -> date | None:
        """When it was trained."""
        started = self.trainings[-1].measured.get("started")
        return datetime.fromtimestamp(started, UTC).date() if isinstance(started, int | float) else None

    @cached_property
    def versions(self) -> dict[str, str]:
        """Packages that trained it."""
        found = self.trainings[-1].measured.get("versions", {})
        return {str(name): str(number) for name, number in sorted(found.items())}

    @property
    def seeds(self) -> list[int]:
        """Of each training."""
        return [int(step.options["seed"]) for step in self.trainings]
