"""Asking: a potential asked about many frames at once, in batches that its memory holds."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from whet import Labels, Stopped, answering

if TYPE_CHECKING:
    from ase import Atoms

    from whet import Potential, Property


class Asking:
    """A potential, and the largest batch that it is known to hold.

    The first question holds all frames; one that memory does not suffice for is divided, and what was learned is kept.
    properties: what is asked for. most_atoms: of one batch, None as long as every one fitted; a larger frame is asked
    alone.
    """

    def __init__(self, potential: Potential, properties: Sequence[Property]) -> None:
        self.potential = potential
        self.properties = tuple(properties)
        self.most_atoms: int | None = None

    def answers(self, frames: Sequence[Atoms]) -> list[Labels | Stopped]:
        """For each frame its labels, or why a run ends there: no answer, or no memory for this frame alone.

        Raises what `Potential.evaluate` raises, FrameError excepted.
        """
        return [answer for batch in self._batches(frames) for answer in self._ask(batch)]

    def _ask(self, frames: Sequence[Atoms]) -> Sequence[Labels | Stopped]:
        try:
            with answering():
                return list(self.potential.evaluate(frames, self.properties, batch_size=len(frames)))
        except Stopped as stopped:
            # A copy: the traceback of the fault would keep the tensors that filled the memory.
            end = Stopped(stopped.monitor, stopped.what, keeps=stopped.keeps)
        if end.monitor == "memory":
            _free()
        if len(frames) == 1:
            return [end]
        if end.monitor == "memory":
            self.most_atoms = sum(map(len, frames)) // 2
            return self.answers(frames)
        half = len(frames) // 2
        return [*self._ask(frames[:half]), *self._ask(frames[half:])]

    def _batches(self, frames: Sequence[Atoms]) -> Iterator[list[Atoms]]:
        batch: list[Atoms] = []
        atoms = 0
        for frame in frames:
            if batch and self.most_atoms is not None and atoms + len(frame) > self.most_atoms:
                yield batch
                batch, atoms = [], 0
            batch.append(frame)
            atoms += len(frame)
        if batch:
            yield batch


def _free() -> None:
    """Gives memory that nothing uses any more back to the accelerator."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
