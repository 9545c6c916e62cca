"""Checkpoints: where CHGNet's weights lie, and reading and writing them without a trace in the process."""

from __future__ import annotations

import io
import pickle
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from whet import InputError, MissingPackage, UnknownName, replacing

if TYPE_CHECKING:
    from chgnet.model.model import CHGNet

PRETRAINED = ("0.3.0", "0.2.0", "r2scan")
"""The models that the wheel of chgnet ships."""


def shipped(name: str) -> Path:
    """The checkpoint of a model that chgnet ships; chgnet is not imported.

    Raises UnknownName for a name that is none of `PRETRAINED`, MissingPackage where chgnet or the file is not there.
    """
    if name not in PRETRAINED:
        raise UnknownName.among("CHGNet model", name, PRETRAINED)
    package = find_spec("chgnet")
    folder = Path(package.origin).parent / "pretrained" / name if package and package.origin else None
    files = sorted(folder.glob("*.pth.tar")) if folder else []
    if len(files) != 1:
        raise MissingPackage(
            f"the weights of CHGNet {name} are not in the installed chgnet", hint="pip install 'chgnet>=0.4.2'"
        )
    return files[0]


def read_checkpoint(path: Path, device: str) -> CHGNet:
    """The model of a checkpoint, in float32, ready to predict on `device`.

    Random state, default dtype and standard output are left alone. Raises InputError for a file that is no
    checkpoint of CHGNet.
    """
    import torch
    from chgnet.model.model import CHGNet

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["model"]
        arguments, weights = dict(state["model_args"]), state["state_dict"]
        # 0.2.0 does not record that its output layers have a bias; the weights tell.
        arguments["mlp_out_bias"] = any(name.endswith("mlp_out.layers.1.bias") for name in weights)
        with torch.random.fork_rng(devices=[]), redirect_stdout(io.StringIO()):
            model = CHGNet(**arguments)
        model.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"not a checkpoint of CHGNet ({type(error).__name__}: {reason})",
            where=str(path),
            hint="Give a file that CHGNet's Trainer or Whet saved",
        ) from error
    # A structure may lose an atom on the way; its energy then goes smoothly to that of the bare embedding.
    model.graph_converter.set_isolated_atom_response("ignore")
    return model.float().to(device).eval()


def write_checkpoint(model: CHGNet, path: Path) -> None:
    """Writes a checkpoint that `read_checkpoint` and CHGNet's own `from_file` read; the same weights, the same bytes.

    Raises StoreError where the disk is full or the folder cannot be written.
    """
    import torch

    weights = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    # An open file: given a path, torch would write the file's name into its content.
    with replacing(path) as partial, partial.open("wb") as file:
        torch.save({"model": {"state_dict": weights, "model_args": model.model_args}}, file)
