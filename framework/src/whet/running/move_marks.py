"""Marks of a move: what a store's marker says of it, and the note at the old place that says where the store went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from whet.data.durable import read_json, write_json
from whet.data.errors import StoreError

MARKER = "store.json"

NOTE = "moved.json"
"""What is left at the old place. Where it is removed, a new store may begin there."""


def marker_of(root: Path) -> dict[str, Any]:
    """What a store's marker says; nothing where there is none. StoreError where it is damaged."""
    path = root / MARKER
    said = read_json(path) if path.is_file() else {}
    if not isinstance(said, dict):
        raise StoreError("the file does not say the store's format", where=str(path))
    return said


def plain(said: dict[str, Any]) -> dict[str, Any]:
    """The marker of a store that stays where it is."""
    return {key: value for key, value in said.items() if key not in ("moving_to", "moving_from", "moved_from", "move")}


def leave_note(root: Path, to: Path) -> None:
    """Says at the old place where the store is now. StoreError where that cannot be written."""
    write_json(root / NOTE, {"moved_to": str(to)})


def moved_to(root: Path) -> Path | None:
    """Where the store that was here is now, however often it was moved since; None where none went from here."""
    seen: list[Path] = []
    while root not in seen and not (root / MARKER).exists() and (root / NOTE).is_file():
        seen.append(root)
        said = read_json(root / NOTE)
        if not isinstance(said, dict) or not isinstance(said.get("moved_to"), str):
            hint = "To begin anew here, remove it"
            raise StoreError("the note of where the store went is damaged", where=str(root / NOTE), hint=hint)
        root = Path(said["moved_to"])
    return root if seen else None


def refuse_moved(root: Path) -> None:
    """StoreError where the store that was here is elsewhere now."""
    if (to := moved_to(root)) is not None:
        hint = f"Write `store: {to}` in the study file; to begin anew here, remove {root / NOTE}"
        raise StoreError(f"the store was moved to {to}", where=str(root), hint=hint)
