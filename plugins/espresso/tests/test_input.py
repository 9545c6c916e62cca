"""What is written for pw.x, what is refused, and what its theory counts: nothing here runs it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.constraints import FixAtoms
from ase.io import read

from whet import FrameError, InputError, OptionsError, Spec, isolated_atom
from whet.plugins.registry import registry
from whet_espresso.calculation import write_input
from whet_espresso.pseudopotentials import named, read_pseudopotential

HEAD = """<UPF version="2.0.1">
<PP_HEADER
element="{0} " pseudo_type="{1}"
functional="{2}" z_valence="{3}.0E+00"/>
"""
VALENCE = {"H": 1, "O": 6, "Si": 4, "Fe": 8}


def pseudo(folder: Path, symbol: str, kind: str = "NC", xc: str = "SLA  PW   PBX  PBC") -> str:
    """Writes the head of a pseudopotential; its name."""
    folder.mkdir(exist_ok=True)
    (folder / f"{symbol}.upf").write_text(HEAD.format(symbol, kind, xc, VALENCE[symbol]))
    return f"{symbol}.upf"


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    files = {symbol: pseudo(tmp_path / "pseudo", symbol) for symbol in VALENCE}
    return {"pseudopotentials": files, "pseudo_folder": str(tmp_path / "pseudo")}


def labeler(given: dict[str, Any], **options: Any) -> Any:
    return registry().load(registry().resolve("labelers", Spec("espresso", {**given, **options})))


def text(frame: Atoms, given: dict[str, Any], **options: Any) -> str:
    made, file = labeler(given, **options), io.StringIO()
    write_input(file, frame, made.options, made.pseudopotentials, {symbol: f"{symbol}.UPF" for symbol in VALENCE})
    return file.getvalue()


def words(frame: Atoms, given: dict[str, Any], **options: Any) -> dict[str, str]:
    """The namelists of the input, flat."""
    lines = [line.split("=") for line in text(frame, given, **options).splitlines() if "=" in line]
    return {key.strip(): value.strip() for key, value in lines}


def test_a_crystal(given: dict[str, Any]) -> None:
    crystal = bulk("Si", cubic=True)
    crystal.set_constraint(FixAtoms([0]))
    found = words(crystal, given, cutoff=408.17079, k_spacing=0.6)
    assert float(found["ecutwfc"]) == pytest.approx(30.0, abs=1e-5) and float(found["ecutrho"]) == pytest.approx(120.0)
    assert found["tstress"] == ".true." and found["nspin"] == "1" and found["smearing"] == "'fermi-dirac'"
    assert "tot_magnetization" not in found and "vdw_corr" not in found
    written = text(crystal, given, k_spacing=0.6)
    assert "K_POINTS automatic\n2 2 2  0 0 0" in written and "K_POINTS gamma" in text(crystal, given, k_spacing=10)
    back = read(io.StringIO(written), format="espresso-in")
    assert isinstance(back, Atoms) and not back.constraints  # a fixed atom has a force too
    assert back.positions == pytest.approx(crystal.positions, abs=1e-9)


def test_an_isolated_atom_keeps_its_moment(given: dict[str, Any]) -> None:
    found = words(isolated_atom("O"), given, dispersion="D3(BJ)", smearing=0)
    assert found["nspin"] == "2" and found["tot_magnetization"] == "2" and found["occupations"] == "'fixed'"
    assert float(found["starting_magnetization(1)"]) == pytest.approx(2 / 6)
    assert found["tstress"] == ".false." and found["dftd3_version"] == "4" and found["dftd3_threebody"] == ".false."
    assert "K_POINTS gamma" in text(isolated_atom("O"), given)


def test_moments_and_u(given: dict[str, Any]) -> None:
    iron = bulk("Fe", cubic=True)
    iron.set_initial_magnetic_moments([2.0, -2.0])
    found = words(iron, given, hubbard_u={"Fe-3d": 4.0}, hubbard_input="namelist")
    assert found["starting_magnetization(1)"] == "0.25" and found["starting_magnetization(2)"] == "-0.25"
    assert found["hubbard_u(1)"] == found["hubbard_u(2)"] == "4.0" and "tot_magnetization" not in found
    card = text(iron, given, hubbard_u={"Fe-3d": 4.0, "O-2p": 1.0})
    assert card.endswith("HUBBARD (atomic)\nU Fe-3d 4.0\nU Fe1-3d 4.0\n")
    assert "Fe1 " in card.partition("ATOMIC_SPECIES")[2]
    assert "HUBBARD" not in text(bulk("Si"), given, hubbard_u={"Fe-3d": 4.0})
    methyl = isolated_atom("H")
    del methyl.info["spin"]
    assert words(methyl, given)["nspin"] == "2"  # an odd number of electrons needs no word
    methyl.info["charge"] = 1
    assert words(methyl, given)["nspin"] == "1" and words(methyl, given)["tot_charge"] == "1.0"


def test_anything_else_of_the_input_is_reachable(given: dict[str, Any]) -> None:
    found = words(bulk("Si"), given, input={"electrons": {"mixing_beta": 0.2}, "SYSTEM": {"nbnd": 12, "brand_new": 1}})
    assert found["mixing_beta"] == "0.2" and found["nbnd"] == "12" and found["brand_new"] == "1"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"input": {"SYSTEM": {"EcutWfc": 40}}}, "SYSTEM.EcutWfc is Whet's to set: use the option cutoff"),
        ({"input": {"SYSTEM": {"Hubbard_U(1)": 4.0}}}, "use the option hubbard_u"),
        ({"input": {"SYSTEM": {"starting_magnetization(1)": 0.5}}}, "initial magnetic moments"),
        ({"input": {"IONS": {"ion_dynamics": "bfgs"}}}, "there is no IONS in a single calculation"),
        ({"hubbard_u": {"Fe": 4.0}}, "write for example Fe-3d"),
        ({"cutof": 400}, "did you mean 'cutoff'"),
        ({"pseudopotentials": {}}, "at least 1 item"),
    ],
)
def test_a_wrong_option_is_one_clear_line(given: dict[str, Any], options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionsError) as caught:
        labeler(given, **options)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def spinning(multiplicity: float) -> Atoms:
    atom = isolated_atom("O")
    atom.info["spin"] = multiplicity
    return atom


@pytest.mark.parametrize(
    ("frame", "options", "said"),
    [
        (molecule("H2O"), {}, "needs a cell"),
        (molecule("H2O", vacuum=3.0), {}, "6.00 Å of vacuum along an open direction, less than vacuum = 8"),
        (bulk("Cu"), {}, "Cu has no pseudopotential; add its file to `pseudopotentials`"),
        (spinning(2), {}, "multiplicity 2 does not fit 6 electrons"),
        (spinning(0.5), {}, "`spin` is 0.5, which is no multiplicity"),
        (spinning(3), {"spin": False}, "forbids"),
    ],
)
def test_a_frame_that_does_not_fit_says_why(
    given: dict[str, Any], frame: Atoms, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(FrameError, match=said):
        text(frame, given, **options)


def test_pseudopotentials_that_do_not_fit_are_refused(given: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no pseudopotential of Cu. Set pseudo_folder"):
        labeler(given, pseudopotentials={"Cu": "Cu.upf"})
    with pytest.raises(InputError, match="given for Si is one of Fe"):
        labeler(given, pseudopotentials={"Si": "Fe.upf"})
    (tmp_path / "none.upf").write_text("nothing")
    with pytest.raises(InputError, match="no pseudopotential in UPF form"):
        labeler(given, pseudopotentials={"Si": str(tmp_path / "none.upf")})
    pseudo(tmp_path / "pseudo", "O", xc="PZ")
    read_pseudopotential.cache_clear()
    with pytest.raises(InputError, match=r"several functionals .* Say `xc:`"):
        _ = labeler(given).theory
    assert labeler(given, xc="SCAN").theory.method == "SCAN"


def test_the_head_of_version_1(tmp_path: Path) -> None:
    file = tmp_path / "O.UPF"
    file.write_text(
        "<PP_HEADER>\n   0                   Version Number\n  O                    Element\n"
        "   US                  Ultrasoft pseudopotential\n    F                  Nonlinear Core Correction\n"
        " SLA  PW   PBE  PBE    PBE  Exchange-Correlation functional\n    6.00000000000      Z valence\n</PP_HEADER>\n"
    )
    head = read_pseudopotential(file)
    assert (head.element, head.valence, head.xc, head.conserves_norm) == ("O", 6.0, "PBE", False)
    assert named(" SLA  PZ   NOGX NOGC") == "LDA" and named("scan") == "SCAN"


def test_every_option_that_moves_a_number_moves_the_theory(given: dict[str, Any], tmp_path: Path) -> None:
    reference = labeler(given).theory
    assert reference.method == "PBE" and reference.settings["density_cutoff"] == 3200.0
    for options in (
        {"xc": "SCAN"},
        {"dispersion": "D3"},
        {"hubbard_u": {"Fe-3d": 4.0}},
        {"cutoff": 900.0},
        {"density_cutoff": 4000.0},
        {"k_spacing": 0.2},
        {"smearing": 0.1},
        {"smearing_kind": "gaussian"},
        {"spin": True},
        {"convergence": 1e-9},
        {"input": {"SYSTEM": {"nbnd": 40}}},
    ):
        assert labeler(given, **options).theory.fingerprint != reference.fingerprint, options
    for options in (
        {"max_iterations": 50, "vacuum": 5.0, "hubbard_input": "namelist"},
        {"threads": 4, "processes": 2, "timeout": 60.0, "command": "mpirun -n 4 pw.x -nk 2", "keep": "all"},
    ):
        assert labeler(given, **options).theory.fingerprint == reference.fingerprint, options
    plus_u = labeler(given, hubbard_u={"Fe-3d": 4.0}, dispersion="D3").theory
    assert str(plus_u) == "PBE+U(Fe 4)-D3 (Quantum ESPRESSO)" and plus_u.surface != reference.surface
    assert labeler(given, cutoff=900.0).theory.surface == reference.surface
    ultrasoft = {**given["pseudopotentials"], "Si": str(tmp_path / "us" / pseudo(tmp_path / "us", "Si", "US"))}
    assert labeler(given, pseudopotentials=ultrasoft).theory.settings["density_cutoff"] == 8000.0


def test_a_pseudopotential_counts_by_its_content(given: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved" / "other-name.upf").write_text((tmp_path / "pseudo" / "Si.upf").read_text())
    here = labeler(given, pseudopotentials={"Si": "Si.upf"}).theory
    there = labeler({}, pseudopotentials={"Si": str(tmp_path / "moved" / "other-name.upf")}).theory
    assert here == there and str(tmp_path) not in str(here.as_json())
    pseudo(tmp_path / "pseudo", "Si", "NC", "SLA  PW   PSX  PSC")
    read_pseudopotential.cache_clear()
    changed = labeler(given, pseudopotentials={"Si": "Si.upf"}).theory
    assert changed.surface != here.surface and changed.method == "PBEsol"
