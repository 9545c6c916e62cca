"""The kit's check of a labeler's options: one that moves a label has to be in the theory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from pydantic import Field

from whet import Failure, Labeler, Labels, LevelOfTheory, Options
from whet.plugins.discovery import FoundPlugin
from whet.plugins.registry import Registry
from whet.testing import check_labeler

CHECK = "every_option_that_moves_a_label_is_in_the_theory"


class ToolOptions(Options):
    """An option of each type."""

    number: float = 1.0
    """Moves the energy."""
    count: int = 1
    """Moves the energy."""
    switch: bool = False
    """Moves the energy."""
    kind: Literal["a", "b"] = "a"
    """Moves the energy."""
    maybe: float | None = None
    """Moves the energy."""
    text: str = "a"
    """Moves the energy."""
    table: dict[str, float] = Field(default={})
    """Moves the energy."""
    patience: int = 3
    """Moves nothing."""


class Tool(Labeler[ToolOptions]):
    """Answers a sum of its options; `left_out` of them are not in its theory."""

    name = "tool"
    left_out: ClassVar[frozenset[str]] = frozenset({"patience"})

    @classmethod
    def variations(cls, options: ToolOptions) -> Mapping[str, Any]:
        return {"text": "b", "table": {"Ar": 2.0}}

    @property
    def theory(self) -> LevelOfTheory:
        kept = {key: value for key, value in self.options.as_json().items() if key not in self.left_out}
        return LevelOfTheory("tool", settings=kept)

    def label(self, frames: Sequence[Any], folder: Path) -> Iterator[Labels | Failure]:
        given = self.options
        energy = given.number + given.count + given.switch + ord(given.kind) + (given.maybe or 0.0)
        energy += ord(given.text) + sum(given.table.values())
        for frame in frames:
            yield Labels(float(energy), np.zeros((len(frame), 3)))


def outcome(monkeypatch: pytest.MonkeyPatch, tool: type[Labeler], **words: Any) -> tuple[str, str]:
    """How the check ends, and what it says."""
    plugin = FoundPlugin("tool", "whet-tool", "1", {"labelers": [tool]})
    for asking in ("labelers", "subject"):
        monkeypatch.setattr(f"whet.testing.{asking}.registry", lambda: Registry([plugin]))
    (found,) = check_labeler("tool", only=[CHECK], **words).outcomes
    return found.status, found.said


def test_a_labeler_that_states_what_moves_its_labels_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcome(monkeypatch, Tool)[0] == "passed"


@pytest.mark.parametrize("name", ["number", "count", "switch", "kind", "maybe", "text", "table"])
@pytest.mark.parametrize("declared", [False, True], ids=["forgotten", "declared to move nothing"])
def test_an_option_that_the_theory_leaves_out_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, declared: bool
) -> None:
    class Declared(ToolOptions):
        """With a false promise."""

        not_identity = frozenset({name}) if declared else frozenset()

    class Wrong(Tool):
        """Forgets one."""

        Options = Declared
        left_out = frozenset({"patience", name})

    status, what = outcome(monkeypatch, Wrong)
    assert status == "failed"
    assert f"labels move with {name}, and the theory does not" in what


def test_what_cannot_be_varied_has_to_be_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Tool):
        """States nothing."""

        @classmethod
        def variations(cls, options: ToolOptions) -> Mapping[str, Any]:
            return {}

    status, what = outcome(monkeypatch, Silent)
    assert status == "failed"
    assert "no other value is known of text, table: state one in `variations`" in what
    assert outcome(monkeypatch, Silent, variations={"text": "b", "table": {"Ne": 1.0}})[0] == "passed"
