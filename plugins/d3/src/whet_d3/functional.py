"""matched_functional: whose dispersion a potential lacks, by the level of theory that it was trained on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whet import InputError

if TYPE_CHECKING:
    from whet import LevelOfTheory

WITH_DISPERSION = re.compile(r"[-+](d|d[234]\b.*|d[234](bj|0|s)|v|nl|r?vv10|mbd.*|ts|xdm|3c)$|vdw|xtb")
"""Methods whose name says that dispersion is in them: ωB97M-V, PBE-D3(BJ), SCAN+rVV10, optB88-vdW, B97-3c, GFN1-xTB."""


def matched_functional(theory: LevelOfTheory | None, given: str | None, *, potential: str) -> str:
    """The functional of `theory`, in the spelling of simple-dftd3; `given` where the theory is not known.

    A Hubbard U changes no dispersion: PBE and PBE+U are both `pbe`. Raises InputError where the theory has a
    dispersion already, where it is of several functionals, where `given` is another than the theory's, and where
    neither is known. potential: its name, for the error.
    """
    if theory is None:
        if given is None:
            raise InputError(
                f"the level of theory of potential {potential!r} is not known",
                hint="Name the functional of its training data with `functional:`, if these had no dispersion",
            )
        return _spelled(given)
    trained = f"potential {potential!r} was trained on {theory}"
    methods = [_spelled(method) for method in theory.method.split("/")]
    if theory.dispersion or any(WITH_DISPERSION.search(method) for method in methods):
        raise InputError(f"{trained}, which has a dispersion already: D3 would count it twice")
    found = {method.removesuffix("+u") for method in methods}
    named = " and ".join(sorted(found))
    if given is not None and {_squeezed(method) for method in found} != {_squeezed(given)}:
        raise InputError(
            f"{trained}, whose functional is {named}, but `functional` is {given!r}", hint="Leave `functional` out"
        )
    if len(found) > 1:
        raise InputError(f"{trained}, of which D3 corrects only one functional at a time: {named}")
    return found.pop()


def _spelled(method: str) -> str:
    return method.strip().lower().replace("ω", "w").replace("²", "2")


def _squeezed(method: str) -> str:
    return re.sub(r"[-_ ]", "", _spelled(method))
