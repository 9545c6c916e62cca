"""Registry: from the words of a user to a component, and from a component to a living backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from whet.contracts.component import Backend, Component, FileRef, Spec
from whet.contracts.device import refuse_absent
from whet.contracts.dynamics import MDEngine
from whet.contracts.fine_tune_settings import FineTuneSettings
from whet.contracts.paths import Written
from whet.contracts.potential import Potential
from whet.data.errors import (
    InputError,
    KeyProblem,
    MissingPackage,
    OptionsError,
    PluginError,
    StoreError,
    UnknownName,
    UntrustedFile,
    WhetError,
    suggestion,
)
from whet.data.identity import fresh_digest
from whet.data.input_files import full_path, is_there, located
from whet.data.model_file import ModelFile
from whet.plugins.checkpoints import upgraded
from whet.plugins.discovery import FoundPlugin, discover
from whet.plugins.hookspecs import HOOKS
from whet.plugins.potential_folder import DESCRIPTION, PotentialFolder
from whet.plugins.titles import Titles
from whet.plugins.trusted_files import HERE, TrustedFiles

CORE = "whet"
"""The distribution of the framework itself."""


@dataclass(frozen=True)
class Listing:
    """One line of `whet plugins`: a backend, or a plugin that offers none because it has a problem."""

    hook: str
    name: str
    distribution: str
    version: str
    summary: str
    problem: str = ""


class Registry:
    """The backends of the plugins that are installed in this interpreter."""

    def __init__(self, plugins: Iterable[FoundPlugin]) -> None:
        self.plugins = list(plugins)
        self._offers: dict[tuple[str, str], list[tuple[FoundPlugin, type[Backend]]]] = {}
        for plugin in self.plugins:
            for hook, classes in plugin.offers.items():
                for offered in classes:
                    self._offers.setdefault((hook, offered.name), []).append((plugin, offered))

    def names(self, hook: str) -> list[str]:
        """The names that a hook's plugins offer."""
        return sorted(name for offered_hook, name in self._offers if offered_hook == hook)

    def knows(self, hook: str, name: str) -> bool:
        """Whether a plugin here offers that name."""
        return (hook, name) in self._offers

    def find(self, hook: str, name: str) -> type[Any]:
        """The class of that name. UnknownName, PluginError (broken, or claimed twice) or MissingPackage otherwise."""
        kind = HOOKS[hook]
        offers = self._offers.get((hook, name), [])
        if not offers:
            for plugin in self.plugins:
                # A plugin is mostly named as what it offers.
                if plugin.name == name and (fault := plugin.fault(hook) or next(iter(plugin.refused.values()), "")):
                    raise PluginError(f"the plugin {name!r} ({plugin.origin}) {fault}")
            raise UnknownName.among(kind, name, self.names(hook), hint=self._elsewhere(hook, name))
        if len(offers) > 1:
            raise PluginError(_claimed_twice(kind, name, [plugin for plugin, _ in offers]))
        _, offered = offers[0]
        if missing := missing_packages(offered):
            raise MissingPackage(f"{kind} {name!r} needs {', '.join(missing)}", hint=_install(missing))
        return offered

    def resolve(self, hook: str, spec: Spec, settings: FineTuneSettings | None = None) -> Component:
        """The component that a spec names: options checked, files found and hashed. Loads and fetches nothing.

        settings: what a fine-tuner will be asked for. Raises what `find` raises, OptionsError, InputError for a
        missing file, and Unsupported where a fine-tuner has not what it will be asked for.
        """
        if (exported := PotentialFolder.of(spec)) is not None:
            if hook == "potentials":
                return self._exported(exported, spec)
            if hook == "fine_tuners":
                spec = replace(spec, name=exported.component.name)
        offered = self.find(hook, spec.name)
        if settings is not None:
            offered.refuse_unsupported(settings)
        what = f"{HOOKS[hook]} {spec.name!r}"
        written = Written(spec.folder, {*getattr(offered, "foundation_models", ()), *offered.Options.words})
        options = offered.Options.checked(offered.prepared(spec.options, self.find), of=what, written=written)
        asked = sorted(offered.find_parts(options).items())
        parts = {role: self._part(role, replace(part, folder=spec.folder), what) for role, part in asked}
        parts = {role: part for role, part in parts.items() if not self._is_cores_word(part)}
        found = sorted(offered.find_files(options).items())
        refer = FileRef.to_any if offered.takes_folders else FileRef.to
        files = {
            role: FileRef.to_published(file) if isinstance(file, ModelFile) else refer(file) for role, file in found
        }
        named = {**files, **{role: ref for part in parts.values() for role, ref in part.files.items()}}
        places = {ref.path: role for role, ref in named.items()}
        places |= {str(full_path(located(one.name, spec.folder))): role for role, one in asked if "/" in one.name}
        plain = _placeless(options.as_json(), places, spec.folder)
        for role, part in asked:
            if role in parts and part.place:  # the part says it in full
                _drop(plain, part.place)
        version = offered.result_version
        # What is not here yet is published, and so vouched for.
        code = any(offered.foreign_code(Path(ref.path)) for ref in files.values() if not self.voucher(ref.sha256))
        words = Titles.of(offered, options, files)
        return Component(
            hook,
            offered.name,
            version,
            plain,
            files,
            parts,
            unpickles=code,
            together=issubclass(offered, MDEngine) and offered.together,
            not_identity=tuple(sorted(offered.Options.not_identity)),
            checkpoint_version=getattr(offered, "checkpoint_version", 1),
            title=words.title,
            references=words.references,
        )

    def load(self, component: Component, *, store: Path | None = None, device: str = "cpu") -> Any:
        """The living backend that a component describes; published weights that are not here are fetched first.

        store: where relative paths of its files start. Raises what `find` raises, OptionsError, InputError where a
        file is gone or changed, UntrustedFile where one would run code and nobody vouches for it, PluginError
        where the plugin here is of another result version, and as `upgraded` does.
        """
        offered = self.find(component.hook, component.name)
        what = f"{HOOKS[component.hook]} {component.name!r}"
        if (ours := offered.result_version) != (theirs := component.result_version):
            versions = f"by a plugin of result version {theirs}; the one installed here has {ours}"
            raise PluginError(f"{what} was described {versions}")
        _refuse_absent(offered, device)
        files = {role: self._file(ref, store) for role, ref in component.files.items()}
        self._refuse_foreign_code(offered, files)
        if issubclass(offered, Potential) and (made := upgraded(offered, component, files)) is not files:
            self._vouch(component, made.values(), files.values())
            files = made
        options = offered.Options.checked(component.options, of=what)
        parts = {role: self.load(part, store=store, device=device) for role, part in component.parts.items()}
        for role, part in offered.find_parts(options).items() if issubclass(offered, MDEngine) else ():
            if role not in parts:
                parts[role] = self.load(self._part(role, part, what))
        backend = offered(options, files, parts, device)
        if isinstance(backend, Potential):
            backend.energy_shift = dict(component.energy_shift)
            backend.energy_span = component.energy_span
        return backend

    def _exported(self, folder: PotentialFolder, spec: Spec) -> Component:
        """The component of a potential that was exported: as it was in its study, but for options that are given."""
        component = folder.located()
        offered = self.find(component.hook, component.name)
        if "model" in spec.options:
            raise InputError("the model is what was exported", where=str(folder.path), hint="Leave `model` out")
        if spec.options:
            what = f"potential {component.name!r} of {folder.path}"
            options = offered.Options.checked({**component.options, **spec.options}, of=what)
            component = replace(component, options=options.as_json())
        refs = [ref for ref in component.files.values() if not self.voucher(ref.sha256)]
        return replace(component, unpickles=any(offered.foreign_code(Path(ref.path)) for ref in refs))

    def refuse_absent(self, component: Component, device: str) -> None:
        """InputError where its plugin, or that of a part, computes with torch, and torch has no such device here.

        Loads nothing; nothing is said of what is not installed here.
        """
        if self.knows(component.hook, component.name):
            _refuse_absent(self.find(component.hook, component.name), device)
        for part in component.parts.values():
            self.refuse_absent(part, device)

    def _part(self, role: str, spec: Spec, of: str) -> Component:
        """The component of a part. Where its words stand among the options of the whole, faults are named there."""
        try:
            return self.resolve(_hook_of(role), spec)
        except WhetError as error:
            if not spec.place:
                raise
            inner = error.problems if isinstance(error, OptionsError) else ()
            found = inner or (KeyProblem((), f"{error.what}. {error.hint}".removesuffix(". ")),)
            problems = [KeyProblem((*spec.place, *problem.path), problem.what) for problem in found]
            raise OptionsError(f"options of {of}", problems=problems) from None

    def _is_cores_word(self, part: Component) -> bool:
        """Whether a part is a monitor of the core, all of which the options of the whole say already."""
        cores = all(plugin.distribution == CORE for plugin, _ in self._offers[part.hook, part.name])
        return part.hook == "monitors" and cores and part.result_version == 1

    def _file(self, ref: FileRef, store: Path | None) -> Path:
        """The file of a reference, fetched where it is published and not here."""
        published = self.published(ref)
        if published and not is_there(Path(ref.path) if store is None else store / ref.path):
            return published.obtain()
        return ref.locate(store)

    def _refuse_foreign_code(self, offered: type[Backend], files: Mapping[str, Path]) -> None:
        """UntrustedFile for the first file that would run code and that nobody vouches for.

        The class that is installed here is asked, not the component: that one can be anybody's JSON.
        """
        for path in files.values() if offered.unpickles else ():
            if not self.voucher(fresh_digest(path)) and (code := offered.foreign_code(path)):
                raise UntrustedFile.of(path, code)

    def voucher(self, sha256: str) -> str:
        """Who vouches for the content of that SHA-256: `published as mace:small`, `trusted by you`; empty: nobody."""
        name, _ = self._published.get(sha256, ("", None))
        return f"published as {name}" if name else TrustedFiles().voucher(sha256)

    def published(self, ref: FileRef) -> ModelFile | None:
        """The published weights that have this content; None where no potential here states them."""
        return self._published.get(ref.sha256, ("", None))[1]

    @cached_property
    def _published(self) -> dict[str, tuple[str, ModelFile]]:
        """The files of every foundation model that states its checksums: SHA-256 -> `mace:small` and the file."""
        return {
            file.sha256: (f"{offered.name}:{name}", file)
            for plugin in self.plugins
            for offered in plugin.offers.get("potentials", ())
            if issubclass(offered, Potential)
            for name, model in offered.foundation_models.items()
            for file in model.files.values()
            if file.sha256
        }

    def vouch_for_made(self, component: Component, made: Iterable[Path], *, start: Backend) -> None:
        """Enters into the user's list what was made here out of the files of `start`, if somebody vouches for those.

        component: what will load it. What was made of files that run no code runs none either, and is left out.
        """
        self._vouch(component, made, start.files.values())

    def _vouch(self, component: Component, made: Iterable[Path], of: Iterable[Path]) -> None:
        foreign = [path for path in made if self.code_in(component, path)]
        if foreign and all(self.voucher(fresh_digest(path)) for path in of):
            # A list that cannot be written (a home that is read-only on a compute node) does not cost the training:
            # whoever loads the potential is told then how to trust it.
            with suppress(StoreError):
                TrustedFiles().add(foreign, HERE)

    def code_in(self, component: Component, path: Path) -> str:
        """What loading a file of the component would run, as `Backend.foreign_code`; empty: nothing, or it is not here.

        Of a component whose plugin is not installed here it is what the interpreter that described it found, of the
        files that nobody vouched for there.
        """
        if not path.exists():
            return ""
        try:
            return self.find(component.hook, component.name).foreign_code(path)
        except WhetError:
            return "it can be anything" if component.unpickles else ""

    def expected_failures(self, component: Component) -> dict[str, str]:
        """Checks of the conformance kit that the component's plugin states it cannot pass: check -> reason."""
        offered = self.find(component.hook, component.name)
        return dict(offered.expected_failures(offered.Options.model_validate(component.options)))

    def listings(self) -> list[Listing]:
        """Everything that is installed, with what is wrong with it."""
        lines = []
        for plugin in self.plugins:
            for fault in filter(None, (plugin.problem, *plugin.refused.values())):
                lines.append(Listing("", plugin.name, plugin.distribution, plugin.version, "", fault))
            for hook, classes in plugin.offers.items():
                for offered in classes:
                    lines.append(
                        Listing(
                            hook,
                            offered.name,
                            plugin.distribution,
                            plugin.version,
                            (offered.__doc__ or "").strip().partition("\n")[0],
                            self._problem(hook, offered),
                        )
                    )
        order = list(HOOKS)
        return sorted(lines, key=lambda line: (order.index(line.hook) if line.hook else len(order), line.name))

    def _problem(self, hook: str, offered: type[Backend]) -> str:
        claimed = [plugin for plugin, _ in self._offers[hook, offered.name]]
        if len(claimed) > 1:
            return _claimed_twice(HOOKS[hook], offered.name, claimed)
        if missing := missing_packages(offered):
            return f"needs {', '.join(missing)}: {_install(missing)}"
        return ""

    def _elsewhere(self, hook: str, name: str) -> str:
        if hook == "potentials" and (Path(name) / DESCRIPTION).is_file():
            return f"If the folder is meant, write ./{name}"
        for other in HOOKS:
            if other != hook and (other, name) in self._offers:
                return f"{name!r} is a {HOOKS[other]}; known here: {', '.join(self.names(hook)) or 'none'}"
        refusing = [plugin for plugin in self.plugins if hook in plugin.refused]
        if refusing and not suggestion(name, self.names(hook)):
            return "; ".join(
                f"the plugin {plugin.name!r} ({plugin.origin}) {plugin.refused[hook]}" for plugin in refusing
            )
        return ""


@cache
def registry() -> Registry:
    """The registry of this interpreter, discovered once."""
    return Registry(discover())


def load(potential: str | Path | Mapping[str, Any], *, device: str = "cpu") -> Potential:
    """A living potential, named as in a study file: `mace:small`, a mapping with `use:` and its options, or the folder
    of one that `whet export` wrote (a path has a slash in it).

    >>> atoms.calc = whet.load("chgnet").calculator()
    >>> atoms.calc = whet.load("./toy-naive-2").calculator()

    Raises what `Registry.resolve` and `Registry.load` raise.
    """
    here = registry()
    given = str(potential.absolute()) if isinstance(potential, Path) else potential
    return here.load(here.resolve("potentials", Spec.parse(given)), device=device)


def missing_packages(offered: type[Any]) -> list[str]:
    """Requirements of what a plugin offers whose module cannot be found here (nothing is imported)."""
    missing = []
    for module, requirement in offered.packages.items():
        try:
            there = find_spec(module) is not None
        except (ImportError, ValueError):
            there = False
        if not there:
            missing.append(requirement)
    return missing


def _refuse_absent(offered: type[Backend], device: str) -> None:
    if "torch" in offered.packages:
        refuse_absent(device, f"plugin {offered.name!r}")


def _hook_of(role: str) -> str:
    """The hook of a part: `potential`, or `potential-2` or `monitor:NAME` where there are several."""
    word = role.partition(":")[0].rstrip("0123456789").removesuffix("-")
    return next(hook for hook, kind in HOOKS.items() if word in (kind, hook))


def _drop(options: dict[str, Any], place: Sequence[str]) -> None:
    *above, last = place
    for key in above:
        options = options[key]
    options.pop(last, None)


def _install(requirements: Iterable[str]) -> str:
    return "pip install " + " ".join(f"'{requirement}'" for requirement in requirements)


def _claimed_twice(kind: str, name: str, plugins: Iterable[FoundPlugin]) -> str:
    origins = sorted({plugin.origin for plugin in plugins})
    return f"{kind} {name!r} is claimed by {' and '.join(origins)}; uninstall one"


def _placeless(value: Any, roles: Mapping[str, str], folder: Path) -> Any:
    """Options with `file:ROLE` for each path of the component's files: a file enters by content, not by place."""
    if not roles:
        return value
    if isinstance(value, str):
        name, colon, path = value.rpartition(":")  # a path, or NAME:PATH
        try:
            role = roles.get(str(full_path(located(path, folder))))
        except InputError:
            return value
        return f"{name}{colon}file:{role}" if role else value
    if isinstance(value, Mapping):
        return {_placeless(key, roles, folder): _placeless(inner, roles, folder) for key, inner in value.items()}
    return [_placeless(inner, roles, folder) for inner in value] if isinstance(value, list) else value
