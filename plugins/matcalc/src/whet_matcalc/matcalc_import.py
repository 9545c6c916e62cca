"""matcalc_module: MatCalc, imported without its question to the network."""

from __future__ import annotations

import importlib
import sys
import warnings
from threading import Lock
from types import ModuleType

ASKED = "matgl"
"""Where it can be imported, `matcalc.utils` asks it for the list of all published models as it is imported itself."""

_one_at_a_time = Lock()


def matcalc_module() -> ModuleType:
    """MatCalc. It is told that there is no MatGL while it is imported; the potential of that name is not affected."""
    with _one_at_a_time:
        if "matcalc" in sys.modules:
            return sys.modules["matcalc"]
        absent = object()
        before = sys.modules.get(ASKED, absent)
        sys.modules[ASKED] = None  # pyright: ignore[reportArgumentType] -- Python's own word for “not to be found”
        try:
            with warnings.catch_warnings():  # pymatgen changes the filters
                return importlib.import_module("matcalc")
        finally:
            if before is absent:
                del sys.modules[ASKED]
            else:
                sys.modules[ASKED] = before  # pyright: ignore[reportArgumentType]
