"""Checkpoint: where a run stands, on disk, so that a killed one goes on as if nothing had happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from whet import read_frames, replacing, write_frames

if TYPE_CHECKING:
    from ase import Atoms

    from whet_ase_md.simulation import Simulation


class Checkpoint:
    """Two files in a run's folder: the frames so far, and the state of the integrator. Each is replaced as a whole.

    call: identifies the run; a folder of another one is not gone on with.
    """

    def __init__(self, folder: Path, call: str) -> None:
        self.call = call
        self.frames = folder / "frames.traj"
        self.state = folder / "state.npz"
        self._written = 0

    def write(self, simulation: Simulation, frames: list[Atoms]) -> None:
        """Records where the run stands. Raises StoreError.

        The frames go first: a kill between the two leaves more frames than the state counts, never fewer.
        """
        about = {
            "call": self.call,
            "step": simulation.step,
            "kept": len(frames),
            "random": simulation.random.bit_generator.state,
        }
        if len(frames) > self._written:
            write_frames(self.frames, frames)
            self._written = len(frames)
        with replacing(self.state) as partial:
            np.savez(partial, about=np.array(json.dumps(about)), **simulation.state())  # pyright: ignore[reportArgumentType]

    def resume(self, simulation: Simulation) -> list[Atoms]:
        """Puts the simulation where the checkpoint is, and hands back the frames until then; none without one."""
        if not self.state.is_file():
            return []
        with np.load(self.state, allow_pickle=False) as file:
            state = dict(file)
        about = json.loads(str(state.pop("about")))
        if about["call"] != self.call:
            return []
        frames = list(read_frames(self.frames))[: about["kept"]] if about["kept"] else []
        simulation.restore(state, about["step"], about["random"])
        return frames
