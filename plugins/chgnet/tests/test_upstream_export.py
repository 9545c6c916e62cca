"""An exported CHGNet is read by CHGNet's own calculator, and its energies are those of the shifted potential."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from upstream_calculator import assert_agree, rattled, shifted
from whet import Unsupported

SHIFT = {"Na": -5.25, "Cl": 3.125, "Mg": -1.5, "O": -10.75}
"""eV; few binary digits, so that adding them to numbers of the same size rounds nothing off."""

BIG = {"Na": -1234.56789, "Cl": -432.1, "Mg": -1500.25, "O": -2041.123456}
"""eV; the size of all-electron and pseudopotential energies."""


def compositions() -> list[Atoms]:
    salt, sodium = bulk("NaCl", "rocksalt", 5.6, cubic=True), bulk("Na", cubic=True) * (2, 1, 1)
    return rattled([salt, bulk("MgO", "rocksalt", 4.3), sodium, bulk("Na2O", "fluorite", 5.5, cubic=True)])


@pytest.mark.parametrize("model", ["0.3.0", "0.2.0", "r2scan"])
@pytest.mark.parametrize(("shift", "per_atom"), [(SHIFT, 2e-6), (BIG, 2.5e-4)], ids=["small", "big"])
def test_upstream_has_the_energies_of_the_labels_theory(
    model: str, shift: dict[str, float], per_atom: float, tmp_path: Path
) -> None:
    """To the digits that CHGNet has: single precision resolves 1 eV to 1e-7 and 2000 eV to 1.2e-4."""
    assert_agree(shifted(shift, "chgnet", model=model), compositions(), tmp_path, per_atom=per_atom)


def test_the_composition_model_has_the_shift_itself(tmp_path: Path) -> None:
    """To the last digit, whatever the network's own rounding: weights of before + shift."""
    from chgnet.model.model import CHGNet

    def weights(model: Any) -> np.ndarray:
        return model.composition_model.fc.weight.detach().numpy()[0]

    potential = shifted(SHIFT, "chgnet")
    before = weights(potential.model)
    after = weights(CHGNet.from_file(str(potential.export(tmp_path).path)))
    wanted = np.zeros(94)
    wanted[[10, 16, 11, 7]] = [SHIFT[symbol] for symbol in ("Na", "Cl", "Mg", "O")]
    np.testing.assert_allclose(after.astype(float) - before.astype(float), wanted, atol=1e-6)


def test_without_a_composition_model_there_is_no_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    potential = shifted(SHIFT, "chgnet")
    potential.model.composition_model = None
    monkeypatch.setattr("whet_chgnet.upstream_export.read_checkpoint", lambda *_: potential.model)
    with pytest.raises(Unsupported, match="no composition model that could hold the energy shift"):
        potential.export(tmp_path)
