"""GpawLabeler: density-functional labels by GPAW with plane waves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from whet import (
    CodeLabeler,
    CodeOptions,
    Failure,
    FrameError,
    Labels,
    LevelOfTheory,
    k_grid,
    multiplicity,
    read_json,
    write_frames,
    write_json,
)
from whet_gpaw.references import GPAW

if TYPE_CHECKING:
    from ase import Atoms


class GpawOptions(CodeOptions):
    """Functional, basis, k-points, smearing, convergence; and how GPAW is run."""

    xc: str = "PBE"
    """Exchange-correlation functional, by GPAW's name (`PBE`, `RPBE`, `PBEsol`, `LDA`)."""
    cutoff: float = Field(default=500.0, gt=0)
    """eV; of the plane waves."""
    k_spacing: float = Field(default=0.3, gt=0)
    """1/Å, with the 2π; the k-points are the coarsest regular grid about Γ that is at least as dense."""
    smearing: float = Field(default=0.05, ge=0)
    """eV; width of the Fermi-Dirac occupation. The energy is the free energy, which the forces belong to."""
    spin: bool | None = None
    """Spin polarization; by default where the frame has initial magnetic moments or `info["spin"]`."""
    density: float = Field(default=1e-5, gt=0)
    """Electrons per valence electron; convergence of the density."""
    max_iterations: int = Field(default=120, ge=1)
    """Self-consistent iterations before a frame fails."""

    not_identity = CodeOptions.not_identity | {"max_iterations"}


class GpawLabeler(CodeLabeler[GpawOptions]):
    """Density-functional theory by GPAW: plane waves and the projector augmented-wave data sets of gpaw-data.

    Forces belong to the free energy; a stress is given for frames that are periodic in all directions. Directions that
    are not periodic need vacuum in the cell. Extra labels: `magmoms` (μB) where the calculation is spin-polarized.
    """

    name = "gpaw"
    title = "GPAW"
    packages: ClassVar[Mapping[str, str]] = {"gpaw": "gpaw>=25.7"}
    program = ("{python}", "-m", "whet_gpaw.single_point")

    @classmethod
    def references(cls, options: GpawOptions) -> Sequence[str]:
        return (GPAW,)

    @classmethod
    def variations(cls, options: GpawOptions) -> Mapping[str, Any]:
        return {"xc": "LDA" if options.xc != "LDA" else "PBE"}

    @property
    def theory(self) -> LevelOfTheory:
        words = {key: value for key, value in self.options.as_json().items() if key not in self.Options.not_identity}
        method = words.pop("xc")
        return LevelOfTheory(method, "GPAW", pseudopotentials=f"gpaw-data {_data_version()}", settings=words)

    def prepare(self, frame: Atoms, folder: Path) -> None:
        if frame.cell.rank < 3:
            raise FrameError("GPAW needs a cell in all three directions; put the frame into vacuum")
        options = self.options
        spin = options.spin
        if spin is None:
            spin = bool(frame.get_initial_magnetic_moments().any()) or multiplicity(frame) not in (None, 1)
        words = {
            "xc": options.xc,
            "cutoff": options.cutoff,
            "k_grid": list(k_grid(frame, options.k_spacing)),
            "smearing": options.smearing,
            "spin": spin,
            "multiplicity": multiplicity(frame),
            "density": options.density,
            "max_iterations": options.max_iterations,
        }
        write_json(folder / "input.json", words)
        write_frames(folder / "frame.frames", [frame])

    def is_complete(self, folder: Path) -> bool:
        return (folder / "labels.npz").is_file() or (folder / "failure.json").is_file()

    def can_do_better(self, folder: Path) -> bool:
        failed = (folder / "failure.json").is_file()
        return failed and read_json(folder / "input.json")["max_iterations"] < self.options.max_iterations

    def read(self, frame: Atoms, folder: Path) -> Labels | Failure:
        import numpy as np

        failure = folder / "failure.json"
        if failure.is_file():
            return Failure(read_json(failure)["reason"], str(folder / "gpaw.txt"))
        with np.load(folder / "labels.npz", allow_pickle=False) as arrays:
            return Labels.from_arrays(dict(arrays))


@cache
def _data_version() -> str:
    try:
        return version("gpaw-data")
    except PackageNotFoundError:
        return "unknown"
