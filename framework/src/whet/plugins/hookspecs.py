"""The hooks: one table of the kinds of backend. Each hook lists light classes: a plugin imports neither torch nor ASE.

A kind is added by one line here: its hook, what a backend of it is called, its contract, and what the hook is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from whet.contracts.component import Backend

GROUP = "whet"
"""The entry-point group; also pluggy's project name."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@dataclass(frozen=True)
class Kind:
    """One kind of backend that a plugin can offer.

    hook: its function in the plugin's entry-point module. noun: what one backend is called in messages. contract: the
    class that it is derived from, named, so that only what is used is imported. version: of the contract; raised
    where classes written for the old one no longer work as they are. adapters: old version -> function that takes a
    class written for it and gives one for the next (`module.function`); without one, such a class is refused. kit:
    what `whet plugins check` asks of it (`module.KIT`); empty where nothing is asked. example: what `whet plugins new`
    begins one with (a name in `kinds_to_begin`); empty where it does not.
    """

    hook: str
    noun: str
    contract: str
    summary: str
    version: int = 1
    adapters: Mapping[int, str] = field(default_factory=dict)
    kit: str = ""
    example: str = ""

    @property
    def plural(self) -> str:
        """`potentials`, `analyses`, `strategies`."""
        for end, ends in (("ysis", "yses"), ("egy", "egies")):
            if self.noun.endswith(end):
                return self.noun.removesuffix(end) + ends
        return f"{self.noun}s"


KINDS = {
    kind.hook: kind
    for kind in (
        Kind(
            "potentials",
            "potential",
            "whet.contracts.potential.Potential",
            "Interatomic potentials.",
            kit="whet.testing.potentials.KIT",
        ),
        Kind(
            "fine_tuners",
            "fine-tuner",
            "whet.contracts.fine_tuning.FineTuner",
            "Fine-tuners; each has the name of the potential that it fine-tunes.",
        ),
        Kind(
            "md_engines",
            "MD engine",
            "whet.contracts.dynamics.MDEngine",
            "Molecular-dynamics engines.",
            kit="whet.testing.engines.KIT",
            example="ENGINE",
        ),
        Kind(
            "labelers",
            "labeler",
            "whet.contracts.labeling.Labeler",
            "Labelers: quantum-chemistry codes, or potentials in the role of a teacher.",
            kit="whet.testing.labelers.KIT",
            example="LABELER",
        ),
        Kind(
            "descriptors",
            "descriptor",
            "whet.contracts.descriptor.Descriptor",
            "Descriptors of atomic environments.",
            kit="whet.testing.descriptors.KIT",
            example="DESCRIPTOR",
        ),
        Kind(
            "structures",
            "structure source",
            "whet.contracts.structures.StructureSource",
            "Sources of starting structures.",
            kit="whet.testing.structure_sources.KIT",
            example="STRUCTURES",
        ),
        Kind("tasks", "task", "whet.contracts.task.Task", "What a step can be."),
        Kind(
            "analyses",
            "analysis",
            "whet.contracts.analysis.Analysis",
            "What a report shows.",
            kit="whet.testing.analyses.KIT",
            example="ANALYSIS",
        ),
        Kind(
            "probes",
            "probe",
            "whet.contracts.probe.Probe",
            "Properties of one material: elastic constants, phonons, barriers.",
            kit="whet.testing.probes.KIT",
            example="PROBE",
        ),
        Kind(
            "selectors",
            "selector",
            "whet.contracts.selector.Selector",
            "Which of the sampled frames are worth a label.",
            example="SELECTOR",
        ),
        Kind(
            "strategies",
            "strategy",
            "whet.contracts.rounds.RoundPreset",
            "Presets of rounds: how frames are gathered for fine-tuning.",
        ),
        Kind(
            "monitors",
            "monitor",
            "whet.contracts.monitor.Monitor",
            "Monitors, which end a run of dynamics that has gone wrong, or far enough.",
            example="MONITOR",
        ),
        Kind(
            "protocols",
            "protocol preset",
            "whet.contracts.protocol_preset.ProtocolPreset",
            "Published protocols of dynamics, under a name.",
        ),
        Kind("executors", "executor", "whet.contracts.executor.Executor", "Where steps run.", example="EXECUTOR"),
        Kind(
            "formats",
            "format",
            "whet.files.frame_format.FrameFormat",
            "Formats of files of frames, which every command reads, and writes where the format is written.",
            example="FORMAT",
        ),
    )
}
"""Hook -> kind, in the order in which they are listed."""

HOOKS = {kind.hook: kind.noun for kind in KINDS.values()}
"""Hook -> what one of its backends is called in messages."""


def specifications(kinds: Iterable[Kind]) -> type:
    """The hooks as pluggy wants them specified: functions without arguments that list classes."""

    def specified(kind: Kind) -> Callable[[], list[type[Backend]]]:
        def listing() -> list[type[Backend]]:
            return []

        listing.__name__, listing.__doc__ = kind.hook, kind.summary
        return hookspec(listing)

    return type("Hooks", (), {kind.hook: specified(kind) for kind in kinds})
