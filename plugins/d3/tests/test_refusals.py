"""The functional is the one that the potential was trained on, or nothing happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from whet import InputError, LevelOfTheory, Spec, UnknownName
from whet.data.errors import OptionsError
from whet.plugins.registry import registry
from whet_d3.functional import matched_functional


@pytest.mark.parametrize(
    ("method", "functional"),
    [
        ("PBE", "pbe"),
        ("PBE+U", "pbe"),
        ("PBE/PBE+U", "pbe"),
        ("r2SCAN", "r2scan"),
        ("r²SCAN", "r2scan"),
        ("PBEsol", "pbesol"),
        ("revPBE", "revpbe"),
        ("M06-2X", "m06-2x"),
        ("ωB97X", "wb97x"),
    ],
)
def test_the_functional_is_that_of_the_theory(method: str, functional: str) -> None:
    for theory in (LevelOfTheory(method), LevelOfTheory(method, hubbard_u={"Fe": 5.3})):
        assert matched_functional(theory, None, potential="any") == functional
        assert matched_functional(theory, functional.upper(), potential="any") == functional


@pytest.mark.parametrize("method", ["PBE", "r2SCAN", "PBEsol", "revPBE", "ωB97X", "B97M", "B3LYP", "HSE06", "PBE0"])
def test_usual_names_have_parameters(toy, with_d3, method: str) -> None:
    toy.stated = LevelOfTheory(method)
    assert with_d3(toy).capabilities.theory.method == method


def test_a_functional_that_is_not_the_potential_s(toy, with_d3) -> None:
    with pytest.raises(InputError, match=r"'toy' was trained on PBE/PBE\+U .* is pbe, but `functional` is 'r2scan'"):
        with_d3(toy, functional="r2scan")
    with_d3(toy, functional="PBE")


@pytest.mark.parametrize(
    "theory",
    [
        LevelOfTheory("PBE", dispersion="D3(BJ)"),
        LevelOfTheory("PBE", dispersion="D4"),
        LevelOfTheory("ωB97M-D3(BJ)"),
        LevelOfTheory("ωB97M-V"),
        LevelOfTheory("PBE-D3"),
        LevelOfTheory("B97-D"),
        LevelOfTheory("SCAN+rVV10"),
        LevelOfTheory("optB88-vdW"),
        LevelOfTheory("vdW-DF2"),
        LevelOfTheory("PBE+MBD@rsSCS"),
        LevelOfTheory("B97-3c"),
        LevelOfTheory("GFN1-xTB"),
    ],
    ids=str,
)
def test_a_dispersion_is_not_counted_twice(toy, with_d3, theory: LevelOfTheory) -> None:
    toy.stated = theory
    for functional in (None, "pbe"):
        with pytest.raises(InputError, match="has a dispersion already"):
            with_d3(toy, functional=functional)


def test_d3_on_d3(toy, with_d3) -> None:
    with pytest.raises(InputError, match=r"'d3' was trained on .*D3\(BJ\).*already"):
        with_d3(with_d3(toy))


def test_a_theory_that_nobody_knows(toy, with_d3) -> None:
    toy.stated = None
    with pytest.raises(InputError, match=r"not known.*`functional:`"):
        with_d3(toy)
    with_d3(toy, functional="pbe")


def test_several_functionals(toy, with_d3) -> None:
    toy.stated = LevelOfTheory("PBE/r2SCAN")
    with pytest.raises(InputError, match="only one functional at a time: pbe and r2scan"):
        with_d3(toy)
    with pytest.raises(InputError, match="pbe and r2scan, but `functional` is 'pbe'"):
        with_d3(toy, functional="pbe")


def test_a_functional_without_parameters(toy, with_d3) -> None:
    toy.stated = None
    with pytest.raises(UnknownName, match=r"'rev-scan'\. Did you mean 'r"):
        with_d3(toy, functional="rev-scan")
    with pytest.raises(UnknownName, match=r"D3\(0\) for the functional 'r2scan'\. With `damping:` bj there are"):
        with_d3(toy, functional="r2scan", damping="zero")
    toy.stated = LevelOfTheory("mixed")
    with pytest.raises(UnknownName, match="'toy', trained on mixed: there are no parameters"):
        with_d3(toy)


def test_options_that_do_not_fit(toy, with_d3) -> None:
    with pytest.raises(OptionsError, match="wider than the cutoff"):
        with_d3(toy, cutoff=5, smoothing=6)
    with pytest.raises(OptionsError, match="greater than 0"):
        with_d3(toy, coordination_cutoff=0)
    with pytest.raises(OptionsError, match="damping"):
        with_d3(toy, damping="becke")
    with pytest.raises(OptionsError, match="potential: missing"):
        registry().resolve("potentials", Spec("d3"))
    with pytest.raises(UnknownName, match="pairwise"):
        registry().resolve("potentials", Spec.parse({"use": "d3", "potential": "pairwis"}, folder=Path.cwd()))


def test_there_is_no_fine_tuner_and_the_error_says_so() -> None:
    with pytest.raises(UnknownName, match="'d3' is a potential"):
        registry().resolve("fine_tuners", Spec("d3"))
