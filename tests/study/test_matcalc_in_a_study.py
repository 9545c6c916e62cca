"""Probes of a plugin in a study: the labeler in the same role, each of its labels paid for once; before and after."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from whet import Study
from whet.plugins.registry import registry

STUDY = """\
name: by MatCalc
materials: crystals.extxyz
potentials: {soft: {use: "toy:hard", scale: 0.8}}
labeler: toy
probes:
  elastic: {fmax: 0.0005, relax_atoms: false}
  phonons: {length: 8, fmax: 0.0005, points: 20}
"""


@pytest.mark.skipif("elastic" not in registry().names("probes"), reason="whet-matcalc is not installed")
def test_curvatures_of_a_soft_potential(toy: None, tmp_path: Path) -> None:
    write(tmp_path / "crystals.extxyz", bulk("Ar", "fcc", a=3.73, cubic=True))
    (tmp_path / "study.yaml").write_text(STUDY)
    study = Study.load(tmp_path / "study.yaml")
    assert not study.run(workers=0).failed
    rows = study.stored.tables("properties")["properties"]
    soft = rows[rows["quantity"].isin(["bulk modulus", "C44", "highest frequency"])]
    assert len(soft) == 3
    assert soft["curvature ratio"].tolist() == pytest.approx([0.8] * 3, rel=0.005)
    capacity = rows[rows["quantity"] == "heat capacity"]
    assert all(ratio > 1 for ratio in capacity["ratio"].tolist()), "a soft crystal holds more heat"
    bought = sum(count for _, count in study.store.labels.counts())
    more = Study.load(tmp_path / "study.yaml", ["probes.elastic.axes=given", "probes.phonons.points=10"])
    assert not more.run(workers=0).failed
    assert sum(count for _, count in more.store.labels.counts()) == bought, "the same frames are paid for once"
