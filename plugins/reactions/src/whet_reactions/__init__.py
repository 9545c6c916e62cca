"""Reactions and coordination numbers along trajectories. Importing this module imports neither NumPy nor networkx."""

from __future__ import annotations

from whet import Analysis, hookimpl
from whet_reactions.coordination import Coordination
from whet_reactions.reactions import Reactions

whet_api = {"analyses": 1}


@hookimpl
def analyses() -> list[type[Analysis]]:
    return [Reactions, Coordination]
