"""remove_step: takes a step out of a store, so that it is there whole, or not at all, whenever that is broken off."""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress

from whet.data.durable import sync_folder, unwritable
from whet.data.errors import StoreError
from whet.labels import label_log
from whet.labels.label_log import take_in
from whet.running.leftovers import DAMAGED_LOGS, REMOVED
from whet.running.store import Store


def remove_step(store: Store, key: str) -> bool:
    """Removes a step's folder; says whether it did: not one that a process holds.

    Labels in its log go into the label store first; damaged logs go beside the steps. Then its result goes, so that it
    is not done; then its folder, as one, from among the steps. Raises StoreError where the disk refuses.
    """
    if store.is_busy(key):
        return False
    folder = store.folder(key)
    try:
        with store.locked(key):
            take_in(folder / label_log.NAME, store.labels)
            for log in folder.glob("labels-damaged-*.log"):
                kept = store.root / DAMAGED_LOGS / f"{key}-{log.name}"
                kept.parent.mkdir(exist_ok=True)
                log.replace(kept)
            (folder / "result.json").unlink(missing_ok=True)
            sync_folder(folder)
            gone = store.root / REMOVED / f"{key}-{uuid.uuid4().hex[:8]}"
            gone.parent.mkdir(exist_ok=True)
            folder.rename(gone)
            sync_folder(folder.parent)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise unwritable(folder, error) from error
    empty_removed(store)
    return True


def empty_removed(store: Store) -> None:
    """Removes what is on its way out, also of removals that were killed. What cannot be removed stays."""
    for path in (store.root / REMOVED).glob("*"):
        shutil.rmtree(path, ignore_errors=True)
    with suppress(OSError):
        (store.root / REMOVED).rmdir()
