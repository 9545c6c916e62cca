"""Monitors: when a run of dynamics has gone wrong, or far enough, and is stopped at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from whet.contracts.options import Options
from whet.data.errors import FrameError, InputError
from whet.data.kinetics import temperature
from whet.data.topology import BondTopology

if TYPE_CHECKING:
    from ase import Atoms

    from whet.data.labels import Labels

SPARSE = 10
"""Steps between two looks of a monitor that costs more than a few microseconds."""


class Monitors(Options):
    """Limits; a state beyond one ends the run, and the frames before it are kept.

    A potential that cannot answer (forces that are not finite, no memory left) ends the run without being asked to.
    """

    max_force: float | None = Field(default=1000.0, gt=0)
    """eV/Å; a larger force on any atom ends the run."""
    max_temperature: float | None = Field(default=None, gt=0)
    """K; a hotter state ends the run. By default 20 times the temperature, plus 2000 K."""
    max_volume_change: float = Field(default=5.0, gt=1)
    """A volume that has grown or shrunk by more than this factor ends the run."""
    density: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(gt=0)]] | None = None
    """g/cm³, lowest and highest; outside the run ends (Niblett et al.: 0.2 and 2.0)."""
    max_bond_stretch: float | None = Field(default=None, gt=0)
    """Å; a bond of the starting structure that becomes longer by more than this ends the run (Niblett et al.: 0.5)."""
    max_gap: float | None = Field(default=None, gt=0)
    """Å; evaporation: the run ends when the atoms fall into more pieces than at the start, pieces being farther than
    this from each other."""
    max_force_spread: float | None = Field(default=None, gt=0)
    """eV/Å; for a driver that is a committee: the first frame whose forces are less certain than this on any atom
    (standard deviation over the members) ends the run and is kept as its last, to be labeled."""
    wall_time: float | None = Field(default=None, gt=0)
    """s; the run ends when it has taken longer than this, all its resumed parts together."""


@dataclass(frozen=True)
class End:
    """Why and when a run ended before its time.

    monitor: `answer`, `memory`, `force`, `temperature`, `volume`, `density`, `bond`, `evaporation`, `spread` or
    `wall time`. what: a sentence. time: fs since the start of the run, t_stab where the monitor is of stability.
    keeps: whether the state in which it ended is the last frame.
    """

    monitor: str
    what: str
    time: float
    keeps: bool = False

    def __str__(self) -> str:
        """`at 28 fs: the largest force is …`."""
        return f"at {self.time:g} fs: {self.what}"

    def as_json(self) -> dict[str, Any]:
        """Plain data; `End(**data)` reads it back."""
        return asdict(self)


class Stopped(Exception):
    """The run is not to go on. keeps: whether its present state is a good frame."""

    def __init__(self, monitor: str, what: str, *, keeps: bool = False) -> None:
        super().__init__(what)
        self.monitor, self.what, self.keeps = monitor, what, keeps


class Watch:
    """Looks at the states of one run.

    begun: seconds that the run had taken before. Raises InputError for a monitor that does not go with the start.
    """

    def __init__(self, monitors: Monitors, start: Atoms, target: float, begun: float = 0.0) -> None:
        self.monitors = monitors
        self.start = start.copy()
        self._hottest = monitors.max_temperature or 20 * target + 2000
        self._since = time.monotonic() - begun
        self._looks = 0
        if monitors.density and not start.pbc.all():
            raise InputError("`density` needs a structure that is periodic in all directions")
        if monitors.max_bond_stretch:
            _ = self._bonds

    @property
    def seconds(self) -> float:
        """Wall time that the run has taken."""
        return time.monotonic() - self._since

    def look(self, atoms: Atoms, labels: Labels) -> None:
        """Stopped where the state (with velocities) is beyond a limit."""
        import numpy as np

        limits = self.monitors
        largest = float(np.sqrt((labels.forces**2).sum(axis=1).max()))
        if limits.max_force is not None and not largest <= limits.max_force:
            raise Stopped("force", f"the largest force is {largest:.4g} eV/Å (limit {limits.max_force:g} eV/Å)")
        hot = temperature(atoms)
        if not hot <= self._hottest:
            raise Stopped("temperature", f"the temperature is {hot:.4g} K (limit {self._hottest:g} K)")
        if self._volume:
            self._look_at_volume(atoms)
        if limits.max_bond_stretch is not None:
            self._look_at_bonds(atoms, limits.max_bond_stretch)
        if limits.max_gap is not None and self._looks % SPARSE == 0:
            self._look_for_gaps(atoms, limits.max_gap)
        if limits.max_force_spread is not None and "force_spread" in labels.extra:
            widest = float(labels.extra["force_spread"].max())
            if widest > limits.max_force_spread:
                what = f"the committee's forces differ by {widest:.3g} eV/Å (limit {limits.max_force_spread:g} eV/Å)"
                raise Stopped("spread", what, keeps=True)
        if limits.wall_time is not None and self.seconds > limits.wall_time:
            raise Stopped("wall time", f"the run has taken its {limits.wall_time:g} s", keeps=False)
        self._looks += 1

    def _look_at_volume(self, atoms: Atoms) -> None:
        limit = self.monitors.max_volume_change
        volume = atoms.get_volume()
        ratio = volume / self._volume
        if not 1 / limit <= ratio <= limit:
            raise Stopped("volume", f"the volume is {ratio:.3g} times the start's (limit: factor {limit:g})")
        if self.monitors.density is not None:
            low, high = self.monitors.density
            density = atoms.get_masses().sum() / volume / 0.602214076
            if not low <= density <= high:
                raise Stopped("density", f"the density is {density:.3g} g/cm³ (limits {low:g} and {high:g} g/cm³)")

    def _look_at_bonds(self, atoms: Atoms, limit: float) -> None:
        longer = self._bonds.lengths_in(atoms) - self._bonds.lengths
        if len(longer) and not longer.max() <= limit:
            worst = int(longer.argmax())
            first, second = self._bonds.pairs[worst]
            raise Stopped(
                "bond",
                f"the bond {self._bonds.kinds[worst]} of atoms {first} and {second} is {longer[worst]:.3g} Å longer "
                f"than at the start (limit {limit:g} Å)",
            )

    def _look_for_gaps(self, atoms: Atoms, gap: float) -> None:
        found = pieces(atoms, gap)
        if found > self._pieces:
            raise Stopped(
                "evaporation",
                f"the atoms are in {found} pieces more than {gap:g} Å apart ({self._pieces} at the start)",
            )

    @cached_property
    def _volume(self) -> float:
        return float(self.start.get_volume()) if self.start.pbc.all() else 0.0

    @cached_property
    def _bonds(self) -> BondTopology:
        return BondTopology.of(self.start)

    @cached_property
    def _pieces(self) -> int:
        return pieces(self.start, self.monitors.max_gap or 0.0)


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


def pieces(atoms: Atoms, gap: float) -> int:
    """Into how many pieces the atoms fall: atoms nearer than `gap` (Å) to each other are of one piece."""
    from ase.neighborlist import primitive_neighbor_list
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = primitive_neighbor_list("ij", atoms.pbc, atoms.cell, atoms.positions, gap)
    linked = coo_array(([True] * len(first), (first, second)), shape=(len(atoms), len(atoms)))
    return int(connected_components(linked, directed=False)[0])
