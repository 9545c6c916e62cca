"""Results: what came out of a study, read from its store: errors, softening, cost, by potential and set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from whet.bias.errors import Errors, errors
from whet.bias.one_scale import OneScale as OneScaleCorrection
from whet.bias.one_scale import one_scale_correction, strongest_frame
from whet.bias.pairs import Comparison, LeftOut
from whet.bias.softening import Softening, softening
from whet.contracts.monitor import End
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.errors import FrameError
from whet.data.frame_identity import frame_key
from whet.data.frames import FrameSet
from whet.data.identity import JSON
from whet.data.theory import LevelOfTheory
from whet.labels.label_checks import Finding
from whet.running.store import Store
from whet.study.plan import Evaluation, Member, OneScale, Plan, TestSet


@dataclass(frozen=True)
class Score:
    """One potential on one set.

    one_scale: the corrections that were applied to its predictions, more than one where several strategies give the
    same; empty for predictions as they are.
    """

    label: str
    member: Member
    test: TestSet
    comparison: Comparison
    errors: Errors
    softening: Softening
    seconds_per_frame: float | None
    one_scale: tuple[OneScale, ...] = ()

    @property
    def correction(self) -> str:
        """What was done to the predictions."""
        return self.comparison.correction

    def as_json(self) -> dict[str, JSON]:
        """Plain data; these keys are public and kept.

        | key                             | value                                                             |
        |---------------------------------|-------------------------------------------------------------------|
        | potential, set, set_kind        | labels                                                            |
        | strategy, round, size, seed     | of the fine-tuning: "", 0, null and 0 for the untouched potential |
        | frames, left_out                | number of frames counted; [{index, reason}] of the others         |
        | softening.scale, .r2, …         | see `whet.bias.softening.Softening.as_json`                       |
        | forces.mae, .rmse, .mae_interval| eV/Å, over components                                             |
        | energy.mae, .rmse               | meV/atom, as predicted                                            |
        | energy_fitted.mae, .rmse        | meV/atom, after per-element energies fitted on these very frames  |
        | stress                          | eV/Å³, or null                                                    |
        | relative_force_rmse             | RMSE over the root mean square of the reference forces            |
        | seconds_per_frame               | of the evaluation, one frame at a time, or null                   |
        | correction                      | what was done to the predictions; empty for none                  |
        """
        found = self.errors.as_json()
        return {
            "potential": self.label,
            "set": self.test.name,
            "set_kind": self.test.kind,
            "strategy": self.member.strategy,
            "round": self.member.round,
            "size": self.member.size,
            "seed": self.member.seed,
            "frames": self.errors.frames,
            "left_out": found["left_out"],
            "softening": self.softening.as_json(),
            "forces": found["forces"],
            "forces_by_element": found["forces_by_element"],
            "energy": self.errors.energy_raw.as_json(),
            "energy_fitted": self.errors.energy_fitted_here.as_json(),
            "stress": found["stress"],
            "relative_force_rmse": self.errors.relative_force_rmse,
            "seconds_per_frame": self.seconds_per_frame,
            "correction": self.correction,
        }


@dataclass(frozen=True)
class Results:
    """Everything that is in the store of a plan; parts that have not run yet are missing, not guessed."""

    plan: Plan
    store: Store

    @cached_property
    def scores(self) -> list[Score]:
        """Every evaluation that is there, in the plan's order, the one-scale corrections last."""
        plain = [score for one in self.plan.evaluations if (score := self._score(one)) is not None]
        return plain + self._corrected(plain)

    @cached_property
    def unscored(self) -> list[tuple[str, str]]:
        """Evaluations and corrections that ran but give no score: which, and why."""
        _ = self.scores
        return list(self._unscored.items())

    @cached_property
    def _unscored(self) -> dict[str, str]:
        return {}

    def score(self, member: Member, test: TestSet) -> Score | None:
        """The uncorrected score of a potential on a set."""
        return next((s for s in self.scores if s.member == member and s.test == test and not s.correction), None)

    def reference(self, test: TestSet) -> FrameSet:
        """The labeled frames of a set."""
        return sum((self.store.frames(key) for key in test.labels), FrameSet(()))

    def values(self, key: str) -> Mapping[str, Any]:
        """What a step left; empty where it has not run."""
        return self.store.result(key).values if key and self.store.is_done(key) else {}

    @cached_property
    def theories(self) -> list[LevelOfTheory]:
        """Levels of theory of all labels that were computed."""
        found: dict[str, LevelOfTheory] = {}
        for step in self.plan.of_kind("label"):
            if values := self.values(step.key):
                theory = LevelOfTheory.from_json(values["theory"])
                found[theory.fingerprint] = theory
        return list(found.values())

    @cached_property
    def failures(self) -> list[tuple[str, dict[str, Any]]]:
        """Labels that could not be had: the step's title, and index, reason and log."""
        return [
            (step.title, failure)
            for step in self.plan.of_kind("label")
            for failure in self.values(step.key).get("failures", [])
        ]

    @cached_property
    def data_findings(self) -> list[str]:
        """What looks wrong in the labeled files that the study reads, and training frames that are tested on."""
        found = [
            f"{step.title.removeprefix('read ')}: {Finding(**{**finding, 'places': tuple(finding['places'])})}"
            for step in self.plan.of_kind("import")
            for finding in self.values(step.key).get("findings", [])
        ]
        for test in self.plan.tests:
            if test.kind == "independent" and all(map(self.store.is_done, test.labels)):
                found += self._trained_on(test)
        return found

    def _trained_on(self, test: TestSet) -> Iterator[str]:
        """For each potential and strategy how many frames of a set are among its training frames."""
        frames = self.reference(test)
        trained: dict[str, set[str]] = {}
        for one in self.plan.acquisitions:
            if one.dataset and self.store.is_done(one.dataset):
                keys = trained.setdefault(f"{one.potential} {one.strategy}", set())
                keys.update(*(map(frame_key, self.store.frames(one.dataset, part)) for part in ("train", "valid")))
        for name, keys in trained.items():
            if count := sum(frame_key(frame) in keys for frame in frames):
                yield f"{test.name}: {count} of its {len(frames)} frames were trained on ({name})"

    @cached_property
    def stopped(self) -> list[tuple[str, str]]:
        """Trajectories that ended before their time: title and reason."""
        found = [(step.title, self.values(step.key).get("end")) for step in self.plan.of_kind("md")]
        return [(title, str(End(**end))) for title, end in found if end]

    @cached_property
    def resumed(self) -> list[tuple[str, str]]:
        """Trajectories that were killed and could not go on bit for bit: title, and what was lost."""
        found = [step for step in self.plan.of_kind("md") if self.store.is_done(step.key)]
        lost = [(step.title, self.store.result(step.key).provenance.get("lost_on_resume", "")) for step in found]
        return [(title, what) for title, what in lost if what]

    @cached_property
    def cost(self) -> dict[str, float]:
        """Seconds of work by kind of step, summed over workers, as they were when each step ran."""
        spent: Counter[str] = Counter()
        for step in self.plan.steps.values():
            if self.store.is_done(step.key):
                spent[step.kind] += self.store.result(step.key).provenance.get("seconds", 0.0)
        return dict(spent)

    @cached_property
    def labels(self) -> dict[str, int]:
        """Numbers of labels. labeled: that the plan uses. bought: of these computed here, the others were there.

        dynamics: computed along reference dynamics, whose sampled frames then are in the label store.
        """
        labeled = sum(self.values(step.key).get("labeled", 0) for step in self.plan.of_kind("label"))
        return {"labeled": labeled, "bought": self._bought("label"), "dynamics": self._bought("md")}

    def _bought(self, kind: str) -> int:
        done = [step.key for step in self.plan.of_kind(kind) if self.store.is_done(step.key)]
        return sum(self.store.result(key).provenance.get("bought", 0) for key in done)

    @cached_property
    def versions(self) -> dict[str, list[str]]:
        """Versions of the packages that made the results; more than one where they are mixed."""
        found: dict[str, set[str]] = {}
        for key in self.plan.steps:
            if self.store.is_done(key):
                for name, number in self.store.result(key).provenance.get("versions", {}).items():
                    found.setdefault(name, set()).add(number)
        return {name: sorted(numbers) for name, numbers in sorted(found.items())}

    @cached_property
    def stale(self) -> list[str]:
        """Titles of steps whose inputs were recomputed since and came out different."""
        return [
            step.title for key, step in self.plan.steps.items() if self.store.is_done(key) and self.store.stale(key)
        ]

    @cached_property
    def complete(self) -> bool:
        """Whether every step has a result."""
        return all(self.store.is_done(key) for key in self.plan.steps)

    def reference_energies(self, potential: str) -> ReferenceEnergies | None:
        """What aligned the untouched potential's energies with the labels before its first fine-tuning."""
        for member in self.plan.members:
            if member.potential == potential and member.step and (values := self.training(member)):
                return ReferenceEnergies(**values["reference_energies"])
        return None

    def training(self, member: Member) -> Mapping[str, Any]:
        """What the fine-tuning that made a potential left: train, valid, applied, curves, reference_energies.

        For a committee that of its first member.
        """
        return self.values(member.trained[0])

    def _score(self, one: Evaluation) -> Score | None:
        if not (self.store.is_done(one.step) and all(map(self.store.is_done, one.test.labels))):
            return None
        reference = self.reference(one.test)
        result = self.store.result(one.step)
        kept = result.values["kept"]
        out = [LeftOut(entry["index"], entry["reason"]) for entry in result.values["left_out"]]
        if not kept:
            self._unscored[f"{one.member.label} on {one.test.name}"] = "no frame was predicted"
            return None
        predicted = self.store.frames(one.step)
        comparison = Comparison.of([reference[index] for index in kept], predicted, indices=kept, left_out=out)
        seconds = result.provenance.get("seconds_per_frame")
        return self._scored(one.member.label, one.member, one.test, comparison, seconds)

    def _scored(
        self,
        label: str,
        member: Member,
        test: TestSet,
        comparison: Comparison,
        seconds: float | None = None,
        one_scale: tuple[OneScale, ...] = (),
    ) -> Score | None:
        given = None if member.step else self.reference_energies(member.potential)
        try:
            found = softening(comparison)
        except FrameError as error:
            self._unscored[f"{label} on {test.name}"] = str(error)
            return None
        return Score(label, member, test, comparison, errors(comparison, given), found, seconds, one_scale)

    def _corrected(self, plain: list[Score]) -> list[Score]:
        """The untouched potentials with one scale from one frame, on every independent and replay set."""
        given: dict[tuple[Member, int, OneScaleCorrection], list[OneScale]] = {}
        for one in self.plan.one_scale:
            if (correction := self._one_scale(one)) is not None:
                given.setdefault((one.member, one.seed, correction), []).append(one)
        found = []
        for (member, seed, correction), given_by in given.items():
            strategies = ", ".join(one.strategy for one in given_by)
            seeds = {one.seed for one in self.plan.one_scale if one.strategy == given_by[0].strategy}
            label = f"{member.label}, one scale ({strategies}{f', seed {seed}' if len(seeds) > 1 else ''})"
            for score in plain:
                if score.member == member and score.test.kind != "self":
                    corrected = correction.applied_to(score.comparison)
                    scored = self._scored(label, member, score.test, corrected, one_scale=tuple(given_by))
                    found += [] if scored is None else [scored]
        return found

    def _one_scale(self, one: OneScale) -> OneScaleCorrection | None:
        if not (self.store.is_done(one.step) and self.store.is_done(one.dataset)):
            return None
        reference = self.store.frames(one.dataset, "train")
        kept = self.values(one.step)["kept"]
        try:
            pairs = Comparison.of([reference[index] for index in kept], self.store.frames(one.step), indices=kept)
            place = strongest_frame(pairs)
            return one_scale_correction(pairs.frames[place], self.store.frames(one.step)[place])
        except FrameError as error:
            self._unscored[f"{one.member.label}, one scale from the data of {one.strategy}"] = str(error)
            return None
