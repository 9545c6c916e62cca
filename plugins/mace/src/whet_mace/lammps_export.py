"""LammpsExport: a MACE model in the forms that pair styles of LAMMPS read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet_mace.checkpoints import heads_of
from whet_torch.isolation import untouched

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class LammpsExport:
    """A model and the head of it that LAMMPS is to evaluate; files are for any device, in the model's precision.

    LAMMPS gets total energies, reference energies included. Upstream's `mace_create_lammps_model` writes the same
    models, but takes the last head where it is not told; its `mliap` needs cuequivariance.
    """

    model: torch.nn.Module
    head: str

    def mliap(self, folder: Path, symbols: Sequence[str]) -> list[str]:
        """For `pair_style mliap unified` (ML-IAP with Python and Kokkos); gives the commands that load it.

        It is written without cuequivariance, whose kernels are of one GPU.
        """
        import pickle

        path = folder / "mace.mliap"
        with self._copied() as model:
            from mace.calculators.lammps_mliap_mace import LAMMPS_MLIAP_MACE

            exported = LAMMPS_MLIAP_MACE(model, head=self.head)
            # Upstream refuses a LAMMPS whose Kokkos is on the CPU, by a variable that it reads here and not there.
            exported.config.allow_cpu = True
            # A name that ends in .pt goes through torch.load, which without a variable refuses what is not weights.
            path.write_bytes(pickle.dumps(exported))
        return [f'pair_style mliap unified "{path}" 0', f"pair_coeff * * {' '.join(symbols)}"]

    def torchscript(self, folder: Path, symbols: Sequence[str]) -> list[str]:
        """For `pair_style mace` (LAMMPS of MACE's authors, with libtorch); gives the commands that load it."""
        path = folder / "mace.pt"
        with self._copied() as model:
            from e3nn.util import jit
            from mace.calculators import LAMMPS_MACE

            exported: Any = jit.compile(LAMMPS_MACE(model, head=self.head).eval())
            exported.save(str(path))
        return ["pair_style mace no_domain_decomposition", f'pair_coeff * * "{path}" {" ".join(symbols)}']

    @contextmanager
    def _copied(self) -> Iterator[torch.nn.Module]:
        """A copy on the CPU that upstream may wrap and compile, with a name for each head."""
        import torch

        with untouched():
            torch.set_default_dtype(next(self.model.parameters()).dtype)
            model: Any = deepcopy(self.model).cpu()
            # Older files have none, and upstream then makes up two different ones.
            model.heads = heads_of(model)
            yield model
