"""PotentialFolder: a potential that was taken out of a study, described so that Whet loads it without the study."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from whet.contracts.component import Component, FileRef, Spec
from whet.data.durable import read_json, write_json
from whet.data.errors import InputError, StoreError
from whet.data.identity import JSON
from whet.data.input_files import full_path, located

DESCRIPTION = "potential.json"
"""The file that makes a folder one of these."""

FORMAT = 1
"""Its version."""


@dataclass(frozen=True)
class PotentialFolder:
    """A folder with a description of a potential and its files.

    component: its files are relative to the folder. said: what is recorded of where it comes from.
    """

    path: Path
    component: Component
    said: Mapping[str, JSON] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: Spec) -> Self | None:
        """The folder that a spec names: a name with a slash in it is a path. None for a plugin's name.

        Raises InputError where there is no such folder, StoreError where its description is damaged.
        """
        if "/" not in spec.name:
            return None
        return cls.read(located(spec.name, spec.folder))

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote. InputError where there is none, StoreError where it is damaged."""
        file = path / DESCRIPTION
        if not path.is_dir():
            named = path if "/" in str(path) else f"./{path}"
            hint = f"A file of weights is named with its plugin: NAME:{named}" if path.exists() else ""
            raise InputError("there is no such folder of a potential", where=str(path), hint=hint)
        if not file.is_file():
            hint = "`whet export` writes one"
            raise InputError(
                f"no potential was exported into this folder (no {DESCRIPTION})", where=str(path), hint=hint
            )
        hint = "Export the potential again"
        data: Any = read_json(file)
        try:
            if data["format"] != FORMAT:
                raise StoreError(f"it has format {data['format']!r:.20}", where=str(file), hint="Update Whet")
            return cls(path, Component.from_json(data["component"]), data.get("from", {}))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StoreError(f"the description is damaged ({error!r:.80})", where=str(file), hint=hint) from error

    def write(self) -> None:
        """Writes the description. StoreError where that is not possible."""
        said = {"format": FORMAT, "component": self.component.as_json(), "from": dict(self.said)}
        write_json(self.path / DESCRIPTION, said)

    def located(self) -> Component:
        """The component with its files where they lie. InputError where one is gone or was changed."""

        def here(ref: FileRef) -> FileRef:
            return replace(ref, path=str(full_path(ref.locate(self.path))))

        return mapped(self.component, lambda _, __, ref: here(ref))


def mapped(
    component: Component, change: Callable[[tuple[str, ...], str, FileRef], FileRef], within: tuple[str, ...] = ()
) -> Component:
    """The component with every reference changed, those of its parts too. change: the parts it is in, role, ref."""
    return replace(
        component,
        files={role: change(within, role, ref) for role, ref in component.files.items()},
        parts={role: mapped(part, change, (*within, role)) for role, part in component.parts.items()},
    )
