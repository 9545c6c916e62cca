"""take_home: the sentence that says how a fine-tuned potential leaves its study."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from whet.study.stored_study import StoredStudy
from whet.study.tuned_states import short_names, tuned_states


def take_home(study: StoredStudy, place: str = "", overrides: Sequence[str] = ()) -> str:
    """`Take the fine-tuned potential with you: whet export study.yaml naive`; empty where there is none yet.

    place: how the study is named on the command line, by default its store. overrides: `KEY=VALUE` that go with it.
    Of several it is the one that was planned last, and the others are named.
    """
    if not (command := export_command(study, place, overrides)):
        return ""
    names = short_names(states := tuned_states(study))
    others = [names[one.name] for one in states if one.ref.last][-2::-1]
    if not others:
        return f"Take the fine-tuned potential with you: {command}"
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f"Take a fine-tuned potential with you: {command} (or: {', '.join(others[:3])}{more})"


def export_command(study: StoredStudy, place: str = "", overrides: Sequence[str] = (), state: str = "") -> str:
    """`whet export study.yaml naive`: of the state of that full name, by default the last one; empty without any."""
    states = tuned_states(study)
    if not states:
        return ""
    chosen = state or next((one.name for one in reversed(states) if one.ref.last), states[-1].name)
    words = ["whet", "export", place or str(study.store.root), short_names(states)[chosen]]
    return shlex.join([*words, *(part for one in overrides for part in ("--set", one))])
