"""SoapDescriptor: the smooth overlap of atomic positions, by DScribe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from whet import Descriptor, FrameError, Options
from whet_soap.references import DSCRIBE, SOAP

if TYPE_CHECKING:
    import numpy as np
    from ase import Atoms


class SoapOptions(Options):
    """Size and sharpness of the expansion; the defaults are those of Wong and Yang."""

    r_cut: float = Field(default=5.0, gt=1)
    """Å; radius of an environment."""
    n_max: int = Field(default=8, ge=1)
    """Radial basis functions."""
    l_max: int = Field(default=6, ge=0, le=20)
    """Largest angular momentum."""
    sigma: float = Field(default=0.375, gt=0)
    """Å; width of the Gaussian on each atom."""
    rbf: Literal["gto", "polynomial"] = "gto"
    """Radial basis: spherical Gaussian-type orbitals, or polynomials."""
    compression: Literal["off", "mu2", "mu1nu1", "crossover"] = "off"
    """Fewer features: `mu1nu1` grows linearly with the number of elements instead of quadratically, `mu2` not at all,
    `crossover` leaves out products of different elements."""
    precision: Literal["float64", "float32"] = "float64"
    """Of the features; the expansion itself is computed in float64."""


class SoapDescriptor(Descriptor[SoapOptions]):
    """Smooth overlap of atomic positions: power spectra of the density around each atom, by DScribe.

    Invariant to rotation, translation, and permutation of like atoms. Bartók, Kondor and Csányi, Phys. Rev. B 87,
    184115 (2013).
    """

    name = "soap"
    title = "SOAP"
    result_version = 2
    packages: ClassVar[Mapping[str, str]] = {"dscribe": "dscribe>=2.1"}

    @classmethod
    def references(cls, options: SoapOptions) -> Sequence[str]:
        return (SOAP, DSCRIBE)

    def describe(self, frames: Sequence[Atoms], elements: Sequence[str]) -> Iterator[np.ndarray]:
        """(n_atoms, n_features) of each frame, without a unit; periodic where the frame is, in any direction.

        Raises FrameError for a frame with an element that is not among `elements`.
        """

        @cache
        def soap(periodic: bool) -> Any:
            return self._expansion(elements, periodic)

        for index, frame in enumerate(frames):
            if unknown := sorted(set(frame.get_chemical_symbols()) - set(elements)):
                raise FrameError(
                    f"{', '.join(unknown)} is not among the elements {', '.join(elements)}", where=f"frame {index}"
                )
            # DScribe loses neighbors of atoms that lie outside the cell, as they do in an unwrapped trajectory.
            inside = frame.copy()
            inside.wrap()
            yield soap(bool(frame.pbc.any())).create(inside)

    def _expansion(self, elements: Sequence[str], periodic: bool) -> Any:
        from dscribe.descriptors import SOAP

        options = self.options
        return SOAP(
            species=sorted(set(elements)),
            periodic=periodic,
            r_cut=options.r_cut,
            n_max=options.n_max,
            l_max=options.l_max,
            sigma=options.sigma,
            rbf=options.rbf,
            compression={"mode": options.compression, "species_weighting": None},
            dtype=options.precision,
        )
