"""Under which names labels are found, and what contradicts itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ase.units
import numpy as np
import pytest

from whet import Failure, Labels
from whet.data.recorded import Recorded
from whet.files.label_keys import LabelKeys
from whet.files.unit_system import UnitSystem
from whet.plugins.frame_files import find_sources

ROWS = "Ar 0.0 0.0 0.0 0.1 0.2 0.3\nAr 2.0 0.0 0.0 -0.1 -0.2 -0.3\n"
SHEAR = '"0.01 0.002 0.0 0.002 0.03 0.0 0.0 0.0 -0.05"'
VIRIAL = '"-1.25 -0.25 0.0 -0.25 -3.75 0.0 0.0 0.0 6.25"'  # of SHEAR in 125 Å³


def record(tmp_path: Path, about: str, forces: str = "forces", **words: Any) -> Recorded:
    path = tmp_path / "a.xyz"
    head = f'Lattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3:{forces}:R:3 pbc="T T T" {about}'
    path.write_text(f"2\n{head}\n{ROWS}")
    (found,) = find_sources(path)[0].records(**words)
    return found


def labels(tmp_path: Path, about: str, forces: str = "forces", **words: Any) -> Labels:
    found = record(tmp_path, about, forces, **words)
    assert isinstance(found.answer, Labels), found.answer
    return found.answer


@pytest.mark.parametrize("prefix", ["REF_", "", "dft_", "DFT_", "ref_"])
@pytest.mark.parametrize(
    ("stress", "forces"), [("stress", "forces"), ("virial", "forces"), ("virials", "force"), ("", "force")]
)
def test_usual_names_are_found_by_themselves(tmp_path: Path, prefix: str, stress: str, forces: str) -> None:
    tensor = {"": "", "stress": f"{prefix}stress={SHEAR}"}.get(stress, f"{prefix}{stress}={VIRIAL}")
    found = labels(tmp_path, f"{prefix}energy=-1.5 {tensor}", prefix + forces)
    assert found.energy == -1.5
    np.testing.assert_array_equal(found.forces[1], [-0.1, -0.2, -0.3])
    if not stress:
        assert found.stress is None
    else:
        assert found.stress is not None
        np.testing.assert_allclose(found.stress, [[0.01, 0.002, 0], [0.002, 0.03, 0], [0, 0, -0.05]], atol=1e-15)


def test_labels_are_taken_out_of_the_structure(tmp_path: Path) -> None:
    found = record(
        tmp_path, f"REF_energy=-1.5 REF_virials={VIRIAL} energy_unit=eV forces_unit=eV/A kind=bulk", "REF_forces"
    )
    assert found.frame is not None
    assert found.frame.info == {"kind": "bulk"}
    assert set(found.frame.arrays) == {"numbers", "positions"}
    assert found.note == "labels under REF_energy, REF_forces, REF_virials"


def test_unusual_names_are_named(tmp_path: Path) -> None:
    about = f"E0=-1.5 sigma={SHEAR}"
    assert isinstance(record(tmp_path, about).answer, Failure)
    found = labels(tmp_path, about, "grad", keys={"energy": "E0", "forces": "grad", "stress": "sigma"})
    assert found.energy == -1.5 and found.stress is not None
    assert labels(tmp_path, about, keys={"energy": "E0"}).stress is None
    assert labels(tmp_path, about, "DFT_forces", keys={"energy": "E0"}).energy == -1.5
    assert labels(tmp_path, about, "grad", keys=LabelKeys("E0", "grad", None)).energy == -1.5
    missing = record(tmp_path, about, keys={"energy": "E1", "forces": "forces"}).answer
    assert isinstance(missing, Failure) and "no energy under the key 'E1'" in missing.reason


def test_a_stress_and_a_virial_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    about = f"energy=-1.5 stress={SHEAR} virial="
    assert labels(tmp_path, about + VIRIAL).stress is not None
    wrong = VIRIAL.replace("-", "+").replace("6.25", "-6.25")
    answer = record(tmp_path, about + wrong).answer
    assert isinstance(answer, Failure)
    assert "'stress' is not −'virial' / volume: their units or signs differ" in answer.reason
    assert labels(tmp_path, about + wrong, keys={"stress": "stress"}).stress is not None


def test_units_reach_every_number(tmp_path: Path) -> None:
    about = f"energy=-1.5 stress={SHEAR}"
    plain = labels(tmp_path, about)
    atomic = labels(tmp_path, about, units=UnitSystem.parse("hartree,bohr"))
    assert atomic.energy == pytest.approx(-1.5 * ase.units.Hartree)
    np.testing.assert_allclose(atomic.forces, plain.forces * ase.units.Hartree / ase.units.Bohr, rtol=1e-9)
    assert plain.stress is not None and atomic.stress is not None
    np.testing.assert_allclose(atomic.stress, plain.stress * ase.units.Hartree / ase.units.Bohr**3, rtol=1e-9)
    kilobar = labels(tmp_path, about, units=UnitSystem.parse("eV,Å", "kbar", "compression"))
    assert kilobar.stress is not None
    np.testing.assert_allclose(kilobar.stress, -plain.stress * ase.units.GPa / 10, rtol=1e-8)
    virial = labels(tmp_path, f"energy=-1.5 virial={VIRIAL}", units=UnitSystem.parse("hartree,bohr"))
    assert virial.stress is not None
    np.testing.assert_allclose(virial.stress, atomic.stress, atol=1e-12)


def test_units_that_the_frame_states_are_not_overruled(tmp_path: Path) -> None:
    about = "energy=-1.5 energy_unit=hartree forces_unit=hartree/bohr"
    assert labels(tmp_path, about, units=None).energy == pytest.approx(-1.5 * ase.units.Hartree)
    answer = record(tmp_path, about).answer
    assert isinstance(answer, Failure)
    assert "the frame states the units hartree, bohr, but is to be read in eV, Å" in answer.reason
    answer = record(tmp_path, "energy=-1.5", units=None).answer
    assert isinstance(answer, Failure) and "its units are not stated. Add --units" in answer.reason
