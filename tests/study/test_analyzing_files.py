"""`whet analyze NAME FILE…` and `whet.analyze`: any analysis and any probe on files, without a study."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

import whet
from in_process import whet as command
from whet.plugins.registry import registry

INTERVAL = 20.0
PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "analyzing-files.md").read_text(encoding="utf-8")


def trajectory(seed: int, frames: int = 12) -> list[Atoms]:
    """A walk of argon about its crystal, without labels."""
    rng, found = np.random.default_rng(seed), []
    atoms = bulk("Ar", "fcc", a=3.72, cubic=True)
    for _ in range(frames):
        atoms = atoms.copy()
        atoms.positions += rng.normal(scale=0.03, size=atoms.positions.shape)
        atoms.set_velocities(rng.normal(scale=0.01, size=atoms.positions.shape))
        found.append(atoms)
    return found


def labeled(frames: list[Atoms], by: str = "toy:hard") -> list[Atoms]:
    found = []
    for frame, labels in zip(frames, whet.load(by).evaluate(frames), strict=True):
        copy = labels.attach(frame)
        copy.set_momenta(frame.get_momenta())
        found.append(copy)
    return found


@pytest.fixture
def runs(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Four labeled trajectories."""
    monkeypatch.chdir(tmp_path)
    for seed in range(4):
        write(f"run{seed}.extxyz", labeled(trajectory(seed)))
    return [f"run{seed}.extxyz" for seed in range(4)]


def test_an_analysis_of_a_file_says_what_a_study_says(runs: list[str]) -> None:
    found = json.loads(
        command("analyze", "softening", runs[0], "-p", "toy", "--sampled-by", "reference", "--json").stdout
    )
    Path("study.yaml").write_text(
        "name: same\npotentials: {toy: toy}\ntests: {run0: {file: run0.extxyz, sampled_by: reference}}\n"
    )
    command("run", "study.yaml")
    of_study = json.loads(command("analyze", "softening", "study.yaml", "--json").stdout)
    assert [one["tables"] for one in found] == [one["tables"] for one in of_study]
    assert found[0]["tables"][0]["rows"]


def test_files_of_one_set_are_its_trajectories(runs: list[str]) -> None:
    given = [f"toy={run}" for run in runs]
    (found,) = json.loads(
        command("analyze", "residuals", *given, "-p", "toy", "--interval", str(INTERVAL), "--json").stdout
    )
    tables = {table["name"]: table for table in found["tables"]}
    columns = [column["name"] for column in tables["residuals"]["columns"]]
    points = tables["residual-points"]["rows"]
    assert tables["residuals"]["rows"][0][-3:-1] == [4, 48], columns
    assert [row[2] for row in points if row[1] == 2] == [INTERVAL * step for step in range(12)]
    frames = whet.read_structures(runs[0])
    (predicted,) = whet.load("toy").evaluate([frames[3]])
    error = (predicted.energy - frames[3].get_potential_energy()) / len(frames[3])
    assert points[3][3] == pytest.approx(1000 * error, rel=1e-9)


def test_lists_of_frames_are_trajectories_too(runs: list[str]) -> None:
    of_files = whet.analyze("residuals", {"toy": runs}, "toy", interval=INTERVAL)
    given = [whet.read_structures(run) for run in runs]
    in_memory = whet.analyze("residuals", {"toy": [given[0], runs[1], *given[2:]]}, "toy", interval=INTERVAL)
    assert in_memory.tables["residual-points"].equals(of_files.tables["residual-points"])


def along(fall: float, drift: float, seed: int, count: int = 60) -> list[Atoms]:
    """Displacements about a crystal, smaller by this share at the end; labels that the potential `toy` leaves upwards.

    drift: meV/atom, from the first frame to the last.
    """
    rng, potential, made = np.random.default_rng(seed), whet.load("toy"), []
    crystal = bulk("Ar", "fcc", a=3.72, cubic=True)
    for share in np.linspace(0, 1, count):
        atoms = crystal.copy()
        atoms.positions += (1 - fall * share) * rng.normal(scale=0.05, size=atoms.positions.shape)
        (answer,) = potential.evaluate([atoms])
        level = answer.energy if fall == 0 else 0.0
        noise = rng.normal(scale=1e-4)
        energy = level + len(atoms) * (noise - 1e-3 * drift * share)
        made.append(replace(answer, energy=energy).attach(atoms))
    return made


@pytest.mark.parametrize(
    ("fall", "drift", "drifts"), [(0.0, 20.0, ("up",)), (0.0, 0.0, ("no", "undecided")), (0.9, 0.0, (None,))]
)
def test_the_driver_of_a_file_is_judged_by_its_own_energies(
    toy: None, tmp_path: Path, fall: float, drift: float, drifts: tuple[str | None, ...]
) -> None:
    """The labels of a file are not its driver's: a drift between the two is none of the driver's energy."""
    frames = [along(fall, drift, 10 + number) for number in range(4)]
    found = whet.analyze("residuals", {"toy": frames}, "toy", interval=500)
    (row,) = found.tables["residuals"].to_dict("records")
    assert (row["drifts?"] or None) in drifts
    if drift:
        assert row["drift"] == pytest.approx(drift / (59 * 0.5), rel=0.05)
    said = " ".join(note for section in found.record.sections for one in section.findings for note in one.notes)
    assert ("driver's energy still falls" in said) == (fall > 0)


def test_trajectories_need_no_labels_and_no_potential(runs: list[str], tmp_path: Path) -> None:
    bare = trajectory(7)
    write("bare.extxyz", [*labeled(bare[:2]), *bare[2:]])
    from whet.contracts.ports import SampledTrajectory
    from whet.study.file_analysis import AnalysisRequest, analysis_study

    request = AnalysisRequest("stability", {"toy": [Path("bare.extxyz")]}, ["toy"], interval=INTERVAL)
    study = analysis_study(request, store=tmp_path / "store")
    assert not study.run().failed
    (piece,) = study.plan.all(SampledTrajectory)
    one = SampledTrajectory.read(study.stored.done[piece.key], piece.ref)
    assert (len(one.frames), list(one.kept), len(one.labeled)) == (12, [0, 1], 2)
    assert list(one.times) == [INTERVAL * step for step in range(12)]
    for frame, given in zip(one.frames, bare, strict=True):
        np.testing.assert_allclose(frame.positions, given.positions, atol=1e-7)
        np.testing.assert_allclose(frame.get_velocities(), given.get_velocities(), atol=1e-7)
    command("analyze", "bonds", "bare.extxyz", "--interval", "20", code=2)  # nobody's: there is nothing to compare


def test_a_wrong_label_is_not_taken_for_none(runs: list[str]) -> None:
    frames = trajectory(1, 3)
    for frame in frames:
        frame.info["energy"], frame.arrays["forces"] = 1.0, np.zeros((len(frame), 3))
    frames[2].arrays["forces"][0] = np.nan
    write("wrong.extxyz", frames)
    said = command("analyze", "stability", "toy=wrong.extxyz", "-p", "toy", "--interval", "20", code=2).stderr
    assert "frame 2" in said and "finite" in said


def test_other_atoms_are_no_trajectory(runs: list[str]) -> None:
    write("mixed.extxyz", [bulk("Ar", cubic=True), bulk("Ne", cubic=True)])
    said = command("analyze", "stability", "toy=mixed.extxyz", "-p", "toy", "--interval", "20", code=2).stderr
    assert "mixed.extxyz, frame 1: it has other atoms than the first (Ne4, Ar4)" in said


@pytest.mark.usefixtures("runs")
def test_copies_of_the_frame_before_would_make_all_times_wrong() -> None:
    frames = trajectory(0)
    write("twice.extxyz", [frame for frame in frames for _ in range(2)])
    said = command("analyze", "stability", "toy=twice.extxyz", "-p", "toy", "--interval", "20", code=2).stderr
    assert "12 of 24 frames are copies of the one before" in said
    write("continued.extxyz", [*frames[:6], *frames[5:]])  # written at the end of one run, and at the start of the next
    command("analyze", "stability", "toy=continued.extxyz", "-p", "toy", "--interval", "20")


def test_a_probe_takes_materials(runs: list[str]) -> None:
    write("crystal.cif", bulk("Ar", "fcc", a=3.72, cubic=True))
    Path("published.csv").write_text("material,quantity,value\nAr,bulk modulus,70\n")
    words = ["analyze", "equation-of-state", "crystal.cif", "-p", "toy", "-p", "toy:hard"]
    command(*words, "--reference", "published.csv", "--out", "page")
    (rows,) = (path.read_text() for path in Path("page/tables").glob("properties*.csv"))
    assert "hard" in rows and "70" in rows and Path("page/index.html").is_file()
    found = whet.analyze("equation-of-state", "crystal.cif", "toy", labeler="toy")
    moduli = found.tables["properties"].query("quantity == 'bulk modulus'")
    assert float(moduli["curvature ratio"].iloc[0]) < 0.7
    assert Path(".whet/labels.sqlite").is_file()  # labels cost: they stay where somebody finds them
    assert whet.figure_of(found.record).startswith("<svg") and "Properties" in repr(found)
    assert whet.figure_of(found.record, "ratios").startswith("<svg")  # the beginning, which no other one has
    with pytest.raises(whet.UnknownName, match="ratios"):
        whet.figure_of(found.record, "rations")


def test_what_can_be_measured_is_shown_beside_what_cannot(runs: list[str]) -> None:
    write("crystal.cif", bulk("Ar", "fcc", a=3.72, cubic=True))
    write("molecule.xyz", Atoms("Ne2", [[0, 0, 0], [0, 0, 3.0]]))
    words = ["analyze", "equation-of-state", "crystal.cif", "molecule.xyz", "-p", "toy"]
    ended = command(*words, "--out", "page", code=2)
    assert "bulk modulus" in ended.stdout and len(ended.faults) == 1 and "equation-of-state of Ne" in ended.faults[0]
    (rows,) = (path.read_text() for path in Path("page/tables").glob("properties*.csv"))
    assert "bulk modulus" in rows
    with pytest.warns(UserWarning, match="equation-of-state of Ne"):
        found = whet.analyze("equation-of-state", ["crystal.cif", "molecule.xyz"], "toy")
    assert len(found.failed) == 1 and "failed: " in repr(found) and len(found.tables["properties"]) == 2
    with pytest.raises(whet.InputError):
        whet.analyze("equation-of-state", "molecule.xyz", "toy")


def test_frames_that_name_no_group_are_no_success(runs: list[str]) -> None:
    for name in ("softening", "parity"):
        error = command("analyze", name, runs[0], "-p", "toy", "--groups", "nokey", code=2).stderr
        assert "it has no `nokey` that names its group" in error


def test_labels_in_another_unit_are_not_called_softness(runs: list[str]) -> None:
    frames = labeled(trajectory(1))
    for frame in frames:
        assert frame.calc is not None
        frame.calc.results["forces"] = 23.06 * frame.calc.results["forces"]
    write("kcal.extxyz", frames)
    said = command("analyze", "softening", "kcal.extxyz", "-p", "toy", "--sampled-by", "rattle").stdout
    assert "may be in kcal/mol/Å" in " ".join(said.split()) and "soft by" not in said
    for frame in frames:
        frame.info["E_tot"], frame.arrays["F_tot"], frame.calc = 1.0, np.zeros((len(frame), 3)), None
    write("odd.extxyz", frames)
    assert "--energy-key KEY" in command("analyze", "softening", "odd.extxyz", "-p", "toy", code=2).stderr


def test_a_study_that_has_not_run_has_nothing_to_analyze(runs: list[str]) -> None:
    Path("study.yaml").write_text("name: x\npotentials: {toy: toy}\ntests: {run0: run0.extxyz}\n")
    error = command("analyze", "scores", "study.yaml", code=2).stderr
    assert "scores has nothing to look at in this study yet. `whet status` tells what it has" in error


def test_the_page_of_one_analysis_is_of_that_alone(runs: list[str]) -> None:
    given = [f"toy={run}" for run in runs]
    command("analyze", "stability", *given, "--interval", "20", "--out", "page")
    text = Path("page/index.html").read_text(encoding="utf-8")
    assert "stability of toy (4 files)" in text
    assert not [
        word for word in ("Turned off", "Name a test set", "the study does not name", "whet run") if word in text
    ]


def test_results_fit_eighty_columns(runs: list[str]) -> None:
    said = command("analyze", "parity", runs[0], "-p", "toy", "-p", "toy:hard").stdout
    assert "MAE S" in said and max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["softning", "run0.extxyz"], "there is no analysis or probe 'softning'. Did you mean 'softening'?"),
        (["study.yaml", "scores"], "study.yaml: the name of the analysis comes first. whet analyze scores study.yaml"),
        (["softening", "no.extxyz", "-p", "toy"], "no.extxyz: there is no such file"),
        (["equation-of-state", "run0.extxyz"], "needs a potential to ask. Name one: --potential chgnet"),
        (["equation-of-state", "run0.extxyz", "-p", "toy", "--interval", "2"], "`interval` goes with an analysis"),
        (["equation-of-state", "run0.extxyz", "-p", "toy", "--first", "2"], "`first` goes with an analysis"),
        (["softening", "run0.extxyz", "-p", "toy", "--labeler", "toy"], "`labeler` goes with a probe"),
        (
            ["stability", "run0.extxyz"],
            "looks at trajectories. Say how far apart its frames are: --interval FS",
        ),
        (["softening", "run0.extxyz"], "softening needs a potential to ask. Name one: --potential chgnet"),
        (["materials", "study.yaml"], "materials is no analysis that the study asks for"),
        (["equation-of-state", "run0.extxyz", "-p", "toy", "--set", "pints=3"], "did you mean 'points'?"),
        (["scores", "study.yaml", "--potential", "toy"], "--potential goes with files of frames, not with a study"),
        (["data", "run0.extxyz", "--sampled-by", "self"], "`self` is one potential, and none are given"),
        (["softening", "run0.extxyz", "-p", "toy", "-p", "toy"], "a potential is named twice"),
    ],
)
def test_faults_are_one_line(runs: list[str], words: list[str], said: str) -> None:
    Path("study.yaml").write_text("name: x\npotentials: {toy: toy}\ntests: {run0: run0.extxyz}\n")
    before = sorted(Path().iterdir())
    error = command("analyze", *words, code=2).stderr
    assert said in error and "Traceback" not in error
    assert sorted(Path().iterdir()) == before


def test_a_test_of_a_study_may_be_trajectories(runs: list[str]) -> None:
    Path("study.yaml").write_text(
        "name: runs\npotentials: {toy: toy}\n"
        f"tests: {{own: {{file: [{', '.join(runs)}], interval: 20, sampled_by: toy}}}}\nanalyses: {{residuals: on}}\n"
    )
    command("run", "study.yaml")
    table = whet.Study.load("study.yaml").stored.tables("residuals")["residuals"]
    assert table["trajectories"].tolist() == [4]
    Path("study.yaml").write_text(
        "name: runs\npotentials: {toy: toy}\ntests: {own: {file: run0.extxyz, interval: 20, only: {a: b}}}\n"
    )
    assert "`only` leaves frames out" in command("check", "study.yaml", code=2).stderr


@pytest.mark.slow
@pytest.mark.skipif("chgnet" not in registry().names("potentials"), reason="whet-chgnet is not installed")
def test_the_page_is_worked_through(runs: list[str]) -> None:
    for old, new in (("run0.extxyz", "labeled.extxyz"), ("run1.extxyz", "run1.extxyz"), ("run2.extxyz", "run2.extxyz")):
        whet.export_frames(Path("some.extxyz"), list(whet.read_structures(old))[:3], overwrite=True)
        Path("some.extxyz").replace(new)
    write("crystal.cif", bulk("Cu", cubic=True))
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    assert len(lines) == 3
    for line in lines:
        command(*line.split()[1:])
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {})
    assert Path("page/index.html").is_file()


def test_a_labeler_may_be_asked_alone(runs: list[str]) -> None:
    write("crystal.cif", bulk("Ar", "fcc", a=3.72, cubic=True))
    found = whet.analyze("equation-of-state", "crystal.cif", labeler="toy")
    alone = found.tables["properties"].set_index("quantity")["value"]
    beside = whet.analyze("equation-of-state", "crystal.cif", "toy", labeler="toy").tables["properties"]
    assert alone.tolist() == beside.set_index("quantity")["reference"].tolist() and len(alone) == 2


def test_files_of_one_name_are_sets_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from whet.study.file_analysis import TOGETHER, named_sets

    monkeypatch.chdir(tmp_path)
    words = ["a/run.xyz", "b/run.xyz", "own=c/run.xyz", "own=d/run.xyz"]
    own = {"own": [Path("c/run.xyz"), Path("d/run.xyz")]}
    assert named_sets(words, together=False) == {"run": [Path("a/run.xyz")], "run 2": [Path("b/run.xyz")], **own}
    assert named_sets(words, together=True) == {TOGETHER: [Path("a/run.xyz"), Path("b/run.xyz")], **own}
    Path("a=b.xyz").touch()  # a file may have such a name
    assert named_sets(["a=b.xyz"], together=True) == {"a=b": [Path("a=b.xyz")]}
    for word in ("=c.xyz", " =c.xyz", "far="):
        with pytest.raises(whet.InputError, match="Write SET=FILE, or a file alone"):
            named_sets([word], together=True)


def test_every_material_that_cannot_be_measured_says_why(runs: list[str]) -> None:
    open_frame = Atoms("Ar2", [[0, 0, 0], [0, 0, 3.7]])
    write("open.extxyz", [open_frame, Atoms("Ar3", [[0, 0, 0], [0, 0, 3.7], [0, 3.7, 0]])])
    said = command("analyze", "equation-of-state", "open.extxyz", "-p", "toy", code=2).stderr
    assert [line.partition(":")[0] for line in said.splitlines() if "equation-of-state of" in line] == ["whet", "whet"]
    with pytest.raises(whet.InputError, match=r"(?s)of Ar 1: toy: only a crystal.*\n.*of Ar 2: toy: only a crystal"):
        whet.analyze("equation-of-state", "open.extxyz", "toy")
