"""Bonding: the options by which a source knows what a molecule is."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, field_validator

from whet.contracts.options import Options


class Bonding(Options):
    """What is bonded."""

    multiplier: float = Field(default=1.2, gt=0)
    """Atoms are bonded that are closer than so many times the sum of their covalent radii."""
    unbonded: tuple[str, ...] = ()
    """Symbols of ions that have neighbors but no bonds: `[Li]`."""

    @field_validator("unbonded")
    @classmethod
    def _elements(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        check_elements(given)
        return given


def check_elements(symbols: Sequence[str]) -> None:
    """ValueError for what is no chemical symbol, as an option's class wants it."""
    from ase.data import atomic_numbers

    for symbol in symbols:
        if not atomic_numbers.get(symbol):
            raise ValueError(f"{symbol!r} is no chemical symbol")
