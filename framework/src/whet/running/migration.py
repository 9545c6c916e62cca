"""Stores of older formats are brought to the present one, in place; results and labels stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whet.contracts.component import Component
from whet.data.durable import read_json, write_json
from whet.data.errors import StoreError
from whet.running.step import Step

VERSIONS = {
    "structure": 2,
    "import": 3,
    "md": 2,
    "label": 2,
    "dataset": 2,
    "fine-tune": 1,
    "committee": 1,
    "evaluate": 2,
    "coverage": 1,
}
"""Kind of step -> version of its results, in stores of format 1."""


def migrate(root: Path) -> None:
    """From format 1 to 2: recipes name a task where they named a kind. What is damaged stays as it is, to be told."""
    for path in sorted((root / "steps").glob("*/step.json")):
        try:
            data = read_json(path)
            if isinstance(data, dict) and "kind" in data:
                write_json(path, _recipe(data).as_json())
        except (StoreError, KeyError, TypeError, AttributeError, ValueError):
            continue


def _recipe(data: Mapping[str, Any]) -> Step:
    task = Component("tasks", data["kind"], VERSIONS[data["kind"]], data["settings"]).as_json()
    return Step.from_json({**data, "task": task, "refs": {}, "environment": ""})
