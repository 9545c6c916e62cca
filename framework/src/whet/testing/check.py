"""Check: one thing that a backend must do, with a name, a tier, and words for whoever fails it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Tier = Literal["contract", "physics", "training", "device"]

TIERS: tuple[Tier, ...] = ("contract", "physics", "training", "device")
"""`contract` takes seconds; `training` runs every strategy for a few epochs; `device` needs a GPU."""


class NotApplicable(Exception):
    """The check means nothing for this backend, and why."""


class CheckFailed(AssertionError):
    """What the backend did, in numbers; what it means is the check's own docstring."""


@dataclass(frozen=True)
class Check:
    """A check of one kind of backend.

    name: stays the same from version to version, because plugins list it among their expected failures. meaning: what
    it demands, and what usually breaks it. run: takes the subject; raises CheckFailed or NotApplicable.
    """

    name: str
    tier: Tier
    meaning: str
    run: Callable[[Any], None]

    @property
    def page(self) -> str:
        """Where the documentation explains it: a file of this installation, and the heading."""
        return f"{page('conformance.md')}#{self.name}"


def page(name: str) -> Path:
    """A page of the documentation that a message points to: in the package, or in a checkout."""
    package = Path(__file__).parents[1]
    inside, tree = package / "pages" / name, package.parents[2] / "docs"
    return next((path for path in (inside, tree / name, tree / "reference" / name) if path.is_file()), inside)


def checks_in(module: Any) -> tuple[Check, ...]:
    """The checks that a module defines, in order."""
    return tuple(found for found in vars(module).values() if isinstance(found, Check))


def check(tier: Tier) -> Callable[[Callable[[Any], None]], Check]:
    """Makes a function into a check: its name is the check's, its docstring the meaning."""

    def made(function: Callable[[Any], None]) -> Check:
        return Check(function.__name__, tier, inspect.cleandoc(function.__doc__ or ""), function)

    return made


def demand(holds: Any, otherwise: str) -> None:
    """CheckFailed with what was found, unless it holds."""
    if not holds:
        raise CheckFailed(otherwise)
