"""measure: properties of one material, by a potential or by the labeler in the same role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from whet.contracts.component import Component
from whet.contracts.ports import Frames, Port, StudyPotential
from whet.contracts.probe import Measurement, Probe
from whet.contracts.ref import Ref
from whet.contracts.task import Outcome, Task, Work


class Measure(Task):
    """Asks a potential, or the labeler, what a probe measures."""

    name = "measure"
    inputs: ClassVar = {
        "material": Port(Frames, many=False, what="the material"),
        "potential": Port(StudyPotential, many=False),
    }
    components: ClassVar = {"probe": "probes", "labeler": "labelers"}

    @classmethod
    def most_labels(
        cls, options: Mapping[str, Any], components: Mapping[str, Component], fed: Mapping[str, Sequence[int | None]]
    ) -> int | None:
        """As many frames as its probe says that it asks for, where the labeler is asked."""
        from whet.plugins.registry import registry

        if "labeler" not in components:
            return 0
        named, here = components["probe"], registry()
        if not here.knows("probes", named.name):
            return None
        probe = here.find("probes", named.name)
        return probe.most_frames(probe.Options.checked(named.options, of=f"the probe {named.name!r}"))

    def run(self, work: Work) -> Outcome:
        """Values: quantities, curves, notes (see `Measurement`). Measured: bought (labels computed now)."""
        from whet.labels.stored_labeler import LabelerPotential

        probe: Probe = work.load("probe")
        (atoms,) = work.one("material", Frames).frames
        measured: dict[str, Any] = {}
        labeler = work.labeler() if work.has("labeler") else None
        potential = work.load("potential") if labeler is None else LabelerPotential(labeler)
        found = probe.measured(atoms, potential, work.progress)
        if labeler is not None:
            measured["bought"] = labeler.bought
        left = Measurement(Ref(), probe.quantities, probe.curves, found)
        return Outcome(left.as_json(), measured=measured)
