"""docs/how-to/structure-and-dynamics.md does what it says, with toys in the place of the potentials and the labeler."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk
from ase.io import write

from in_process import whet
from whet.plugins.registry import registry

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "structure-and-dynamics.md").read_text(encoding="utf-8")
(STUDY,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif("rdf" not in registry().names("analyses"), reason="whet-observables is not installed")
def test_the_page_is_worked_through(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    study = yaml.safe_load(STUDY)
    assert set(study["potentials"]) == {"chgnet", "mace"}
    study["structures"] = {"use": "toy", "repeat": 2}
    study["potentials"], study["labeler"] = {"main": "toy"}, "toy"
    study["dynamics"] |= {"timestep": 2, "equilibration": 0, "production": 24, "every": 2, "temperature": 100}
    study["analyses"]["diffusion"] = {"block": 24, "every": 12, "ballistic": 4, "equilibration": 0}
    study["analyses"]["quality"] = {"horizon": 48, "equilibration": 0}
    Path("study.yaml").write_text(yaml.safe_dump(study))
    assert "No fault found" in whet("check", "study.yaml").stdout
    *commands, of_files = re.findall(r"(?m)^whet (.+)$", PAGE)
    assert [command.split()[0] for command in commands] == ["run", "analyze", "report"]
    said = [whet(*command.split()) for command in commands]
    assert "First peaks of the radial distribution functions" in said[1].stdout
    exec(PYTHON, {})
    assert "Ar–Ar" in capsys.readouterr().out
    from whet import Study

    stored = Study.open(".whet")
    density = stored.tables("density")["density"]
    assert density["trajectories"].tolist() == [4, 4]
    assert stored.tables("diffusion")["diffusion"]["species"].tolist() == ["Ar", "Ar"]
    (spectra,) = stored.findings("spectra")
    assert any("window 2 ps" in note for note in spectra.notes)
    (stability,) = stored.findings("stability")
    assert stability.verdicts[0].claim == "0 of 8 trajectories ended early"
    quality = stored.tables("quality")["quality"]
    assert quality["stability"].tolist() == [1, 1]
    assert quality["quality"].isna().tolist() == [True, True]
    files = re.findall(r"=(\S+\.extxyz)", of_files)
    assert len(files) == 4
    for seed, name in enumerate(files):
        write(name, walk(seed, moves="npt" in name))
    block = ["--set", "block=100", "--set", "every=50", "--set", "ballistic=10", "--set", "equilibration=0"]
    said = whet(*of_files.split(), "--set", "horizon=300", *block).stdout
    assert "chgnet: not known, for want of a term (stability 1.00, density not known, diffusion 0." in said


def walk(seed: int, *, moves: bool) -> list[Atoms]:
    """Argon atoms that walk at random, 10 fs apart."""
    random, frame = np.random.default_rng(seed), bulk("Ar", "fcc", a=5.3, cubic=True) * (2, 2, 2)
    frames = []
    for _ in range(31):
        frame = frame.copy()
        frame.positions += random.normal(0, 0.1, (32, 3))
        frames.append(frame.copy())
        frames[-1].set_cell(frame.cell * (1 + 0.01 * random.normal() * moves), scale_atoms=True)
    return frames
