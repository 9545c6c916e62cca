"""An exported MACE is read by MACE's own calculator, and its energies are those of the shifted potential."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import upstream_calculator
from upstream_calculator import calculator_of, rattled
from whet import Spec, UnknownName, UpstreamModel
from whet.plugins.registry import registry
from whet_mace.potential import MacePotential

SHIFT = {"Mg": -1500.25, "O": -2041.123456, "Li": 203.0625, "H": -13.6}


def shifted(model: Path, shift: dict[str, float] = SHIFT, **options: str) -> MacePotential:
    return upstream_calculator.shifted(shift, "mace", model=str(model), **options)


def compositions() -> list[Atoms]:
    """MgO, Mg, Li2O and LiH, with 2, 8 and more atoms, none at its minimum; and a water molecule in a box."""
    return rattled(
        [
            bulk("MgO", "rocksalt", 4.3),
            bulk("MgO", "rocksalt", 4.3, cubic=True),
            bulk("Mg") * (2, 2, 1),
            bulk("Li2O", "fluorite", 4.6, cubic=True),
            bulk("LiH", "rocksalt", 4.1) * (3, 2, 2),
            Atoms("OH2", [[3, 3, 3], [3.96, 3, 3], [2.76, 3.93, 3]], cell=[9, 9, 9], pbc=True),
        ]
    )


@pytest.fixture(scope="module")
def exported(small_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[MacePotential, UpstreamModel]:
    """MACE-MP-0 small in double precision, with a shift."""
    potential = shifted(small_file, dtype="float64")
    return potential, potential.export(tmp_path_factory.mktemp("exported"))


def test_upstream_has_the_energies_of_the_labels_theory(exported) -> None:
    potential, made = exported
    calculator = calculator_of(made)
    assert calculator.default_dtype == "float64"
    frames = compositions()
    for atoms, labels in zip(frames, potential.evaluate(frames), strict=True):
        atoms.calc = calculator
        assert atoms.get_potential_energy() == pytest.approx(labels.energy, abs=1e-6)
        np.testing.assert_allclose(atoms.get_forces(), labels.forces, atol=1e-6)
        np.testing.assert_allclose(atoms.get_stress(voigt=False), labels.stress, atol=1e-8)


def test_whet_reads_the_same_file_without_a_shift(exported) -> None:
    potential, made = exported
    again = registry().load(registry().resolve("potentials", Spec("mace", {"model": str(made.path), **made.options})))
    assert again.energy_shift == {}
    frames = compositions()
    for mine, theirs in zip(potential.evaluate(frames), again.evaluate(frames), strict=True):
        assert theirs.energy == pytest.approx(mine.energy, abs=1e-6)


def test_a_potential_in_single_precision_is_exported_in_double(small_file: Path, tmp_path: Path) -> None:
    potential = shifted(small_file)
    atoms = bulk("MgO", "rocksalt", 4.3)
    (labels,) = potential.evaluate([atoms])
    atoms.calc = calculator_of(potential.export(tmp_path))
    # The network's own rounding is all that is left: the atomic energies of −3500 eV are not rounded to 2e-4.
    assert atoms.get_potential_energy() == pytest.approx(labels.energy, abs=2e-5)


def test_the_exported_file_runs_no_code(exported) -> None:
    _, made = exported
    assert MacePotential.foreign_code(made.path) == ""


@pytest.mark.parametrize("head", ["Default", "pt_head"])
def test_the_head_that_answers_here_answers_there(two_heads_file: Path, tmp_path: Path, head: str) -> None:
    shift = {"Mg": -5.0, "O": 3.0}
    potential = shifted(two_heads_file, shift, head=head, dtype="float64")
    made = potential.export(tmp_path)
    atoms = bulk("MgO", "rocksalt", 4.3, cubic=True)
    atoms.rattle(0.05, seed=1)
    (labels,) = potential.evaluate([atoms])
    calculator = calculator_of(made)
    assert calculator.head == "Default"
    atoms.calc = calculator
    assert atoms.get_potential_energy() == pytest.approx(labels.energy, abs=1e-9)
    again = registry().load(registry().resolve("potentials", Spec("mace", {"model": str(made.path), **made.options})))
    assert next(iter(again.evaluate([atoms]))).energy == pytest.approx(labels.energy, abs=1e-9)
    other = {"Default": "pt_head", "pt_head": "former-Default"}[head]
    untouched = shifted(two_heads_file, {}, head="pt_head" if other == "pt_head" else "Default", dtype="float64")
    there = shifted(made.path, {}, head=other, dtype="float64")
    (mine,), (theirs,) = untouched.evaluate([atoms]), there.evaluate([atoms])
    assert theirs.energy == pytest.approx(mine.energy, abs=1e-9)


def test_an_element_that_the_model_does_not_know_is_told(tiny_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="the MACE model does not know U, which has an energy shift"):
        shifted(tiny_file, {"U": 1.0}).export(tmp_path)


def test_lammps_gets_the_energies_of_the_labels_theory(two_heads_file: Path, tmp_path: Path) -> None:
    """The command of the card makes a TorchScript of the head that answers, whose atomic energies have the shift."""
    import subprocess
    import sys

    import torch

    shifted(two_heads_file, {"Mg": -5.0, "O": 3.0}, head="pt_head").export(tmp_path)
    command = [sys.executable, "-m", "mace.cli.create_lammps_model", "mace.model", "--head", "Default"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    model = torch.jit.load(tmp_path / "mace.model-lammps.pt")
    energies = dict(model.named_buffers())["model.atomic_energies_fn.atomic_energies"]
    head = int(dict(model.named_buffers())["head"])
    np.testing.assert_allclose(energies[head].numpy(), [-2.2, -4.4, -6.6 + 3.0, -8.8 - 5.0], atol=1e-12)
