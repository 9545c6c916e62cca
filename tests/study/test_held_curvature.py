"""Curvature of properties beside that of forces: a planted softness is the same in both, a planted null in neither."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from whet import Findings, Labels, Study, load

STUDY = """\
name: held
materials: crystals.extxyz
potentials: {main: {use: "toy:hard", scale: SCALE}}
labeler: toy
tests: {near: {file: near.extxyz, sampled_by: rattle}}
probes: {equation-of-state: {strain: 0.02}}
"""


def findings(folder: Path, scale: float, frames: int = 5, materials: int = 6) -> Findings:
    """Of rattled frames, and of crystals as many as are wanted."""
    hard = load("toy:hard").calculator()
    rattled = [bulk("Ar", "fcc", a=3.70, cubic=True) * (2, 2, 2) for _ in range(frames)]
    for number, frame in enumerate(rattled):
        frame.rattle(0.05, seed=number)
        frame.calc = hard
        frame = Labels(frame.get_potential_energy(), frame.get_forces(), None).attach(frame)
        frame.info["trajectory"] = number
        write(folder / "near.extxyz", frame, append=True)
    crystals = [bulk("Ar", "fcc", a=3.70 + 0.01 * number, cubic=True) * (2, 2, 2) for number in range(materials)]
    for number, crystal in enumerate(crystals):
        crystal.info["material"] = f"argon {number}"
    write(folder / "crystals.extxyz", crystals)
    (folder / "study.yaml").write_text(STUDY.replace("SCALE", str(scale)))
    study = Study.load(folder / "study.yaml")
    assert not study.run(workers=0).failed
    (found,) = study.stored.findings("properties")
    found.check()
    return found


@pytest.mark.parametrize("scale", [0.8, 1.0])
def test_a_planted_softness_is_the_same_in_both(toy: None, tmp_path: Path, scale: float) -> None:
    found = findings(tmp_path, scale)
    (row,) = found.table("held-against-forces").records()
    assert row["of the property"] == pytest.approx(scale, rel=0.002)
    assert row["of the forces"] == pytest.approx(scale, rel=0.002)
    assert (row["read from"], row["materials"], row["units"], row["agree"]) == ("s", 6, 5, "yes")
    assert {figure.name for figure in found.figures} >= {"ratios", "held-against-forces-drawn"}
    (verdict,) = [one for one in found.verdicts if one.question == "Are properties as soft as forces?"]
    number = f"{scale:.2f} [{scale:.2f}, {scale:.2f}]"
    said = f"main: they agree within their intervals (bulk modulus {number}, s on “near” {number})"
    assert verdict.decided and verdict.units == 5 and verdict.claim == said
    (off,) = [one for one in found.verdicts if one.question.endswith("how far off?")]
    assert off.decided == (scale != 1.0), "a planted null is not claimed"


@pytest.mark.parametrize(
    ("frames", "materials", "said"),
    [(3, 6, "undecided: 3 groups"), (5, 2, "undecided: 2 materials"), (5, 5, "undecided: no interval")],
)
def test_few_units_say_nothing(toy: None, tmp_path: Path, frames: int, materials: int, said: str) -> None:
    found = findings(tmp_path, 0.8, frames, materials)
    (row,) = found.table("held-against-forces").records()
    assert row["agree"] == said and row["of the property"] == pytest.approx(0.8, rel=0.002)
    (verdict,) = [one for one in found.verdicts if one.question == "Are properties as soft as forces?"]
    assert not verdict.decided and verdict.claim == f"main: {said}"
