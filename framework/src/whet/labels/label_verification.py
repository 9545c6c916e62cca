"""verify_labels: every label of a label store is looked at by content, and the file by SQLite's own check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from whet.data.errors import StoreError
from whet.data.theory import LevelOfTheory
from whet.labels.label_store import LabelStore
from whet.labels.stored_label import unpack_label


@dataclass(frozen=True)
class DamagedLabel:
    """theory: name, or fingerprint where nothing describes it. formula: empty where the bytes do not tell it."""

    fingerprint: str
    theory: str
    frame: str
    formula: str
    what: str


@dataclass
class LabelVerification:
    """labels: how many there are, as far as they could be counted. file: what is wrong with it, in SQLite's words."""

    labels: int = 0
    damaged: list[DamagedLabel] = field(default_factory=list)
    file: list[str] = field(default_factory=list)


def verify_labels(label_store: LabelStore, progress: Callable[[int], None] = lambda labels: None) -> LabelVerification:
    """Looks at every label; the file stays as it is. progress: told how many were looked at."""
    found = LabelVerification()
    if not label_store.path.exists():
        return found
    try:
        found.file = label_store.rows.faults()
        theories, unreadable = _theories(label_store)
        found.file += unreadable
        for theory, frame, content, digest in label_store.rows:
            found.labels += 1
            if what := _wrong(frame, content, digest):
                name = theories.get(theory, theory)
                found.damaged.append(DamagedLabel(theory, name, frame, _formula(content), what))
            elif theory not in theories:
                what = "its theory is not described"
                found.damaged.append(DamagedLabel(theory, theory, frame, _formula(content), what))
            progress(found.labels)
    except StoreError as error:
        found.file.append(error.what)
    return found


def _theories(label_store: LabelStore) -> tuple[dict[str, str], list[str]]:
    """Names of the theories by fingerprint, and what is wrong with the descriptions of others."""
    names: dict[str, str] = {}
    wrong = []
    for fingerprint, description in label_store.rows.theories():
        try:
            theory = LevelOfTheory.from_json(json.loads(description))
            if theory.fingerprint != fingerprint:
                raise ValueError(f"it is that of {theory.fingerprint[:8]}")
            names[fingerprint] = str(theory)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            wrong.append(f"the description of the theory {fingerprint[:8]} is damaged ({error})")
    return names, wrong


def _wrong(frame: str, content: bytes, digest: str) -> str:
    if hashlib.sha256(content).hexdigest() != digest:
        return "its bytes are not those that were put"
    try:
        unpack_label(content, frame)
    except (ValueError, KeyError, TypeError) as error:
        return str(error)
    return ""


def _formula(content: bytes) -> str:
    """Of what can still be read of the bytes."""
    from whet.data.packed import unpack

    try:
        return unpack(content).get_chemical_formula()
    except Exception:  # damaged bytes may say anything
        return ""
