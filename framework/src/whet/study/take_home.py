"""take_home: the sentence that says how a fine-tuned potential leaves its study."""

from __future__ import annotations

from whet.study.best_state import best_of, main_set, potential_of, state_of
from whet.study.invocation import Invocation
from whet.study.stored_study import StoredStudy
from whet.study.tuned_states import short_names, tuned_states


def take_home(study: StoredStudy, asked: Invocation) -> str:
    """`Take the fine-tuned potential with you: whet export study.yaml naive`; empty where there is none yet.

    asked: how the study is called. Of several states it is the one that the main set speaks for, else the one that was
    planned last; the others are named.
    """
    states = tuned_states(study)
    tuned = [one for one in main_set(study) if one["strategy"] and not one["correction"]]
    best = best_of([one for one in tuned if potential_of(study, one) == potential_of(study, tuned[-1])])
    known = best is not None and state_of(study, best)
    chosen = known or next((one.name for one in reversed(states) if one.ref.last), "")
    if not (command := export_command(study, asked, chosen)):
        return ""
    names = short_names(states)
    others = [names[one.name] for one in reversed(states) if one.ref.last and one.name != chosen]
    if not others:
        return f"Take the fine-tuned potential with you: {command}"
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f"Take a fine-tuned potential with you: {command} (or: {', '.join(others[:3])}{more})"


def export_command(study: StoredStudy, asked: Invocation, state: str = "") -> str:
    """`whet export study.yaml naive`: of the state of that full name, by default the last one; empty without any."""
    states = tuned_states(study)
    if not states:
        return ""
    chosen = state or next((one.name for one in reversed(states) if one.ref.last), states[-1].name)
    return asked.command("export", short_names(states)[chosen])
