"""OpenStep, run_step: a step is opened, its task runs, its result is kept."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from whet.contracts.component import Backend, Component, FileRef
from whet.contracts.findings import Findings
from whet.contracts.fine_tuning import Progress
from whet.contracts.ports import FinishedStep
from whet.contracts.ref import Ref
from whet.contracts.task import Kind, Outcome, Task
from whet.data.durable import replacing, unwritable, write_json
from whet.data.errors import PluginError, StepFailed, WhetError
from whet.data.logs import captured
from whet.data.partials import remove_all_dead
from whet.labels import label_log
from whet.labels.label_log import LabelLog
from whet.labels.stored_labeler import StoredLabeler
from whet.plugins.registry import registry
from whet.running.step import Step
from whet.running.store import Result, Store
from whet.running.stored_step import StoredSteps


@dataclass(frozen=True, eq=False)
class OpenStep:
    """A step that is being run: `whet.contracts.task.Work` over a store.

    loaded: key of a component -> the backend that is alive in this process already.
    """

    step: Step
    stored: StoredSteps
    device: str
    progress: Progress
    batch: int = 1
    loaded: Mapping[str, Backend] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people call the step."""
        return self.step.title or self.step.key

    @property
    def settings(self) -> Mapping[str, Any]:
        """The options of the step's task."""
        return self.step.task.options

    @property
    def folder(self) -> Path:
        """Where outputs go."""
        return self.stored.store.folder(self.step.key)

    @property
    def store(self) -> Path:
        """The store."""
        return self.stored.store.root

    @property
    def files(self) -> Mapping[str, FileRef]:
        """Imported files by role."""
        return self.step.files

    def all(self, role: str, kind: type[Kind]) -> list[Kind]:
        """What feeds that role, in order."""
        keys = self.step.inputs.get(role, ())
        refs = self.step.refs.get(role) or (Ref(),) * len(keys)
        return [kind.read(self.stored[key], ref) for key, ref in zip(keys, refs, strict=True)]

    def one(self, role: str, kind: type[Kind]) -> Kind:
        """What the one step that feeds that role left."""
        found = self.all(role, kind)
        if len(found) != 1:
            raise StepFailed(f"{len(found)} steps feed {role!r}, where there must be one", where=self.title)
        return found[0]

    def steps(self, role: str) -> Sequence[FinishedStep]:
        """The steps that feed that role, in order."""
        return [self.stored[key] for key in self.step.inputs.get(role, ())]

    def has(self, role: str) -> bool:
        """Whether the recipe has a component or an input of that role."""
        return role in self.step.components or bool(self.step.inputs.get(role))

    def component(self, role: str) -> Component:
        """The component of that role: named in the recipe, or made by the step that feeds it."""
        if role in self.step.components:
            return self.step.components[role]
        key = self.step.inputs[role][0]
        made = self.stored[key].component
        if made is None:
            raise StepFailed(f"the step {key} that feeds {role!r} made no component", where=self.title)
        return made

    def load(self, role: str) -> Any:
        """The living backend of that role."""
        component = self.component(role)
        if component.key in self.loaded:
            return self.loaded[component.key]
        return registry().load(component, store=self.store, device=self.device)

    def labeler(self, role: str = "labeler") -> StoredLabeler:
        """The labeler of that role; labels are found in the label store, and kept in the step's own log."""
        log = LabelLog(self.folder / label_log.NAME, self.stored.store.labels)
        return StoredLabeler(self.load(role), log, self.folder / "labeler")


def run_step(store: Store, key: str, *, device: str = "cpu", progress: Progress = lambda done, total: None) -> Result:
    """Runs a described step here, unless it has a result, and keeps its result. What upstream prints goes to its log.

    Raises WhetError for a known fault (its place is the step), StepFailed with the log's path for any other.
    """
    (result,) = run_together(store, [key], device=device, progress=progress)
    return result


def run_together(
    store: Store,
    keys: Sequence[str],
    *,
    device: str = "cpu",
    batch: int = 1,
    progress: Progress = lambda done, total: None,
    loaded: Mapping[str, Backend] | None = None,
) -> list[Result]:
    """`run_step` for several steps of one kind that are done at once; a fault is that of all of them.

    batch: frames that a potential may be asked for at once. progress: of all of them; the log is the first one's.
    loaded: as for `OpenStep`.
    """
    with ExitStack() as held:
        for key in sorted(keys):
            held.enter_context(store.locked(key))
        todo = [key for key in keys if not store.is_done(key)]
        for key in todo:
            remove_all_dead(store.folder(key))
        if todo:
            stored = StoredSteps(store)
            _do([OpenStep(store.step(key), stored, device, progress, batch, loaded or {}) for key in todo])
        return [store.result(key) for key in keys]


def _do(works: Sequence[OpenStep]) -> None:
    first = works[0]
    store, title = first.stored.store, first.title
    log = first.folder / "log.txt"
    started = time.time()
    here, environment = Path.cwd(), dict(os.environ)
    try:
        with captured(log):
            task: Task = registry().load(first.step.task, store=store.root, device=first.device)
            outcomes = [task.run(first)] if len(works) == 1 else task.run_batch(works)
        for work, left in zip(works, outcomes, strict=True):
            if isinstance(left, WhetError):
                continue
            done = _written(left, work.folder) if isinstance(left, Findings) else left
            result = Result(
                values=done.values,
                outputs={role: store.reference(path) for role, path in done.files.items()},
                component=_within(done.component, store),
                fed_by={feed: work.stored[feed].result.content for feed in work.step.feeds},
                provenance={**_provenance(work, started, len(works)), **done.measured},
            )
            store.keep(work.step.key, result)
        for done in outcomes:
            if isinstance(done, WhetError):
                raise done
    except WhetError as error:
        raise error.at(title) from None
    except OSError as error:
        if error.errno is None:
            raise _unforeseen(first.step, log, error) from error
        raise unwritable(Path(error.filename or first.folder), error).at(title) from error
    except (Exception, SystemExit) as error:  # an upstream package may call sys.exit
        raise _unforeseen(first.step, log, error) from error
    finally:
        if Path.cwd() != here:
            os.chdir(here)
        _restore(environment)


def _written(findings: Findings, folder: Path) -> Outcome:
    """Findings as any outcome. PluginError where their parts do not fit together."""
    try:
        findings.check()
    except ValueError as error:
        raise PluginError(f"the analysis left findings that do not fit: {error}") from error
    path = folder / "findings.json"
    write_json(path, findings.as_json())
    files = {"findings": path}
    for role, text in findings.files.items():
        files[role] = folder / f"{role}.gz"
        with replacing(files[role]) as partial:
            partial.write_bytes(text.read())
    return Outcome({"title": findings.title, "label": findings.label}, files)


def _unforeseen(step: Step, log: Path, error: BaseException) -> StepFailed:
    with log.open("a", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)
    what = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".rstrip(": ")
    return StepFailed(what, where=step.title or step.key, hint=f"The traceback is in {log}")


def _within(component: Component | None, store: Store) -> Component | None:
    if component is None:
        return None
    files = {role: ref.within(store.root) for role, ref in component.files.items()}
    return Component(**{**vars(component), "files": files})


def _provenance(work: OpenStep, started: float, share: int) -> dict[str, Any]:
    """Where the numbers came from: versions of what the plugins named and of what they import."""
    wanted = {"whet", "numpy", "ase"} | {
        module for backend in _backends(work) for module in (backend.__module__.partition(".")[0], *backend.packages)
    }
    if "torch" in sys.modules:
        wanted.add("torch")
    return {
        "versions": {name: number for module in sorted(wanted) for name, number in _versions(module)},
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "machine": platform.node(),
        "device": work.device,
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "started": started,
        "seconds": round((time.time() - started) / share, 3),
    }


@cache
def _versions(module: str) -> list[tuple[str, str]]:
    """The distributions that provide a module, with their versions."""
    return [(name, version(name)) for name in sorted(set(_distributions().get(module, [])))]


_distributions = cache(packages_distributions)


def _backends(work: OpenStep) -> list[type[Backend]]:
    """Of the step, and those that feed it; what another interpreter made for a step that only reads is not here."""
    here, made = registry(), [work.stored[key].component for key in work.step.feeds]
    components = [work.step.task, *work.step.components.values(), *(one for one in made if one is not None)]
    return [here.find(one.hook, one.name) for one in components if here.knows(one.hook, one.name)]


def _restore(environment: Mapping[str, str]) -> None:
    """Whatever an upstream package did to the environment variables is undone."""
    if dict(os.environ) != environment:
        os.environ.clear()
        os.environ.update(environment)
