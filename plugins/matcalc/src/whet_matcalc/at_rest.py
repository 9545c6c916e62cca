"""at_rest: an optimizer of ASE that raises where it does not come to rest, which MatCalc would only log."""

from __future__ import annotations

from typing import Any

from ase.optimize.optimize import DEFAULT_MAX_STEPS, Optimizer

from whet import FrameError


def at_rest(optimizer: type[Optimizer], what: str = "a relaxation") -> type[Optimizer]:
    """The same optimizer, silent. Its `run` raises FrameError after too many steps. what: it relaxes, for the error."""

    class AtRest(optimizer):
        def __init__(self, atoms: Any, **given: Any) -> None:
            super().__init__(atoms, **{**given, "logfile": None})

        def run(self, fmax: float = 0.05, steps: int = DEFAULT_MAX_STEPS) -> Any:
            if not super().run(fmax=fmax, steps=steps):
                hint = "Raise `steps` or `fmax`, or give a structure nearer to its minimum"
                raise FrameError(f"{what} is not at rest after {steps} steps", hint=hint)
            return True

    return AtRest
