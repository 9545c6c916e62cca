"""Resolved: what every word of a study file stands for, as the interpreters that own the plugins answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whet.contracts.component import Component, FileRef, Spec, expanded
from whet.contracts.fine_tune_settings import FineTuneSettings, IsolatedAtoms
from whet.data.errors import InputError, OptionsError, UnknownName, WhetError, suggestion
from whet.data.input_files import located
from whet.plugins.registry import registry
from whet.running.environments import Environment
from whet.study.named_files import (
    StructureFile,
    are_grouped,
    atom_energies,
    file_reference,
    labeled_files,
    structure_file,
)
from whet.study.questions import Questions
from whet.study.resolved_strategies import ResolvedStrategy, resolved_strategies
from whet.study.schema import AnalysisEntry, Given, PotentialEntry, Running, StudyFile
from whet.study.study_file import Source
from whet.study.yaml_tree import Keys


@dataclass(frozen=True)
class Placed:
    """A component and the name of the environment that owns its plugin."""

    component: Component
    environment: str = ""


@dataclass(frozen=True)
class ResolvedPotential:
    """A potential of the study: itself, and how it is fine-tuned where the study does that."""

    placed: Placed
    fine_tuner: Component | None
    settings: FineTuneSettings
    replay: FileRef | None


@dataclass(frozen=True)
class ResolvedAnalysis:
    """An analysis under its name in the study."""

    name: str
    placed: Placed


@dataclass(frozen=True)
class Resolved:
    """What a study consists of. engines: by environment, since the engine runs where the potential is.

    structures: a plugin, or a file. analyses: each after those whose findings it reads. files: of labeled frames, by
    the keys under which the study names them (`("tests", NAME)`). grouped: names of the data whose frames may name
    groups, by which they are then split.
    """

    potentials: Mapping[str, ResolvedPotential]
    strategies: Mapping[str, ResolvedStrategy]
    engines: Mapping[str, Component]
    labeler: Placed | None
    structures: Placed | StructureFile | None
    descriptor: Placed | None
    analyses: Sequence[ResolvedAnalysis]
    environments: Mapping[str, Environment]
    executor: Component
    files: Mapping[Keys, Mapping[str, FileRef]] = field(default_factory=dict)
    grouped: frozenset[str] = frozenset()

    @property
    def roles(self) -> dict[str, Placed]:
        """Every component by its role in the study, for people and for analyses."""
        found = {f"potential {name}": one.placed for name, one in self.potentials.items()}
        for role, one in (("labeler", self.labeler), ("structures", self.structures), ("descriptor", self.descriptor)):
            if isinstance(one, Placed):
                found[role] = one
        for environment, engine in self.engines.items():
            found["dynamics" + (f" in {environment}" if environment else "")] = Placed(engine, environment)
        return found

    @property
    def cited(self) -> tuple[str, ...]:
        """BibTeX entries of all components, each once."""
        tuners = [one.fine_tuner for one in self.potentials.values() if one.fine_tuner is not None]
        analyses = [one.placed.component for one in self.analyses]
        found = [*(one.component for one in self.roles.values()), *tuners, *analyses, self.executor]
        return tuple(dict.fromkeys(entry for component in found for entry in component.cited))


def resolve(study: StudyFile, source: Source) -> Resolved:
    """Resolves every word of the study. Raises InputError, UnknownName, … with file, line and key."""
    environments = _environments(study, source)
    questions = Questions(source, environments)
    entries = {name: _entry(given, source, ("potentials", name)) for name, given in study.potentials.items()}
    asked_potentials = {
        name: questions.ask(("potentials", name), "potentials", _spec(source, ("potentials", name), entry), env)
        for name, (entry, env, _) in entries.items()
    }
    settings = {name: _settings(study, source, name, own) for name, (_, _, own) in entries.items()}
    tuners: dict[str, int] = {}
    for strategy, asked in study.strategies.items():
        for name in asked.of or ():
            if name not in entries:
                hint = suggestion(name, entries) or f"Known: {', '.join(entries)}"
                raise source.fault(("strategies", strategy, "of"), f"the study has no potential {name!r}", hint)
    for name, (entry, env, own) in entries.items():
        if any(strategy.is_for(name) for strategy in study.strategies.values()):
            keys: Keys = ("potentials", name, "fine_tune") if "upstream" in own else ("fine_tune",)
            spec = Spec(_spec(source, ("potentials", name), entry).name, settings[name].upstream, source.folder)
            below: Keys = ("upstream",) if spec.options else ()
            tuners[name] = questions.ask(keys, "fine_tuners", spec, env, below, settings[name])
    labeler = _single(questions, source, "labeler", "labelers", study.labeler)
    structures, file = None, _structures_file(study.structures)
    if file is None:
        structures = _single(questions, source, "structures", "structures", study.structures)
    analyses = _analyses(questions, source, study)
    strategies = resolved_strategies(study, source)
    descriptor = _single(questions, source, "descriptor", "descriptors", study.descriptor)
    engines: dict[str, int] = {}
    if study.dynamics is not None:
        places = {env for _, env, _ in entries.values()}
        if labeler is not None and any(test.file is None and test.driver == "labeler" for test in study.tests.values()):
            places.add(labeler[1])
        for env in sorted(places):
            engines[env] = questions.ask(("dynamics",), "md_engines", _spec(source, ("dynamics",), study.dynamics), env)
    answers = questions.answers()
    replay = {name: _replay(source, chosen, name, entries[name][2]) for name, chosen in settings.items()}
    potentials = {
        name: ResolvedPotential(
            Placed(answers[index], entries[name][1]),
            answers[tuners[name]] if name in tuners else None,
            settings[name],
            replay[name],
        )
        for name, index in asked_potentials.items()
    }

    def placed(asked: tuple[int, str] | None) -> Placed | None:
        return None if asked is None else Placed(answers[asked[0]], asked[1])

    files = labeled_files(study, source)
    in_place = {env: answers[index] for env, index in engines.items()}
    return Resolved(
        potentials,
        strategies,
        in_place,
        placed(labeler),
        placed(structures) if file is None else structure_file(source, file),
        placed(descriptor),
        _in_order([ResolvedAnalysis(name, Placed(answers[i], env)) for name, (i, env) in analyses.items()]),
        environments,
        _executor(study, source, potentials),
        files,
        frozenset(name for name, entry in study.data.items() if are_grouped(entry, files["data", name])),
    )


def _analyses(questions: Questions, source: Source, study: StudyFile) -> dict[str, tuple[int, str]]:
    """Those that every study has, and those that the file adds, without what it turns off."""
    here = registry()
    wanted: dict[str, AnalysisEntry | bool] = {}
    for name in here.names("analyses"):
        if here.find("analyses", name).by_default:
            wanted[name] = True
    wanted |= study.analyses
    asked: dict[str, tuple[int, str]] = {}
    for name, entry in wanted.items():
        if entry is False:
            if not here.knows("analyses", name):
                where = source.place(("analyses", name))
                raise UnknownName.among("analysis", name, here.names("analyses"), where=where)
            continue
        keys: Keys = ("analyses", name)
        given: dict[str, Any] = {} if entry is True else dict(entry.model_extra or {})
        use, environment = (name, "") if entry is True else (entry.use or name, entry.environment)
        spec = _spec(source, keys, {"use": use, **given})
        asked[name] = questions.ask(keys, "analyses", spec, environment), environment
    return asked


def _in_order(analyses: Sequence[ResolvedAnalysis]) -> list[ResolvedAnalysis]:
    """Each after those whose findings it reads; those whose plugin is not here, which may read any, at the end."""
    here = registry()

    def reads(one: ResolvedAnalysis) -> set[str]:
        name = one.placed.component.name
        return set(here.find("analyses", name).after) if here.knows("analyses", name) else {""}

    waiting, found = list(analyses), list[ResolvedAnalysis]()
    while waiting:
        left = {one.placed.component.name for one in waiting} | {""}
        ready = [one for one in waiting if not reads(one) & left] or waiting
        found += ready
        waiting = [one for one in waiting if one not in ready]
    return found


def _environments(study: StudyFile, source: Source) -> dict[str, Environment]:
    found = {"": Environment()}
    for name, entry in study.environments.items():
        # Not resolved: the interpreter of a virtual environment is a link to another one.
        try:
            found[name] = Environment(name, located(expanded(entry.python), source.folder))
        except InputError as error:
            raise error.at(source.place(("environments", name))) from None
    return found


def _executor(study: StudyFile, source: Source, potentials: Collection[str]) -> Component:
    """Where steps run. Its options stand among the study's own keys, so that a typing error may be of either."""
    running, here = study.running, registry()
    try:
        offered = here.find("executors", running.use)
    except WhetError as error:
        raise error.at(source.place(("running", "use"))) from None
    options = dict(running.model_extra or {})
    known = {*Running.model_fields, *offered.Options.model_fields}
    for key in options:
        if key not in known:
            what = f"neither `running` nor the executor {running.use!r} has the key {key!r}"
            raise source.fault(("running", key), what, suggestion(key, known) or f"Known: {', '.join(sorted(known))}")
    for name in running.resources:
        kinds = {*here.names("tasks"), *here.names("analyses"), *here.names("selectors")}
        if name in kinds and name in potentials:
            raise source.fault(("running", "resources", name), f"{name!r} is both a task and a potential of the study")
        if name not in kinds and name not in potentials:
            hint = suggestion(name, {*kinds, *potentials}) or f"Potentials: {', '.join(potentials)}"
            raise source.fault(
                ("running", "resources", name), f"{name!r} is no task, and no potential of the study", hint
            )
    try:
        return here.resolve("executors", Spec(running.use, options, source.folder))
    except OptionsError as error:
        raise source.all_faults(error.problems, ("running",)) from None
    except WhetError as error:
        raise error.at(source.place(("running",))) from None


def _entry(given: Given, source: Source, keys: Keys) -> tuple[Given, str, dict[str, Any]]:
    """A potential's spec, its environment and its own fine-tuning settings."""
    if isinstance(given, str):
        return given, "", {}
    try:
        entry = PotentialEntry.checked(given, of="a potential")
    except OptionsError as error:
        raise source.all_faults(error.problems, keys) from None
    rest = {key: value for key, value in given.items() if key not in ("environment", "fine_tune")}
    return rest, entry.environment, dict(entry.fine_tune)


def _single(questions: Questions, source: Source, key: str, hook: str, given: Given | None) -> tuple[int, str] | None:
    if given is None:
        return None
    environment = ""
    if isinstance(given, dict):
        environment = str(given.get("environment", ""))
        given = {name: value for name, value in given.items() if name != "environment"}
    return questions.ask((key,), hook, _spec(source, (key,), given), environment), environment


def _spec(source: Source, keys: Keys, given: Given) -> Spec:
    try:
        return Spec.parse(given, folder=source.folder)
    except InputError as error:
        raise error.at(source.place(keys)) from None


def _settings(study: StudyFile, source: Source, name: str, own: Mapping[str, Any]) -> FineTuneSettings:
    """The study's settings with this potential's own on top; a preset of its own replaces all that the study says."""
    merged = dict(own) if "preset" in own else {**study.fine_tune.model_dump(exclude_unset=True), **own}
    try:
        settings = FineTuneSettings.checked(merged, of=f"potential {name!r}")
    except OptionsError as error:
        raise source.all_faults(error.problems, ("potentials", name, "fine_tune")) from None
    where: Keys = ("potentials", name, "fine_tune") if "reference_energies" in own else ("fine_tune",)
    asked, keys = settings.reference_energies, (*where, "reference_energies")
    if asked == "atoms" and study.labeler is None:
        hint = "Give their energies, `{atoms: FILE}` or `{atoms: {Li: -0.29}}`, or a `labeler:`"
        raise source.fault(keys, "there is no labeler that could label isolated atoms", hint)
    if isinstance(asked, IsolatedAtoms) and isinstance(asked.atoms, str):
        given = {"atoms": atom_energies(source, asked.atoms, keys)}
        return settings.model_copy(update={"reference_energies": IsolatedAtoms.model_validate(given)})
    return settings


def _replay(source: Source, settings: FineTuneSettings, name: str, own: Mapping[str, Any]) -> FileRef | None:
    keys: Keys = ("potentials", name, "fine_tune", "replay") if "replay" in own else ("fine_tune", "replay")
    wants = settings.strategy == "multihead-replay"
    if wants and settings.replay is None:
        raise source.fault(keys, "the strategy multihead-replay needs a file of replay frames", "Give `replay: FILE`")
    if settings.replay is None:
        return None
    if not wants:
        raise source.fault(keys, "`replay` goes with `strategy: multihead-replay`")
    return file_reference(source, settings.replay, keys)


def _structures_file(given: Given | None) -> str | None:
    """The file of starting structures; None where a plugin makes them, or there are none."""
    return str(given["file"]) if isinstance(given, dict) and "file" in given and "use" not in given else None
