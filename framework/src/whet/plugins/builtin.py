"""What the framework itself offers, through the same hooks as everybody: backends that only join others."""

from __future__ import annotations

from whet.contracts.committee import Committee
from whet.contracts.potential import Potential
from whet.plugins.hookspecs import hookimpl

whet_api = 1


@hookimpl
def potentials() -> list[type[Potential]]:
    """The committee."""
    return [Committee]


@hookimpl
def analyses() -> list[type]:
    """The built-in analyses."""
    from whet.analyses import analyses as found

    return found()
