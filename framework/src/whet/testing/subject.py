"""Subject: a backend under test, whatever its kind; each kind's checks ask a subject of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from whet.contracts.component import Component, Spec
from whet.plugins.hookspecs import HOOKS
from whet.plugins.registry import registry

Given = Component | str | Mapping[str, Any]
"""A backend: a component, or how a user names one (`mace:small`, `{"use": …}`)."""


class Subject:
    """A backend under test. hook: by which its kind is offered. Raises what resolving it raises."""

    hook: ClassVar[str]

    def __init__(self, given: Given) -> None:
        if not isinstance(given, Component):
            given = registry().resolve(self.hook, Spec.parse(given, folder=Path.cwd()))
        self.component: Component = given

    def __str__(self) -> str:
        return f"{HOOKS[self.hook]} {self.component.name}"

    @property
    def expected_failures(self) -> Mapping[str, str]:
        """Those that the plugin states of itself."""
        return registry().expected_failures(self.component)
