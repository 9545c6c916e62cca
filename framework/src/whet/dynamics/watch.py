"""Watch: all monitors of one run together; and what the driving potential does that ends a run."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from whet.contracts.monitor import Monitor, Stopped, Watched
from whet.data.errors import FrameError, InputError
from whet.dynamics.built_in_monitors import BUILT_IN

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.labels import Labels


class Watch:
    """Looks at the states of one run.

    temperature: K, that the run is meant to have. begun: seconds that it had taken before. Raises InputError for a
    monitor that does not go with the start.
    """

    def __init__(self, monitors: Sequence[Monitor], start: Atoms, temperature: float, begun: float = 0.0) -> None:
        self._since = time.monotonic() - begun
        run = Watched(start.copy(), temperature, begun)
        self._looks = [(monitor, monitor.watch(run)) for monitor in sorted(monitors, key=_place)]

    @property
    def seconds(self) -> float:
        """Wall time that the run has taken."""
        return time.monotonic() - self._since

    def look(self, atoms: Atoms, labels: Labels) -> None:
        """Stopped where the state (with velocities) is beyond a limit.

        InputError where the driver does not give what a monitor looks at.
        """
        for monitor, look in self._looks:
            if lacking := monitor.needs - labels.extra.keys():
                what = f"the monitor {monitor.name!r} looks at {', '.join(sorted(lacking))}, which this driver lacks"
                hint = f"Drive the run with a committee, or leave `{monitor.name}` out"
                raise InputError(what, where=f"dynamics.monitors.{monitor.name}", hint=hint)
            look(atoms, labels)


def _place(monitor: Monitor) -> tuple[bool, int, str]:
    own = BUILT_IN.index(type(monitor)) if type(monitor) in BUILT_IN else len(BUILT_IN)
    return monitor.keeps, own, monitor.name


@contextmanager
def answering() -> Iterator[None]:
    """Around asking the potential: what makes a run end is raised as Stopped (a bad answer, no memory left)."""
    try:
        yield
    except FrameError as error:
        raise Stopped("answer", str(error)) from error
    except (MemoryError, RuntimeError) as error:
        # Torch has an error of its own on a GPU, and none on a CPU; the core knows neither.
        known = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
        if known or "can't allocate memory" in str(error):
            raise Stopped("memory", "the potential has no memory left") from error
        raise
