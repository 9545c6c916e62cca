"""given-values: properties of a material that a table of the user's says."""

from __future__ import annotations

from collections.abc import Mapping

from whet.contracts.options import Options
from whet.contracts.probe import Measured, Measurement
from whet.contracts.ref import Ref
from whet.contracts.task import Outcome, Task, Work


class GivenValuesSettings(Options):
    """Settings of a step `given-values`."""

    values: Mapping[str, float]
    """Quantity -> number, in the unit that the probe has for it."""


class GivenValues(Task):
    """Takes numbers into the store, in the place of what a probe would measure."""

    name = "given-values"
    Options = GivenValuesSettings

    def run(self, work: Work) -> Outcome:
        """Values as those of a step `measure`."""
        left = Measurement(Ref(), (), (), Measured(self.options.values), given=True)
        return Outcome(left.as_json())
