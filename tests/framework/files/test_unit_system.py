"""Units stated in words: every factor is ASE's, and what is not clear is refused."""

from __future__ import annotations

import ase.units
import pytest

from whet import FrameError, InputError
from whet.files.unit_system import ENERGIES, LENGTHS, SAME, SIGNS, STRESSES, UnitSystem


def test_every_factor_is_that_of_ase() -> None:
    u = ase.units
    assert (
        pytest.approx(
            {
                "eV": 1,
                "meV": 1e-3,
                "hartree": u.Hartree,
                "rydberg": u.Rydberg,
                "kcal/mol": u.kcal / u.mol,
                "kJ/mol": u.kJ / u.mol,
            },
            rel=1e-9,
        )
        == ENERGIES
    )
    assert pytest.approx({"Å": 1, "bohr": u.Bohr, "nm": u.nm}, rel=1e-9) == LENGTHS
    assert (
        pytest.approx(
            {"eV/Å^3": 1, "GPa": u.GPa, "kbar": 1e3 * u.bar, "bar": u.bar, "hartree/bohr^3": u.Hartree / u.Bohr**3},
            rel=1e-8,
        )
        == STRESSES
    )
    assert set(SAME.values()) <= {*ENERGIES, *LENGTHS, *STRESSES}
    assert set(SIGNS.values()) == {1, -1}


def test_words_are_found_however_they_are_written() -> None:
    assert UnitSystem.parse("EV, ang").is_own
    assert UnitSystem.parse("Ha,Bohr") == UnitSystem("hartree", "bohr")
    assert UnitSystem.parse("eV,A", "kB", "compression").stress_factor == pytest.approx(-0.1 * ase.units.GPa)
    assert str(UnitSystem.parse("eV,A", "GPa", "tension")) == "eV, Å, stress in GPa, tension positive"
    assert UnitSystem.parse("hartree,bohr").stress_factor == pytest.approx(ase.units.Hartree / ase.units.Bohr**3)


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (("eV",), "'eV' is no unit of energy, a comma, and a unit of length"),
        (("eW,Å",), "'eW' is no unit of energy. Known: eV, meV, hartree, "),
        (("eV,furlong",), "'furlong' is no unit of length. Known: Å, bohr, nm"),
        (("eV,Å", "GPa"), "--stress-unit: a unit of stress says nothing about its sign. Add --stress-sign tension"),
        (("eV,Å", "psi", "tension"), "'psi' is no unit of stress"),
        (("eV,Å", "GPa", "up"), "'up' is no sign of a stress"),
    ],
)
def test_what_is_not_clear_is_refused(given: tuple[str, ...], what: str) -> None:
    with pytest.raises(InputError) as caught:
        UnitSystem.parse(*given)
    assert what in str(caught.value)


def test_what_a_frame_states_counts() -> None:
    assert UnitSystem.stated_in({}) is None
    stated = {"energy_unit": "eV", "forces_unit": "eV/A", "stress_unit": "eV/A^3"}
    assert UnitSystem.stated_in(stated) == UnitSystem()
    for changed, what in (
        ({"forces_unit": "hartree/A"}, "energies are in eV, but forces in hartree/A"),
        ({"stress_unit": "GPa"}, "its sign is not stated"),
        ({"energy_unit": "x"}, "no unit of energy"),
    ):
        with pytest.raises(FrameError, match=what):
            UnitSystem.stated_in(stated | changed)
