"""BatchRun: trajectories that share batches from their first step to their last, whatever becomes of the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from whet import Stopped
from whet_torch_sim.batch import Batch

if TYPE_CHECKING:
    from whet import Progress, Recording, Trajectory
    from whet_torch_sim.asking import Asking
    from whet_torch_sim.options import TorchSimOptions
    from whet_torch_sim.replica import Replica


class Member:
    """A trajectory and its bookkeeping, which begins only with its turn: waiting is no part of a run's wall time.

    step: the last one that it took, or was taking when it ended. made: what it left, once it is over.
    """

    def __init__(self, replica: Replica, record: Callable[[], Recording]) -> None:
        self.replica = replica
        self.step = 0
        self.made: Trajectory | None = None
        self._record = record

    def board(self) -> None:
        """Begins, or goes on from its checkpoint."""
        self.recording = self._record()
        self.step = self.recording.step
        if self.recording.is_over:
            self.made = self.recording.trajectory()
        elif self.recording.state is not None:
            self.replica.restore(self.recording.state)

    def see(self, stopped: Stopped | None) -> None:
        """Takes what became of its present step."""
        if stopped is not None:
            self.recording.stop(self.step, stopped)
        else:
            self.recording.see(self.step, self.replica.atoms, self.replica.labels, self.replica.save)
        if self.recording.is_over:
            self.made = self.recording.trajectory()


class BatchRun:
    """The members that move and those that wait; members may be at different steps.

    progress: of all steps of all of them; those that a run leaves out by ending early count as done.
    """

    def __init__(
        self, members: Sequence[Member], asking: Asking, protocol: TorchSimOptions, progress: Progress
    ) -> None:
        self.members = members
        self.asking, self.protocol, self.progress = asking, protocol, progress

    def run(self) -> list[Trajectory]:
        """Moves all until they are over. Raises what the potential raises, unless it ends the run of one member."""
        waiting, aboard = deque(self.members), list[Member]()
        while waiting or aboard:
            room = len(waiting) if self.protocol.most is None else self.protocol.most - len(aboard)
            boarding = [waiting.popleft() for _ in range(min(room, len(waiting)))]
            for member in boarding:
                member.board()
            self._begin([member for member in boarding if member.made is None and member.recording.state is None])
            aboard = [member for member in [*aboard, *boarding] if member.made is None]
            self._move(aboard)
            aboard = [member for member in aboard if member.made is None]
        return [member.made for member in self.members if member.made is not None]

    def _begin(self, members: Sequence[Member]) -> None:
        if members:
            self._tell(members, self._batch(members).look())

    def _move(self, members: Sequence[Member]) -> None:
        """All of them, until one is over."""
        batch = self._batch(members) if members else None
        while batch is not None and all(member.made is None for member in members):
            stops = batch.step()
            for member in members:
                member.step += 1
            self._tell(members, stops)

    def _tell(self, members: Sequence[Member], stops: Sequence[Stopped | None]) -> None:
        for member, stopped in zip(members, stops, strict=True):
            member.see(stopped)
        if any(member.made is not None or member.step % self.protocol.every == 0 for member in members):
            steps = self.protocol.steps
            done = sum(steps if member.made is not None else member.step for member in self.members)
            self.progress(done, steps * len(self.members))

    def _batch(self, members: Sequence[Member]) -> Batch:
        return Batch([member.replica for member in members], self.asking, self.protocol)
