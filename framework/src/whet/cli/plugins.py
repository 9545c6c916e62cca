"""whet plugins"""

from __future__ import annotations

from whet.cli.parameters import Json


def plugins(json: Json = False) -> None:
    """List the plugins that are installed, and what is wrong with those that cannot be used."""
    from whet.cli.listing import list_plugins

    list_plugins(json)
