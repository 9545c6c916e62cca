"""read_restricted: a MACE model out of a file that nobody vouches for.

torch's own restricted reading does it, `weights_only`, which calls and builds nothing but what it is told to admit:
admitted.py. It is not left to the default, which mace turns off for the whole process when it is imported. The two
things that would run code of the file's own are replaced by such as look at that code first: modules of e3nn, which
carry TorchScript, and modules of torch.fx, which carry Python.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from whet_mace.admitted import NETWORKS, TRACED
from whet_mace.archives import archive_of, records
from whet_mace.generated_code import ForeignCode, check_graph, checked_script


def read_restricted(content: bytes, device: str) -> Any:
    """What torch saved, on `device`. Within `untouched`, after mace was imported.

    Raises ForeignCode or pickle.UnpicklingError for a file that would run what no MACE model needs, ValueError for
    one that is no archive of torch, and whatever torch raises for a damaged one.
    """
    import torch

    archive = io.BytesIO(archive_of(records(content)))
    with torch.serialization.safe_globals(_admitted()):
        return torch.load(archive, map_location=device, weights_only=True)


@cache
def _admitted() -> list[Any]:
    """What of the admitted names this version of mace has, each with the name that files have for it."""
    found: list[Any] = [(_rebuilt_graph, TRACED)]
    for name in sorted(NETWORKS):
        module, _, last = name.rpartition(".")
        try:
            found.append((_guarded(getattr(import_module(module), last)), name))
        except (ImportError, AttributeError):
            continue
    return found


def _rebuilt_graph(body: Any, imports: Any) -> Any:
    """The module of torch.fx that a file describes."""
    from torch.fx.graph_module import reduce_graph_module

    check_graph(body, imports)
    return reduce_graph_module(body, imports)


def _guarded(admitted: Any) -> Any:
    """The same; of modules of e3nn that compile TorchScript, a class that looks at it and then becomes the real one."""
    from e3nn.util.codegen import CodeGenMixin

    if not (isinstance(admitted, type) and issubclass(admitted, CodeGenMixin)):
        return admitted

    class Guarded(admitted):
        def __setstate__(self, d: Any) -> None:
            if not isinstance(d, Mapping) or not isinstance(scripts := d.get("__codegen__", {}), Mapping):
                raise ForeignCode(f"a state of {admitted.__name__} that is none")
            checked = {name: checked_script(script) for name, script in scripts.items()}
            self.__class__ = admitted  # pyright: ignore[reportAttributeAccessIssue]
            admitted.__setstate__(self, {**d, "__codegen__": checked} if scripts else {**d})

    return Guarded
