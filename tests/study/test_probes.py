"""Probes in a study: every potential and the reference, material by material; paid for once; tables of the user's."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from whet import InputError, Study
from whet.contracts.probe import Measurement
from whet.contracts.ref import LABELER
from whet.study.costs import Costs
from whet.study.plan_costs import PlanCosts

STUDY = """\
name: probed
materials: crystals.extxyz
potentials: {soft: {use: "toy:hard", scale: 0.8}}
labeler: toy
probes:
  equation-of-state: {strain: 0.02}
"""

EDGES = (3.70, 3.71, 3.72, 3.73, 3.74, 3.75)


@pytest.fixture
def folder(toy: None, tmp_path: Path) -> Path:
    """Six crystals of argon, and the study."""
    crystals = [bulk("Ar", "fcc", a=edge, cubic=True) * (2, 2, 2) for edge in EDGES]
    for number, crystal in enumerate(crystals):
        crystal.info["material"] = f"argon {number}"
    write(tmp_path / "crystals.extxyz", crystals)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def test_every_potential_and_the_reference_is_asked_once(folder: Path) -> None:
    study = Study.load(folder / "study.yaml")
    assert PlanCosts.of(Costs(study.stored)).labels == {"to drive probes": 42}
    account = study.run(workers=0)
    assert not account.failed
    bought = sum(count for _, count in study.store.labels.counts())
    assert 0 < bought <= 42
    pieces = study.plan.all(Measurement)
    assert {piece.ref.set for piece in pieces} == {f"argon {number}" for number in range(6)}
    assert sum(piece.ref.state == LABELER for piece in pieces) == len(pieces) / 2
    more = Study.load(folder / "study.yaml", ["probes.equation-of-state.form=vinet"])
    assert not more.run(workers=0).failed
    assert sum(count for _, count in more.store.labels.counts()) == bought, "the same frames are paid for once"


def test_a_planted_softness_is_found(folder: Path) -> None:
    study = Study.load(folder / "study.yaml")
    study.run(workers=0)
    rows = study.stored.tables("properties")["properties"]
    moduli = rows[rows["quantity"] == "bulk modulus"]
    assert len(moduli) == 6
    assert moduli["ratio"].tolist() == pytest.approx([0.8] * 6, rel=0.001)
    (verdict,) = [one for found in study.stored.findings("properties") for one in found.verdicts]
    assert verdict.units == 6 and verdict.decided and "bulk modulus −2" in verdict.claim


def test_a_table_stands_for_the_reference(folder: Path) -> None:
    with (folder / "known.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["material", "quantity", "value"], ["argon 0", "bulk modulus", 3.0]])
    study = Study.load(folder / "study.yaml", ["probes.equation-of-state.reference=known.csv"])
    assert not study.run(workers=0).failed
    assert not sum(count for _, count in study.store.labels.counts()), "nothing is labeled"
    rows = study.stored.tables("properties")["properties"]
    assert rows["reference"].dropna().tolist() == [3.0]


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("material,value\nargon 0,1\n", "no column 'quantity'"),
        ("material,quantity,value,unit\nargon 0,bulk modulus,1,kbar\n", "bulk modulus is in kbar, the probe has GPa"),
        ("material,quantity,value\nargon 0,bulk modulus,many\n", "known.csv, line 2: 'many' is no number"),
        ("material,quantity,value\nargon 0,bulk modulas,1\n", "line 2: .*no 'bulk modulas'.*bulk modulus"),
        ("material,quantity,value\nNaCl,bulk modulus,1\n", "none of the materials"),
    ],
)
def test_a_faulty_table_is_one_line(folder: Path, table: str, what: str) -> None:
    (folder / "known.csv").write_text(table)
    with pytest.raises(InputError, match=what):
        Study.load(folder / "study.yaml", ["probes.equation-of-state.reference=known.csv"])


def test_probes_without_materials_are_refused(folder: Path) -> None:
    (folder / "study.yaml").write_text(STUDY.replace("materials: crystals.extxyz\n", ""))
    with pytest.raises(InputError, match="there are no materials to probe"):
        Study.load(folder / "study.yaml")
