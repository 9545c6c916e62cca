"""Outputs of codes by dpdata: units and signs, what is judged, and what is left out."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from ase import units

from whet import FrameError, Labels, read_labeled, read_structures, total_charge
from whet.plugins.frame_files import find_sources

KBAR = 0.1 * units.GPa

OUTPUTS = Path(__file__).parent / "outputs"
"""Outputs as the codes print them, cut down to what is read; their numbers are made up."""

PLAIN = {name: (OUTPUTS / name).read_text() for name in ("siesta.out", "aims.out", "gaussian.log", "orca.out")}
SIESTA, AIMS, GAUSSIAN, ORCA = PLAIN.values()
STRU = (OUTPUTS / "abacus" / "STRU").read_text()
ABACUS = (OUTPUTS / "abacus" / "OUT.ch" / "running_scf.log").read_text()


def abacus(folder: Path, log: str = ABACUS, stru: str = STRU, given: str = "suffix ch\n") -> Path:
    """The log of a calculation of ABACUS, whose other files lie around it."""
    (folder / "OUT.ch").mkdir(parents=True)
    (folder / "INPUT").write_text(f"INPUT_PARAMETERS\n{given}calculation scf\n")
    (folder / "STRU").write_text(stru)
    path = folder / "OUT.ch" / "running_scf.log"
    path.write_text(log)
    return path


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_siesta_is_of_its_own_sign_and_energy(tmp_path: Path) -> None:
    """dpdata takes SIESTA's stress for a virial; the pressure printed beside it says which sign is right."""
    (frame,) = read_labeled(_written(tmp_path / "a.out", SIESTA))
    labels = Labels.of(frame)
    assert frame.get_chemical_formula() == "CH" and frame.pbc.all() and frame.cell.volume == pytest.approx(1000)
    assert labels.energy == -219.169, "the free energy, which the forces belong to"
    np.testing.assert_allclose(labels.forces[1], [0.412697, -0.457364, 0.181026])
    assert labels.stress is not None
    np.testing.assert_allclose(labels.stress[0], [0.00195, -0.000004, -0.00015], atol=1e-12)
    assert -np.trace(labels.stress) / 3 == pytest.approx(-0.00115333, abs=1e-7), "tension is positive"
    charged = SIESTA.replace("=     0.0000 |e|", "=     1.0000 |e|")
    assert total_charge(read_labeled(_written(tmp_path / "b.out", charged))[0]) == 1


def test_a_stress_against_the_printed_pressure_is_refused(tmp_path: Path) -> None:
    turned = SIESTA.replace("-0.00115333", "0.00115333")
    with pytest.raises(FrameError, match=r"the stress that dpdata reads has a pressure of -0\.0011533"):
        read_labeled(_written(tmp_path / "a.out", turned))
    turned = ABACUS.replace("TOTAL-PRESSURE: 9", "TOTAL-PRESSURE: -9")
    with pytest.raises(FrameError, match="the stress that dpdata reads has a pressure of"):
        read_labeled(abacus(tmp_path / "run", turned))


def test_abacus(tmp_path: Path) -> None:
    log = abacus(tmp_path / "run")
    (frame,) = read_labeled(log)
    labels = Labels.of(frame)
    assert frame.get_chemical_symbols() == ["C", "H"]
    np.testing.assert_allclose(frame.cell.lengths(), 10 * units.Bohr, rtol=1e-8)
    np.testing.assert_allclose(frame.positions[1], np.array([4, 3, 4]) * units.Bohr, rtol=1e-8)
    assert labels.energy == pytest.approx(-219.649914043, abs=1e-9)
    np.testing.assert_allclose(labels.forces[0], [-0.154995, -1.114764, 0.083421])
    assert labels.stress is not None
    printed = np.array([[17.95102076, 5.24181029, -4.359184], [5.24181029, 13.26034469, 0.17341933]])
    np.testing.assert_allclose(labels.stress[:2], -printed * KBAR, rtol=1e-6)  # ABACUS prints compression as positive
    (again,) = read_labeled(tmp_path)  # a tree of folders
    assert Labels.of(again).energy == labels.energy


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"stru": STRU.replace("1.0 0.0 0.0 #first", "-1.0 0.0 0.0")}, "the cell is left-handed"),
        ({"given": "suffix ch\nnelec_delta 1\n"}, "INPUT has nelec_delta, so the charge is not known"),
        ({"given": "suffix other\n"}, "INPUT names OUT.other/running_scf.log, which this is not"),
        ({"given": "suffix ch\nstru_file gone\n"}, "there is no gone beside INPUT"),
        ({"stru": STRU.replace("C 12.0", "C1 12.0").replace("\nC\n", "\nC1\n")}, "'C1' is called as no element is"),
        ({"log": ABACUS.replace("TOTAL-FORCE", "NO-FORCE")}, "dpdata finds no whole frame"),
        ({"log": ABACUS.replace("eV/Angstrom", "Ry/Bohr")}, "its force is printed in Ry/Bohr"),
    ],
)
def test_what_dpdata_would_misread_of_abacus_is_refused(tmp_path: Path, changed: dict[str, str], what: str) -> None:
    with pytest.raises(FrameError, match=what):
        read_labeled(abacus(tmp_path / "run", **changed))


def test_aims(tmp_path: Path) -> None:
    (frame,) = read_labeled(_written(tmp_path / "a.out", AIMS))
    labels = Labels.of(frame)
    assert frame.get_chemical_formula() == "BN" and frame.cell.volume == pytest.approx(2 * 1.7916**3)
    assert labels.energy == pytest.approx(-2152.16085892915, abs=1e-9), "the free energy of the last iteration"
    np.testing.assert_allclose(labels.forces, [[0.1, -0.2, 0.03], [-0.1, 0.2, -0.03]])
    assert labels.stress is None
    charged = AIMS.replace("Charge =   0.000000E+00: Neutral", "Charge =   0.100000E+01: Charged")
    assert total_charge(read_labeled(_written(tmp_path / "b.out", charged))[0]) == 1


@pytest.mark.parametrize(
    ("text", "charge", "spin", "energy"), [(GAUSSIAN, -1, 1, -75.75), (ORCA, 1, 3, -75.25)], ids=["gaussian", "orca"]
)
def test_molecules(tmp_path: Path, text: str, charge: int, spin: int, energy: float) -> None:
    (frame,) = read_labeled(_written(tmp_path / "a.out", text))
    labels = Labels.of(frame)
    assert frame.get_chemical_symbols() == ["O", "H"] and not frame.pbc.any()
    assert (total_charge(frame), frame.info["spin"]) == (charge, spin)
    np.testing.assert_allclose(frame.positions[:, 2], [0.01, 0.97])
    assert labels.energy == pytest.approx(energy * units.Hartree, rel=1e-8)
    np.testing.assert_allclose(labels.forces[:, 2], np.array([-1, 1]) * 0.01 * units.Hartree / units.Bohr, rtol=1e-7)
    assert labels.stress is None


def test_every_step_of_gaussian_is_a_frame(tmp_path: Path) -> None:
    body = GAUSSIAN[GAUSSIAN.index("                          Input") : GAUSSIAN.index(" Normal")]
    path = _written(tmp_path / "a.log", GAUSSIAN + body.replace("-75.75", "-75.80").replace("0.970000", "0.990000"))
    energies = [Labels.of(frame).energy / units.Hartree for frame in read_labeled(path)]
    np.testing.assert_allclose(energies, [-75.75, -75.80], rtol=1e-8)
    assert [frame.positions[1, 2] for frame in read_labeled(path)] == [0.97, 0.99]


UNCONVERGED = [
    (SIESTA.replace("SCF cycle converged", "SCF_NOT_CONV: SCF did not converge"), "SIESTA does not say"),
    (SIESTA + "SCF_NOT_CONV: SCF did not converge in maximum number of steps.\n", "SIESTA does not say"),
    (SIESTA.replace("siesta: FreeEng", "siesta: Other"), "free energy, or its pressure, is not printed"),
    (SIESTA + "outcoor: Atomic coordinates (Ang):\n", "no single point of SIESTA"),
    (AIMS.replace("cycle converged", "cycle"), "FHI-aims does not say"),
    (AIMS + "** SELF-CONSISTENCY CYCLE DID NOT CONVERGE\n", "FHI-aims does not say"),
    (AIMS + "  Begin self-consistency loop: Re-initialization.\n", "no single point of FHI-aims"),
    (GAUSSIAN.replace(" SCF Done", " >>>>>>>>>> Convergence criterion not met.\n SCF Done"), "Gaussian does not say"),
    (GAUSSIAN.replace(" *****", " EUMP2 =    -0.75D+02\n *****", 1), "not those of the self-consistent energy"),
    (GAUSSIAN.replace(" *****", " Excited State   1:\n *****", 1), "not those of the self-consistent energy"),
    (ORCA.replace("SCF CONVERGED AFTER", "SCF NOT CONVERGED AFTER"), "ORCA does not say"),
    (ORCA.replace("****ORCA TERMINATED NORMALLY****", ""), "ORCA did not end as it should"),
    (ORCA + "FINAL SINGLE POINT ENERGY   -75.2\n", "no single point of ORCA"),
]


@pytest.mark.parametrize(("text", "what"), UNCONVERGED, ids=[what for _, what in UNCONVERGED])
def test_labels_of_what_did_not_converge_are_left_out(tmp_path: Path, text: str, what: str) -> None:
    path = _written(tmp_path / "a.out", text)
    with pytest.raises(FrameError, match=rf"a\.out.*labels are left out: .*{what}") as caught:
        read_labeled(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["siesta.out", "gaussian.log"])
def test_structures_of_what_did_not_converge_are_there(tmp_path: Path, name: str) -> None:
    text = PLAIN[name].replace("SCF cycle converged", "SCF cycle ran").replace("EnGrad", "")
    text = text.replace(" SCF Done", " >>>>>>>>>> Convergence criterion not met.\n SCF Done")
    (frame,) = read_structures(_written(tmp_path / name, text))
    assert len(frame) == 2 and frame.calc is None
    (source,) = find_sources(tmp_path / name)
    assert [one.note[:25] for one in source.read()] == ["its labels are left out: "]


def test_an_unconverged_abacus_is_a_structure_without_labels(tmp_path: Path) -> None:
    log = abacus(
        tmp_path, ABACUS.replace("charge density convergence is achieved", "convergence has NOT been achieved!")
    )
    (frame,) = read_structures(log)
    assert frame.calc is None and len(frame) == 2
    with pytest.raises(FrameError, match="ABACUS does not say that its self-consistency converged"):
        read_labeled(log)


@pytest.mark.parametrize("name", PLAIN)
def test_cut_off_anywhere_it_is_no_label_or_the_same(tmp_path: Path, name: str) -> None:
    """Of a file that ends too early nothing is believed that the whole one does not say."""
    text = PLAIN[name]
    (whole,) = read_labeled(_written(tmp_path / name, text))
    lines = text.splitlines(keepends=True)
    for end in range(1, len(lines)):
        path = _written(tmp_path / f"cut-{end}-{name}", "".join(lines[:end]))
        try:
            frames = read_labeled(path)
        except FrameError:
            continue
        (frame,) = frames
        assert Labels.of(frame).energy == Labels.of(whole).energy
        np.testing.assert_array_equal(Labels.of(frame).forces, Labels.of(whole).forces)


def test_a_tree_is_searched_by_content_and_files_may_be_compressed(tmp_path: Path) -> None:
    for name, text in PLAIN.items():
        (tmp_path / name.partition(".")[0]).mkdir()
        with gzip.open(tmp_path / name.partition(".")[0] / f"{name}.gz", "wt") as file:
            file.write(text)
    (tmp_path / "other.out").write_text("nothing that is known\n")
    (tmp_path / "torn.log.gz").write_bytes(b"\x1f\x8b torn")
    frames = read_labeled(tmp_path)
    assert sorted(frame.get_chemical_formula() for frame in frames) == ["BN", "CH", "HO", "HO"]


def test_dpdata_is_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = abacus(tmp_path)
    read_labeled(path)
    (tmp_path / "STRU").write_text("nothing")
    with pytest.raises(FrameError):
        read_labeled(path)
    assert capfd.readouterr() == ("", "")
