"""whet labels import: what comes in, what is refused or suspicious, and whose labels they are."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import ase.io
import numpy as np
import pytest

from in_process import whet
from labeled_argon import PBE, bought, crystal, labeled
from whet import Labels, export_frames
from whet.plugins.registry import registry


def test_a_flat_cell_costs_no_other_frame(folder: Path) -> None:
    header = '2\nProperties=species:S:1:pos:R:3:forces:R:3 pbc="T T T" energy=-1 Lattice='
    atoms = "Na 0 0 0 0 0 0\nCl 2 2 2 0 0 0\n"
    cells = ("5 0 0 5 0 0 0 0 5", "5 0 0 0 5 0 0 0 5")
    (folder / "flat.extxyz").write_text("".join(f'{header}"{cell}"\n{atoms}' for cell in cells))
    ended = whet("labels", "import", "flat.extxyz", "--theory", "PBE", "--units", "eV,Å", folder=folder, code=2)
    assert "line 1 (frame 0): the frame is periodic but its cell is missing or flat" in ended.stdout
    assert re.search(r"(?m)^imported +1 ", ended.stdout)


def test_a_stress_that_arrives_second_is_added(folder: Path) -> None:
    bare = [labeled(index) for index in range(3)]
    for frame in bare:
        assert frame.calc is not None
        frame.calc.results.pop("stress", None)
    export_frames(folder / "bare.frames", bare)
    export_frames(folder / "whole.frames", [labeled(index) for index in range(3)])
    whet("labels", "import", "bare.frames", "--theory", "PBE", folder=folder)
    said = whet("labels", "import", "whole.frames", "--theory", "PBE", folder=folder).stdout
    assert "skipped; 3 gave a label the stress that it lacked" in said
    assert "3, 3 with stress" in whet("labels", "show", "PBE", folder=folder).stdout


@pytest.mark.usefixtures("toy")
def test_labels_of_a_labeler_that_are_imported_are_never_bought(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = bought(monkeypatch, folder)
    whet("labels", "import", "old.extxyz", "--labeler", "toy", "--units", "eV,Å", folder=folder)
    said = whet("label", "structures.extxyz", "--labeler", "toy", folder=folder).stdout
    assert "6 of 6 labeled: 0 computed now, 6 found" in said
    said = whet("label", "structures.extxyz", "-l", "toy", "--set", "fail_every=1000003", folder=folder).stdout
    assert "6 computed now" in said
    assert len(computed.read_text().split()) == 6


def test_what_is_damaged_or_suspicious_is_told(folder: Path) -> None:
    text = (folder / "old.extxyz").read_text().splitlines()
    text[8] = "Ar 0.0 nonsense"
    (folder / "bad.extxyz").write_text("\n".join(text) + "\n")
    said = whet(
        "labels", "import", "bad.extxyz", "old.extxyz", *PBE, "--large-force", "0.5", code=2, folder=folder
    ).stdout
    assert re.search(r"(?m)^refused +1\s*$", said)
    assert re.search(r"(?m)^imported +6 ", said)
    assert "refused: bad.extxyz, line 7 (frame 1): line 9 has 3 columns, the frame's Properties state 7" in said
    assert "suspicious: 6 frames have forces above 0.5 eV/Å" in said
    (log,) = (folder / ".whet" / "imports").iterdir()
    assert said.splitlines()[-1].endswith(log.name)
    lines = log.read_text().splitlines()
    assert sum(line.startswith("duplicate: ") for line in lines) == 5
    assert sum(line.startswith("suspicious: old.extxyz, line 7 (frame 1): large-forces") for line in lines) == 1


def test_a_file_that_cannot_be_read_costs_no_other(folder: Path) -> None:
    whet("labels", "import", "old.extxyz", *PBE, "--store", "other", folder=folder)
    whet("labels", "export", "PBE", "a.deepmd", "--store", "other", folder=folder)
    (folder / "a.deepmd" / "Ar4" / "type_map.raw").unlink()
    (folder / "torn.extxyz.gz").write_bytes(gzip.compress((folder / "old.extxyz").read_bytes())[:-9])
    (folder / "text.traj").write_text("nothing that anyone reads")
    files = ("torn.extxyz.gz", "a.deepmd", "text.traj", "old.extxyz")
    told = json.loads(whet("labels", "import", *files, *PBE, "--json", code=2, folder=folder).stdout)
    assert (told["imported"], len(told["refused"])) == (6, 3)
    assert [refused["place"] for refused in told["refused"]] == ["torn.extxyz.gz", "a.deepmd/Ar4", "text.traj"]
    assert "type_map.raw: one chemical symbol a line" in told["refused"][1]["what"]


def test_energies_that_forces_belong_to_can_be_chosen(folder: Path) -> None:
    extra = {"free_energy": np.array(-1.2)}
    ase.io.write(folder / "vasp.traj", [Labels(-1.0, np.zeros((4, 3)), None, extra).attach(crystal(0))])
    said = whet("labels", "import", "vasp.traj", "--theory", "A", folder=folder).stdout
    assert "suspicious: 1 frames have a free energy besides, up to 50 meV/atom" in said
    whet("labels", "import", "vasp.traj", "--theory", "B", "--energy-key", "free_energy", folder=folder)
    shown = json.loads(whet("labels", "list", "--json", folder=folder).stdout)
    assert {one["name"]: one["energy_per_atom"][0] for one in shown} == {"A": -0.25, "B": -0.3}


def test_a_dry_run_writes_nothing(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    said = whet("labels", "import", "old.extxyz", *PBE, "--dry-run", folder=folder).stdout
    assert re.search(r"(?m)^would be imported +6 +6 with stress", said)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.skipif("vasp" not in registry().names("labelers"), reason="whet-vasp is not installed")
def test_folders_of_calculations_state_their_theory(reference_data: Path, tmp_path: Path) -> None:
    said = whet("labels", "import", reference_data / "vasp", "--json", code=2, folder=tmp_path)
    told = json.loads(said.stdout)
    methods = {one["theory"]["method"]: one["imported"] for one in told["theories"].values()}
    assert methods["r2SCAN"] >= 1 and methods["PBE"] >= 1
    assert told["refused"] and all("vasprun.xml" in refused["place"] for refused in told["refused"])
    wrong = whet("labels", "import", reference_data / "vasp", "--theory", "HSE", "--json", code=2, folder=tmp_path)
    assert json.loads(wrong.stdout)["imported"] == 0
