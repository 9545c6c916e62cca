"""Section: what all runs of one analysis found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from whet.contracts.findings import Findings


@dataclass(frozen=True)
class Section:
    """name: the analysis's. findings: of each of its steps, in the order in which it wanted them."""

    name: str
    findings: Sequence[Findings]
