"""take_home: the sentence that says how a fine-tuned potential leaves its study."""

from __future__ import annotations

from whet.study.invocation import Invocation
from whet.study.stored_study import StoredStudy
from whet.study.tuned_states import short_names, tuned_states


def take_home(study: StoredStudy, asked: Invocation) -> str:
    """`Take the fine-tuned potential with you: whet export study.yaml naive`; empty where there is none yet.

    asked: how the study is called. Of several potentials it is the one that was planned last, and the others are named.
    """
    if not (command := export_command(study, asked)):
        return ""
    names = short_names(states := tuned_states(study))
    others = [names[one.name] for one in states if one.ref.last][-2::-1]
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
