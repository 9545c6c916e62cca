"""Recording: what one run of dynamics leaves: its frames as they come, its checkpoint, and why it ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from whet.contracts.dynamics import State, Trajectory
from whet.contracts.monitor import End, Monitor, Stopped
from whet.contracts.structures import no_longer_drawn
from whet.data.durable import replacing
from whet.data.errors import StoreError
from whet.data.frame_log import FrameLog
from whet.data.frames import FrameSet
from whet.dynamics.watch import Watch

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms

    from whet.contracts.protocol import Protocol
    from whet.data.labels import Labels

CHECKPOINT_SECONDS = 10.0
"""Wall time between two checkpoints; they move no number."""

CHECKPOINT_PATIENCE = 50.0
"""A checkpoint is followed by at least so many times the time that it took."""


class Recording:
    """The bookkeeping of one run, the same for every engine: monitors, frames, checkpoints.

    folder: the run's own. identity: of the run; a checkpoint of another one is not gone on with. An engine shows it
    the state after every step (or every few), with what it needs to go on from there.

    state: of the checkpoint from which the run goes on; None where it begins. step: of that state.
    """

    def __init__(
        self, folder: Path, identity: str, protocol: Protocol, start: Atoms, monitors: Sequence[Monitor] = ()
    ) -> None:
        self.protocol = protocol
        self.end: End | None = None
        self.step = 0
        self.resumed = 0
        self.state: dict[str, np.ndarray] | None = None
        self._identity = identity
        self._held = start.constraints
        self._checkpoint = folder / "checkpoint.npz"
        self.frames = FrameLog(folder / "trajectory.frames")
        seconds, kept = self._load()
        self.frames.cut(kept)
        self._watch = Watch(monitors, start, protocol.temperature, seconds)
        self._next_write = time.monotonic() + CHECKPOINT_SECONDS

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to do: the last step was seen, or the run was ended."""
        return self.end is not None or self.step >= self.protocol.steps

    def see(self, step: int, atoms: Atoms, labels: Labels, state: Callable[[], State | None]) -> None:
        """Takes the state after `step` steps: looks whether it may go on, keeps it as a frame or checkpoint if due.

        atoms: with velocities, not changed. state: called where a checkpoint is due; one that gives None is asked again
        at the next look. Raises StoreError.
        """
        try:
            self._watch.look(atoms, labels)
        except Stopped as stopped:
            self.stop(step, stopped)
            if stopped.keeps:
                self._keep(step, atoms, labels)
            return
        if self.protocol.is_kept(step):
            self._keep(step, atoms, labels)
        self.step = step
        if time.monotonic() >= self._next_write and not self.is_over:
            began = time.monotonic()
            if (found := state()) is not None:
                self.write(found)
                took = time.monotonic() - began
                self._next_write = time.monotonic() + max(CHECKPOINT_SECONDS, CHECKPOINT_PATIENCE * took)

    def stop(self, step: int, stopped: Stopped) -> None:
        """Ends the run in the state after `step` steps, or on the way to it."""
        self.end = End(stopped.monitor, stopped.what, step * self.protocol.timestep, stopped.keeps)

    def write(self, state: State) -> None:
        """Writes a checkpoint of the state that was seen last, all or nothing; of a run that is over, that it is.

        Raises StoreError.
        """
        import numpy as np

        about = {
            "identity": self._identity,
            "step": self.step,
            "kept": len(self.frames),
            "seconds": self._watch.seconds,
            "end": self.end.as_json() if self.end else None,
            "resumed": self.resumed,
        }
        self.frames.sync()
        with replacing(self._checkpoint) as partial:
            np.savez(partial, about=np.array(json.dumps(about)), **state)  # pyright: ignore[reportArgumentType]

    def trajectory(self) -> Trajectory:
        """What the run left, once it is over; its frames are read from the file when they are asked for."""
        self.write({})
        protocol, count = self.protocol, len(self.frames)
        extra = self.end is not None and self.end.keeps
        regular = range(count - 1 if extra else count)
        times = [protocol.timestep * (protocol.equilibration + index * protocol.every) for index in regular]
        if self.end is not None and extra:
            times.append(self.end.time)
        return Trajectory(FrameSet.lazily(self.frames), tuple(times), self.end, self.frames.path, self.resumed)

    def _keep(self, step: int, atoms: Atoms, labels: Labels) -> None:
        frame = labels.attach(atoms)
        no_longer_drawn(frame)
        frame.info["time"] = step * self.protocol.timestep
        frame.set_constraint(self._held)  # an engine may have its own
        if "stress" not in self.protocol.properties and frame.calc is not None:
            frame.calc.results.pop("stress", None)
        self.frames.append(frame)

    def _load(self) -> tuple[float, int]:
        """Seconds and frames of the checkpoint; nothing of either where there is none for this run."""
        import numpy as np

        if not self._checkpoint.is_file():
            return 0.0, 0
        try:
            with np.load(self._checkpoint, allow_pickle=False) as file:
                state: dict[str, Any] = dict(file)
            about = json.loads(str(state.pop("about")))
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            hint = "Remove it, and the run begins anew"
            raise StoreError(f"the checkpoint is damaged ({error})", where=str(self._checkpoint), hint=hint) from error
        if about["identity"] != self._identity or about["kept"] > len(self.frames):
            return 0.0, 0
        self.state, self.step = state or None, about["step"]
        self.end = End(**about["end"]) if about["end"] else None
        self.resumed = about["resumed"] + (0 if self.is_over else 1)
        return about["seconds"], about["kept"]
