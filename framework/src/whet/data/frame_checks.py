"""check_frame: what is refused before a potential or a labeler is asked about it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from whet.data.errors import FrameError, InputError
from whet.data.frame_identity import multiplicity, total_charge

if TYPE_CHECKING:
    from ase import Atoms

FARTHEST = 1e6
"""Å; coordinates beyond this are no structure."""

REACH = 5.0
"""Å; within it the neighbors are counted that make a frame's neighbor lists long."""

MOST_NEIGHBORS = 1_000_000
"""Of an atom within `REACH`, unless `WHET_MOST_NEIGHBORS` says otherwise; a close-packed metal has about 50."""


def check_frame(atoms: Atoms) -> None:
    """FrameError where a frame is no structure that a potential or a labeler could be asked about.

    It has no atoms, dummy atoms, sites that are not fully occupied, positions or a cell that are not finite or absurdly
    large, a periodic direction without a cell vector, so small a cell that its neighbor lists would never end (the
    environment variable WHET_MOST_NEIGHBORS raises that limit), or a charge or a multiplicity that is none.
    """
    import numpy as np

    if len(atoms) == 0:
        raise FrameError("the frame has no atoms")
    if not np.all(np.isfinite(atoms.positions)):
        raise FrameError("positions are not finite (NaN or infinite)")
    if not np.all(np.isfinite(np.asarray(atoms.cell))):
        raise FrameError("the cell is not finite (NaN or infinite)")
    for what, values in (("a position", atoms.positions), ("a cell vector", np.asarray(atoms.cell))):
        if (largest := float(np.abs(values).max())) > FARTHEST:
            raise FrameError(f"{what} has a coordinate of {largest:.3g} Å", hint="Is it of another unit, or damaged?")
    if (dummies := np.flatnonzero(atoms.numbers < 1)).size:
        raise FrameError(f"atom {dummies[0]} is a dummy (X), no element", hint="Remove it, or name its element")
    _check_occupancy(atoms)
    periodic = np.asarray(atoms.cell)[atoms.pbc]
    if len(periodic) and np.linalg.matrix_rank(periodic) < len(periodic):
        raise FrameError("the frame is periodic but its cell is missing or flat")
    _check_neighbors(atoms)
    total_charge(atoms)
    multiplicity(atoms)


def _check_occupancy(atoms: Atoms) -> None:
    """FrameError for disorder: readers of crystal structures keep one atom of a site, whatever its share is."""
    import numpy as np

    by_site = atoms.info.get("occupancy")
    shares: list[Any] = []
    if isinstance(by_site, dict):
        shares += [share for site in by_site.values() if isinstance(site, dict) for share in site.values()]
    if "occupancy" in atoms.arrays and np.any(atoms.arrays["occupancy"]):  # all zero: whoever wrote it has none
        shares += atoms.arrays["occupancy"].tolist()
    try:
        partial = [float(share) for share in shares if not abs(float(share) - 1) < 1e-3]
    except (TypeError, ValueError):
        raise FrameError("the occupancies of its sites are no numbers") from None
    if partial:
        what = f"{len(partial)} of its sites have an occupancy other than 1 (the first {partial[0]:g})"
        raise FrameError(f"the structure is disordered: {what}", hint="Give an ordered structure")


def _check_neighbors(atoms: Atoms) -> None:
    """FrameError where so many periodic images lie within reach that building a neighbor list would not end."""
    import numpy as np

    if not atoms.pbc.any():
        return
    with np.errstate(all="ignore"):  # of a cell that is all but flat: infinitely many
        inverse = np.linalg.inv(atoms.cell.complete().array)
        heights = 1 / np.linalg.norm(inverse, axis=0)[atoms.pbc]
        images = float(np.nan_to_num(np.prod(np.maximum(1.0, 2 * REACH / heights)), nan=np.inf, posinf=np.inf))
    limit = _most_neighbors()
    if not images <= 1 and images * len(atoms) > limit:
        what = f"the cell is so small (a height of {heights.min():.3g} Å) that an atom has about"
        hint = "Is it of another unit? The environment variable WHET_MOST_NEIGHBORS raises the limit"
        count = f"{images * len(atoms):.0e} neighbors within {REACH:g} Å, more than {limit:.0e}"
        raise FrameError(f"{what} {count}", hint=hint)


def _most_neighbors() -> float:
    given = os.environ.get("WHET_MOST_NEIGHBORS", "")
    try:
        return float(given) if given else float(MOST_NEIGHBORS)
    except ValueError:
        raise InputError(f"{given!r} is no number", where="environment variable WHET_MOST_NEIGHBORS") from None
