"""The example of moduli, with few small crystals and one potential: its numbers stand beside PBE's."""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ase.io import read, write

from whet import Study
from whet.plugins.registry import registry

FOLDER = Path(__file__).parents[2] / "examples" / "moduli"
COUNTS = {"elastic": 60, "phonons": 20}

pytestmark = pytest.mark.skipif(
    not {"chgnet", "mace"} <= set(registry().names("potentials")) or "elastic" not in registry().names("probes"),
    reason="whet-chgnet, whet-mace or whet-matcalc is not installed",
)


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory, reference_data: Path) -> Path:
    """The materials and tables, as the page's command writes them."""
    folder = tmp_path_factory.mktemp("moduli")
    variables = {**os.environ, "WHET_MODELS": str(reference_data / "weights" / "mace")}
    command = [sys.executable, str(FOLDER / "choose.py"), str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, env=variables)
    assert told.returncode == 0, told.stderr
    return folder


def test_the_example_runs_small(chosen: Path, tmp_path: Path) -> None:
    for name in COUNTS:
        crystals: Any = read(chosen / f"{name}.extxyz", ":")
        write(tmp_path / f"{name}.extxyz", sorted(crystals, key=len)[:2])
        shutil.copy(chosen / f"{name}.csv", tmp_path)
    shutil.copy(FOLDER / "study.yaml", tmp_path)
    study = Study.load(tmp_path / "study.yaml", ["potentials={chgnet: chgnet}", "probes.phonons.length=6"])
    assert not study.run(workers=0).failed
    rows = study.stored.tables("properties")["properties"].dropna(subset=["reference"])
    assert sorted(rows["quantity"]) == sorted(["bulk modulus", "shear modulus", "heat capacity"] * 2)
    assert all(0.2 < ratio < 5 for ratio in rows["ratio"].tolist())


def test_so_many_are_chosen_as_the_page_says(chosen: Path) -> None:
    for name, quantities in (("elastic", 2), ("phonons", 1)):
        with (chosen / f"{name}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        materials = {row["material"] for row in rows}
        assert len(rows) == quantities * COUNTS[name] and len(materials) == COUNTS[name]
        crystals: Any = read(chosen / f"{name}.extxyz", ":")
        assert {crystal.info["material"] for crystal in crystals} == materials


def test_the_same_are_chosen_whatever_their_order() -> None:
    spec = importlib.util.spec_from_file_location("choose", FOLDER / "choose.py")
    assert spec and spec.loader
    choose = importlib.util.module_from_spec(spec)
    sys.modules["choose"] = choose
    spec.loader.exec_module(choose)
    lattice = {"matrix": [[4, 0, 0], [0, 4, 0], [0, 0, 4]]}
    site = {"species": [{"element": "Na"}], "abc": [0, 0, 0]}
    entries = [
        {
            "mp_id": f"mp-{number}",
            "formula": "Na",
            "structure": {"lattice": lattice, "sites": [site] * (1 + number % 3)},
        }
        for number in range(30)
    ]
    first, other = (choose.chosen(given, frozenset({"Na"}), 2, 5) for given in (entries, entries[::-1]))
    assert first == other and len(first) == 5
    assert all(len(entry["structure"]["sites"]) <= 2 for entry in first)
    assert choose.chosen(entries, frozenset({"Cl"}), 2, 5) == []
