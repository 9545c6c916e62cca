"""StoredStudy: what a store has of a study. It needs the store alone: no plugin, no weights, no interpreter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from whet.contracts.component import Component
from whet.contracts.findings import Findings
from whet.contracts.ports import Found
from whet.contracts.ref import Ref
from whet.data.identity import JSON, key_of
from whet.data.numbers import count
from whet.data.theory import LevelOfTheory
from whet.running.move_marks import refuse_moved
from whet.running.step import Step
from whet.running.store import Store
from whet.running.stored_step import StoredStep, StoredSteps
from whet.study.plan import PlannedAnalysis
from whet.study.potential_names import PotentialNames
from whet.study.scores import scores_of
from whet.study.section import Section
from whet.study.stored_plan import StoredPlan

if TYPE_CHECKING:
    import pandas

    from whet.contracts.potential import Potential


@dataclass(frozen=True)
class StoredStudy:
    """A study as its store has it, each result read once. What arrives later is not seen: open it again.

    checked: whether results are compared with their digests; a mere look at thousands of them does without.

    >>> study = whet.Study.open("examples/quickstart/.whet")
    >>> study.tables("scores")["errors"]
    """

    store: Store
    stored: StoredPlan
    checked: bool = True

    @classmethod
    def open(cls, store: Path | str, name: str = "") -> Self:
        """The study of that name that was run in a store, by default the last one. Raises InputError, StoreError."""
        root = Path(store)
        refuse_moved(root)
        return cls(Store(root), StoredPlan.named(root, name))

    @property
    def name(self) -> str:
        """The study's name."""
        return self.stored.name

    @cached_property
    def _steps(self) -> StoredSteps:
        return StoredSteps(self.store, self.stored.plan.steps, checked=self.checked)

    @cached_property
    def done(self) -> dict[str, StoredStep]:
        """The planned steps that have a result, by key, in the plan's order."""
        found = {key: self._steps[key] for key in self.stored.plan.steps}
        return {key: step for key, step in found.items() if step.is_done}

    @property
    def waiting(self) -> list[Step]:
        """The planned steps that have none."""
        return [step for key, step in self.stored.plan.steps.items() if key not in self.done]

    @property
    def complete(self) -> bool:
        """Whether every step has a result."""
        return not self.waiting

    def of_task(self, name: str) -> list[StoredStep]:
        """The finished steps of a task, in the plan's order."""
        return [step for step in self.done.values() if step.recipe.kind == name]

    @cached_property
    def sections(self) -> list[Section]:
        """What each analysis found, in the order that they declare."""
        planned = sorted(self.stored.plan.analyses, key=lambda one: one.place)
        return [section for one in planned if (section := self._section(one)).findings]

    def _section(self, planned: PlannedAnalysis) -> Section:
        done = (Found.read(self.done[key], Ref()).findings for key in planned.steps if key in self.done)
        return Section(planned.name, list(done))

    @cached_property
    def names(self) -> PotentialNames:
        """What people read for the names of potentials."""
        return PotentialNames.of(self.stored)

    @cached_property
    def shown(self) -> list[Section]:
        """The sections with the names that people read."""
        return [Section(one.name, [self.names.findings(each) for each in one.findings]) for one in self.sections]

    def findings(self, analysis: str) -> list[Findings]:
        """What an analysis found, one for each of its steps. Empty where it has not run, or has nothing to say."""
        return next((list(section.findings) for section in self.sections if section.name == analysis), [])

    def tables(self, analysis: str) -> dict[str, pandas.DataFrame]:
        """Its tables as data frames of pandas, by name; those of several sets one below the other, with `set`."""
        import pandas

        found: dict[str, list[pandas.DataFrame]] = {}
        for one in self.findings(analysis):
            for table in one.tables:
                frame = pandas.DataFrame(table.records(), columns=table.fields)
                if one.label and "set" not in frame:
                    frame.insert(0, "set", one.label)
                found.setdefault(table.name, []).append(frame)
        return {name: pandas.concat(frames, ignore_index=True) for name, frames in found.items()}

    @cached_property
    def scores(self) -> list[Mapping[str, JSON]]:
        """One mapping for each potential on each set; its keys are public and kept (see the page on the report)."""
        return [score for findings in self.findings("scores") for score in scores_of(findings)]

    @cached_property
    def unscored(self) -> list[tuple[str, str]]:
        """Evaluations that give no score: which, and why."""
        tables = [table for findings in self.findings("scores") for table in findings.tables]
        return [(str(row[0]), str(row[1])) for table in tables if table.name == "unscored" for row in table.rows]

    @cached_property
    def doubts(self) -> list[str]:
        """What must be known before the scores are believed.

        Reference energies that are not those that were asked for, and energies that they do not determine.
        """
        aligned: dict[str, list[str]] = {}
        for step in self.done.values():
            energies = step.values.get("reference_energies") or {}
            if note := energies.get("note"):
                rank = f"{energies['rank']} for {count(len(energies['shift']), 'element')}"
                fitted = "" if "source" in energies else f"; they were fitted instead, with rank {rank}"
                aligned.setdefault(f"reference energies: {note}{fitted}", []).append(step.title)
        more = {note: f" and {len(titles) - 1} more" if len(titles) > 1 else "" for note, titles in aligned.items()}
        said = [f"{titles[0]}{more[note]}: {note}" for note, titles in aligned.items()]
        return [*said, *(note for findings in self.findings("scores") for note in findings.notes)]

    def potential(self, state: str = "", *, device: str = "cpu") -> Potential:
        """A fine-tuned potential, energy shift included, ready for ASE (`.calculator()`). It needs its plugin.

        state: `naive`, `main naive 2`, `periodic 3 seed 1`; by default the only one that there is. Raises UnknownName
        where there is none of that name, InputError where there are several or it has no result yet, and what loading
        it raises.

        >>> atoms.calc = whet.Study.open(".whet").potential("naive").calculator()
        """
        from whet.plugins.registry import registry
        from whet.study.tuned_states import state_called

        made = self.done[state_called(state, self).key].component
        assert made is not None, state
        return registry().load(made, store=self.store.root, device=device)

    @cached_property
    def engines(self) -> list[Component]:
        """MD engines of the planned runs, each once: what was simulated."""
        components = (one for step in self.stored.plan.steps.values() for one in step.components.values())
        return list({one.key: one for one in components if one.hook == "md_engines"}.values())

    @cached_property
    def theories(self) -> list[LevelOfTheory]:
        """Levels of theory of all labels that were computed."""
        found: dict[str, LevelOfTheory] = {}
        for step in self.done.values():
            if "theory" in step.values:
                theory = LevelOfTheory.from_json(step.values["theory"])
                found[theory.fingerprint] = theory
        return list(found.values())

    @cached_property
    def failures(self) -> list[tuple[str, dict[str, Any]]]:
        """Labels that could not be had: the step's title, and index, reason and log."""
        return [(one.title, failure) for one in self.done.values() for failure in one.values.get("failures", [])]

    @cached_property
    def stopped(self) -> list[tuple[str, str]]:
        """Trajectories that ended before their time: title and reason."""
        ends = [(step.title, step.values.get("end")) for step in self.done.values()]
        return [(title, f"at {end['time']:g} fs: {end['what']}") for title, end in ends if isinstance(end, Mapping)]

    @cached_property
    def unrelaxed(self) -> list[tuple[str, str]]:
        """Relaxations that did not converge: title, and how far they came."""
        found = [step for step in self.of_task("minimize") if not step.values["converged"]]
        return [(step.title, _how_far(step)) for step in found]

    @cached_property
    def suspicious(self) -> list[str]:
        """What looks wrong in the labeled files that were read, and training frames that are tested on."""
        tables = [table for findings in self.findings("data") for table in findings.tables]
        return [": ".join(map(str, row)) for table in tables if table.name == "suspicious" for row in table.rows]

    @cached_property
    def labels(self) -> dict[str, int]:
        """Numbers of labels. labeled: that the plan uses. bought: of these computed here, the others were there.

        dynamics: computed along reference dynamics, whose sampled frames then are in the label store.
        """
        found = {"labeled": 0, "bought": 0, "dynamics": 0}
        for step in self.done.values():
            bought = int(step.measured.get("bought", 0))
            if "labeled" in step.values:
                found["labeled"] += step.values["labeled"]
                found["bought"] += bought
            else:
                found["dynamics"] += bought
        return found

    @cached_property
    def cost(self) -> dict[str, float]:
        """Seconds of work by task, summed over workers, as they were when each step ran."""
        spent: Counter[str] = Counter()
        for step in self.done.values():
            spent[step.recipe.kind] += step.measured.get("seconds", 0.0)
        return dict(spent)

    @cached_property
    def stale(self) -> list[str]:
        """Titles of steps whose inputs were recomputed since and came out different."""
        return [one.title for one in self.done.values() if any(self._changed(one))]

    def _changed(self, step: StoredStep) -> Iterator[bool]:
        for feed, content in step.result.fed_by.items():
            fed = self._steps[feed]
            yield fed.is_done and fed.result.content != content

    @property
    def content(self) -> str:
        """Identity of every result that is there."""
        return key_of([[key, step.result.content] for key, step in self.done.items()])

    def fault(self, key: str) -> str:
        """Why a step failed when it was last run; empty where it did not."""
        return self.store.fault(key)


def _how_far(step: StoredStep) -> str:
    values, wanted = step.values, step.options
    steps, force = count(values["steps"], "step"), values["largest_force"]
    return f"not converged after {steps}: the largest force is {force:.3g} eV/Å (fmax {wanted['fmax']:g} eV/Å)"
