"""`whet init`: a study that works as it is, for every bundled labeler and potential and every kind of file."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import whet
from whet.plugins.registry import registry
from whet.study.first_study import repeats
from whet.study.inspection import inspect

POTENTIALS = ("chgnet", "mace", "matgl", "sevennet", "nep")
LABELERS = ("vasp", "gpaw", "cp2k", "espresso", "tblite", "teacher")

POTCAR = """  PAW_PBE {0} 06Sep2000
   7.00000000000000
 parameters from PSCTR are:
   VRHFIN ={0}: s2p5
   TITEL  = PAW_PBE {0} 06Sep2000
   POMASS =   20.0; ZVAL   =    7.000    mass and valenz
END of PSCTR-controll parameters
"""
UPF = """<UPF version="2.0.1">
<PP_HEADER element="{0}" pseudo_type="NC" core_correction="F" functional="PBE" z_valence="7.0"/>
</UPF>
"""


def salt() -> Atoms:
    return bulk("NaCl", "rocksalt", a=5.64, cubic=True)


def rattled(count: int) -> list[Atoms]:
    frames = [salt() for _ in range(count)]
    for seed, frame in enumerate(frames):
        frame.positions += np.random.default_rng(seed).normal(scale=0.1, size=(len(frame), 3))
    return frames


@pytest.fixture
def pseudopotentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Libraries as VASP and Quantum ESPRESSO have them, with files that are none."""
    for symbol, name in (("Na", "Na"), ("Na", "Na_pv"), ("Cl", "Cl"), ("Cl", "Cl_h")):
        path = tmp_path / "potcars" / name / "POTCAR"
        path.parent.mkdir(parents=True)
        path.write_text(POTCAR.format(symbol))
    (tmp_path / "upf").mkdir()
    for symbol, name in (("Na", "Na.pbe-spn.UPF"), ("Cl", "cl_pbe_v1.4.uspp.UPF")):
        (tmp_path / "upf" / name).write_text(UPF.format(symbol))
    monkeypatch.setenv("VASP_PP_PATH", str(tmp_path / "potcars"))
    monkeypatch.setenv("ESPRESSO_PSEUDO", str(tmp_path / "upf"))


@pytest.mark.parametrize("labeler", LABELERS)
@pytest.mark.parametrize("potential", POTENTIALS)
def test_check_accepts_it_for_every_bundled_potential_and_labeler(
    potential: str, labeler: str, tmp_path: Path, pseudopotentials: None
) -> None:
    try:  # whether plugin, package and weights are here
        registry().resolve("potentials", whet.Spec(potential))
        registry().find("labelers", labeler)
    except whet.WhetError as error:
        pytest.skip(str(error))
    ase.io.write(tmp_path / "salt.cif", salt())
    made = whet.init_study(tmp_path / "salt.cif", potential, labeler, tmp_path / "study.yaml")
    found = inspect(whet.Study.load(made.path))
    assert found.components[f"potential {potential}"][0].name == potential
    assert found.components["labeler"][0].name == labeler
    assert not found.suspicious
    if labeler == "teacher":  # one that is the potential would teach itself
        assert found.components["labeler"][0].parts["potential"].name != potential
    if labeler == "vasp":
        assert found.components["labeler"][0].options["potcars"] == {"Na": "Na_pv", "Cl": "Cl"}


@pytest.mark.parametrize("name", ["salt.cif", "salt.extxyz", "POSCAR"])
def test_every_kind_of_file(toy: None, tmp_path: Path, name: str) -> None:
    ase.io.write(tmp_path / name, salt())
    made = whet.init_study(tmp_path / name, "toy", "toy", tmp_path / "study.yaml")
    assert made.copies
    assert made.study.plan.counts()["md"] == 7
    assert f"file: {name}\n" in made.path.read_text()  # from the folder of the study


def test_it_runs_and_has_four_independent_trajectories(toy: None, tmp_path: Path) -> None:
    ase.io.write(tmp_path / "argon.cif", bulk("Ar", "fcc", a=4.6, cubic=True))
    few = ["dynamics.equilibration=10", "dynamics.production=20", "dynamics.every=10", "fine_tune.epochs=3"]
    made = whet.init_study(tmp_path / "argon.cif", "toy", "toy", tmp_path / "study.yaml", overrides=few)
    assert not made.study.run(workers=0).failed
    scores = made.study.stored.scores
    (untouched,) = [one for one in scores if not one["strategy"] and not one["correction"]]
    assert untouched["softening"]["units"] == 4
    assert untouched["softening"]["sampler"] == "self"


def test_a_file_with_enough_structures_is_used_as_it_is(toy: None, tmp_path: Path) -> None:
    ase.io.write(tmp_path / "many.extxyz", rattled(7))
    made = whet.init_study(tmp_path / "many.extxyz", "toy", "toy", tmp_path / "study.yaml")
    assert not made.copies
    assert made.study.plan.counts()["import"] == 7
    ase.io.write(tmp_path / "few.extxyz", rattled(6))
    assert whet.init_study(tmp_path / "few.extxyz", "toy", "toy", tmp_path / "other.yaml").copies


def test_it_explains_itself(toy: None, tmp_path: Path) -> None:
    ase.io.write(tmp_path / "salt.cif", salt())
    text = whet.init_study(tmp_path / "salt.cif", "toy:hard", "toy", tmp_path / "study.yaml").path.read_text()
    for key, unit in (("temperature", "K"), ("timestep", "fs"), ("displacement", "Å"), ("epochs", "passes")):
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{key}:")]
        assert unit in line.partition("#")[2]
    assert 'toy: "toy:hard"' in text
    assert max(map(len, text.splitlines())) <= 120


def test_hydrogen_has_a_shorter_step_and_a_molecule_is_not_repeated(toy: None, tmp_path: Path) -> None:
    ase.io.write(tmp_path / "water.xyz", molecule("H2O"))
    text = whet.init_study(tmp_path / "water.xyz", "toy", "toy", tmp_path / "study.yaml").path.read_text()
    assert "timestep: 0.5" in text
    assert "repeat: [1, 1, 1]" in text


@pytest.mark.parametrize(
    ("atoms", "expected"), [(salt(), (2, 2, 2)), (salt().repeat((4, 3, 1)), (1, 1, 1)), (molecule("H2O"), (1, 1, 1))]
)
def test_a_cell_is_repeated_until_it_is_thick_and_not_too_large(atoms: Atoms, expected: tuple[int, int, int]) -> None:
    assert repeats(atoms) == expected


def test_from_frames_and_structures_of_pymatgen(toy: None, tmp_path: Path) -> None:
    made = whet.init_study([salt()], "toy", "toy", tmp_path / "study.yaml")
    assert (tmp_path / "study.extxyz").is_file()
    assert made.study.plan.counts()["md"] == 7
    if importlib.util.find_spec("pymatgen") is None:
        pytest.skip("pymatgen is not installed")
    from pymatgen.io.ase import AseAtomsAdaptor

    given = AseAtomsAdaptor.get_structure(salt())  # pyright: ignore[reportArgumentType]
    assert whet.init_study(given, "toy", "toy", tmp_path / "other.yaml").copies


def test_nothing_is_overwritten_and_a_fault_leaves_nothing(toy: None, tmp_path: Path) -> None:
    ase.io.write(tmp_path / "salt.cif", salt())
    (tmp_path / "mine.yaml").write_text("mine")
    with pytest.raises(whet.InputError, match="the file exists"):
        whet.init_study(tmp_path / "salt.cif", "toy", "toy", tmp_path / "mine.yaml")
    assert (tmp_path / "mine.yaml").read_text() == "mine"
    before = sorted(path.name for path in tmp_path.iterdir())
    for arguments, said in (
        (("salt.cif", "toi", "toy"), "there is no potential 'toi'. Did you mean 'toy'?"),
        (("salt.cif", "toy", "tpy"), "there is no labeler 'tpy'. Did you mean 'toy'?"),
        (("sal.cif", "toy", "toy"), f"{tmp_path}/sal.cif: there is no such file. Did you mean 'salt.cif'?"),
        (("mine.yaml", "toy", "toy"), None),
    ):
        with pytest.raises(whet.WhetError) as caught:
            whet.init_study(tmp_path / arguments[0], *arguments[1:], tmp_path / "study.yaml")
        assert "\n" not in str(caught.value)
        if said is not None:
            assert str(caught.value) == said
    with pytest.raises(whet.WhetError, match=r"study\.yaml, line \d+.*: "):
        whet.init_study([salt()], "toy", "toy", tmp_path / "study.yaml", overrides=["dynamics.temperatur=3"])
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_what_the_user_sets_counts(toy: None, tmp_path: Path) -> None:
    ase.io.write(tmp_path / "salt.cif", salt())
    overrides = ["labeler.fail_every=3", "dynamics.temperature=500"]
    made = whet.init_study(tmp_path / "salt.cif", "toy", "toy", tmp_path / "study.yaml", overrides=overrides)
    assert made.study.file.labeler == {"use": "toy", "fail_every": 3}
    assert "temperature: 500 # K" in made.path.read_text()


@pytest.mark.parametrize(("labeler", "variable"), [("vasp", "VASP_PP_PATH"), ("espresso", "ESPRESSO_PSEUDO")])
def test_where_only_the_user_can_know(
    labeler: str, variable: str, toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not registry().knows("labelers", labeler):
        pytest.skip(f"{labeler} is not installed")
    monkeypatch.delenv(variable, raising=False)
    ase.io.write(tmp_path / "salt.cif", salt())
    with pytest.raises(whet.InputError, match=f"Set {variable}, or give --set labeler"):
        whet.init_study(tmp_path / "salt.cif", "toy", labeler, tmp_path / "study.yaml")


def test_the_source_keeps_its_contract(toy: None, tmp_path: Path) -> None:
    from whet.testing.structure_sources import check_structures

    ase.io.write(tmp_path / "salt.cif", salt())
    given = {"use": "rattled", "file": str(tmp_path / "salt.cif"), "repeat": [2, 1, 1]}
    assert check_structures(given).ok


def test_a_molecule_cannot_be_repeated(tmp_path: Path) -> None:
    ase.io.write(tmp_path / "water.xyz", molecule("H2O"))
    source = registry().load(
        registry().resolve(
            "structures", whet.Spec("rattled", {"file": str(tmp_path / "water.xyz"), "repeat": [2, 1, 1]})
        )
    )
    with pytest.raises(whet.InputError, match="repeat \\[2, 1, 1\\] along a direction in which structure 1 is not"):
        source.make(0, 1)
