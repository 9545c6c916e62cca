"""write_shifted: a saved model of MatGL with other reference energies, as `matgl.load_model` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet import Unsupported
from whet_matgl.isolation import untouched
from whet_matgl.model_files import write_model

if TYPE_CHECKING:
    from matgl.apps.pes import Potential

FOLDER = "matgl"

PYTHON = """\
import matgl
from matgl.ext.ase import PESCalculator

calculator = PESCalculator(matgl.load_model(model), stress_unit="eV/A3")
"""

NOTES = (
    "MatGL counts in single precision, reference energies included: an energy of −2000 eV keeps 1e-4 eV. Whet adds the "
    "shift in double precision.",
)


def write_shifted(model: Potential, shift: Mapping[str, float], folder: Path) -> None:
    """Writes the model into `folder` with `shift` (eV by symbol) added to its `element_refs`. The model is not changed.

    Raises Unsupported where the reference energies hang on a state, and what `write_model` raises.
    """
    with untouched():
        import torch
        from matgl.apps.pes import Potential

        network: Any = model.model
        refs = torch.zeros(len(network.element_types))
        if model.element_refs is not None:
            refs = model.element_refs.property_offset.detach().cpu().clone()
        if refs.ndim != 1:
            raise Unsupported("this model of matgl has reference energies for several states")
        for symbol, value in shift.items():
            refs[network.element_types.index(symbol)] += value
        switches = ("calc_forces", "calc_stresses", "calc_hessian", "calc_magmom", "calc_charge")
        kept: dict[str, Any] = {name: getattr(model, name) for name in switches}
        mean, std = model.data_mean.detach().cpu(), model.data_std.detach().cpu()
        shifted = Potential(network, mean, std, refs, **{**kept, "calc_forces": True, "calc_stresses": True})
    write_model(shifted, folder)
