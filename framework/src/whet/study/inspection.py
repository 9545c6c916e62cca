"""inspect: what `whet check` finds: what the words of a study stand for, its plan, and every input file read once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.contracts.component import Component, FileRef
from whet.contracts.executor import Executor
from whet.contracts.ports import LabeledFrames
from whet.contracts.resources import Resources
from whet.data.errors import InputError, UntrustedFile
from whet.data.frame_choice import chosen_frames
from whet.data.frames import FrameSet
from whet.data.identity import JSON
from whet.files.naming import named_by
from whet.labels.frame_findings import CONFLICT, frame_findings
from whet.labels.label_checks import Finding
from whet.plugins.frame_files import read_labeled, read_structures
from whet.plugins.registry import registry
from whet.running.step import Step
from whet.study.leaks import leaks
from whet.study.refused_files import files_of, refused_files
from whet.study.step_resources import StepResources
from whet.study.study import Study


@dataclass(frozen=True)
class Inspection:
    """What a study will do, and with what.

    files: path, SHA-256, and what each is read as. suspicious: what looks wrong in them. refused: the files that would
    run code and that nobody vouches for, each as the fault that the study will end with.
    """

    name: str
    components: Mapping[str, tuple[Component, str]]
    steps: Mapping[str, int]
    done: int
    files: list[tuple[str, str, str]]
    suspicious: list[str]
    refused: list[UntrustedFile]

    def role_rows(self) -> list[tuple[str, str, str, str]]:
        """Rows of a table: role, component, environment, options that are set."""
        return [
            (role, component.name, environment, ", ".join(f"{k}={v}" for k, v in component.options.items()))
            for role, (component, environment) in self.components.items()
        ]

    def as_json(self) -> dict[str, JSON]:
        """Plain data: study, components, steps (by kind), done, files (path, sha256, read_as), refused (path, why)."""
        components = {
            role: {**component.as_json(), "environment": environment}
            for role, (component, environment) in self.components.items()
        }
        files = [{"path": path, "sha256": sha, "read_as": what} for path, sha, what in self.files]
        return {
            "study": self.name,
            "components": components,
            "steps": dict(self.steps),
            "done": self.done,
            "files": files,
            "suspicious": self.suspicious,
            "refused": [{"path": error.where, "why": error.what} for error in self.refused],
        }


def inspect(study: Study) -> Inspection:
    """Reads every input file through.

    Raises FrameError, with file and line, for the first that is damaged, InputError where training data have two
    labels of one structure, or where the executor can take no step of some kind.
    """
    _check_needs(study)
    components = {role: (one.component, one.environment) for role, one in study.resolved.roles.items()}
    files: dict[tuple[str, str], str] = {}
    for title, (component, environment) in components.items():
        for part, ref in files_of(component):
            files[ref.path, ref.sha256] = f"model of {title}, {_told(part, ref, environment)}"
    refused = refused_files(component for component, _ in components.values())
    for step in study.plan.steps.values():
        for role, ref in step.files.items():
            files.setdefault(
                (ref.path, ref.sha256), "labeled frames" if step.task.options.get("labeled", True) else role
            )
    data = _Data(study)
    done = sum(study.store.is_done(key) for key in study.plan.steps)
    listed = [(path, sha, what) for (path, sha), what in files.items()]
    found = list(data.findings())
    return Inspection(study.file.name, components, study.plan.counts(), done, listed, found, refused)


def _check_needs(study: Study) -> None:
    """InputError, with the line of `resources` that is nearest, for the first step that fits nowhere."""
    running = study.file.running
    executor: Executor[Any] = registry().load(study.resolved.executor)
    of_step = StepResources(running, study.resolved, lambda: study.plan.steps)
    asked: dict[Resources, Step] = {}
    for step in study.plan.steps.values():
        asked.setdefault(of_step(step), step)
    for needs, step in asked.items():
        try:
            executor.check(needs)
        except InputError as error:
            keys = ("running", "resources", step.kind) if step.kind in running.resources else ("running",)
            error.what = f"{step.title or step.kind}: {error.what}"
            error.args = (error.what,)
            raise error.at(study.source.place(keys)) from None


def check_data(study: Study) -> None:
    """Reads the files that no step has read yet: a damaged one is a fault now, not after hours. Raises as `inspect`."""
    if any(not study.store.is_done(step.key) for step in study.plan.of_kind("import")):
        _ = list(_Data(study).findings())


def _told(component: Component, ref: FileRef, environment: str) -> str:
    """Whose the file is, who vouches for it, and whether it is here and runs code."""
    code, voucher = registry().code_in(component, Path(ref.path)), registry().voucher(ref.sha256)
    if not Path(ref.path).exists():
        published = registry().published(ref)
        size = f" ({published.size / 1e6:.1f} MB)" if published and published.size else ""
        safety = f"not here yet: the run fetches it{size}"
    elif code:
        safety = f"this is code: {code}" if voucher else f"this is code, and nobody vouches for it: {code}"
    else:
        safety = f"environment {environment} loads it" if environment else "runs no code"
    return ", ".join(filter(None, [ref.origin or "a file of yours", voucher, safety]))


class _Data:
    """The frames of every file that the study reads, by the step that will read them."""

    def __init__(self, study: Study) -> None:
        self.plan = study.plan
        self.frames: dict[str, FrameSet] = {}
        structures: dict[tuple[Path, ...], FrameSet] = {}
        replayed = {piece.key for piece in self.plan.all(LabeledFrames, set_kind="replayed")}
        for step in self.plan.of_kind("import"):
            paths = tuple(ref.locate() for _, ref in sorted(step.files.items()))
            settings = step.task.options
            if settings["labeled"]:
                with named_by("file") if step.key in replayed else nullcontext():  # there are no keys of replay files
                    read = sum((read_labeled(path, settings.get("keys") or {}) for path in paths), FrameSet(()))
                only, first = settings.get("only"), settings.get("first")
                self.frames[step.key] = chosen_frames(read, only, first, str(paths[0]))
                continue
            if paths not in structures:  # a step for each structure that is taken
                structures[paths] = sum((read_structures(path) for path in paths), FrameSet(()))
            place = settings.get("index")
            self.frames[step.key] = structures[paths] if place is None else structures[paths].take([place])

    def findings(self) -> Iterator[str]:
        """What looks wrong in each file, and which test frames will be trained on. InputError as `inspect` says."""
        for name, titles in self.plan.unwatched.items():
            what = f"the monitor {name} has nothing to look at: the driver is no committee"
            yield str(Finding("unwatched", what, tuple(titles)))
        trained = {key for step in self.plan.of_kind("dataset") for key in step.inputs["labeled"]} & self.frames.keys()
        for key, frames in self.frames.items():
            if not self.plan.steps[key].task.options["labeled"]:
                continue
            for finding in frame_findings(frames):
                if finding.kind == CONFLICT and key in trained:
                    raise InputError(str(finding), where=self._name(key), hint="Remove the wrong one")
                yield f"{self._name(key)}: {finding}"
        yield from leaks(self.plan, self.frames)

    def _name(self, key: str) -> str:
        return next(iter(self.plan.steps[key].files.values())).path
