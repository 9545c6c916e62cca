"""AnalysisSubject: an analysis under test, over samples of several sizes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from whet.contracts.analysis import Analysis, Wanted
from whet.contracts.findings import Findings
from whet.data.errors import WhetError
from whet.plugins.registry import registry
from whet.testing.check import NotApplicable
from whet.testing.sample_steps import SampleSteps
from whet.testing.sample_study import ROLES, SampleStudy
from whet.testing.subject import Subject


class AnalysisSubject(Subject):
    """An analysis under test: a component, or how a user names one."""

    hook = "analyses"

    @cached_property
    def analysis(self) -> Analysis:
        """The living analysis."""
        return registry().load(self.component)

    @cached_property
    def steps(self) -> SampleSteps:
        """Its steps over the sample. NotApplicable where it wants none."""
        return self.over(SampleStudy())

    @cached_property
    def found(self) -> list[tuple[Wanted, Findings]]:
        """What each step over the sample found."""
        return list(self.steps.found())

    @cached_property
    def of_one_trajectory(self) -> list[tuple[Wanted, Findings, SampleSteps]]:
        """What it finds where each sampled set is one trajectory."""
        return list(self._answers(SampleStudy(trajectories=1)))

    @cached_property
    def of_one_frame(self) -> list[tuple[Wanted, Findings, SampleSteps]]:
        """What it finds where each set is one frame."""
        return list(self._answers(SampleStudy(trajectories=1, frames=1)))

    def over(self, sample: SampleStudy) -> SampleSteps:
        """Its steps over a sample of another size. NotApplicable where it wants none."""
        steps = SampleSteps(self.analysis, sample)
        if not steps.wants():
            raise NotApplicable(f"it wants nothing of the sample study, which has {', '.join(ROLES)}")
        return steps

    def _answers(self, sample: SampleStudy) -> Iterator[tuple[Wanted, Findings, SampleSteps]]:
        """What its steps over a sample found, as long as none says that nothing can be said."""
        try:
            steps = self.over(sample)
            for wanted, findings in steps.found():
                yield wanted, findings, steps
        except WhetError:
            return
