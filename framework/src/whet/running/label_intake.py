"""LabelIntake: what workers wrote into their step's log goes into the label store, which the driver alone writes."""

from __future__ import annotations

from whet.labels import label_log
from whet.labels.label_log import take_in
from whet.running.event_log import EventLog
from whet.running.events import LabelsDamaged, LabelsKept
from whet.running.runner import Account
from whet.running.store import Store

GLANCE = 0.3
"""Seconds for which a step may look held because another run looks whether it is."""


class LabelIntake:
    """Of one run; what it takes in, and the damage that it finds, stands in the account and in the event log."""

    def __init__(self, store: Store, account: Account, say: EventLog) -> None:
        self._store, self._account, self._say = store, account, say

    def __call__(self, key: str) -> None:
        """The labels of a step's log; not while somebody else, as another run, has the step."""
        path = self._store.folder(key) / label_log.NAME
        if not path.is_file():
            return
        with self._store.held(key, patience=GLANCE) as is_ours:
            if not is_ours:
                return
            new, damage = take_in(path, self._store.labels)
        if new:
            self._account.bought[key] = self._account.bought.get(key, 0) + new
            self._say(LabelsKept(key, new))
        for what in damage:
            self._account.damaged[key] = what
            self._say(LabelsDamaged(key, what))

    def leftovers(self) -> list[str]:
        """Keys of the steps with a log that nobody took in: their run was killed, or goes on beside this one."""
        return sorted(path.parent.name for path in (self._store.root / "steps").glob(f"*/{label_log.NAME}"))
