"""docs/how-to/many-materials.md does what it says, with the toy in the place of CHGNet."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk
from ase.io import write

import whet
from in_process import whet as program

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "many-materials.md").read_text(encoding="utf-8")
STUDY, PROBED = (text.replace("chgnet", "toy") for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
FROM_A_FILE, FROM_A_STUDY = (
    text.replace("chgnet", "toy").splitlines() for text in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
)
(PYTHON,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PARITY = re.findall(r"`whet (analyze parity [^`]*)`", PAGE)[0].replace("chgnet", "toy")
CUBES = {f"Ar {length:.2f}": length for length in np.linspace(4.4, 5.1, 8)}


def labeled(seed: int, frames: int) -> list[Atoms]:
    """Frames of argon at eight densities, each of which is called a material, with labels of the hard toy."""
    random, hard, found = np.random.default_rng(seed), whet.load("toy:hard"), []
    for name, length in CUBES.items():
        for _ in range(frames):
            atoms = bulk("Ar", "fcc", a=length, cubic=True)
            atoms.positions += random.normal(scale=0.15, size=(len(atoms), 3))
            atoms.info |= {"material": name, "sampled_by": "rattle"}
            (labels,) = hard.evaluate([atoms])
            found.append(labels.attach(atoms))
    return found


def test_the_page_is_worked_through(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    whet.export_frames("frames.extxyz", labeled(0, 5))
    said = [program(*line.split()[1:]).stdout for line in FROM_A_FILE]
    assert "soft by" in said[0] and "on average over 8 materials" in said[0] and "none of 8 materials" in said[0]
    assert "Distribution over materials" in Path("page/index.html").read_text()
    refused = program(*FROM_A_FILE[0].split()[1:], "--set", "by=formula", code=2).stderr
    assert refused.endswith("whet: the frames of “frames” are of one material: Ar\n")
    assert "Errors by size of the reference force" in program(*PARITY.split()).stdout

    whet.export_frames("one-each.extxyz", labeled(1, 1))
    Path("study.yaml").write_text(STUDY)
    checked, *_ = [program(*line.split()[1:]).stdout for line in FROM_A_STUDY]
    assert "No fault found" in checked
    exec(PYTHON, scope := {})
    over = scope["tables"]["over-materials"]
    assert over["state"].tolist() == ["untouched", "few, 1 frame", "few, 8 frames"]
    assert over["materials"].tolist() == [8] * 3 and list(scope["worst"]["material"])[-1] in CUBES
    values = scope["tables"]["materials"].groupby("state")["curvature ratio"].mean()
    assert over.set_index("state")["mean"].to_dict() == pytest.approx(values.to_dict())
    assert over["reading"][0] == "soft" and over["change"][2] > 0.1
    assert "few, 8 frames" in capsys.readouterr().out

    # Near the toy's minimum all of them: what is to be seen is that they are found by their names.
    crystals = [bulk("Ar", "fcc", a=3.70 + 0.004 * number, cubic=True) * (2, 2, 2) for number in range(8)]
    for name, atoms in zip(CUBES, crystals, strict=True):
        atoms.info["material"] = name
    write("crystals.extxyz", crystals)
    lines = [f"{name},bulk modulus,2.0" for name in CUBES]
    Path("published.csv").write_text("\n".join(["material,quantity,value", *lines]) + "\n")
    # The soft toy has no minimum there.
    study = yaml.safe_load(STUDY) | yaml.safe_load(PROBED) | {"potentials": {"toy": {"use": "toy:hard", "scale": 0.8}}}
    del study["strategies"]
    Path("study.yaml").write_text(yaml.safe_dump(study))
    program("run", "study.yaml")
    tables = whet.Study.load("study.yaml").stored.tables("materials")
    probed = tables["material-probes"]
    assert set(probed["quantity"]) == {"bulk modulus"} and set(probed["material"]) == set(CUBES)
    assert probed["value"].tolist() == pytest.approx([0.8] * 8)
