"""Results: what came out of a study, read from its store: errors, softening, cost, by potential and set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from whet.bias.errors import Errors, errors
from whet.bias.one_scale import one_scale_correction, strongest_frame
from whet.bias.pairs import Comparison, LeftOut
from whet.bias.softening import Softening, softening
from whet.contracts.reference_energies import ReferenceEnergies
from whet.data.frames import FrameSet
from whet.data.identity import JSON
from whet.data.theory import LevelOfTheory
from whet.running.store import Store
from whet.study.plan import Evaluation, Member, OneScale, Plan, TestSet


@dataclass(frozen=True)
class Score:
    """One potential on one set. correction: what was done to its predictions; empty for none."""

    label: str
    member: Member
    test: TestSet
    comparison: Comparison
    errors: Errors
    softening: Softening
    seconds_per_frame: float | None

    @property
    def correction(self) -> str:
        """What was done to the predictions."""
        return self.comparison.correction

    def as_json(self) -> dict[str, JSON]:
        """Plain data; these keys are public and kept.

        | key                             | value                                                             |
        |---------------------------------|-------------------------------------------------------------------|
        | potential, set, set_kind        | labels                                                            |
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
        done = [one for one in self.plan.evaluations if self.store.is_done(one.step) and self._there(one.test.labels)]
        return [score for one in done if (score := self._score(one)) is not None] + self._corrected()

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
                theory = LevelOfTheory(**values["theory"])
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
    def stopped(self) -> list[tuple[str, str]]:
        """Trajectories that ended before their time: title and reason."""
        found = [(step.title, self.values(step.key).get("ended", "")) for step in self.plan.of_kind("md")]
        return [(title, reason) for title, reason in found if reason]

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
        """labeled: labels that the plan uses. bought: those that were computed for it, the others were on the shelf."""
        done = [step for step in self.plan.of_kind("label") if self.store.is_done(step.key)]
        bought = sum(self.store.result(step.key).provenance.get("bought", 0) for step in done)
        return {"labeled": sum(self.values(step.key)["labeled"] for step in done), "bought": bought}

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
            if member.potential == potential and member.step and (values := self.values(member.step)):
                return ReferenceEnergies(**values["reference_energies"])
        return None

    def training(self, member: Member) -> Mapping[str, Any]:
        """What the fine-tuning that made a potential left: train, valid, applied, curves, reference_energies."""
        return self.values(member.step)

    def _score(self, one: Evaluation) -> Score | None:
        reference = self.reference(one.test)
        result = self.store.result(one.step)
        kept = result.values["kept"]
        out = [LeftOut(entry["index"], entry["reason"]) for entry in result.values["left_out"]]
        if not kept:
            return None
        predicted = self.store.frames(one.step)
        comparison = Comparison.of([reference[index] for index in kept], predicted, indices=kept, left_out=out)
        seconds = result.provenance.get("seconds_per_frame")
        return self._scored(one.member.label, one.member, one.test, comparison, seconds)

    def _scored(
        self, label: str, member: Member, test: TestSet, comparison: Comparison, seconds: float | None
    ) -> Score:
        given = None if member.step else self.reference_energies(member.potential)
        return Score(label, member, test, comparison, errors(comparison, given), softening(comparison), seconds)

    def _corrected(self) -> list[Score]:
        """The untouched potentials with one scale from one frame, on every independent and replay set."""
        found = []
        for one in self.plan.one_scale:
            if not (self.store.is_done(one.step) and self.store.is_done(one.dataset)):
                continue
            correction = self._one_scale(one)
            for evaluation in self.plan.evaluations:
                if evaluation.member != one.member or evaluation.test.kind == "self":
                    continue
                plain = self._score(evaluation) if self.store.is_done(evaluation.step) else None
                if plain is not None:
                    seeds = len({other.seed for other in self.plan.one_scale if other.strategy == one.strategy}) > 1
                    label = f"{one.member.label}, one scale ({one.strategy}{f', seed {one.seed}' if seeds else ''})"
                    corrected = correction.applied_to(plain.comparison)
                    found.append(self._scored(label, one.member, evaluation.test, corrected, None))
        return found

    def _one_scale(self, one: OneScale) -> Any:
        reference = self.store.frames(one.dataset, "train")
        kept = self.values(one.step)["kept"]
        pairs = Comparison.of([reference[index] for index in kept], self.store.frames(one.step), indices=kept)
        place = strongest_frame(pairs)
        return one_scale_correction(pairs.frames[place], self.store.frames(one.step)[place])

    def _there(self, keys: tuple[str, ...]) -> bool:
        return all(self.store.is_done(key) for key in keys)
