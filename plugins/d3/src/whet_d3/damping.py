"""damping_parameters: the library's parameters of one functional and one damping, or a clear no."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from whet import UnknownName, suggestion

if TYPE_CHECKING:
    from dftd3.interface import DampingParam

Damping = Literal["bj", "zero", "bjm", "zerom", "op", "cso"]

TITLES: Mapping[Damping, str] = {
    "bj": "D3(BJ)",
    "zero": "D3(0)",
    "bjm": "D3M(BJ)",
    "zerom": "D3M(0)",
    "op": "D3(op)",
    "cso": "D3(CSO)",
}
"""What a correction with that damping is called in the literature."""

CLASSES: Mapping[Damping, str] = {
    "bj": "RationalDampingParam",
    "zero": "ZeroDampingParam",
    "bjm": "ModifiedRationalDampingParam",
    "zerom": "ModifiedZeroDampingParam",
    "op": "OptimizedPowerDampingParam",
    "cso": "CSODampingParam",
}
"""The library's class of each damping."""


def damping_parameters(functional: str, damping: Damping, *, three_body: bool) -> DampingParam:
    """The damping parameters that were fitted for a functional, as simple-dftd3 has them.

    Raises UnknownName where there are none: the hint has the dampings that do, or the nearest functional.
    """
    if found := _parameters(functional, damping, three_body):
        return found
    what = f"there are no parameters of {TITLES[damping]} for the functional {functional!r}"
    if others := [other for other in TITLES if _parameters(functional, other, three_body)]:
        raise UnknownName(what, hint=f"With `damping:` {' or '.join(others)} there are")
    known = suggestion(functional, _functionals(damping, three_body))
    raise UnknownName(what, hint=known or "The documentation of simple-dftd3 lists those that there are")


def _parameters(functional: str, damping: Damping, three_body: bool) -> DampingParam | None:
    from dftd3 import interface

    try:
        return getattr(interface, CLASSES[damping])(method=functional, atm=three_body)
    except RuntimeError:
        return None


def _functionals(damping: Damping, three_body: bool) -> list[str]:
    """Functionals that have parameters, by the list that comes with the package; empty where it lies elsewhere."""
    import tomllib

    import dftd3

    listed = Path(dftd3.__file__).with_name("parameters.toml")
    if not listed.is_file():
        return []
    # The list names some that the compiled library does not know.
    names = tomllib.loads(listed.read_text(encoding="utf-8"))["parameter"]
    return [name for name in names if _parameters(name, damping, three_body)]
