"""The planner: from a study and its cast to the plan. Pure bookkeeping: nothing is read, nothing runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from whet.contracts.committee import Committee
from whet.contracts.component import Component, FileRef
from whet.data.errors import InputError
from whet.data.identity import key_of, without_none
from whet.running.step import Step
from whet.study.cast import Cast, Player, Role, frame_references
from whet.study.plan import Acquisition, Evaluation, Member, OneScale, Plan, TestSet, Trajectory
from whet.study.rounds import Round
from whet.study.schema import LabeledFile, StudyFile, Test
from whet.study.study_file import Source
from whet.study.watching import blind_monitors, extras_of, without_monitors

RESERVED = 100_000
"""Structures from this index on are for test sets and self-generated trajectories: no strategy ever starts there."""


def plan(study: StudyFile, cast: Cast, source: Source) -> Plan:
    """The plan of a study. InputError, with file, line and key, where something that it needs is not there."""
    planner = _Planner(study, cast, source)
    for name in study.potentials:
        planner.potential(name)
    planner.tests()
    planner.self_generated()
    planner.evaluations()
    planner.coverage()
    planner.monitors()
    return planner.plan


class _Planner:
    def __init__(self, study: StudyFile, cast: Cast, source: Source) -> None:
        self.study, self.cast, self.source = study, cast, source
        self.plan = Plan()
        self.sighted: set[str] = set()

    # -- strategies ----------------------------------------------------------------------------------------------

    def potential(self, name: str) -> None:
        """The untouched potential, then every strategy with it. Strategies that others are cut to come first."""
        self.plan.members.append(Member(name))
        strategies = self.study.strategies
        matches = {own: entry.matched(own, strategies) for own, entry in strategies.items()}
        for own, target in matches.items():
            if target is not None and (target not in strategies or matches[target] is not None):
                known = ", ".join(other for other in strategies if other != own and matches[other] is None)
                what = f"cannot match {target!r}" if target in strategies else f"there is no strategy {target!r}"
                raise self.source.fault(("strategies", own, "match"), what, f"Possible: {known or 'none'}")
        for own in sorted(strategies, key=lambda one: matches[one] is not None):
            if not strategies[own].is_for(name):
                continue
            for seed in strategies[own].seeds:
                self._strategy(name, own, seed, matches[own])

    def _strategy(self, name: str, strategy: str, seed: int, match: str | None) -> None:
        player = self.cast.potentials[name]
        rounds = self._rounds(strategy)
        current, labels = Member(name), ()
        last_md: str | None = None
        fresh, structure = 0, ""
        gathers = self.study.acquisition == "own" or name == next(iter(self.study.potentials))
        for number, round_ in enumerate(rounds, start=1):
            title = f"{name} {strategy} {number}" + (f" seed {seed}" if len(self._seeds(strategy)) > 1 else "")
            new: tuple[str, ...] = ()
            trajectories: list[Trajectory] = []
            for _ in range(round_.trajectories if gathers and round_.sampler != "data" else 0):
                if round_.sampler == "structures" or round_.start == "fresh" or last_md is None:
                    start = structure = self._structure(fresh, ("strategies", strategy))
                    fresh += 1
                else:
                    start = last_md
                if round_.sampler == "structures":
                    new += (self._label(start, f"{title}: label structure"),)
                    continue
                driver = self._driver(round_.driver, current, ("strategies", strategy))
                last_md = self._md(driver, start, self._seed("md", seed, fresh, number), f"{title}: dynamics")
                made = self._label(last_md, f"{title}: label")
                new += (made,)
                trajectories.append(Trajectory(driver, "acquisition", structure, last_md, made))
            if not gathers:
                new = self._shared(strategy, number, seed)
            labels += new
            dataset = ""
            if round_.train_from != "none":
                dataset = self._dataset(name, strategy, number, seed, labels, round_, match, player, title)
                start_from = Member(name) if round_.train_from == "foundation" else current
                trained = self._fine_tune(player, start_from, dataset, strategy, seed, f"{title}: fine-tune")
                tuned = trained[0]
                if len(trained) > 1:
                    where = player.role.environment
                    step = Step("committee", {}, {}, {"members": trained}, {}, f"{title}: committee", where)
                    tuned = self.plan.add(step)
                current = Member(
                    name,
                    strategy,
                    number,
                    seed,
                    round_.frames,
                    tuned,
                    trained,
                    last=number == len(rounds) or round_.sampler == "data",
                    one_of_several=len(self._seeds(strategy)) > 1,
                )
                self.plan.members.append(current)
                if number == 1:
                    self._one_scale(name, strategy, seed, dataset)
            self.plan.trajectories += trajectories
            self.plan.acquisitions.append(Acquisition(name, strategy, number, seed, new, dataset, tuple(trajectories)))

    def _rounds(self, strategy: str) -> list[Round]:
        try:
            return self.study.strategies[strategy].expand(strategy)
        except InputError as error:
            raise error.at(self.source.place(("strategies", strategy))) from None

    def _dataset(
        self,
        name: str,
        strategy: str,
        number: int,
        seed: int,
        labels: tuple[str, ...],
        round_: Round,
        match: str | None,
        player: Player,
        title: str,
    ) -> str:
        inputs = {"labeled": labels}
        settings: dict[str, Any] = {"seed": self._seed("data", seed), "valid_fraction": player.settings.valid_fraction}
        if round_.sampler == "data":
            data = self.study.strategies[strategy].data
            if data is None:
                hint = "Give `data: NAME`, one of the study's `data:`"
                raise self.source.fault(("strategies", strategy, "data"), "the preset subsets needs data", hint)
            if data not in self.study.data:
                known = ", ".join(self.study.data) or "none: the study has no `data:`"
                raise self.source.fault(
                    ("strategies", strategy, "data"), f"there is no data {data!r}", f"Known: {known}"
                )
            inputs["labeled"] = (self._import(self.study.data[data], ("data", data), f"read {data}"),)
            settings["frames"] = round_.frames
        elif match is not None:
            seeds = self._seeds(match)
            twin = seed if seed in seeds else seeds[0]
            matched = [a for a in self.plan.acquisitions if (a.potential, a.strategy, a.seed) == (name, match, twin)]
            sized_by = tuple(key for a in matched if a.round <= number for key in a.labels)
            # Where both have the same labels there is nothing to cut, and the fine-tuning is one and the same.
            if sized_by != labels:
                inputs["match"] = sized_by
        return self.plan.add(Step("dataset", settings, inputs=inputs, title=f"{title}: gather data"))

    def _fine_tune(
        self, player: Player, start: Member, dataset: str, strategy: str, seed: int, title: str
    ) -> tuple[str, ...]:
        """The fine-tuning, or each one of a committee, which goes on from the same member of the one before."""
        assert player.fine_tuner is not None
        settings = player.settings.as_json()
        if player.replay is not None:
            settings["replay"] = "given"  # the file enters by content
        count = self.study.strategies[strategy].committee
        made = []
        for place in range(count):
            components, inputs = {"fine_tuner": player.fine_tuner}, {"data": (dataset,)}
            if start.step:
                inputs["start"] = (start.trained[place],)
            else:
                components["start"] = player.role.component
            purpose = ("fine-tune", seed, place) if place else ("fine-tune", seed)
            step = Step(
                "fine-tune",
                {"settings": settings, "seed": self._seed(*purpose)},
                components,
                inputs,
                {"replay": player.replay} if player.replay else {},
                f"{title} {place + 1}" if count > 1 else title,
                player.role.environment,
            )
            made.append(self.plan.add(step))
        return tuple(made)

    def _one_scale(self, name: str, strategy: str, seed: int, dataset: str) -> None:
        member = Member(name)
        step = self._evaluate(member, (dataset,), f"{name} on the first data of {strategy}", output="train")
        self.plan.one_scale.append(OneScale(member, strategy, seed, dataset, step))

    def _shared(self, strategy: str, number: int, seed: int) -> tuple[str, ...]:
        first = next(iter(self.study.potentials))
        return next(
            a.labels
            for a in self.plan.acquisitions
            if (a.potential, a.strategy, a.round, a.seed) == (first, strategy, number, seed)
        )

    # -- tests and self-generated trajectories ---------------------------------------------------------------------

    def tests(self) -> None:
        """Every test set, read from a file or sampled from structures that no strategy uses."""
        for index, (name, test) in enumerate(self.study.tests.items()):
            labels = self._sampled(name, test, index) if test.file is None else (self._read_test(name, test),)
            self.plan.tests.append(TestSet(name, test.kind, labels))

    def _read_test(self, name: str, test: Test) -> str:
        assert test.file is not None
        keys = ("tests", name, "file")
        tested = _contents(frame_references(self.source, test.file, keys))
        for other, data in self.study.data.items():
            if _contents(frame_references(self.source, data.file, ("data", other, "file"))) & tested:
                what = f"this is the same file as the data {other!r}: errors on training frames say nothing"
                raise self.source.fault(keys, what, "Test on frames that no training sees")
        file = LabeledFile(file=test.file, keys=test.keys, first=test.first)
        return self._import(file, ("tests", name), f"read {name}")

    def _sampled(self, name: str, test: Test, index: int) -> tuple[str, ...]:
        labels = ()
        for number in range(test.trajectories):
            place = RESERVED * (index + 1) + number
            start = self._structure(place, ("tests", name))
            driver = self._driver(test.driver, None, ("tests", name, "driver"))
            md = self._md(driver, start, self._seed("test", place), f"{name} {number + 1}: dynamics")
            made = self._label(md, f"{name} {number + 1}: label")
            self.plan.trajectories.append(Trajectory(driver, name, start, md, made))
            labels += (made,)
        return labels

    def self_generated(self) -> None:
        """Each potential's own trajectories, all from the same structures."""
        wanted = self.study.self_generated
        if self.study.dynamics is None or wanted.of == "none" or self.study.labeler is None:
            return
        for member in self.plan.members:
            if member.step and wanted.of == "last" and not member.last:
                continue
            labels = ()
            for number in range(wanted.trajectories):
                start = self._structure(RESERVED * 50 + number, ("self_generated",))
                title = f"{member.label}: own trajectory"
                md = self._md(member, start, self._seed("self", number), title)
                made = self._label(md, f"{title}: label")
                self.plan.trajectories.append(Trajectory(member, "self", start, md, made))
                labels += (made,)
            self.plan.tests.append(TestSet(f"own trajectory of {member.label}", "self", labels, of=member))

    def evaluations(self) -> None:
        """Every potential on every independent and replay set; the final ones crosswise on each other's runs."""
        for test in self.plan.tests:
            for member in self.plan.members:
                if test.kind == "self" and member != test.of and not (member.last or not member.step):
                    continue
                step = self._evaluate(member, test.labels, f"{member.label} on {test.name}")
                self.plan.evaluations.append(Evaluation(member, test, step))

    def coverage(self) -> None:
        """One analysis over everything that was sampled, so that all of it is seen in one space."""
        role = self.cast.descriptor
        if role is None:
            return
        inputs = {}
        for found in self.plan.acquisitions:
            if found.labels:
                inputs[f"data/{found.potential}/{found.strategy}/{found.seed}/{found.round}"] = found.labels
        for test in self.plan.tests:
            if test.kind != "replay":
                inputs[f"test/{test.name}"] = test.labels
        if any(role.startswith("data/") for role in inputs):
            step = Step("coverage", {}, {"descriptor": role.component}, inputs, {}, "coverage", role.environment)
            self.plan.coverage = self.plan.add(step)

    # -- single steps ------------------------------------------------------------------------------------------------

    def _structure(self, index: int, keys: tuple[str | int, ...]) -> str:
        given = self.study.structures
        if given is None:
            raise self.source.fault(keys, "this needs starting structures", "Give `structures:`")
        if self.cast.structures is None:
            step = Step("import", {"labeled": False, "index": index % RESERVED}, files=self._structure_files)
            return self.plan.add(replace(step, title=f"read structure {index % RESERVED}"))
        role = self.cast.structures
        settings = {"index": index, "seed": self.study.seed}
        return self.plan.add(
            Step("structure", settings, {"structures": role.component}, title="structure", environment=role.environment)
        )

    @cached_property
    def _structure_files(self) -> Mapping[str, FileRef]:
        given = self.study.structures
        assert isinstance(given, dict)
        return frame_references(self.source, str(given["file"]), ("structures", "file"))

    def _md(self, driver: Member | None, start: str, seed: int, title: str) -> str:
        components: dict[str, Component] = {}
        inputs = {"start": (start,)}
        if driver is None:
            role = self._labeler()
            components["labeler"] = role.component
        else:
            role = self.cast.potentials[driver.potential].role
            if driver.step:
                inputs["potential"] = (driver.step,)
            else:
                components["potential"] = role.component
        if role.environment not in self.cast.engines:
            raise self.source.fault(("strategies",), "sampling needs an MD engine", "Give `dynamics:`")
        components["engine"] = self._watching(self.cast.engines[role.environment], driver, title)
        return self.plan.add(Step("md", {"seed": seed}, components, inputs, {}, title, role.environment))

    def _watching(self, engine: Component, driver: Member | None, title: str) -> Component:
        """The engine with the monitors that have something to look at where this driver moves the atoms."""
        given = frozenset() if driver is None else extras_of(self.cast.potentials[driver.potential].role.component)
        if driver is not None and len(driver.trained) > 1:
            given = Committee.extras | (given or frozenset())
        blind = [] if given is None else blind_monitors(engine, given)
        for name in blind:
            self.plan.unwatched.setdefault(name, []).append(title)
        self.sighted.update(set(blind_monitors(engine, ())) - set(blind))
        return without_monitors(engine, blind) if blind else engine

    def monitors(self) -> None:
        """InputError for a monitor that has nothing to look at in any run."""
        for name in self.plan.unwatched:
            if name not in self.sighted:
                what = f"no driver of this study gives what the monitor {name!r} looks at: nothing would happen"
                hint = (
                    "Drive with a committee (`committee:` in a strategy, or the potential `committee`), or leave it out"
                )
                raise self.source.fault(("dynamics", "monitors", name), what, hint)

    def _label(self, frames: str, title: str) -> str:
        role = self._labeler()
        return self.plan.add(
            Step("label", {}, {"labeler": role.component}, {"frames": (frames,)}, {}, title, role.environment)
        )

    def _evaluate(self, member: Member, frames: tuple[str, ...], title: str, output: str = "frames") -> str:
        role = self.cast.potentials[member.potential].role
        inputs: dict[str, tuple[str, ...]] = {"frames": frames}
        components = {}
        if member.step:
            inputs["potential"] = (member.step,)
        else:
            components["potential"] = role.component
        return self.plan.add(Step("evaluate", {"output": output}, components, inputs, {}, title, role.environment))

    def _import(self, entry: LabeledFile, keys: tuple[str | int, ...], title: str) -> str:
        files = frame_references(self.source, entry.file, (*keys, "file"))
        settings = without_none(
            {"labeled": True, "keys": entry.keys.as_json() if entry.keys else None, "first": entry.first}
        )
        return self.plan.add(Step("import", settings, files=files, title=title))

    def _labeler(self) -> Role:
        if self.cast.labeler is None:
            raise self.source.fault(("labeler",), "sampled frames need labels", "Give `labeler:`")
        return self.cast.labeler

    def _driver(self, word: str, current: Member | None, keys: tuple[str | int, ...]) -> Member | None:
        """Who the word means: None is the labeler."""
        if word == "labeler":
            return None
        if word == "current" and current is not None:
            return current
        if word == "foundation":
            return Member(current.potential if current else next(iter(self.study.potentials)))
        if word in self.study.potentials:
            return Member(word)
        known = ", ".join(["labeler", "foundation", "current", *self.study.potentials])
        raise self.source.fault(keys, f"there is no driver {word!r}", f"Known: {known}")

    def _seed(self, *of: str | int) -> int:
        """A random seed for one purpose: the same one wherever the same thing is done."""
        return int(key_of([self.study.seed, *of])[:7], 16)

    def _seeds(self, strategy: str) -> list[int]:
        return self.study.strategies[strategy].seeds


def _contents(files: Mapping[str, FileRef]) -> set[str]:
    return {ref.sha256 for ref in files.values()}
