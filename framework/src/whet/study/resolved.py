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
from whet.study.faults import FaultList
from whet.study.named_files import (
    StructureFile,
    are_grouped,
    atom_energies,
    file_reference,
    labeled_files,
    structure_file,
)
from whet.study.questions import Questions
from whet.study.references import check_references
from whet.study.resolved_probes import ProbeQuestions, ResolvedProbe
from whet.study.resolved_strategies import ResolvedStrategy, resolved_strategies
from whet.study.schema import AnalysisEntry, Given, PotentialEntry, Running, StudyFile
from whet.study.structure_split import StructureSplit, check_structures
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

    structures: a plugin, or a file. there: how many a plugin has, where there is an end to them. analyses: each after
    those whose findings it reads. files: of labeled frames, by the keys under which the study names them
    (`("tests", NAME)`). probes: in the order of the file. grouped: names of the data whose frames may name groups, by
    which they are then split.
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
    probes: Sequence[ResolvedProbe] = ()
    grouped: frozenset[str] = frozenset()
    there: int | None = None

    @property
    def roles(self) -> dict[str, Placed]:
        """Every component by its role in the study, for people and for analyses."""
        found = {f"potential {name}": one.placed for name, one in self.potentials.items()}
        for role, one in (("labeler", self.labeler), ("structures", self.structures), ("descriptor", self.descriptor)):
            if isinstance(one, Placed):
                found[role] = one
        several = {"dynamics": self.engines, **{f"probe {one.name}": one.components for one in self.probes}}
        for role, by_environment in several.items():
            for environment, component in by_environment.items():
                found[role + (f" in {environment}" if environment else "")] = Placed(component, environment)
        return found

    @property
    def cited(self) -> tuple[str, ...]:
        """BibTeX entries of all components, each once."""
        tuners = [one.fine_tuner for one in self.potentials.values() if one.fine_tuner is not None]
        analyses = [one.placed.component for one in self.analyses]
        found = [*(one.component for one in self.roles.values()), *tuners, *analyses, self.executor]
        return tuple(dict.fromkeys(entry for component in found for entry in component.cited))


def resolve(
    study: StudyFile,
    source: Source,
    faults: FaultList | None = None,
    made: Mapping[str, Component] | None = None,
) -> Resolved:
    """Resolves every word of the study. faults: what is known to be wrong already.

    made: potentials that are components already, by their names in the study, whose words there are not asked.
    Raises InputError, UnknownName, … with file, line and key; SeveralFaults for all of them where there are several.
    """
    faults, made = FaultList() if faults is None else faults, made or {}
    environments = _environments(study, source, faults)
    questions = Questions(source, environments, study.environments.keys() - environments.keys())
    entries: dict[str, tuple[Given, str, dict[str, Any]]] = {}
    asked_potentials: dict[str, int] = {}
    settings: dict[str, FineTuneSettings] = {}
    tuners: dict[str, int] = {}
    for name, given in study.potentials.items():
        keys: Keys = ("potentials", name)
        with faults.kept():
            entry, env, own = entries[name] = _entry(given, source, keys)
            with faults.kept():
                settings[name] = _settings(study, source, name, own)
            spec = _spec(source, keys, entry)
            if name not in made:
                asked_potentials[name] = questions.ask(keys, "potentials", spec, env)
            if name in settings and any(strategy.is_for(name) for strategy in study.strategies.values()):
                keys = (*keys, "fine_tune") if "upstream" in own else ("fine_tune",)
                spec = Spec(spec.name, settings[name].upstream, source.folder)
                below: Keys = ("upstream",) if spec.options else ()
                about = asked_potentials.get(name)
                tuners[name] = questions.ask(keys, "fine_tuners", spec, env, below, settings[name], about)
    single: dict[str, tuple[int, str]] = {}
    of_file, file = _structures_file(study.structures), None
    for key, hook in (("labeler", "labelers"), ("structures", "structures"), ("descriptor", "descriptors")):
        asked = None if key == "structures" and of_file is not None else getattr(study, key)
        if asked is not None:
            with faults.kept():
                single[key] = _single(questions, source, key, hook, asked)
    analyses = _analyses(questions, source, study, faults)
    strategies = resolved_strategies(study, source, faults)
    engines: dict[str, int] = {}
    if study.dynamics is not None:
        places = {env for _, env, _ in entries.values()}
        driven = any(test.file is None and test.driver == "labeler" for test in study.tests.values())
        if "labeler" in single and driven:
            places.add(single["labeler"][1])
        with faults.kept():
            spec = _spec(source, ("dynamics",), study.dynamics)
            for env in sorted(places & environments.keys()):
                engines[env] = questions.ask(("dynamics",), "md_engines", spec, env)
    probes = ProbeQuestions(study, source)
    labeled_in = single["labeler"][1] if "labeler" in single else None
    probes.ask(questions, {env for _, env, _ in entries.values()} & environments.keys(), labeled_in, faults)
    answers = questions.answers(faults)
    replay: dict[str, FileRef | None] = {}
    for name, chosen in settings.items():
        with faults.kept():
            replay[name] = _replay(source, chosen, name, entries[name][2])
    files = labeled_files(study, source, faults)
    if of_file is not None:
        with faults.kept():
            file = structure_file(source, of_file, ("structures", "file"))
            check_structures(StructureSplit.of(study, strategies), len(file.unique), source)
    there = None
    number, environment = single.get("structures", (-1, ""))
    if number in answers and not environment:
        with faults.kept():
            there = _number_of(answers[number], source)
            if there is not None:
                check_structures(StructureSplit.of(study, strategies), there, source, answers[number].name)
    probed = probes.resolved(answers, faults)
    check_references(study, strategies, source, faults)
    with faults.kept():
        executor = _executor(study, source, study.potentials, faults)
    taught = answers.get(single["labeler"][0]) if "labeler" in single else None
    for name, index in asked_potentials.items():
        if taught is not None and index in answers and _teaches(taught, answers[index]):
            what = f"what labels is the potential {name!r} itself: compared with its own labels it has no error"
            hint = "Label with density-functional theory or with another potential, or take it out of `potentials:`"
            faults.add(source.fault(("labeler",), what, hint))
    faults.stop()

    def placed(key: str) -> Placed | None:
        return Placed(answers[single[key][0]], single[key][1]) if key in single else None

    potentials = {
        name: ResolvedPotential(
            Placed(made[name] if name in made else answers[asked_potentials[name]], entries[name][1]),
            answers[tuners[name]] if name in tuners else None,
            settings[name],
            replay[name],
        )
        for name in entries
    }
    return Resolved(
        potentials,
        strategies,
        {env: answers[index] for env, index in engines.items()},
        placed("labeler"),
        file or placed("structures"),
        placed("descriptor"),
        _in_order([ResolvedAnalysis(name, Placed(answers[i], env)) for name, (i, env) in analyses.items()]),
        environments,
        executor,
        files,
        probed,
        frozenset(name for name, entry in study.data.items() if are_grouped(entry, files["data", name])),
        there,
    )


def _number_of(structures: Component, source: Source) -> int | None:
    """How many structures a plugin has; None where there is no end to them. InputError, with its line, as it raises."""
    try:
        return registry().load(structures).count
    except WhetError as error:
        raise source.placed(error, ("structures",)) from None


def _teaches(labeler: Component, potential: Component) -> bool:
    """Whether a labeler asks the very potential: the same plugin, model, options and files."""
    return any(part.hook == "potentials" and part.key == potential.key for part in labeler.parts.values())


def _analyses(questions: Questions, source: Source, study: StudyFile, faults: FaultList) -> dict[str, tuple[int, str]]:
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
                faults.add(
                    source.placed(UnknownName.among("analysis", name, here.names("analyses")), ("analyses", name))
                )
            continue
        keys: Keys = ("analyses", name)
        given: dict[str, Any] = {} if entry is True else dict(entry.model_extra or {})
        use, environment = (name, "") if entry is True else (entry.use or name, entry.environment)
        with faults.kept():
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


def _environments(study: StudyFile, source: Source, faults: FaultList) -> dict[str, Environment]:
    found = {"": Environment()}
    for name, entry in study.environments.items():
        # Not resolved: the interpreter of a virtual environment is a link to another one.
        try:
            found[name] = Environment(name, located(expanded(entry.python), source.folder))
        except InputError as error:
            faults.add(source.placed(error, ("environments", name)))
    return found


def _executor(study: StudyFile, source: Source, potentials: Collection[str], faults: FaultList) -> Component:
    """Where steps run. Its options stand among the study's own keys, so that a typing error may be of either."""
    running, here = study.running, registry()
    try:
        offered = here.find("executors", running.use)
    except WhetError as error:
        raise source.placed(error, ("running", "use")) from None
    options = dict(running.model_extra or {})
    known = {*Running.model_fields, *offered.Options.model_fields}
    for key in options.keys() - known:
        what = f"neither `running` nor the executor {running.use!r} has the key {key!r}"
        hint = suggestion(key, known) or f"Known: {', '.join(sorted(known))}"
        faults.add(source.fault(("running", key), what, hint))
        del options[key]
    kinds = {*here.names("tasks"), *here.names("analyses"), *here.names("selectors")}
    for name in running.resources:
        keys: Keys = ("running", "resources", name)
        if name in kinds and name in potentials:
            faults.add(source.fault(keys, f"{name!r} is both a task and a potential of the study"))
        if name not in kinds and name not in potentials and not source.lacks("potentials", name):
            hint = suggestion(name, {*kinds, *potentials}) or f"Potentials: {', '.join(potentials)}"
            faults.add(source.fault(keys, f"{name!r} is no task, and no potential of the study", hint))
    try:
        return here.resolve("executors", Spec(running.use, options, source.folder))
    except WhetError as error:
        raise source.placed(error, ("running",)) from None


def _entry(given: Given, source: Source, keys: Keys) -> tuple[Given, str, dict[str, Any]]:
    """A potential's spec, its environment and its own fine-tuning settings."""
    if isinstance(given, str):
        return given, "", {}
    try:
        entry = PotentialEntry.checked(given, of="a potential")
    except OptionsError as error:
        raise source.placed(error, keys) from None
    rest = {key: value for key, value in given.items() if key not in ("environment", "fine_tune")}
    return rest, entry.environment, dict(entry.fine_tune)


def _single(questions: Questions, source: Source, key: str, hook: str, given: Given) -> tuple[int, str]:
    environment = ""
    if isinstance(given, dict):
        environment = str(given.get("environment", ""))
        given = {name: value for name, value in given.items() if name != "environment"}
    return questions.ask((key,), hook, _spec(source, (key,), given), environment), environment


def _spec(source: Source, keys: Keys, given: Given) -> Spec:
    try:
        return Spec.parse(given, folder=source.folder)
    except InputError as error:
        raise source.placed(error, keys) from None


def _settings(study: StudyFile, source: Source, name: str, own: Mapping[str, Any]) -> FineTuneSettings:
    """The study's settings with this potential's own on top; a preset of its own replaces all that the study says."""
    merged = dict(own) if "preset" in own else {**study.fine_tune.model_dump(exclude_unset=True), **own}
    try:
        settings = FineTuneSettings.checked(merged, of=f"potential {name!r}")
    except OptionsError as error:
        raise source.placed(error, ("potentials", name, "fine_tune")) from None
    where: Keys = ("potentials", name, "fine_tune") if "reference_energies" in own else ("fine_tune",)
    asked, keys = settings.reference_energies, (*where, "reference_energies")
    if asked == "atoms" and study.labeler is None and not source.lacks("labeler"):
        hint = "Give their energies, `{atoms: FILE}` or `{atoms: {Li: -0.29}}`, or a `labeler:`"
        raise source.fault(keys, "there is no labeler that could label isolated atoms", hint)
    if isinstance(asked, IsolatedAtoms) and isinstance(asked.atoms, str):
        given = {"atoms": atom_energies(source, asked.atoms, keys)}
        return settings.model_copy(update={"reference_energies": IsolatedAtoms.model_validate(given)})
    return settings


def _replay(source: Source, settings: FineTuneSettings, name: str, own: Mapping[str, Any]) -> FileRef | None:
    keys: Keys = ("potentials", name, "fine_tune", "replay") if "replay" in own else ("fine_tune", "replay")
    wants = settings.strategy == "multihead-replay"
    if wants and settings.replay is None and not source.lacks(*keys):
        raise source.fault(keys, "the strategy multihead-replay needs a file of replay frames", "Give `replay: FILE`")
    if settings.replay is None:
        return None
    if not wants:
        raise source.fault(keys, "`replay` goes with `strategy: multihead-replay`")
    return file_reference(source, settings.replay, keys)


def _structures_file(given: Given | None) -> str | None:
    """The file of starting structures; None where a plugin makes them, or there are none."""
    return str(given["file"]) if isinstance(given, dict) and "file" in given and "use" not in given else None
