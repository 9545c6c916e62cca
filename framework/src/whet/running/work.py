"""Work: an open step, as the function that does it sees it."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from whet.contracts.component import Backend, Component
from whet.contracts.fine_tuning import Progress
from whet.contracts.potential import Potential
from whet.data.durable import unwritable
from whet.data.errors import StepFailed, WhetError
from whet.data.frames import FrameSet
from whet.data.logs import captured
from whet.data.partials import remove_all_dead
from whet.plugins.registry import Registry, registry
from whet.running.step import Step
from whet.running.store import Result, Store


@dataclass(frozen=True)
class Outcome:
    """What a kind of step hands back.

    values: plain data. files: role -> file in the step's folder. component: the potential that it made, if any.
    measured: what may differ from run to run (seconds, labels bought): recorded beside the result, not part of it.
    """

    values: Mapping[str, Any]
    files: Mapping[str, Path] = field(default_factory=dict)
    component: Component | None = None
    measured: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """An open step: its inputs at hand, its folder to write in, and where to tell of progress."""

    step: Step
    store: Store
    device: str
    progress: Progress

    @property
    def folder(self) -> Path:
        """Where outputs go."""
        return self.store.folder(self.step.key)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The step's settings."""
        return self.step.settings

    @cached_property
    def registry(self) -> Registry:
        """The plugins of this interpreter."""
        return registry()

    def component(self, role: str) -> Component:
        """The component of that role: named in the recipe, or made by the step that feeds it."""
        if role in self.step.components:
            return self.step.components[role]
        made = self.store.result(self.step.inputs[role][0]).component
        assert made is not None, f"{self.step.inputs[role][0]} made no potential"
        return made

    def load(self, role: str) -> Any:
        """The living backend of that role."""
        return self.registry.load(self.component(role), store=self.store.root, device=self.device)

    def potential(self, role: str = "potential") -> Potential:
        """The living potential of that role."""
        return self.load(role)

    def frames(self, role: str, output: str = "frames") -> FrameSet:
        """All frames of the steps that feed that role, in order; none where nothing feeds it."""
        return sum((self.store.frames(key, output) for key in self.step.inputs.get(role, ())), FrameSet(()))


def run_step(store: Store, key: str, *, device: str = "cpu", progress: Progress = lambda done, total: None) -> Result:
    """Runs a described step here, unless it has a result, and keeps its result. What upstream prints goes to its log.

    Raises WhetError for a known fault (its place is the step), StepFailed with the log's path for any other.
    """
    (result,) = run_together(store, [key], device=device, progress=progress)
    return result


def run_together(
    store: Store, keys: Sequence[str], *, device: str = "cpu", progress: Progress = lambda done, total: None
) -> list[Result]:
    """`run_step` for several steps of one kind that are done at once; a fault is that of all of them.

    progress: of all of them; the log is the first one's.
    """
    with ExitStack() as held:
        for key in sorted(keys):
            held.enter_context(store.locked(key))
        todo = [key for key in keys if not store.is_done(key)]
        for key in todo:
            remove_all_dead(store.folder(key))
        if todo:
            _do([Work(store.step(key), store, device, progress) for key in todo])
        return [store.result(key) for key in keys]


def _do(works: Sequence[Work]) -> None:
    first = works[0]
    store, title = first.store, first.step.title or first.step.key
    log = first.folder / "log.txt"
    started = time.time()
    here, environment = Path.cwd(), dict(os.environ)
    try:
        with captured(log):
            kind = import_module(f"whet.running.kinds.{first.step.kind.replace('-', '_')}")
            outcomes = [kind.run(first)] if len(works) == 1 else kind.run_together(works)
        for work, done in zip(works, outcomes, strict=True):
            if isinstance(done, WhetError):
                continue
            result = Result(
                values=done.values,
                outputs={role: store.reference(path) for role, path in done.files.items()},
                component=_within(done.component, store),
                fed_by={feed: store.result(feed).content for feed in work.step.feeds},
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


def _provenance(work: Work, started: float, share: int) -> dict[str, Any]:
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


def _backends(work: Work) -> list[type[Backend]]:
    roles = [*work.step.components, *(role for role in ("potential", "start") if role in work.step.inputs)]
    found = []
    for role in roles:
        component = work.store.result(work.step.inputs[role][0]).component if role in work.step.inputs else None
        component = component or work.step.components.get(role)
        if component is not None:
            found.append(work.registry.find(component.hook, component.name))
    return found


def _restore(environment: Mapping[str, str]) -> None:
    """Whatever an upstream package did to the environment variables is undone."""
    if dict(os.environ) != environment:
        os.environ.clear()
        os.environ.update(environment)
