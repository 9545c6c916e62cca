"""Puts the plugin template, which lies beside this folder, into the wheel; everything else is in pyproject.toml."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LEFT_OUT = {"__pycache__", ".pytest_cache", "build", "dist", ".venv"}


class Template(BuildHookInterface):
    """In a checkout the template is beside this folder, in a source distribution inside it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        inside = Path(self.root) / "plugin-template"
        template = inside if inside.is_dir() else inside.parents[1] / "plugin-template"
        target = "whet/plugin_template" if self.target_name == "wheel" else "plugin-template"
        for path in template.rglob("*"):
            parts = path.relative_to(template).parts
            made = any(part in LEFT_OUT or part.endswith(".egg-info") for part in parts)
            if path.is_file() and not made:
                build_data["force_include"][str(path)] = "/".join((target, *parts))
