"""frame_findings: what looks wrong in the labeled frames of one file, for all who read it to train or to test on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from whet.data.labels import Labels
from whet.labels.doubles import doubles
from whet.labels.label_checks import Finding, LabelChecks

if TYPE_CHECKING:
    from ase import Atoms

CONFLICT = "conflicting-labels"
"""The kind of finding that training cannot be asked to live with."""


def frame_findings(frames: Sequence[Atoms], name: Callable[[int], str] = "frame {}".format) -> list[Finding]:
    """Suspicious labels (see `LabelChecks`), structures that stand twice, and those of them whose labels differ.

    name: what an index is called.
    """
    twice = doubles(frames)
    found = []
    for first, second, apart in twice.conflicts:
        what = f"two labels of one structure differ by {apart}"
        found.append(Finding(CONFLICT, what, (name(first), name(second))))
    if twice.copies:
        what = f"{len(frames)} frames are {twice.different} different structures, the others copies"
        found.append(Finding("duplicates", what, tuple(name(second) for _, second in twice.copies)))
    checks = LabelChecks()
    for index, frame in enumerate(frames):
        checks.add(name(index), frame, Labels.of(frame))
    return found + checks.findings()
