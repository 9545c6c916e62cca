"""verify_store: a store with its plans, or what one study has in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from whet.running.store import Store
from whet.running.verification import Damage, Verification, verify
from whet.study.stored_plan import StoredPlan
from whet.study.stored_study import StoredStudy


def verify_store(
    store: str | Path | StoredStudy, progress: Callable[[int, int], None] = lambda done, total: None
) -> Verification:
    """Looks by content at the steps of a store, at every label and at the plans; or at the steps of one study alone.

    Nothing is mended; see `verify`. Raises StoreError where there is no store.

    >>> whet.verify_store(".whet").is_whole
    True
    """
    if isinstance(store, StoredStudy):
        root, keys = store.store, store.stored.plan.steps
    else:
        root, keys = Store(Path(store)), None
    found = verify(root, keys, progress)
    plans, faults = StoredPlan.all_in(root.root)
    found.plans = len(plans) + len(faults)
    for path, fault in faults.items():
        found.damaged.append(Damage("plan", f"plans/{path.name}", "a plan", fault.what, fault.hint))
    return found
