"""docs/tutorials/from-a-cif.md does what it says: its blocks run one after the other in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from whet.plugins.registry import registry

PAGE = (Path(__file__).parents[2] / "docs" / "tutorials" / "from-a-cif.md").read_text(encoding="utf-8")
FILE = re.compile(r"```(?:text|python)\n# ([\w.]+)\n(.*?)```", re.DOTALL)
BEFORE_MACE, _, WITH_MACE = PAGE.partition("\n## The same with MACE\n")
WORDS = ("label", "evaluate", "check")

pytestmark = [
    pytest.mark.skipif("tblite" not in registry().names("labelers"), reason="whet-tblite is not installed"),
    pytest.mark.skipif("chgnet" not in registry().names("potentials"), reason="whet-chgnet is not installed"),
]


@dataclass(frozen=True)
class Folder:
    """Where the page is worked through."""

    path: Path

    def write_files(self, text: str) -> None:
        """What the text says to save."""
        for name, content in FILE.findall(text):
            (self.path / name).write_text(f"# {name}\n{content}", encoding="utf-8")

    def type(self, command: str) -> str:
        """Runs it, and answers what it printed."""
        program, *arguments = shlex.split(command)
        words = {"whet": ["-m", "whet"], "python": []}[program]
        environment = {**os.environ, "COLUMNS": "80", "OMP_NUM_THREADS": "1"}
        ran = subprocess.run(
            [sys.executable, *words, *arguments],
            cwd=self.path,
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def edit(self) -> None:
        """Adds under `tests:` what the page says."""
        (added,) = re.findall(r"add the labeled frames under `tests:`\.\n\n```yaml\n(.*?)```", PAGE, re.DOTALL)
        study = self.path / "study.yaml"
        text, places = re.subn(r"(?m)^(tests:.*\n)", lambda found: found[1] + added, study.read_text(encoding="utf-8"))
        assert places == 1
        study.write_text(text, encoding="utf-8")


def commands(text: str) -> list[str]:
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    there = Folder(tmp_path)
    there.write_files(PAGE)
    return there


def work_through(folder: Folder, text: str, last: str = "") -> dict[str, str]:
    """Command -> what it printed, up to the one that begins so."""
    said: dict[str, str] = {}
    for command in commands(text):
        if command.startswith("whet check"):
            folder.edit()
        said[command] = folder.type(command)
        if last and command.startswith(last):
            return said
    return said


def test_the_page_comes_as_far_as_its_bill(folder: Folder) -> None:
    said = work_through(folder, BEFORE_MACE, "whet check")
    label, evaluate, check = (next(t for c, t in said.items() if c.startswith(f"whet {w}")) for w in WORDS)
    assert "12 of 12 labeled" in label
    assert "undecided: nobody says" not in evaluate
    assert "No fault found." in check
    training, test = re.findall(r"what a run costs: (\d+) labels for training .*?and (\d+)\nof a test set", PAGE)[0]
    assert re.search(rf"(?m)^for training +{training}\b", check), check
    assert re.search(rf"(?m)^of test sets +{test}\b", check), check


@pytest.mark.slow
def test_the_page_leads_to_a_potential(folder: Folder) -> None:
    said = work_through(folder, BEFORE_MACE)
    run = next(text for command, text in said.items() if command.startswith("whet run"))
    for question in re.findall(r"(?m)^- \*(.+?)\*", BEFORE_MACE):
        assert question in run
    assert "rattled" in run and (folder.path / "report" / "index.html").is_file()
    unshifted, relaxed = map(float, re.findall(r"(-\d+\.\d+) eV", said["python use.py"]))
    label = energy_of_the_crystal(folder)
    assert abs(unshifted - label) < 0.5 and relaxed < unshifted + 1e-3


def energy_of_the_crystal(folder: Folder) -> float:
    """By the labels' own theory, eV."""
    script = (
        "import ase.io\nfrom tblite.ase import TBLite\n"
        'crystal = ase.io.read("nacl.cif")\ncrystal.calc = TBLite(method="GFN1-xTB", verbosity=0)\n'
        "print(crystal.get_potential_energy())\n"
    )
    (folder.path / "reference.py").write_text(script)
    return float(folder.type("python reference.py").split()[-1])


@pytest.mark.slow
def test_mace_itself_answers_the_same_energy(
    folder: Folder, reference_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mace")
    monkeypatch.setenv("WHET_MODELS", str(reference_data / "weights" / "mace"))
    said = ""
    for command in commands(WITH_MACE):
        said = folder.type(command)
    by_mace, through_whet = map(float, re.findall(r"(-\d+\.\d+) eV", said))
    assert by_mace == pytest.approx(through_whet, abs=1e-6, rel=0)
    assert abs(by_mace - energy_of_the_crystal(folder)) < 0.5
