"""write_shifted: a model of MACE with other atomic energies, as MACE's own calculator reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whet import UnknownName, replacing
from whet_mace.checkpoints import head_index, heads_of, read_checkpoint
from whet_torch.isolation import untouched

FILE = "mace.model"

PYTHON = """\
from mace.calculators import MACECalculator

calculator = MACECalculator(model_paths=model, device="cpu")
"""

NOTES = (
    "The file is in double precision: in single precision an energy of −2000 eV is rounded to 1e-4 eV. For dynamics, "
    'where forces are all that counts, `default_dtype="float32"` is two to three times as fast.',
    "LAMMPS: `mace_create_lammps_model mace.model --head Default` (MACE's own) writes what `pair_style mace` reads, "
    "energy shift included.",
)


def write_shifted(checkpoint: Path, head: str | None, shift: Mapping[str, float], path: Path) -> None:
    """Writes the model of a checkpoint in float64 with `shift` (eV by symbol) added to the atomic energies of `head`.

    The head is called Default in the file, which is the one that MACE's calculator takes where none is named; another
    that was called so gets `former-` before its name. Raises what `read_checkpoint` and `head_index` raise, UnknownName
    for an element that the model does not know, StoreError where the file cannot be written.
    """
    import torch
    from ase.data import atomic_numbers

    model: Any = read_checkpoint(checkpoint, "cpu", "float64")
    place, heads = head_index(model, head), heads_of(model)
    known = [int(number) for number in model.atomic_numbers]
    with untouched(), torch.no_grad():
        # One row a head; older files have one row alone.
        energies = torch.atleast_2d(model.atomic_energies_fn.atomic_energies)
        for symbol, value in shift.items():
            if atomic_numbers[symbol] not in known:
                raise UnknownName(f"the MACE model does not know {symbol}, which has an energy shift")
            energies[place, known.index(atomic_numbers[symbol])] += value
        model.atomic_energies_fn.atomic_energies.copy_(energies.view_as(model.atomic_energies_fn.atomic_energies))
        model.heads = [
            "Default" if index == place else f"former-{name}" if name.lower() == "default" else name
            for index, name in enumerate(heads)
        ]
        with replacing(path) as partial, partial.open("wb") as file:
            torch.save(model, file)
