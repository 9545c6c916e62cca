"""A stranger's distribution: an analysis, its task, a selector and a monitor, with no line of the core changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from in_process import whet
from whet import InputError, StoredStudy, Study, record_of, write_report
from whet.contracts.ports import LabeledFrames
from whet.plugins.registry import registry
from whet.testing import check_analysis

PLUGIN = '''
"""Energy against volume: the cell of a test set, strained, in every state of every potential."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field
from whet import (
    Analysis, Choice, Column, Data, Figure, Findings, InputError, LabeledFrames, Monitor, Options, Outcome, Port, Ref,
    Selector, Stopped, StudyPotential, Table, Task, Verdict, Wanted, hookimpl,
)

whet_api = {"tasks": 1, "analyses": 1, "selectors": 1, "monitors": 1}


class StrainedOptions(Options):
    """Options of the task `strained-energies`."""

    strains: list[float]
    """Linear strains of the cell; no unit."""
    frame: int = Field(default=0, ge=0)
    """Which frame of the cell's set."""


class StrainedEnergies(Task):
    """Energies of one cell at several volumes."""

    name = "strained-energies"
    Options = StrainedOptions
    inputs = {
        "cell": Port(LabeledFrames, many=False, what="frames, one of which is strained"),
        "potential": Port(StudyPotential, many=False, what="whose energies they are"),
    }

    def run(self, work):
        cells, frames = work.one("cell", LabeledFrames).frames, []
        if self.options.frame >= len(cells):
            raise InputError(f"frame {self.options.frame} is wanted, the set has {len(cells)}")
        atoms = cells[self.options.frame]
        for strain in self.options.strains:
            frames.append(atoms.copy())
            frames[-1].set_cell(atoms.cell * (1 + strain), scale_atoms=True)
        energies = [labels.energy for labels in work.load("potential").evaluate(frames, ("energy",))]
        work.progress(len(frames), len(frames))
        return Outcome({"volumes": [frame.get_volume() for frame in frames], "energies": energies, "atoms": len(atoms)})


@dataclass(frozen=True, eq=False)
class Curve(Data):
    """What the task left. volumes: Å³; energies: eV, of all atoms."""

    kind = "energy-volume curves"
    ref: Ref
    values: Mapping

    @classmethod
    def read(cls, step, ref):
        return cls(ref, step.values)


class EquationOptions(Options):
    """Options of the analysis `equation-of-state`."""

    largest: float = Field(default=0.02, gt=0, lt=0.2)
    """Largest strain of an edge; no unit."""
    points: int = Field(default=7, ge=5)
    """Volumes that are looked at."""


class EquationOfState(Analysis):
    """Energy against volume, and the curvature of it, for every state of every potential."""

    name = "equation-of-state"
    place = 600
    Options = EquationOptions
    inputs = {"curves": Port(Curve, what="one for each state of a potential")}

    def wants(self, study):
        cells = study.all(LabeledFrames, set_kind="independent")
        largest, points = self.options.largest, self.options.points
        strains = [largest * (2 * place / (points - 1) - 1) for place in range(points)]
        curves = [
            Wanted({"cell": cells[:1], "potential": [state]}, options={"strains": strains}, ref=state.ref,
                   label=str(state.ref), task="strained-energies")
            for state in study.all(StudyPotential)
        ]
        return [Wanted({"curves": curves})] if cells and curves else []

    def run(self, work):
        import numpy as np

        curves = work.all("curves", Curve)
        if not curves:
            raise InputError("there is no curve to fit")
        points, fits = [], []
        for one in curves:
            volumes, energies = np.array(one.values["volumes"]), np.array(one.values["energies"])
            points += [[str(one.ref), float(v), float(e)] for v, e in zip(volumes, energies)]
            curvature = 2 * np.polyfit(volumes - volumes.mean(), energies, 2)[0]
            fits.append([str(one.ref), float(curvature * volumes.mean() * 160.21766208)])
        state = Column("state", description="The potential and its state.")
        table = Table("fits", "Bulk modulus at the volume of the cell",
                      (state, Column("B", "GPa", "Curvature of the energy times the volume.", decimals=1)), fits)
        curve = Table("curves", "Energy against volume",
                      (state, Column("V", "Å³", "Volume of the cell."), Column("E", "eV", "Energy of all atoms.")),
                      points, shown=False)
        spec = {"data": {"name": "curves"}, "mark": "line", "encoding": {
            "x": {"field": "V", "type": "quantitative", "scale": {"zero": False}},
            "y": {"field": "E", "type": "quantitative", "scale": {"zero": False}},
            "color": {"field": "state", "type": "nominal"}}}
        stiff = max(fits, key=lambda row: (round(row[1], 3), row[0]))
        return Findings(
            "Equation of state", tables=(table, curve),
            figures=(Figure("energy-volume", "Energy against volume.", "One curve for each state.", spec),),
            verdicts=(Verdict("Which is stiffest?", f"{stiff[0]} is the stiffest", f"{stiff[1]:.1f} GPa",
                              units=1, of="cells", decided=False, limits="one cell"),),
            definition="A parabola through the energies of one strained cell.", source="any textbook",
        )


class Latest(Selector):
    """The last frames of the pool that are not known yet."""

    name = "latest"

    class Options(Options):
        """How many."""

        frames: int = Field(ge=1)
        """Frames to choose."""

    def choose(self, pool, known, work):
        return [Choice(place, f"known: {len(known)}") for place in range(len(pool))][-self.options.frames:]


class Patience(Monitor):
    """Ends a run after so many looks."""

    name = "patience"

    class Options(Options):
        """A limit."""

        limit: int = Field(ge=1)
        """Looks."""

    def watch(self, run):
        seen = []

        def look(atoms, labels):
            seen.append(0)
            if len(seen) > self.options.limit:
                raise Stopped("patience", f"{len(seen)} looks", keeps=True)

        return look


@hookimpl
def tasks():
    return [StrainedEnergies]


@hookimpl
def analyses():
    return [EquationOfState]


@hookimpl
def selectors():
    return [Latest]


@hookimpl
def monitors():
    return [Patience]
'''

ANALYSES = "analyses: {equation-of-state: {points: 5%s}, coverage: false}\n"


@pytest.fixture
def their_home(tmp_path: Path) -> Path:
    """Their distribution, as pip would leave it."""
    home = tmp_path / "site"
    about = home / "whet_strain-1.0.dist-info"
    about.mkdir(parents=True)
    (home / "whet_strain.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: whet-strain\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[whet]\nstrain = whet_strain\n")
    return home


@pytest.fixture
def installed(toy: None, their_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, here and for workers."""
    monkeypatch.syspath_prepend(str(their_home))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(their_home), os.environ["PYTHONPATH"]]))
    monkeypatch.delitem(sys.modules, "whet_strain", raising=False)
    registry.cache_clear()


def check_report(study: StoredStudy, folder: Path) -> None:
    """Their findings are in the report: table, figure, verdict."""
    page = write_report(record_of(study), folder).read_text()
    for words in ("Equation of state", "Which is stiffest?", "Bulk modulus at the volume of the cell"):
        assert words in page, words
    assert list(folder.glob("figures/*energy-volume*.svg"))
    (table,) = folder.glob("tables/*fits*.csv")
    assert len(table.read_text().splitlines()) == 1 + len(study.tables("equation-of-state")["fits"])


@pytest.mark.usefixtures("installed")
def test_everything_is_listed() -> None:
    listed = {(line["hook"], line["name"]): line for line in json.loads(whet("plugins", "--json").stdout)}
    for key in (
        ("tasks", "strained-energies"),
        ("analyses", "equation-of-state"),
        ("selectors", "latest"),
        ("monitors", "patience"),
    ):
        assert listed[key]["distribution"] == "whet-strain" and not listed[key]["problem"]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("workers", [0, 1])
def test_the_analysis_runs_as_steps_and_is_in_the_report(study_file: Path, workers: int, tmp_path: Path) -> None:
    study_file.write_text(study_file.read_text() + ANALYSES % "")
    study = Study.load(study_file, ["strategies={naive: 1}", "self_generated.of=none"])
    assert study.plan.counts()["strained-energies"] == 2  # untouched, and fine-tuned
    account = study.run(workers=workers)
    assert not account.failed, list(map(str, account.failed.values()))
    (findings,) = study.stored.findings("equation-of-state")
    assert [row[0] for row in findings.table("fits").rows] == ["main", "main naive 1"]
    assert len(findings.table("curves").rows) == 10
    check_report(study.stored, tmp_path / "report")
    again = Study.load(study_file, ["strategies={naive: 1}", "self_generated.of=none"])
    assert not again.run(workers=workers).ran
    more = Study.load(
        study_file, ["strategies={naive: 1}", "self_generated.of=none", "analyses.equation-of-state.points=9"]
    )
    assert {step.kind for step in map(more.plan.steps.__getitem__, more.run(workers=0).ran)} == {
        "strained-energies",
        "equation-of-state",
    }


@pytest.mark.usefixtures("installed")
def test_the_kit_finds_no_fault() -> None:
    check_analysis("equation-of-state", tiers=["contract"]).raise_for_failures()


@pytest.mark.usefixtures("installed")
def test_faults_of_its_options_have_a_line(study_file: Path) -> None:
    study_file.write_text(study_file.read_text() + ANALYSES % ", larges: 0.1")
    with pytest.raises(
        InputError, match=r"study\.yaml, line \d+, key analyses\.equation-of-state\.larges: unknown key"
    ):
        Study.load(study_file)


def test_it_runs_in_another_interpreter(
    study_file: Path, foreign_python: Path, their_home: Path, tmp_path: Path
) -> None:
    """The driver has neither the toy plugin nor theirs."""
    (next(foreign_python.parents[1].glob("lib/*/site-packages")) / "strain.pth").write_text(f"{their_home}\n")
    text = study_file.read_text() + ANALYSES % ", environment: foreign"
    for word in ("main: toy", "labeler: toy"):
        text = text.replace(word, word.replace("toy", "{use: toy, environment: foreign}"))
    text = text.replace("{use: toy, repeat: 2}", "{use: toy, repeat: 2, environment: foreign}")
    study_file.write_text(text + f"environments: {{foreign: {{python: {foreign_python}}}}}\n")
    driver = (
        "import sys; from whet import Study; from whet.plugins.registry import registry\n"
        "assert not registry().knows('analyses', 'equation-of-state')\n"
        "study = Study.load(sys.argv[1], ['strategies={naive: 1}', 'self_generated.of=none'])\n"
        "account = study.run()\n"
        "assert not account.failed and account.ran, list(map(str, account.failed.values()))\n"
        "(found,) = study.stored.findings('equation-of-state')\n"
        "assert len(found.table('fits').rows) == 2\n"
    )
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if ours := os.environ.get("PYTHONPATH"):
        environment["PYTHONPATH"] = ours
    subprocess.run([sys.executable, "-c", driver, str(study_file)], check=True, env=environment, timeout=120)
    assert not registry().knows("analyses", "equation-of-state")
    check_report(StoredStudy.open(study_file.parent / ".whet"), tmp_path / "report")


@pytest.mark.usefixtures("installed")
def test_its_selector_chooses_frames_in_a_round(study_file: Path) -> None:
    first, second = (f"selection: {{use: latest, frames: {frames}}}" for frames in (3, 2))
    rounds = f"strategies={{active: {{rounds: [{{trajectories: 2, {first}}}, {{{second}}}]}}}}"
    study = Study.load(study_file, [rounds, "self_generated.of=none", "tests={}"])
    account = study.run(workers=1)
    assert not account.failed, list(map(str, account.failed.values()))
    chosen = [study.store.result(step.key).values["chosen"] for step in study.plan.of_kind("latest")]
    assert [[reason for _, reason in each] for each in chosen] == [["known: 0"] * 3, ["known: 3"] * 2]
    gathered = [study.store.result(piece.key).values["labeled"] for piece in study.plan.all(LabeledFrames)]
    assert gathered == [3, 2]


@pytest.mark.usefixtures("installed")
def test_its_monitor_ends_a_trajectory(study_file: Path, tmp_path: Path) -> None:
    words = ["strategies={naive: 1}", "self_generated.of=none", "dynamics.monitors={patience: {limit: 6}}"]
    study = Study.load(study_file, words)
    assert not study.run(workers=1).failed
    assert study.stored.stopped and all(what.endswith("7 looks") for _, what in study.stored.stopped)
    assert "7 looks" in write_report(record_of(study.stored), tmp_path / "report").read_text()
