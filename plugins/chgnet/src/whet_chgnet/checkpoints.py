"""Checkpoints: reading and writing CHGNet's weights without a trace in the process."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

from whet import InputError, replacing
from whet_torch.isolation import untouched

if TYPE_CHECKING:
    from chgnet.model.model import CHGNet


def read_checkpoint(path: Path, device: str) -> CHGNet:
    """The model of a checkpoint, in float32, ready to predict on `device`.

    Raises InputError for a file that is no checkpoint of CHGNet.
    """
    import torch
    from chgnet.model.model import CHGNet

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["model"]
        arguments, weights = dict(state["model_args"]), state["state_dict"]
        # 0.2.0 does not record that its output layers have a bias; the weights tell.
        arguments["mlp_out_bias"] = any(name.endswith("mlp_out.layers.1.bias") for name in weights)
        with untouched():
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
