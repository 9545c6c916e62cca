"""write_shifted: a checkpoint of CHGNet with other reference energies, as CHGNet's own `from_file` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whet import Unsupported
from whet_chgnet.checkpoints import read_checkpoint, write_checkpoint

FILE = "chgnet.pth.tar"

PYTHON = """\
from chgnet.model import CHGNet, CHGNetCalculator

calculator = CHGNetCalculator(CHGNet.from_file(model), use_device="cpu")
"""

NOTES = (
    "CHGNet counts in single precision, reference energies included: of −2000 eV/atom it keeps 1e-4 eV/atom. Whet adds "
    "the shift in double precision.",
    "CHGNet's calculator takes periodic structures only, and warns of isolated atoms.",
)


def write_shifted(checkpoint: Path, shift: Mapping[str, float], path: Path) -> None:
    """Writes the model of a checkpoint with `shift` (eV by symbol) added to its composition model, Σ e / n an atom.

    Raises what reading and writing checkpoints raise, and Unsupported for a model without a composition model.
    """
    import torch
    from ase.data import atomic_numbers

    model = read_checkpoint(checkpoint, "cpu")
    composition: Any = model.composition_model
    if composition is None:
        raise Unsupported("this CHGNet has no composition model that could hold the energy shift")
    with torch.no_grad():
        for symbol, value in shift.items():
            composition.fc.weight[0, atomic_numbers[symbol] - 1] += value
    write_checkpoint(model, path)
