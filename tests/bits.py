"""contents: what a store holds, to be compared with another one; how long things took is no part of it."""

from __future__ import annotations

import json

from whet.contracts.findings import Findings
from whet.data.identity import key_of
from whet.running.store import Store

TIMES = frozenset({"time", "time per frame", "seconds", "seconds a frame", "seconds_per_frame"})
"""Columns of findings that say how long something took."""


def contents(store: Store) -> dict[str, str]:
    """Identity of every result in a store."""
    return {path.parent.name: content(store, path.parent.name) for path in store.root.glob("steps/*/result.json")}


def content(store: Store, key: str) -> str:
    """Identity of a step's result; of findings without how long something took."""
    result = store.result(key)
    if "findings" not in result.outputs:
        return result.content
    said = json.loads(store.output(key, "findings", result).read_text(encoding="utf-8"))
    for table, plain in zip(Findings.from_json(said).tables, said["tables"], strict=True):
        plain["rows"] = [[cell for name, cell in row.items() if name not in TIMES] for row in table.records()]
    return key_of(said)
