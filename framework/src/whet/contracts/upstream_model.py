"""UpstreamModel: a potential in files that its own package reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from whet.data.identity import JSON


@dataclass(frozen=True)
class UpstreamModel:
    """What `Potential.export` wrote: files whose energies need no shift beside them any more.

    path: the file, or the folder, that the option `model` takes: `NAME:PATH` answers what the potential does. options:
    those that Whet needs beside it (the modal of a multi-fidelity model). python: lines that make `calculator`, an ASE
    calculator of the package itself, of the path in the variable `model`. notes: sentences on what somebody must know
    who uses the file elsewhere: digits that it loses, how a program of another kind takes it.
    """

    path: Path
    python: str
    options: Mapping[str, JSON] = field(default_factory=dict)
    notes: Sequence[str] = ()
