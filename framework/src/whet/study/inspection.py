"""inspect: what `whet check` finds: the cast, the plan, and every input file read through once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.contracts.component import Component, FileRef
from whet.data.errors import UntrustedFile
from whet.data.identity import JSON
from whet.files.frame_files import LabelKeys, read_labeled, read_structures
from whet.plugins.registry import registry
from whet.study.refused_files import files_of, refused_files
from whet.study.study import Study


@dataclass(frozen=True)
class Inspection:
    """What a study will do, and with what.

    files: path, SHA-256, and what each is read as. refused: the files that would run code and that nobody vouches for,
    each as the fault that the study will end with.
    """

    name: str
    components: Mapping[str, tuple[Component, str]]
    steps: Mapping[str, int]
    done: int
    files: list[tuple[str, str, str]]
    refused: list[UntrustedFile]

    def cast_rows(self) -> list[tuple[str, str, str, str]]:
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
            "refused": [{"path": error.where, "why": error.what} for error in self.refused],
        }


def inspect(study: Study) -> Inspection:
    """Reads every input file through. Raises FrameError, with file and line, for the first that is damaged."""
    cast = study.cast
    components: dict[str, tuple[Component, str]] = {
        f"potential {name}": (player.role.component, player.role.environment)
        for name, player in cast.potentials.items()
    }
    for title, role in (("labeler", cast.labeler), ("structures", cast.structures), ("descriptor", cast.descriptor)):
        if role is not None:
            components[title] = (role.component, role.environment)
    for environment, engine in cast.engines.items():
        components["dynamics" + (f" in {environment}" if environment else "")] = (engine, environment)
    files: dict[tuple[str, str], str] = {}
    for title, (component, environment) in components.items():
        for part, ref in files_of(component):
            files[ref.path, ref.sha256] = f"model of {title}, {_told(part, ref, environment)}"
    refused = refused_files(component for component, _ in components.values())
    for step in study.plan.steps.values():
        for role, ref in step.files.items():
            files.setdefault((ref.path, ref.sha256), "labeled frames" if step.settings.get("labeled", True) else role)
            if step.kind == "import":
                _read(step.settings, ref.locate())
    done = sum(study.store.is_done(key) for key in study.plan.steps)
    listed = [(path, sha, what) for (path, sha), what in files.items()]
    return Inspection(study.file.name, components, study.plan.counts(), done, listed, refused)


def _told(component: Component, ref: FileRef, environment: str) -> str:
    """Whose the file is, who vouches for it, and whether it runs code."""
    code, voucher = registry().code_in(component, Path(ref.path)), registry().voucher(ref.sha256)
    if code:
        safety = f"this is code: {code}" if voucher else f"this is code, and nobody vouches for it: {code}"
    else:
        safety = f"environment {environment} loads it" if environment else "runs no code"
    return ", ".join(filter(None, [ref.origin or "a file of yours", voucher, safety]))


def _read(settings: Mapping[str, Any], path: Any) -> None:
    if not settings["labeled"]:
        read_structures(path)
        return
    keys = settings.get("keys")
    read_labeled(path, LabelKeys(keys["energy"], keys["forces"], keys.get("stress")) if keys else None)
