"""The whole path of a VASP label: inputs, custodian, a stand-in that answers with a recorded run, the verdict."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from whet import Failure, InputError, Labels, MissingPackage, OptionsError, Spec, isolated_atom
from whet.labels.label_store import LabelStore
from whet.labels.stored_labeler import StoredLabeler
from whet.plugins.registry import registry
from whet_vasp.labeler import VaspLabeler, poscar_order
from whet_vasp.options import VaspOptions, incar_of
from whet_vasp.vasprun import VaspRun

DATA = os.environ.get("WHET_REFERENCE_DATA")
RECORDED = Path(str(DATA)) / "vasp" / "nacl-converged" / "vasprun.xml"
STAND_IN = Path(__file__).parent / "stand_in.py"
needs_data = pytest.mark.skipif(not DATA, reason="the environment variable WHET_REFERENCE_DATA is not set")

TITELS = {
    "Na_pv": "PAW_PBE Na_pv 19Sep2006",
    "Cl": "PAW_PBE Cl 06Sep2000",
    "O": "PAW_PBE O 08Apr2002",
    "Fe": "PAW_PBE Fe 06Sep2000",
    "Ce": "PAW_PBE Ce 23Dec2003",
}
SAME: dict[str, Any] = {  # as the recorded run
    "potcars": {"Na": "Na_pv", "Cl": "PAW_PBE Cl 06Sep2000"},
    "cutoff": 500.0,
    "k_spacing": 0.23,
    "smearing": "tetrahedron",
    "convergence": 1e-8,
    "incar": {"ADDGRID": True, "LASPH": False, "ISYM": -1},
    "look_every": 0.2,
}


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of pseudopotentials that are none: titel, valence, and the words that pymatgen looks for."""
    for name, titel in TITELS.items():
        path = tmp_path / "library" / name / "POTCAR"
        path.parent.mkdir(parents=True)
        path.write_text(
            f"  {titel}\n   7.00000000000000\n parameters from PSCTR are:\n   VRHFIN ={name}: s2p5\n   LEXCH  = PE\n"
            f"   TITEL  = {titel}\n   POMASS =   20.0; ZVAL   =    7.000    mass and valenz\n   ENMAX  =  262.5 eV\n"
            "END of PSCTR-controll parameters\n local part\n 0.1 0.2 0.3\n End of Dataset\n"
        )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("VASP_PP_PATH", str(tmp_path / "library"))
    return tmp_path / "library"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    folder = tmp_path / "plan"
    folder.mkdir()
    return folder


def labeler(plan: Path | None = None, *todo: str, **options: Any) -> VaspLabeler:
    """A labeler of the recorded run's settings that runs the stand-in."""
    words = SAME | options
    if plan is not None:
        (plan / "todo").write_text(" ".join(todo))
        words["command"] = f"{sys.executable} {STAND_IN} {plan} {RECORDED}"
    here = registry()
    return here.load(here.resolve("labelers", Spec("vasp", words)))


def rocksalt() -> Atoms:
    """The recorded run's structure, its elements taking turns."""
    frame = VaspRun(RECORDED).steps[0].frame
    return frame[[0, 4, 1, 5, 2, 6, 3, 7]]


def runs(plan: Path) -> list[str]:
    path = plan / "done"
    return path.read_text().splitlines() if path.exists() else []


def answer(made: VaspLabeler, folder: Path, frame: Atoms | None = None) -> Labels | Failure:
    return next(iter(made.label([rocksalt() if frame is None else frame], folder)))


@needs_data
def test_a_normal_run(library: Path, plan: Path, tmp_path: Path) -> None:
    labels = answer(labeler(plan, "normal", keep="all"), tmp_path / "scratch")
    assert isinstance(labels, Labels), labels
    wanted = VaspRun(RECORDED).steps[0].labels
    assert wanted is not None and labels.energy == -27.11090125
    np.testing.assert_array_equal(labels.forces, wanted.forces[[0, 4, 1, 5, 2, 6, 3, 7]])
    np.testing.assert_array_equal(labels.stress, wanted.stress)
    incar = dict(line.split(" = ") for line in (plan / "INCAR").read_text().splitlines())
    assert incar["ENCUT"] == "500.0" and incar["NSW"] == "0" and incar["ISPIN"] == "1" and incar["ADDGRID"] == ".TRUE."
    assert (plan / "KPOINTS").read_text().splitlines()[2:4] == ["Gamma", "5 5 5"]
    assert (plan / "POTCAR").read_text().count("End of Dataset") == 2
    assert (plan / "POTCAR").read_text().startswith("  PAW_PBE Na_pv")
    # No pseudopotential lies in the store: only a link, to a file that nobody else may read.
    (link,) = (tmp_path / "scratch").rglob("POTCAR")
    assert link.is_symlink() and link.resolve().is_relative_to(tmp_path / "cache")
    assert link.resolve().stat().st_mode & 0o077 == 0 and link.resolve().parent.stat().st_mode & 0o077 == 0
    held = [path for path in (tmp_path / "scratch").rglob("*") if path.is_file() and not path.is_symlink()]
    assert held and not any(b"local part" in path.read_bytes() for path in held)


@needs_data
def test_a_run_that_custodian_repairs(library: Path, plan: Path, tmp_path: Path) -> None:
    labels = answer(labeler(plan, "dav", "normal", keep="all"), tmp_path / "scratch")
    assert isinstance(labels, Labels), labels
    assert runs(plan) == ["dav", "normal"]
    assert "ALGO = All" in (plan / "INCAR").read_text()


@needs_data
def test_a_repair_that_changes_what_was_asked_for_is_no_label(library: Path, plan: Path, tmp_path: Path) -> None:
    failure = answer(labeler(plan, "hermitian", "normal", real_space=True), tmp_path / "scratch")
    assert runs(plan) == ["hermitian", "normal"]
    assert isinstance(failure, Failure)
    assert failure.reason == "LREAL = Auto was asked for, and VASP ran with LREAL = False"
    assert Path(failure.log).is_file()


@needs_data
def test_repairs_come_to_an_end(library: Path, plan: Path, tmp_path: Path) -> None:
    failure = answer(labeler(plan, "dav", most_repairs=2), tmp_path / "scratch")
    assert isinstance(failure, Failure) and "custodian gave up" in failure.reason
    assert len(runs(plan)) <= 3


@needs_data
def test_a_run_that_crashes(library: Path, plan: Path, tmp_path: Path) -> None:
    made = labeler(plan, "crash", "normal", handlers=[])
    failure = answer(made, tmp_path / "scratch")
    assert isinstance(failure, Failure) and "custodian gave up" in failure.reason and "-11" in failure.reason
    assert isinstance(answer(made, tmp_path / "scratch"), Labels)  # the next time it is run afresh
    assert runs(plan) == ["crash", "normal"]


@needs_data
def test_a_run_that_hangs(library: Path, plan: Path, tmp_path: Path) -> None:
    failure = answer(labeler(plan, "hang", timeout=6.0), tmp_path / "scratch")
    assert isinstance(failure, Failure) and failure.reason == "it took longer than its 6 s"
    assert not alive(int((plan / "pid").read_text()))


@needs_data
@pytest.mark.parametrize("when", ["hang", "linger"])
def test_killed_and_resumed(library: Path, plan: Path, tmp_path: Path, when: str) -> None:
    """Killed in the middle it is run again; killed when VASP had written everything it is only read. None is left."""
    made = labeler(plan, when, "normal")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from test_labeler import SAME, rocksalt; from whet import Spec; from whet.plugins.registry import registry\n"
        "here = registry(); spec = Spec('vasp', SAME | {'command': sys.argv[2]})\n"
        "made = here.load(here.resolve('labelers', spec))\n"
        "next(iter(made.label([rocksalt()], Path(sys.argv[3]))))\n"
    )
    arguments = [str(Path(__file__).parent), made.options.command, str(tmp_path / "scratch")]
    process = subprocess.Popen([sys.executable, "-c", code, *arguments])
    patience = time.monotonic() + 60
    while not (plan / "pid").exists() and time.monotonic() < patience and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    orphan = int((plan / "pid").read_text())
    patience = time.monotonic() + 5
    while alive(orphan) and time.monotonic() < patience:
        time.sleep(0.05)
    assert not alive(orphan) and runs(plan) == [when]
    assert isinstance(answer(made, tmp_path / "scratch"), Labels)
    assert runs(plan) == (["hang", "normal"] if when == "hang" else ["linger"])


@needs_data
def test_a_finished_calculation_survives_its_parser(
    library: Path, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label_store = LabelStore(tmp_path / "labels.sqlite")
    stored = StoredLabeler(labeler(plan, "normal"), label_store, tmp_path / "scratch")
    frame = rocksalt()
    with monkeypatch.context() as broken:
        broken.setattr("whet_vasp.vasprun._energy", lambda *_: 1 / 0)
        failure = stored.label(frame)
    assert isinstance(failure, Failure) and "its output cannot be read (ZeroDivisionError" in failure.reason
    assert isinstance(stored.label(rocksalt()), Labels) and runs(plan) == ["normal"]
    assert isinstance(stored.label(rocksalt()), Labels) and stored.bought == 1


@needs_data
def test_another_structure_is_no_label(library: Path, plan: Path, tmp_path: Path) -> None:
    moved = rocksalt()
    moved.positions[2, 0] += 0.01
    failure = answer(labeler(plan, "normal"), tmp_path / "scratch", moved)
    assert isinstance(failure, Failure) and failure.reason == "the structure is another than was asked for"


@needs_data
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"cutoff": 400.0}, "ENCUT = 400.0 was asked for, and VASP ran with ENCUT = 500.0"),
        ({"convergence": 1e-6}, "EDIFF = 1e-06 was asked for, and VASP ran with EDIFF = 1e-08"),
        ({"functional": "r2SCAN"}, "the functional r2SCAN was asked for, and VASP ran with PBE"),
        ({"hubbard_u": {"Na": 2.0}}, "U Na 2 was asked for, and VASP ran with none"),
        ({"dispersion": "D3(BJ)"}, "dispersion D3(BJ) was asked for, and VASP ran with none"),
        ({"k_spacing": 0.3}, "the grid of k-points 4 × 4 × 4 was asked for, and VASP ran with 5 × 5 × 5"),
        ({"potcars": {"Na": "Na_pv", "Cl": "Cl"}, "incar": {"LASPH": True}}, "LASPH = True was asked for"),
    ],
)
def test_what_was_asked_for_ran_or_there_is_no_label(
    library: Path, tmp_path: Path, options: dict[str, Any], reason: str
) -> None:
    made = labeler(command=sys.executable, **options)
    made.prepare(rocksalt(), tmp_path)
    (tmp_path / "vasprun.xml").write_bytes(RECORDED.read_bytes())
    failure = made.read(rocksalt(), tmp_path)
    assert isinstance(failure, Failure) and reason in failure.reason, failure


@needs_data
def test_an_import_of_its_own_run_is_of_the_same_theory(library: Path) -> None:
    """So that labels that were bought without Whet are found, and not bought again."""
    (found,) = VaspLabeler.recorded(RECORDED)
    more = {"potcars": {**SAME["potcars"], "O": "O"}, "hubbard_u": {"Fe": 4.0}}  # which move nothing in NaCl
    made = labeler(k_spacing=0.25, incar={"ADDGRID": True, "LASPH": False}, **more)
    assert found.theory is not None and found.frame is not None
    assert made.theory.covers(found.theory.of(found.frame.symbols))
    assert not labeler(k_spacing=0.2).theory.covers(found.theory.of(found.frame.symbols))


def tags(frame: Atoms, **options: Any) -> dict[str, Any]:
    return incar_of(VaspOptions(potcars={"X": "X"}, **options), frame, poscar_order(frame))


def test_the_tags_of_a_frame() -> None:
    oxide = Atoms("FeO2CeFe", positions=np.arange(15).reshape(5, 3), cell=[9, 9, 9], pbc=True)
    order = poscar_order(oxide)
    assert [oxide[index].symbol for index in order] == ["Fe", "Fe", "O", "O", "Ce"]
    found = tags(oxide, hubbard_u={"Fe": 4.0, "Ce": 5.0, "Ni": 6.0}, magmoms={"Fe": 5.0}, dispersion="D3(BJ)")
    assert found["LDAUU"] == [4.0, 0.0, 5.0] and found["LDAUL"] == [2, -1, 3] and found["LMAXMIX"] == 6
    assert found["ISPIN"] == 2 and found["MAGMOM"] == [5.0, 5.0, 0.6, 0.6, 0.6] and found["IVDW"] == 12
    assert found["LWAVE"] is False and found["NSW"] == 0 and found["GGA"] == "PE"
    assert "LDAU" not in tags(oxide, hubbard_u={"Ni": 6.0}) and tags(oxide)["ISPIN"] == 1
    oxide.set_initial_magnetic_moments([1, 2, 3, 4, 5])
    assert tags(oxide)["MAGMOM"] == [1, 5, 2, 3, 4]
    assert tags(oxide, functional="r2SCAN")["METAGGA"] == "R2SCAN"
    assert tags(oxide, incar={"NCORE": 4, "lasph": False})["LASPH"] is False


def test_an_isolated_atom_is_spin_polarized(library: Path, tmp_path: Path) -> None:
    oxygen = isolated_atom("O")
    found = tags(oxygen)
    assert found["ISPIN"] == 2 and found["NUPDOWN"] == 2 and found["MAGMOM"] == [2.0]
    made = labeler(potcars={"O": "O"}, command=sys.executable)
    (tmp_path / "run").mkdir()
    made.prepare(oxygen, tmp_path / "run")
    assert (tmp_path / "run" / "KPOINTS").read_text().splitlines()[3] == "1 1 1"
    oxygen.info["charge"] = -1
    made.prepare(oxygen, tmp_path)
    assert "NELECT = 8.0" in (tmp_path / "INCAR").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"incar": {"ENCUT": 400}}, "write `cutoff:` instead of the tag ENCUT"),
        ({"incar": {"nsw": 5}}, "NSW is 0: a label is a single point"),
        ({"functional": "PBE+U"}, "functional"),
        ({"cutof": 400}, "cutoff"),
    ],
)
def test_options_that_do_not_fit(library: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionsError, match=said):
        labeler(**options)


@pytest.mark.parametrize(
    ("potcars", "said"),
    [
        ({"Na": "Na_sv"}, "the library has no POTCAR 'Na_sv'"),
        ({"Na": "PAW_PBE Na_pv 05Jan2001"}, "its titel is 'PAW_PBE Na_pv 19Sep2006', and 'PAW_PBE Na_pv 05Jan2001'"),
        ({"Na": "Cl"}, "it is of another element"),
    ],
)
def test_pseudopotentials_that_are_not_there(library: Path, potcars: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        labeler(potcars=potcars)


def test_without_a_library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VASP_PP_PATH", raising=False)
    with pytest.raises(InputError, match="Give `library:`, or set VASP_PP_PATH"):
        labeler()
    with pytest.raises(InputError, match=r"no such folder"):
        labeler(library=str(tmp_path / "none"))


def test_frames_and_tags_that_it_cannot_have(library: Path, tmp_path: Path) -> None:
    (failure,) = labeler(command=sys.executable).label([isolated_atom("O")], tmp_path)
    assert isinstance(failure, Failure)
    assert failure.reason == "no pseudopotential is chosen for O. Add `O: NAME` to `potcars:`"
    (failure,) = labeler(command=sys.executable).label([Atoms("Na")], tmp_path)
    assert isinstance(failure, Failure) and "vacuum" in failure.reason
    with pytest.raises(InputError, match=r"custodian has no handler 'VaspErorHandler'.*VaspErrorHandler"):
        list(labeler(handlers=["VaspErorHandler"], command=sys.executable).label([isolated_atom("Na")], tmp_path))
    with pytest.raises(InputError, match=r"VASP knows no INCAR tag NCOREE.*NCORE"):
        list(labeler(incar={"NCOREE": 4}, command=sys.executable).label([isolated_atom("Na")], tmp_path))


def test_the_theory_holds_what_moves_a_number(library: Path) -> None:
    first = labeler().theory
    moving: list[dict[str, Any]] = [{"cutoff": 600.0}, {"incar": {"LASPH": True}}, {"spin": True}, {"dispersion": "D2"}]
    for options in moving:
        assert labeler(**options).theory.fingerprint != first.fingerprint
    others: list[dict[str, Any]] = [
        {"max_iterations": 50},
        {"command": "srun x"},
        {"look_every": 1.0},
        {"stress": False},
    ]
    for options in others:
        assert labeler(**options).theory.fingerprint == first.fingerprint
    assert labeler(incar=SAME["incar"] | {"NCORE": 4, "ALGO": "All"}).theory.fingerprint == first.fingerprint
    by_name = labeler(potcars={"Na": "Na_pv", "Cl": "Cl"}).theory
    assert by_name.fingerprint == first.fingerprint and by_name.by_element["pseudopotentials"]["Na"] == TITELS["Na_pv"]


def alive(pid: int) -> bool:
    """Whether a process runs (one that nobody has waited for is dead)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_missing_program_is_one_line(library: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingPackage, match="labeler 'vasp' cannot run 'no-such-vasp'"):
        list(labeler(command="no-such-vasp").label([Atoms("Na", cell=[9, 9, 9])], tmp_path))


@needs_data
@pytest.mark.slow
def test_every_option_that_moves_a_label_is_in_the_theory(library: Path, plan: Path) -> None:
    """The kit's check: VASP's stand-in answers where a theory is the same, and what it answers is another frame's."""
    from whet.testing import check_labeler

    (plan / "todo").write_text("normal")
    command = f"{sys.executable} {STAND_IN} {plan} {RECORDED}"
    given = {"use": "vasp", **SAME, "command": command, "library": str(library)}
    found = check_labeler(given, molecule="NaCl", only=["every_option_that_moves_a_label_is_in_the_theory"])
    found.raise_for_failures()
    assert len(runs(plan)) >= 4
