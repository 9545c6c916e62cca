"""The monitors of the core: forces, temperature, volume, density, bonds, evaporation, spread, time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from whet.contracts.monitor import Monitor, Stopped, Watched
from whet.contracts.options import Options
from whet.data.errors import InputError
from whet.data.kinetics import temperature
from whet.data.topology import BondTopology

if TYPE_CHECKING:
    from ase import Atoms

    from whet.contracts.monitor import Look
    from whet.data.labels import Labels

SPARSE = 10
"""Steps between two looks of a monitor that costs more than a few microseconds."""


class ForceLimit(Options):
    """A limit."""

    limit: float = Field(default=1000.0, gt=0)
    """eV/Å; a larger force on any atom ends the run."""


class MaxForce(Monitor):
    """Absurd forces."""

    name = "max_force"
    Options = ForceLimit

    def watch(self, run: Watched) -> Look:
        limit = self.options.limit

        def look(atoms: Atoms, labels: Labels) -> None:
            largest = float((labels.forces**2).sum(axis=1).max()) ** 0.5
            if not largest <= limit:
                raise Stopped("force", f"the largest force is {largest:.4g} eV/Å (limit {limit:g} eV/Å)")

        return look


class TemperatureLimit(Options):
    """A limit."""

    limit: float | None = Field(default=None, gt=0)
    """K; a hotter state ends the run. By default 20 times the temperature, plus 2000 K."""


class MaxTemperature(Monitor):
    """Runaway temperatures."""

    name = "max_temperature"
    Options = TemperatureLimit

    def watch(self, run: Watched) -> Look:
        limit = self.options.limit or 20 * run.temperature + 2000

        def look(atoms: Atoms, labels: Labels) -> None:
            if not (hot := temperature(atoms)) <= limit:
                raise Stopped("temperature", f"the temperature is {hot:.4g} K (limit {limit:g} K)")

        return look


class VolumeLimit(Options):
    """A limit."""

    limit: float = Field(default=5.0, gt=1)
    """A volume that has grown or shrunk by more than this factor ends the run."""


class MaxVolumeChange(Monitor):
    """Runaway volumes; of structures that are periodic in all directions."""

    name = "max_volume_change"
    Options = VolumeLimit

    def watch(self, run: Watched) -> Look:
        limit = self.options.limit
        before = float(run.start.get_volume()) if run.start.pbc.all() else 0.0

        def look(atoms: Atoms, labels: Labels) -> None:
            ratio = atoms.get_volume() / before if before else 1.0
            if not 1 / limit <= ratio <= limit:
                raise Stopped("volume", f"the volume is {ratio:.3g} times the start's (limit: factor {limit:g})")

        return look


class DensityLimits(Options):
    """Two limits."""

    limit: tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(gt=0)]]
    """g/cm³, lowest and highest; outside the run ends (Niblett et al.: 0.2 and 2.0)."""


class Density(Monitor):
    """Densities outside of two limits."""

    name = "density"
    Options = DensityLimits

    def watch(self, run: Watched) -> Look:
        if not run.start.pbc.all():
            raise InputError("`density` needs a structure that is periodic in all directions")
        low, high = self.options.limit

        def look(atoms: Atoms, labels: Labels) -> None:
            density = atoms.get_masses().sum() / atoms.get_volume() / 0.602214076
            if not low <= density <= high:
                raise Stopped("density", f"the density is {density:.3g} g/cm³ (limits {low:g} and {high:g} g/cm³)")

        return look


class StretchLimit(Options):
    """A limit."""

    limit: float = Field(gt=0)
    """Å; a bond of the starting structure that becomes longer by more than this ends the run (Niblett et al.: 0.5)."""


class MaxBondStretch(Monitor):
    """Bonds that break."""

    name = "max_bond_stretch"
    Options = StretchLimit

    def watch(self, run: Watched) -> Look:
        limit, bonds = self.options.limit, BondTopology.of(run.start)

        def look(atoms: Atoms, labels: Labels) -> None:
            longer = bonds.lengths_in(atoms) - bonds.lengths
            if len(longer) and not longer.max() <= limit:
                worst = int(longer.argmax())
                first, second = bonds.pairs[worst]
                raise Stopped(
                    "bond",
                    f"the bond {bonds.kinds[worst]} of atoms {first} and {second} is {longer[worst]:.3g} Å longer "
                    f"than at the start (limit {limit:g} Å)",
                )

        return look


class GapLimit(Options):
    """A limit."""

    limit: float = Field(gt=0)
    """Å; the run ends when the atoms fall into more pieces than at the start, pieces being farther than this from each
    other."""


class MaxGap(Monitor):
    """Evaporation."""

    name = "max_gap"
    Options = GapLimit

    def watch(self, run: Watched) -> Look:
        gap, before = self.options.limit, pieces(run.start, self.options.limit)
        looks = 0

        def look(atoms: Atoms, labels: Labels) -> None:
            nonlocal looks
            found = pieces(atoms, gap) if looks % SPARSE == 0 else before
            if found > before:
                what = f"the atoms are in {found} pieces more than {gap:g} Å apart ({before} at the start)"
                raise Stopped("evaporation", what)
            looks += 1

        return look


class SpreadLimit(Options):
    """A limit."""

    limit: float = Field(gt=0)
    """eV/Å; the first frame whose forces are less certain than this on any atom (standard deviation over the members)
    ends the run and is kept as its last, to be labeled."""


class MaxForceSpread(Monitor):
    """Forces about which a committee disagrees; needs a driver that is one."""

    name = "max_force_spread"
    Options = SpreadLimit
    needs = frozenset({"force_spread"})
    keeps = True

    def watch(self, run: Watched) -> Look:
        limit = self.options.limit

        def look(atoms: Atoms, labels: Labels) -> None:
            if (widest := float(labels.extra["force_spread"].max())) > limit:
                what = f"the committee's forces differ by {widest:.3g} eV/Å (limit {limit:g} eV/Å)"
                raise Stopped("spread", what, keeps=True)

        return look


class TimeLimit(Options):
    """A limit."""

    limit: float = Field(gt=0)
    """s; the run ends when it has taken longer than this, all its resumed parts together."""


class WallTime(Monitor):
    """Runs that take too long."""

    name = "wall_time"
    Options = TimeLimit

    def watch(self, run: Watched) -> Look:
        limit, since = self.options.limit, time.monotonic() - run.seconds

        def look(atoms: Atoms, labels: Labels) -> None:
            if time.monotonic() - since > limit:
                raise Stopped("wall time", f"the run has taken its {limit:g} s")

        return look


BUILT_IN: tuple[type[Monitor], ...] = (
    MaxForce,
    MaxTemperature,
    MaxVolumeChange,
    Density,
    MaxBondStretch,
    MaxGap,
    MaxForceSpread,
    WallTime,
)
"""In the order in which they look: the first words are for what is plainly wrong."""


def pieces(atoms: Atoms, gap: float) -> int:
    """Into how many pieces the atoms fall: atoms nearer than `gap` (Å) to each other are of one piece."""
    from ase.neighborlist import primitive_neighbor_list
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = primitive_neighbor_list("ij", atoms.pbc, atoms.cell, atoms.positions, gap)
    linked = coo_array(([True] * len(first), (first, second)), shape=(len(atoms), len(atoms)))
    return int(connected_components(linked, directed=False)[0])
