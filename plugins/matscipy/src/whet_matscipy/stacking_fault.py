"""stacking-fault: energy of one half of a crystal gliding over the other, along a line."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from whet import CurveKind, FrameError, Measured, Options, Probe, Quantity, WhetError
from whet_matscipy.cubic_cell import CubicCell
from whet_matscipy.references import MATSCIPY

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

    from whet import Progress

MJ_PER_M2 = 16021.76634
"""One eV/Å² in mJ/m²."""

CURVE = "Generalised stacking fault"


class StackingFaultOptions(Options):
    """Where it glides, how far, and what relaxes."""

    plane: tuple[int, int, int] | None = None
    """Miller indices of the gliding plane in the cubic cell; by default the usual one of the crystal."""
    direction: tuple[int, int, int] | None = None
    """Miller indices of the direction of gliding, in the plane; by default the usual one of the crystal."""
    share: float | None = Field(default=None, gt=0, le=1)
    """Of the vector `direction`, in lattice constants: where the path ends (1/6 is a/6[11−2]). By default the usual
    one of the crystal, or the whole vector."""
    points: int = Field(default=13, ge=3, le=201)
    """Points along the path, the perfect crystal among them."""
    separation: float = Field(default=15.0, gt=0)
    """Å between a fault and its next image, at least."""
    offset: float = 0.0
    """Å along the normal: which of the planes that lie over each other glides."""
    relax: bool = True
    """Relax atoms and the spacing of the planes along the normal, and the crystal before."""
    fmax: float = Field(default=0.01, gt=0)
    """Largest force on an atom, and on the cell, eV/Å."""
    steps: int = Field(default=200, ge=1)
    """Steps of each relaxation at the most."""


class StackingFault(Probe[StackingFaultOptions]):
    """The gamma line of a cubic crystal, by matscipy."""

    name = "stacking-fault"
    title = "generalised stacking fault"
    unpickles = False
    packages: ClassVar = {"matscipy": "matscipy>=1.3", "spglib": "spglib>=2.5"}
    quantities: ClassVar = (
        Quantity("unstable", "mJ/m²", "Highest energy along the path.", 1),
        Quantity("intrinsic", "mJ/m²", "Energy at the end of the path, where that is another stacking.", 1),
    )
    curves: ClassVar = (CurveKind(CURVE, "shift", "energy", "Å", "mJ/m²", "Above the perfect crystal."),)

    @classmethod
    def references(cls, options: StackingFaultOptions) -> Sequence[str]:
        """matscipy."""
        return [MATSCIPY]

    @classmethod
    def most_frames(cls, options: StackingFaultOptions) -> int | None:
        """One for each point, where nothing relaxes."""
        return None if options.relax else options.points

    def measure(self, atoms: Atoms, calculator: Calculator, progress: Progress) -> Measured:
        """FrameError where the material is no cubic crystal, does not glide in this way, or does not come to rest."""
        cubic = CubicCell.of(atoms)
        plane, direction, share = self._path(cubic)
        try:
            with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
                warnings.filterwarnings("ignore", module="ase|matscipy|spglib")
                return self._measured(cubic, plane, direction, share, calculator)
        except WhetError:
            raise
        except Exception as error:  # whatever is wrong with this crystal, the next one goes on
            what = f"matscipy cannot compute the stacking fault ({type(error).__name__}: {error})"
            raise FrameError(what) from error

    def _path(self, cubic: CubicCell) -> tuple[tuple[int, int, int], tuple[int, int, int], float]:
        """Plane, direction, share. FrameError where they are not given and there are no usual ones, or do not fit."""
        given = self.options
        if (given.plane is None) != (given.direction is None):
            raise FrameError("a plane without its direction, or a direction without its plane", hint="Give both")
        if given.plane is None or given.direction is None:
            if cubic.usual is None:
                what = "this crystal is neither a face-centered nor a body-centered cubic element"
                raise FrameError(f"{what}, whose way to glide is known", hint="Give `plane` and `direction`")
            plane, direction, usual = cubic.usual
            return plane, direction, given.share or usual
        if sum(one * other for one, other in zip(given.plane, given.direction, strict=True)):
            raise FrameError(f"the direction {list(given.direction)} is not in the plane {list(given.plane)}")
        return given.plane, given.direction, given.share or 1.0

    def _measured(
        self,
        cubic: CubicCell,
        plane: tuple[int, int, int],
        direction: tuple[int, int, int],
        share: float,
        calculator: Calculator,
    ) -> Measured:
        import numpy as np
        from matscipy.gamma_surface import StackingFault as Upstream

        wanted, crystal = self.options, cubic.atoms.copy()
        if wanted.relax:
            _relax_cell(crystal, calculator, wanted.fmax, wanted.steps)
        fault: Any = Upstream(crystal, np.array(plane), np.array(direction))
        layers = int(np.ceil(wanted.separation / fault.cut_at.cell[2, 2]))
        far = share * crystal.cell.array[0, 0] * np.linalg.norm(direction)
        end = float(far / fault.cut_at.cell[1, 1])  # matscipy counts in periods of the cell that it has cut
        fault.generate_images(wanted.points, z_reps=layers, z_offset=wanted.offset, path_ylims=[0, end])
        relaxing = {"ftol": wanted.fmax, "steps": wanted.steps} if wanted.relax else {}
        energies = fault.get_energy_densities(calculator, relax=wanted.relax, **relaxing)[0]
        above = (energies - energies[0]) * MJ_PER_M2
        shifts = np.linspace(0, far, wanted.points)
        curve = [(float(x), float(y), 0) for x, y in zip(shifts, above, strict=True)]
        values = {"unstable": float(above.max())}
        if not cubic.is_itself_again(share * np.array(direction)):
            values["intrinsic"] = float(above[-1])
        words = "({} {} {})[{} {} {}]".format(*plane, *direction).replace("-", "−")
        return Measured(values, {CURVE: curve}, [f"{words}, {far:.3f} Å"])


def _relax_cell(crystal: Atoms, calculator: Calculator, fmax: float, steps: int) -> None:
    """Changes the crystal's edge, and atoms, to the minimum. FrameError where it is not there in time."""
    from ase.filters import FrechetCellFilter
    from ase.optimize import FIRE

    crystal.calc = calculator
    with FIRE(FrechetCellFilter(crystal, hydrostatic_strain=True), logfile=None) as optimizer:  # pyright: ignore[reportArgumentType] -- ASE's own default
        if not optimizer.run(fmax=fmax, steps=steps):
            hint = "Raise `steps` or `fmax`, or give a structure nearer to its minimum"
            raise FrameError(f"the crystal is not at rest after {steps} steps", hint=hint)
    crystal.calc = None
