"""Sets to evaluate on as steps: files, sampled test sets, each potential's own trajectories; and the evaluations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from whet.contracts.minimization import Minimization
from whet.contracts.ports import LabeledFrames, Predictions, SampledTrajectory
from whet.contracts.ref import LABELER, Ref
from whet.data.frame_groups import FRAMES, TRAJECTORIES
from whet.study.references import samplers
from whet.study.schema import LabeledFile, Test
from whet.study.step_maker import StepMaker, Trained
from whet.study.structure_split import OWN, Purpose


@dataclass(frozen=True)
class PlannedSet:
    """Labeled frames to evaluate on. labels: keys of the steps that leave them."""

    ref: Ref
    labels: tuple[str, ...]


@dataclass
class SetPlanner:
    """Plans sets, then evaluations of every potential on them."""

    make: StepMaker
    potentials: Sequence[Trained]
    sets: list[PlannedSet] = field(default_factory=list)

    def tests(self) -> None:
        """Every test set, read from a file or sampled from structures that nothing else uses."""
        for name, test in self.make.study.tests.items():
            if test.file is None:
                self._sampled(name, test)
            elif test.interval is not None:
                self._given_trajectories(name, test)
            else:
                ref = self._ref(name, test)
                entry = LabeledFile(file=test.file, keys=test.keys, only=test.only, first=test.first)
                key = self.make.read(entry, ("tests", name))
                self.make.plan.leaves(LabeledFrames, ref, key)
                self.sets.append(PlannedSet(ref, (key,)))

    def own_trajectories(self) -> None:
        """Each potential's own trajectories, all from the same structures."""
        study = self.make.study
        wanted = study.self_generated
        if study.dynamics is None or wanted.of == "none" or study.labeler is None:
            return
        for potential in self.potentials:
            if potential.key and wanted.of == "last" and not potential.ref.last:
                continue
            title = self.label(potential.ref)
            ref = Ref(set=f"own trajectory of {title}", set_kind="self", sampled_by=potential.ref, groups=TRAJECTORIES)
            labels = ()
            for number in range(wanted.trajectories):
                start = self.make.structure(OWN, number, ("self_generated",))
                start = self.make.relaxed(potential, start, f"{title}: own trajectory")
                md = self.make.md(potential, start, self.make.seed("self", number), f"{title}: own trajectory")
                labels += (self._labeled(md, replace(ref, trajectory=number), f"{title}: own trajectory: label"),)
            self.sets.append(PlannedSet(ref, labels))

    def evaluations(self) -> None:
        """Every potential on every independent and replay set; the final ones crosswise on each other's runs."""
        for one in self.sets:
            for potential in self.potentials:
                is_final = potential.ref.last or not potential.key
                if one.ref.set_kind == "self" and potential.ref != one.ref.sampled_by and not is_final:
                    continue
                key = self.make.evaluate(potential, one.labels, f"{self.label(potential.ref)} on {one.ref.set}")
                self.make.plan.leaves(Predictions, potential.ref.on(one.ref), key)

    @cached_property
    def _states(self) -> Counter[tuple[str, int]]:
        """How many states have a text and a seed."""
        return Counter((str(one.ref), one.ref.seed) for one in self.potentials)

    def label(self, ref: Ref) -> str:
        """`main`, `main naive 2`, `main few 100 (seed 2)`; no two states have the same."""
        alike = self._states[str(ref), ref.seed] > 1
        name = f"{ref.potential!r} {ref.strategy!r} {ref.round}" if alike else f"{ref}"
        several = ref.strategy and len(self.make.study.strategies[ref.strategy].seeds) > 1
        return name + (f" (seed {ref.seed})" if several else "")

    def _ref(self, name: str, test: Test) -> Ref:
        """Of frames that come from files."""
        sampled = samplers(self.make.study)[test.sampled_by or "unknown"]
        return replace(sampled, set=name, set_kind=test.kind, groups=test.groups)

    def _given_trajectories(self, name: str, test: Test) -> None:
        """Each file of the test is a trajectory; of one of the study's potentials, it is its own."""
        kind = "self" if test.sampled_by in self.make.study.potentials else test.kind
        ref, labels = replace(self._ref(name, test), groups=test.groups or TRAJECTORIES, set_kind=kind), ()
        for number, key in enumerate(self.make.given_trajectories(name, test)):
            self.make.plan.leaves(LabeledFrames, own := replace(ref, trajectory=number), key)
            self.make.plan.leaves(SampledTrajectory, own, key)
            labels += (key,)
        self.sets.append(PlannedSet(ref, labels))

    def _sampled(self, name: str, test: Test) -> None:
        driver = self.make.driver(test.driver, None)
        who = driver.ref if driver else LABELER
        ref = Ref(set=name, set_kind=test.kind, sampled_by=who, groups=TRAJECTORIES)
        if test.sampler == "minimize":
            ref = Ref(set=name, set_kind=test.kind, minimum_of=who, groups=FRAMES)
        labels = ()
        for number in range(test.trajectories):
            purpose, title = Purpose("test", name), f"{name} {number + 1}"
            start, own = self.make.structure(purpose, number, ("tests", name)), replace(ref, trajectory=number)
            if test.sampler == "minimize":
                how = (test.minimize or self.make.study.minimize or Minimization()).model_copy(update={"frames": 1})
                minimum = self.make.minimize(driver, start, how, f"{title}: relax")
                labels += (self.make.label(minimum, f"{title}: label"),)
                self.make.plan.leaves(LabeledFrames, own, labels[-1])
                continue
            seed = self.make.seed("test", self.make.slices.in_source(purpose, number))
            md = self.make.md(driver, self.make.relaxed(driver, start, title), seed, f"{title}: dynamics")
            labels += (self._labeled(md, own, f"{title}: label"),)
        self.sets.append(PlannedSet(ref, labels))

    def _labeled(self, md: str, ref: Ref, title: str) -> str:
        key = self.make.label(md, title)
        self.make.plan.leaves(LabeledFrames, ref, key)
        self.make.plan.leaves(SampledTrajectory, ref, key)
        return key
