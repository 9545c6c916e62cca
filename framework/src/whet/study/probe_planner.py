"""ProbePlanner: probes as steps: each potential, and the reference, is asked for the properties of each material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whet.contracts.probe import Measurement
from whet.contracts.ref import LABELER, Ref
from whet.study.resolved_probes import ResolvedProbe
from whet.study.step_maker import StepMaker, Trained

MATERIAL = "material"
"""Kind of set of what is probed."""


@dataclass
class ProbePlanner:
    """Plans the probes of a study. potentials: every one that there will be, in every state."""

    make: StepMaker
    potentials: Sequence[Trained]

    def all(self) -> None:
        """Every probe of every material, the reference first."""
        for probe in self.make.resolved.probes:
            for number, name in enumerate(probe.materials.names):
                material = self.make.material(probe.materials, number)
                ref = Ref(set=name, set_kind=MATERIAL, trajectory=number)
                self._reference(probe, material, ref)
                for one in self.potentials:
                    if not one.key or one.ref.last or probe.all_rounds:
                        title = f"{probe.name} of {name}: {one.ref}" + (f" (seed {one.ref.seed})" if one.key else "")
                        key = self.make.measure(probe, one, material, title)
                        self.make.plan.leaves(Measurement, one.ref.on(ref), key, probe.name)

    def _reference(self, probe: ResolvedProbe, material: str, ref: Ref) -> None:
        given = probe.given.get(ref.set, {})
        if given:
            key = self.make.given_values(given, f"{probe.name} of {ref.set}: table")
        elif probe.reference:
            key = self.make.measure(probe, None, material, f"{probe.name} of {ref.set}: labeler")
        else:
            return
        self.make.plan.leaves(Measurement, LABELER.on(ref), key, probe.name)
