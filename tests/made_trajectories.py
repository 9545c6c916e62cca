"""Trajectories with a planted truth, and what an analysis finds in a study that has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from whet import LABELER, Analysis, Findings, FrameSet, Piece, Ref, SampledTrajectory, StudyPieces
from whet.testing import GivenWork

MAIN = Ref("main")


def reference(number: int, name: str = "far") -> Ref:
    """A trajectory that the labeler drove."""
    return Ref(set=name, set_kind="independent", sampled_by=LABELER, groups="trajectories", trajectory=number)


def own(number: int, state: Ref = MAIN, name: str = "own trajectory of main") -> Ref:
    """A trajectory that the potential itself drove."""
    return Ref(set=name, set_kind="self", sampled_by=state, groups="trajectories", trajectory=number)


def trajectory(
    ref: Ref, frames: Sequence[Atoms], interval: float = 1.0, start: Atoms | None = None, **rest: Any
) -> SampledTrajectory:
    """Frames so many fs apart."""
    times = [interval * number for number in range(len(frames))]
    given: dict[str, Any] = {"times": times, "labeled": FrameSet(()), "kept": (), **rest}
    return SampledTrajectory(ref, str(ref.set), start or frames[0], FrameSet.lazily(frames), **given)


class Made(Sequence[Atoms]):
    """Frames that are made when they are asked for."""

    def __init__(self, count: int, make: Callable[[int], Atoms]) -> None:
        self._count, self._make = count, make

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(self._count))]
        return self._make(range(self._count)[place])


def box(symbols: str | Sequence[str], positions: np.ndarray, side: float) -> Atoms:
    """A periodic cube."""
    return Atoms(symbols, positions, cell=[side] * 3, pbc=True)


def found(analysis: type[Analysis], folder: Path, *data: SampledTrajectory, **options: Any) -> Findings:
    """What an analysis finds in a study that has these trajectories."""
    made = analysis(analysis.Options(**options))
    pieces = StudyPieces("test", [Piece(one.kind, one.ref, f"step-{number}") for number, one in enumerate(data)])
    (wanted,) = made.wants(pieces)
    by_key = {piece.key: one for piece, one in zip(pieces.pieces, data, strict=True)}
    given = [by_key[one.key] for one in wanted.inputs["trajectories"] if isinstance(one, Piece)]
    findings = made.run(GivenWork(folder, {"trajectories": given}))
    findings.check()
    return findings
