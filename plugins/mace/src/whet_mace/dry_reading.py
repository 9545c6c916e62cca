"""foreign_code: what a MACE file would run, found out with dummies in place of everything that it names.

This needs neither torch nor mace, so that `whet check` can say it, and it comes before every loading. What keeps the
loading itself harmless is in restricted_reading.py, which does not rely on it.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

from whet_mace.admitted import ADMITTED, TRACED
from whet_mace.archives import MAGIC, records
from whet_mace.generated_code import ForeignCode, check_graph, checked_script

REPORTED = 3
"""How many names are told."""


def foreign_code(path: Path) -> str:
    """What the file would run that no MACE model needs, in a few words; empty: nothing, or it is no pickle at all."""
    content = path.read_bytes()
    archived = content.startswith(MAGIC)
    try:
        found = records(content) if archived else {"data.pkl": content}
    except ValueError as error:
        return str(error)
    if "constants.pkl" in found:
        return "it is a compiled model, which is TorchScript"
    reading = DryReading(io.BytesIO(found.get("data.pkl", b"")))
    try:
        reading.load()
        # Those of torch before 1.6 are several pickles, one after the other.
        rest = [] if archived else ["whatever comes after its first pickle"]
    except ForeignCode as error:
        rest = [str(error)]
    except Exception:
        # No pickle, or a damaged one: the restricted reading says so.
        rest = []
    named = [*dict.fromkeys(reading.foreign), *rest]
    more = f" and {len(named) - REPORTED} more" if len(named) > REPORTED else ""
    return f"it asks for {', '.join(named[:REPORTED])}{more}" if named else ""


class Dummy:
    """Stands for anything that a pickle names or makes of that, and does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Dummy:
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes anything."""

    def __call__(self, *args: Any, **kwargs: Any) -> Dummy:
        return Dummy()

    def __setstate__(self, state: Any) -> None:
        """Looks at the code in the state, if it is that of a module of e3nn."""
        scripts = state.get("__codegen__") if isinstance(state, dict) else None
        for script in scripts.values() if isinstance(scripts, dict) else ():
            checked_script(script if isinstance(script, bytes) else b"")

    def __setitem__(self, key: Any, value: Any) -> None:
        """Takes anything."""

    def append(self, value: Any) -> None:
        """Takes anything."""


class DryReading(pickle.Unpickler):
    """Reads a pickle without importing or calling what it names. foreign: names that no MACE model has."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.foreign: list[str] = []

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        """A dummy, or what is as harmless as one."""
        name = f"{module_name}.{global_name}"
        if name not in ADMITTED:
            self.foreign.append(name)
        return PLAIN.get(name, Dummy)

    def persistent_load(self, pid: Any) -> Dummy:
        """In place of a tensor's numbers."""
        return Dummy()


def _encoded(text: Any, encoding: Any) -> bytes:
    """How pickles of protocol 2 write bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise ForeignCode(f"an encoding {encoding!r}")
    return text.encode("latin1", errors="replace")


def _traced(body: Any, imports: Any) -> Dummy:
    check_graph(body, imports)
    return Dummy()


PLAIN = {
    "_codecs.encode": _encoded,
    "__builtin__.set": set,
    "builtins.set": set,
    "collections.OrderedDict": OrderedDict,
    TRACED: _traced,
}
"""What is no dummy: containers, since the checks look into them, and what does the checks."""
