"""committee: the potentials that several fine-tunings made, as one."""

from __future__ import annotations

from typing import ClassVar

from whet.contracts.ports import FineTuning, Port
from whet.contracts.resources import Resources
from whet.contracts.task import Outcome, Task, Work
from whet.potentials.committee import Committee


class JoinCommittee(Task):
    """Joins fine-tuned potentials into one, which knows how far apart they are."""

    name = "committee"
    resources: ClassVar = Resources(gpus=0)  # what is joined is not loaded
    inputs: ClassVar = {"members": Port(FineTuning, what="the fine-tunings whose potentials are joined")}

    def run(self, work: Work) -> Outcome:
        """Leaves the committee's component. Values: members (how many)."""
        made = [step.component for step in work.steps("members")]
        members = [component for component in made if component is not None]
        return Outcome({"members": len(members)}, {}, Committee.of(members))
