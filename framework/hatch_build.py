"""Puts the plugin template and the pages that messages point to, which lie beside this folder, into what is built."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEFT_OUT = {"__pycache__", ".pytest_cache", "build", "dist", ".venv"}

PARTS = {
    "plugin-template": "whet/plugin_template",
    "docs/writing-a-plugin.md": "whet/pages/writing-a-plugin.md",
    "docs/writing-an-analysis.md": "whet/pages/writing-an-analysis.md",
    "docs/reference/conformance.md": "whet/pages/conformance.md",
}
"""Path in the tree, and so in a source distribution -> path in the wheel."""


class BesideIt(BuildHookInterface):
    """In a checkout these parts are beside this folder, in a source distribution inside it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for part, inside in PARTS.items():
            own = Path(self.root) / part
            source = own if own.exists() else Path(self.root).parent / part
            target = inside if self.target_name == "wheel" else part
            for path in _files(source):
                name = path.relative_to(source).as_posix()
                build_data["force_include"][str(path)] = target if path == source else f"{target}/{name}"


def _files(source: Path) -> Iterator[Path]:
    for path in (source, *source.rglob("*")):
        parts = path.relative_to(source).parts
        made = any(part in LEFT_OUT or part.endswith(".egg-info") for part in parts)
        if path.is_file() and not made:
            yield path
