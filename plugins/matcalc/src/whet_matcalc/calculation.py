"""What every probe here does around MatCalc: a structure for it, and its failures as Whet's."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

from whet import FrameError, WhetError, multiplicity, total_charge

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure

NOISY = "ase|matcalc|monty|phonopy|pymatgen|spglib"
PACKAGES = {"matcalc": "matcalc>=0.7,<0.8", "phonopy": "phonopy>=4.2"}


@contextmanager
def failures_told(what: str) -> Iterator[None]:
    """Whatever fails inside is a FrameError that says why; nothing is printed. what: is computed (`phonons`)."""
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.filterwarnings("ignore", module=NOISY)  # what matters of it is a note or an error here
            warnings.filterwarnings("ignore", message="No Pauling electronegativity")
            yield
    except WhetError:
        raise
    except Exception as error:  # whatever is wrong with this structure, the next one goes on
        raise FrameError(f"MatCalc cannot compute the {what} ({type(error).__name__}: {error})") from error


def crystal(atoms: Atoms, what: str, *, magnetic: bool = True) -> Structure:
    """The material as pymatgen has it. what: is to be measured, for the error. magnetic: whether moments survive it.

    FrameError where it is not periodic in all directions, or has what would be dropped without a word: a charge, a
    multiplicity, or initial magnetic moments.
    """
    from pymatgen.io.ase import AseAtomsAdaptor

    if not atoms.pbc.all():
        raise FrameError(f"only a crystal, periodic in all three directions, has {what}")
    if total_charge(atoms) or multiplicity(atoms) is not None:
        raise FrameError(f"{what} of a cell with a charge or a multiplicity cannot be measured")
    if not magnetic and atoms.get_initial_magnetic_moments().any():
        hint = "Take them out of the file, if the potential needs none"
        raise FrameError(f"the crystal has initial magnetic moments, which are lost where {what} is made", hint=hint)
    plain: Any = atoms.copy()
    plain.info = {}
    plain.set_constraint()
    for name in [name for name in plain.arrays if name not in ("numbers", "positions", "initial_magmoms")]:
        del plain.arrays[name]
    return AseAtomsAdaptor.get_structure(plain)
