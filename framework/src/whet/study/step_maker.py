"""StepMaker: the steps of the core's own tasks, put into a plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from whet.contracts.component import Component, FileRef, Spec
from whet.contracts.minimization import Minimization
from whet.contracts.ports import LabeledFrames
from whet.contracts.ref import Ref
from whet.data.identity import key_of, without_none
from whet.plugins.registry import registry
from whet.potentials.committee import Committee
from whet.running.step import Step
from whet.study.named_files import StructureFile
from whet.study.plan import Plan
from whet.study.resolved import Placed, Resolved
from whet.study.resolved_probes import ResolvedProbe
from whet.study.schema import LabeledFile, StudyFile, Test
from whet.study.structure_split import Purpose, StructureSplit
from whet.study.study_file import Source
from whet.study.watching import blind_monitors, extras_of, without_monitors
from whet.study.yaml_tree import Keys


@dataclass(frozen=True)
class Trained:
    """A potential in a state. key: of the step that made it, empty for the untouched one. members: of its trainings."""

    ref: Ref
    key: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepMaker:
    """Adds steps to a plan; gives their keys. Raises InputError, with line and key, where something is not there."""

    study: StudyFile
    resolved: Resolved
    source: Source
    slices: StructureSplit
    plan: Plan = field(default_factory=Plan)
    sighted: set[str] = field(default_factory=set)

    def structure(self, purpose: Purpose, number: int, keys: Keys) -> str:
        """A starting structure of a purpose."""
        given = self.resolved.structures
        if given is None:
            raise self.source.fault(keys, "this needs starting structures", "Give `structures:`")
        if isinstance(given, StructureFile):
            place = given.unique[self.slices.in_file(purpose, number, len(given.unique))]
            task = _task("import", labeled=False, index=place)
            return self.plan.add(Step(task, files=given.files, title=f"read structure {place}"))
        index = self.slices.in_source(purpose, number)
        task = _task("structure", index=index, seed=self.study.seed)
        return self._add(
            task, {"structures": given.component}, {}, self.slices.title(purpose, number), given.environment
        )

    def material(self, file: StructureFile, number: int) -> str:
        """One of the materials that are probed."""
        task = _task("import", labeled=False, index=file.unique[number])
        return self.plan.add(Step(task, files=file.files, title=f"read {file.names[number]}"))

    def measure(self, probe: ResolvedProbe, asked: Trained | None, material: str, title: str) -> str:
        """What a probe finds of a material. asked: None is the labeler."""
        inputs: dict[str, tuple[str, ...]] = {"material": (material,)}
        placed, components = self._driving(asked, inputs)
        components["probe"] = probe.components[placed.environment]
        return self._add(_task("measure"), components, inputs, title, placed.environment)

    def given_values(self, values: Mapping[str, float], title: str) -> str:
        """What the user's table says of a material."""
        return self._add(_task("given-values", values=dict(values)), {}, {}, title)

    def relaxed(self, driver: Trained | None, start: str, title: str) -> str:
        """The structure from which dynamics starts: relaxed where the study says so, else as it is."""
        return start if self.study.minimize is None else self.minimize(driver, start, None, f"{title}: relax")

    def minimize(self, driver: Trained | None, start: str, how: Minimization | None, title: str) -> str:
        """A relaxation. driver: None is the labeler. how: None is as the study says."""
        wanted = how or self.study.minimize or Minimization()
        inputs: dict[str, tuple[str, ...]] = {"start": (start,)}
        placed, components = self._driving(driver, inputs)
        return self._add(_task("minimize", **wanted.as_json()), components, inputs, title, placed.environment)

    def md(self, driver: Trained | None, start: str, seed: int, title: str) -> str:
        """A trajectory. driver: None is the labeler."""
        inputs: dict[str, tuple[str, ...]] = {"start": (start,)}
        placed, components = self._driving(driver, inputs)
        if placed.environment not in self.resolved.engines:
            raise self.source.fault(("strategies",), "sampling needs an MD engine", "Give `dynamics:`")
        components["engine"] = self._watching(self.resolved.engines[placed.environment], driver, title)
        return self._add(_task("md", seed=seed), components, inputs, title, placed.environment)

    def select(self, selector: Placed, pool: Sequence[str], known: Sequence[str], title: str) -> str:
        """The frames of a pool that are to be labeled."""
        inputs = {"pool": tuple(pool)} | ({"known": tuple(known)} if known else {})
        return self._add(selector.component, {}, inputs, title, selector.environment)

    def label(self, frames: str, title: str) -> str:
        """Labels of what a step left."""
        placed = self._labeler()
        components = {"labeler": placed.component}
        return self._add(_task("label"), components, {"frames": (frames,)}, title, placed.environment)

    def evaluate(self, potential: Trained, frames: Sequence[str], title: str, output: str = "frames") -> str:
        """A potential's predictions."""
        inputs = {"frames": tuple(frames)}
        components = self._potential(potential, inputs)
        where = self.resolved.potentials[potential.ref.potential].placed.environment
        return self._add(_task("evaluate", output=output), components, inputs, title, where)

    def read(self, entry: LabeledFile, keys: Keys) -> str:
        """The labeled frames of a file, which stands in the study under these keys."""
        files, title = self.resolved.files[keys], f"read {keys[-1]}"
        names = entry.keys.as_json() if entry.keys else None
        settings = without_none({"labeled": True, "keys": names, "only": entry.only, "first": entry.first})
        return self.plan.add(Step(_task("import", **settings), files=files, title=title))

    def given_trajectories(self, test: str, entry: Test) -> list[str]:
        """The trajectories that are the files of a test, in their order."""
        names = entry.keys.as_json() if entry.keys else None
        task = _task(
            "import-trajectory", **without_none({"interval": entry.interval, "keys": names, "first": entry.first})
        )
        files = sorted(self.resolved.files["tests", test].items())
        several = len(files) > 1
        return [
            self.plan.add(Step(task, files={"frames": ref}, title=f"read {test}" + (f" {number}" if several else "")))
            for number, (_, ref) in enumerate(files, start=1)
        ]

    def data(self, name: str, entry: LabeledFile) -> str:
        """The labeled frames of one of the study's data."""
        key = self.read(entry, ("data", name))
        self.plan.leaves(LabeledFrames, Ref(set=name, set_kind="training"), key)
        return key

    def replayed(self, potential: str, file: FileRef) -> None:
        """The replay frames with which a potential is trained, for those who ask what it was trained on."""
        step = Step(_task("import", labeled=True), files={"frames": file}, title=f"read replay of {potential}")
        self.plan.leaves(LabeledFrames, Ref(set=f"replay of {potential}", set_kind="replayed"), self.plan.add(step))

    def dataset(self, settings: Mapping[str, Any], labeled: Sequence[str], match: Sequence[str], title: str) -> str:
        """Labeled frames to train on."""
        inputs = {"labeled": tuple(labeled)} | ({"match": tuple(match)} if match else {})
        return self._add(_task("dataset", **settings), {}, inputs, title)

    def bootstrap(
        self,
        dataset: str,
        labeled: Sequence[str],
        trajectories: Sequence[int] | None,
        seeds: Sequence[int],
        title: str,
        groups: str = "",
    ) -> list[str]:
        """What each member of a committee is trained on: a sample of the data set's training frames.

        groups: what the study says of a file's. seeds: of each member.
        """
        inputs = {"data": (dataset,)} | ({"labeled": tuple(labeled)} if trajectories is not None else {})
        listed = None if trajectories is None else list(trajectories)
        known = without_none({"trajectories": listed, "groups": groups or None})
        return [
            self._add(_task("bootstrap", seed=seed, **known), {}, inputs, f"{title}: draw frames {place}")
            for place, seed in enumerate(seeds, start=1)
        ]

    def fine_tune(
        self, start: Trained, datasets: Sequence[str], seeds: Sequence[int], title: str
    ) -> tuple[str, tuple[str, ...]]:
        """The fine-tuning, or each one of a committee, which goes on from the same member of the one before.

        datasets, seeds: of each member. Gives the key of the step that makes the potential, and those of the trainings.
        """
        potential = self.resolved.potentials[start.ref.potential]
        assert potential.fine_tuner is not None
        settings = potential.settings.as_json()
        if potential.replay is not None:
            settings["replay"] = "given"  # the file enters by content
        where, made = potential.placed.environment, []
        for place, (dataset, seed) in enumerate(zip(datasets, seeds, strict=True)):
            components: dict[str, Component] = {"fine_tuner": potential.fine_tuner}
            inputs = {"data": (dataset,)}
            if potential.settings.reference_energies == "atoms":
                lone = self._add(_task("isolated-atoms"), {}, {"data": (dataset,)}, f"{title}: isolated atoms")
                inputs["atoms"] = (self.label(lone, f"{title}: label isolated atoms"),)
            if start.key:
                inputs["start"] = (start.members[place],)
            else:
                components["start"] = potential.placed.component
            files: dict[str, FileRef] = {"replay": potential.replay} if potential.replay else {}
            named = f"{title}: fine-tune" + (f" {place + 1}" if len(seeds) > 1 else "")
            task = _task("fine-tune", settings=settings, seed=seed)
            made.append(self.plan.add(Step(task, components, inputs, files, {}, named, where)))
        members = tuple(made)
        if len(members) == 1:
            return members[0], members
        return self._add(_task("committee"), {}, {"members": members}, f"{title}: committee", where), members

    def driver(self, word: str, current: Trained | None) -> Trained | None:
        """Who the word means: None is the labeler."""
        if word == "labeler":
            return None
        if word == "current" and current is not None:
            return current
        if word == "foundation":
            return Trained(Ref(current.ref.potential if current else next(iter(self.study.potentials))))
        return Trained(Ref(word))

    def seed(self, *of: str | int) -> int:
        """A random seed for one purpose: the same one wherever the same thing is done."""
        return int(key_of([self.study.seed, *of])[:7], 16)

    def selector(self, given: str | Mapping[str, Any] | None, seed: int) -> Placed | None:
        """The selector that a round names, here in this interpreter. seed: of the strategy; its draws hang on it."""
        if given is None:
            return None
        found = registry().resolve("selectors", Spec.parse(given, folder=self.source.folder))
        if "seed" in found.options and not self.slices.is_first(seed):
            drawn = self.seed("select", seed, int(found.options["seed"]))
            found = replace(found, options={**found.options, "seed": drawn})
        return Placed(found)

    def gives(self, driver: Trained | None, names: Collection[str]) -> bool:
        """Whether the driver's answers have these extra labels, as far as is known here."""
        given = self._extras(driver)
        return given is None or set(names) <= given

    def check_monitors(self) -> None:
        """InputError for a monitor that has nothing to look at in any run."""
        for name in self.plan.unwatched.keys() - self.sighted:
            what = f"no driver of this study gives what the monitor {name!r} looks at: nothing would happen"
            hint = "Drive with a committee (`committee:` in a strategy, or the potential `committee`), or leave it out"
            raise self.source.fault(("dynamics", "monitors", name), what, hint)

    def _watching(self, engine: Component, driver: Trained | None, title: str) -> Component:
        """The engine with the monitors that have something to look at where this driver moves the atoms."""
        given = self._extras(driver)
        blind = [] if given is None else blind_monitors(engine, given)
        for name in blind:
            self.plan.unwatched.setdefault(name, []).append(title)
        self.sighted.update(set(blind_monitors(engine, ())) - set(blind))
        return without_monitors(engine, blind) if blind else engine

    def _extras(self, driver: Trained | None) -> frozenset[str] | None:
        """Names of the extra labels that the driver gives; None where its plugin is not here."""
        if driver is None:
            return frozenset()
        given = extras_of(self.resolved.potentials[driver.ref.potential].placed.component)
        return Committee.extras | (given or frozenset()) if len(driver.members) > 1 else given

    def _driving(
        self, driver: Trained | None, inputs: dict[str, tuple[str, ...]]
    ) -> tuple[Placed, dict[str, Component]]:
        """Where the driver's plugin is, and the components by which the atoms are moved; a state adds to `inputs`."""
        if driver is None:
            placed = self._labeler()
            return placed, {"labeler": placed.component}
        return self.resolved.potentials[driver.ref.potential].placed, self._potential(driver, inputs)

    def _potential(self, potential: Trained, inputs: dict[str, tuple[str, ...]]) -> dict[str, Component]:
        if potential.key:
            inputs["potential"] = (potential.key,)
            return {}
        return {"potential": self.resolved.potentials[potential.ref.potential].placed.component}

    def _labeler(self) -> Placed:
        if self.resolved.labeler is None:
            raise self.source.fault(("labeler",), "sampled frames need labels", "Give `labeler:`")
        return self.resolved.labeler

    def _add(
        self,
        task: Component,
        components: Mapping[str, Component],
        inputs: Mapping[str, tuple[str, ...]],
        title: str,
        environment: str = "",
    ) -> str:
        return self.plan.add(Step(task, components, inputs, {}, {}, title, environment))


def _task(name: str, **settings: Any) -> Component:
    """One of the core's own tasks; its settings are as they will be read."""
    return Component("tasks", name, _version(name), settings, unpickles=False)


@cache
def _version(name: str) -> int:
    return registry().find("tasks", name).result_version
