"""write_shifted: a checkpoint of SevenNet with other reference energies, as SevenNet's own calculator reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whet_sevennet.checkpoints import read_checkpoint, write_checkpoint
from whet_torch.isolation import untouched

FILE = "sevennet.pth"

NOTES = (
    "SevenNet counts in single precision, reference energies included: an energy of −2000 eV keeps 1e-4 eV. Whet adds "
    "the shift in double precision.",
    "LAMMPS: `sevenn get_model sevennet.pth` (SevenNet's own) writes what `pair_style e3gnn` reads, the energy shift "
    "included; of a multi-fidelity model it wants `--modal`.",
)


def python(modal: str | None) -> str:
    """Lines that make SevenNet's calculator of the file. modal: of a multi-fidelity model."""
    of = "" if modal is None else f", modal={modal!r}"
    lines = ["from sevenn.calculator import SevenNetCalculator", ""]
    return "\n".join([*lines, f'calculator = SevenNetCalculator(model, device="cpu"{of})', ""])


def write_shifted(checkpoint: Path, modal: str | None, shift: Mapping[str, float], path: Path) -> None:
    """Writes the model of a checkpoint with `shift` (eV by symbol) added to the shift of its last rescaling.

    A model with one number for all elements gets one for each. Of a multi-fidelity model it is the shift of `modal`, or
    of all modals where they share one. Raises what reading and writing checkpoints raise.
    """
    read = read_checkpoint(checkpoint, "cpu")
    with untouched():
        import torch
        from ase.data import atomic_numbers

        model: Any = read.model
        rescale, types = model.rescale_atomic_energy, model.type_map
        old, scale = rescale.shift.detach().clone(), rescale.scale.detach().clone()
        added = torch.zeros(len(types))
        for symbol, value in shift.items():
            added[types[atomic_numbers[symbol]]] = value
        by_modal = getattr(rescale, "use_modal_wise_shift", False)
        if by_modal:
            old[model.modal_map[modal]] += added
        else:
            old = old.expand(len(types)) + added
            scale = scale if hasattr(rescale, "use_modal_wise_scale") else scale.expand(len(types)).clone()
        for name, value in (("shift", old), ("scale", scale)):
            setattr(rescale, name, torch.nn.Parameter(value, requires_grad=False))
    write_checkpoint(model, {**read.config, "shift": old.tolist(), "scale": scale.tolist()}, path)
