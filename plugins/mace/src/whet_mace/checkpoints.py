"""Checkpoints: reading the files in which MACE keeps whole models."""

from __future__ import annotations

import io
import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from whet import InputError, TrustedFiles, UnknownName, UntrustedFile
from whet_torch.isolation import untouched

if TYPE_CHECKING:
    import torch

FAULTS = (AttributeError, EOFError, ImportError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""What torch and e3nn raise for files that are something else; UnpicklingError beside them."""


def read_checkpoint(path: Path, device: str, dtype: str | None = None) -> torch.nn.Module:
    """The model of a `.model` file, on `device`; dtype: `float32` or `float64`, None: as it was saved.

    The file is a pickle. It is read under a list of what MACE models name, unless it is in the user's list of trusted
    files. Raises InputError for a file that is no MACE, UntrustedFile for one that asks for something else.
    """
    from pickle import UnpicklingError

    from whet_mace.generated_code import ForeignCode

    # Once: what is looked at is what is loaded, whatever becomes of the file meanwhile.
    content = path.read_bytes()
    trusted = sha256(content).hexdigest() in TrustedFiles()
    try:
        with untouched():
            import mace.modules  # noqa: F401 -- before unpickling, in the order that e3nn needs
            import torch

            from whet_mace.restricted_reading import read_restricted

            if trusted:
                model = torch.load(io.BytesIO(content), map_location=device, weights_only=False)
            else:
                model = read_restricted(content, device)
    except ForeignCode as error:
        raise UntrustedFile.of(path, f"it asks for {error}") from error
    except (*FAULTS, UnpicklingError) as error:
        reason = " ".join(str(error).split())
        # torch's own words, less its advice to load anything.
        if refused := re.search(r"(?:GLOBAL|for|got) (\S+)(?: was not an allowed global| whose module)", reason):
            raise UntrustedFile.of(path, f"it asks for {refused[1]}") from error
        raise InputError(
            f"not a model of MACE ({type(error).__name__}: {reason[:200]})",
            where=str(path),
            hint="Give a .model file of mace_run_train, not a compiled one or a training checkpoint",
        ) from error
    lacking = [name for name in ("atomic_numbers", "r_max", "atomic_energies_fn") if not hasattr(model, name)]
    if not isinstance(model, torch.nn.Module) or lacking:
        raise InputError(f"{type(model).__name__} is not an energy model of MACE", where=str(path))
    return model.to(device) if dtype is None else model.to(device=device, dtype=getattr(torch, dtype))


def heads_of(model: torch.nn.Module) -> list[str]:
    """The names of a model's heads; older files have one that has no name."""
    return [str(head) for head in getattr(model, "heads", None) or ["Default"]]


def head_index(model: torch.nn.Module, head: str | None) -> int:
    """Which head answers: the one named, the only one, or the one called Default.

    Raises UnknownName for a head that the model does not have, InputError where none is named and none is the default.
    """
    heads = heads_of(model)
    if head is not None:
        if head not in heads:
            raise UnknownName.among("head of this MACE model", head, heads)
        return heads.index(head)
    default = [index for index, name in enumerate(heads) if name.lower() == "default"]
    if len(heads) == 1 or default:
        return default[0] if default else 0
    raise InputError("the MACE model has several heads", hint=f"Choose one with `head:`; it has {', '.join(heads)}")
