"""committee: the potentials that several fine-tunings made, as one."""

from __future__ import annotations

from whet.contracts.committee import Committee
from whet.running.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Joins the potentials of `inputs.members`; leaves the committee's component. Values: members (how many)."""
    made = [work.store.result(key).component for key in work.step.inputs["members"]]
    members = [component for component in made if component is not None]
    return Outcome({"members": len(members)}, {}, Committee.of(members))
