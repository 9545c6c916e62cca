"""Checkpoints: reading and writing SevenNet's files; nothing that is in them is run."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from whet import InputError, replacing
from whet_sevennet.isolation import eager
from whet_torch.isolation import untouched

if TYPE_CHECKING:
    from sevenn.nn.sequential import AtomGraphSequential  # pyright: ignore[reportMissingImports]

FAULTS = (pickle.UnpicklingError, LookupError, TypeError, ValueError, RuntimeError, OSError, EOFError, AssertionError)
"""What torch and upstream raise for files that are something else."""


@dataclass(frozen=True)
class Checkpoint:
    """A model, and the settings that upstream builds it from."""

    model: AtomGraphSequential
    config: Mapping[str, Any]


def read_checkpoint(path: Path, device: str) -> Checkpoint:
    """The float32 model of a checkpoint of SevenNet or Whet, on `device`; accelerated ones become plain e3nn.

    Raises InputError for a file that is no such checkpoint, or holds more than tensors, arrays and plain data.
    """
    try:
        with TemporaryDirectory() as folder, untouched(), eager():
            from sevenn.checkpoint import SevenNetCheckpoint  # pyright: ignore[reportMissingImports]

            # Upstream reads it again: a copy, so that it gets what was looked at.
            copy = Path(copyfile(path, Path(folder) / path.name))
            _check_content(copy, path)
            upstream = SevenNetCheckpoint(copy)
            model = upstream.build_model()
            config = upstream.config
    except InputError:
        raise
    except FAULTS as error:
        # Of torch's long advice, what is wrong with the file.
        told = str(error).partition("WeightsUnpickler error:")[2] or str(error)
        reason = " ".join(re.split(r" Please | Check ", told)[0].split())[:150]
        raise InputError(
            f"not a checkpoint of SevenNet ({type(error).__name__}: {reason})",
            where=str(path),
            hint="Give a .pth file that SevenNet's trainer or Whet saved, not a deployed model",
        ) from error
    return Checkpoint(model.float().to(device).eval().requires_grad_(False), config)


def write_checkpoint(model: AtomGraphSequential, config: Mapping[str, Any], path: Path) -> None:
    """Writes a checkpoint that `read_checkpoint` and SevenNet itself read; the same weights, the same bytes.

    Raises StoreError where the disk is full or the folder cannot be written.
    """
    import torch

    with untouched():
        from sevenn import __version__  # pyright: ignore[reportMissingImports]

    content = {
        # The weights are in the order of the version that built the model: under the number of the file that they
        # came from, upstream would rearrange those of old files a second time.
        "config": {
            **_plain(config),
            "version": __version__,
            "cuequivariance_config": {"use": False},
            "use_flash_tp": False,
            "use_oeq": False,
        },
        "model_state_dict": {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()},
        "optimizer_state_dict": {},
        "scheduler_state_dict": {},
        "epoch": 0,
    }
    # An open file: given a path, torch would write the file's name into its content.
    with replacing(path) as partial, partial.open("wb") as file:
        torch.save(content, file)


def _check_content(path: Path, given: Path) -> None:
    """Reads the file under torch's list of what is harmless, since upstream would run whatever is in it.

    given: what the user calls it. Raises pickle.UnpicklingError for more than tensors, NumPy arrays and plain data,
    InputError for another content.
    """
    import numpy as np
    import torch

    # Files of NumPy 1 and 2 have the maker of arrays under different names.
    maker: Any = np.zeros(0).__reduce__()[0]
    names = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
    kinds = [np.dtype, np.ndarray, *(type(np.dtype(name)) for name in ("f4", "f8", "i4", "i8"))]
    with torch.serialization.safe_globals([*kinds, *((maker, name) for name in names)]):
        content = torch.load(path, map_location="cpu", weights_only=True)
    needed = ("config", "model_state_dict")
    if not isinstance(content, dict) or not all(isinstance(content.get(name), dict) for name in needed):
        raise InputError("not a checkpoint of SevenNet", where=str(given), hint="It should have a model and its config")


def _plain(value: Any) -> Any:
    """The same settings with arrays and tensors as lists, and devices as words."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
