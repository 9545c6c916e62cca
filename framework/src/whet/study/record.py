"""Record: what a report shows of a study, as its store has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from whet.contracts.findings import Findings


@dataclass(frozen=True)
class Section:
    """What all runs of one analysis found, in the order in which the analysis wanted them. name: the analysis's."""

    name: str
    findings: Sequence[Findings]


@dataclass(frozen=True)
class Record:
    """A study as its store has it: nothing is computed, and what has not run is not there.

    name: the study's. sections: in the order that their analyses declare; the last one is on what was run.
    missing: one sentence for each thing that a reader may look for and that is not here, the most important first.
    warnings: what must not be overlooked. scores: one mapping for each potential on each set (`scores.json`).
    about: identity of all this.
    """

    name: str
    sections: Sequence[Section]
    missing: Sequence[str] = ()
    warnings: Sequence[str] = ()
    scores: Sequence[Mapping[str, Any]] = ()
    about: Mapping[str, str] = field(default_factory=dict)
