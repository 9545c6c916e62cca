"""What is written for CP2K, what is refused, and what its theory counts: nothing here runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ase import Atoms
from ase.build import bulk, molecule

from whet import FrameError, InputError, OptionsError, Spec, isolated_atom
from whet.plugins.registry import registry
from whet_cp2k.calculation import k_points, sections
from whet_cp2k.data_files import check_elements
from whet_cp2k.sections import merged, paths, written


def labeler(**options: Any) -> Any:
    return registry().load(registry().resolve("labelers", Spec("cp2k", options)))


def made(frame: Atoms, **options: Any) -> dict[str, Any]:
    """FORCE_EVAL of the input for that frame."""
    return sections(frame, labeler(**options).options)["FORCE_EVAL"]


def test_sections_are_written_merged_and_named() -> None:
    tree = {"A": {"_": "ON", "X": [1, 2], "Y": True, "B c": {"Z": 0.5}, "LIST": [{"K": 1}, {"K": 2}]}}
    flat = "&A ON X 1 X 2 Y T &B c Z 0.5 &END B &LIST K 1 &END LIST &LIST K 2 &END LIST &END A"
    assert " ".join(written(tree).split()) == flat
    assert merged({"A": {"x": 1, "y": 2}}, {"a": {"X": 3, "z": 4}}) == {"A": {"x": 3, "y": 2, "z": 4}}
    assert list(paths({"a": {"B c": {"d": 1}, "e": {}}})) == [("A", "B", "D"), ("A", "E")]


def test_a_crystal() -> None:
    crystal = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    tree = made(crystal, k_spacing=0.6, dispersion="D3(BJ)")
    assert tree["STRESS_TENSOR"] == "ANALYTICAL"
    assert tree["DFT"]["POISSON"] == {"PERIODIC": "XYZ", "POISSON_SOLVER": "PERIODIC"}
    assert tree["DFT"]["KPOINTS"]["KPOINT"][:2] == ["0.0 0.0 0.0 0.125", "0.0 0.0 0.5 0.125"]
    assert tree["DFT"]["XC"]["VDW_POTENTIAL"]["PAIR_POTENTIAL"]["TYPE"] == "DFTD3(BJ)"
    assert tree["DFT"]["UKS"] is False and "MULTIPLICITY" not in tree["DFT"]
    assert tree["SUBSYS"]["KIND Na"]["BASIS_SET"] == "DZVP-MOLOPT-SR-GTH"
    assert "KPOINTS" not in made(crystal, k_spacing=10.0)["DFT"]


def test_k_points_are_about_gamma_and_halved_by_time_reversal() -> None:
    points = k_points((3, 2, 1))
    assert points[0.0, 0.0, 0.0] == pytest.approx(1 / 6)
    assert points[1 / 3, 0.0, 0.0] == pytest.approx(2 / 6) and (2 / 3, 0.0, 0.0) not in points
    assert sum(points.values()) == pytest.approx(1)


def test_an_isolated_atom_keeps_its_moment() -> None:
    tree = made(isolated_atom("O"))
    assert tree["DFT"]["MULTIPLICITY"] == 3 and tree["DFT"]["SCF"]["SMEAR"]["FIXED_MAGNETIC_MOMENT"] == 2
    assert tree["DFT"]["POISSON"] == {"PERIODIC": "NONE", "POISSON_SOLVER": "ANALYTIC"}
    assert tree["STRESS_TENSOR"] == "NONE" and "KPOINTS" not in tree["DFT"]
    assert tree["SUBSYS"]["KIND O"]["MAGNETIZATION"] == "2.0"


def test_magnetic_moments_make_kinds_and_leave_the_total_free() -> None:
    iron = bulk("Fe", cubic=True)
    iron.set_initial_magnetic_moments([2.5, -2.5])
    tree = made(iron, input={"FORCE_EVAL": {"SUBSYS": {"KIND Fe": {"LMAX_DFTB": 2}}}})
    assert tree["DFT"]["UKS"] is True and tree["DFT"]["MULTIPLICITY"] == 1
    assert "FIXED_MAGNETIC_MOMENT" not in tree["DFT"]["SCF"]["SMEAR"]
    assert [tree["SUBSYS"][f"KIND {name}"]["MAGNETIZATION"] for name in ("Fe", "Fe2")] == ["2.5", "-2.5"]
    assert all(tree["SUBSYS"][f"KIND {name}"]["LMAX_DFTB"] == 2 for name in ("Fe", "Fe2"))
    methyl = molecule("CH3", vacuum=6.0)
    methyl.set_initial_magnetic_moments(None)
    assert made(methyl)["DFT"]["MULTIPLICITY"] == 2  # an odd number of electrons needs no word
    methyl.info["charge"] = 1
    assert made(methyl)["DFT"]["UKS"] is False and made(methyl)["DFT"]["CHARGE"] == 1


def test_anything_else_of_the_input_is_reachable() -> None:
    given = {
        "force_eval": {"dft": {"scf": {"mixing": {"alpha": 0.1}}, "qs": {"method": "GAPW"}}},
        "GLOBAL": {"SEED": 3},
    }
    tree = made(bulk("Si"), input=given)
    assert tree["DFT"]["SCF"]["MIXING"] == {"METHOD": "BROYDEN_MIXING", "ALPHA": 0.1}
    assert tree["DFT"]["QS"] == {"EPS_DEFAULT": 1e-12, "method": "GAPW"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input": {"FORCE_EVAL": {"DFT": {"MGRID": {"cutoff": 400}}}}}, "MGRID.CUTOFF is Whet's to set: use the opti"),
        ({"input": {"FORCE_EVAL": {"DFT": {"XC": {"XC_FUNCTIONAL PBE": {}}}}}}, "use the option xc"),
        ({"input": {"FORCE_EVAL": {"SUBSYS": {"KIND H": {"BASIS_SET": "X"}}}}}, "basis_by_element"),
        ({"input": {"MOTION": {"MD": {"STEPS": 3}}}}, "there is no MOTION"),
        ({"xc": "PEB"}, "known: LDA, PBE"),
        ({"xc": "HYB_GGA_XC_PBEH"}, "needs exact exchange"),
        ({"xc": "GGA_X_RPBE+GGA_C_PBE", "dispersion": "D3"}, "D3 has parameters"),
        ({"solver": "ot"}, "knows no smearing"),
        ({"cutof": 400}, "did you mean 'cutoff'"),
    ],
)
def test_a_wrong_option_is_one_clear_line(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionsError) as caught:
        labeler(**options)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def boxed(atoms: Atoms, *lengths: float) -> Atoms:
    atoms.set_cell(lengths)
    return atoms


def charged(charge: float) -> Atoms:
    atoms = isolated_atom("O")
    atoms.info["charge"] = charge
    return atoms


@pytest.mark.parametrize(
    ("frame", "options", "said"),
    [
        (molecule("H2O"), {}, "needs a cell"),
        (boxed(molecule("H2O"), 9, 9, 9), {}, "needs 11.05 Å"),
        (charged(0.5), {}, "whole charges"),
        (charged(1), {}, "does not fit the number of electrons"),
        (isolated_atom("O"), {"spin": False}, "forbids"),
        (bulk("Si"), {"solver": "ot", "smearing": 0.0}, "knows Γ alone"),
    ],
)
def test_a_frame_that_does_not_fit_says_why(frame: Atoms, options: dict[str, Any], said: str) -> None:
    with pytest.raises(FrameError, match=said):
        made(frame, **options)


def test_an_element_without_basis_or_potential_is_named(tmp_path: Path) -> None:
    basis, potential = tmp_path / "BASIS", tmp_path / "POTENTIALS"
    basis.write_text("# a comment\nSi DZVP-q4 DZVP\n  1\n 2.5 0.1 0.2\nCu DZVP-q11 DZVP\nO DZVP\n")
    potential.write_text("Si GTH-q4 GTH\n    2    2\n     0.44\nCu GTH-q19\n")
    files = {"basis": [basis], "potential": [potential]}

    def check(symbol: str, of_potential: str = "GTH") -> None:
        check_elements([symbol], {symbol: "DZVP"}, {symbol: of_potential}, files)

    check("Si")
    with pytest.raises(FrameError, match=r"Na has no basis 'DZVP' in BASIS .it has nothing there.; name one"):
        check("Na")
    with pytest.raises(FrameError, match=r"Cu has no potential 'GTH' in POTENTIALS .it has GTH-q19.*potential_by"):
        check("Cu")
    with pytest.raises(FrameError, match="made for 11 electrons, pseudopotential 'GTH-q19' leaves 19"):
        check("Cu", "GTH-q19")


def test_every_option_that_moves_a_number_moves_the_theory(tmp_path: Path) -> None:
    reference = labeler().theory
    for options in (
        {"xc": "PBEsol"},
        {"dispersion": "D3"},
        {"basis": "TZVP-MOLOPT-GTH"},
        {"basis_by_element": {"O": "TZVP-MOLOPT-GTH"}},
        {"potential": "GTH-BLYP"},
        {"potential_by_element": {"Cu": "GTH-PBE-q11"}},
        {"basis_files": ["BASIS_MOLOPT_UZH"]},
        {"cutoff": 9000.0},
        {"relative_cutoff": 900.0},
        {"k_spacing": 0.2},
        {"smearing": 0.1},
        {"spin": True},
        {"convergence": 1e-7},
        {"poisson": "MT"},
        {"input": {"FORCE_EVAL": {"DFT": {"QS": {"METHOD": "GAPW"}}}}},
    ):
        assert labeler(**options).theory.fingerprint != reference.fingerprint, options
    for options in (
        {"max_iterations": 50},
        {"net_force": 0.1},
        {"threads": 4, "processes": 2, "timeout": 60.0, "command": "mpirun -n 4 cp2k.psmp", "keep": "all"},
        {"dispersion_cutoff": 30.0},  # there is no dispersion
    ):
        assert labeler(**options).theory.fingerprint == reference.fingerprint, options
    assert str(labeler(dispersion="D3").theory) == "PBE-D3 (CP2K)"
    assert labeler(potential_by_element={"Cu": "GTH-PBE-q11"}).theory.surface != reference.surface
    assert labeler(cutoff=9000.0).theory.surface == reference.surface


def test_a_file_of_ones_own_counts_by_its_content(tmp_path: Path) -> None:
    theories = []
    for folder, text in (("a", "H X\n"), ("b", "H X\n"), ("c", "H Y\n")):
        file = tmp_path / folder / "MY_BASIS"
        file.parent.mkdir()
        file.write_text(text)
        theories.append(labeler(basis_files=[str(file)]).theory)
    assert theories[0] == theories[1] != theories[2]
    assert str(tmp_path) not in str(theories[0].as_json())
    with pytest.raises(InputError, match="no such file"):
        labeler(basis_files=[str(tmp_path / "none")])
