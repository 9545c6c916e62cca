"""whet label and whet labels, as a user meets them (past 400 lines: one folder, one way to call, for all of it)."""

from __future__ import annotations

import gzip
import json
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from in_process import whet
from whet import Failure, FrameLog, Labeler, Labels, LevelOfTheory, export_frames, isolated_atom, read_labeled
from whet.labels.label_store import LabelStore
from whet.plugins.discovery import FoundPlugin
from whet.plugins.registry import Registry, registry

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "labels.md"


def read_all(path: Path) -> list[Atoms]:
    """What ASE reads."""
    found = ase.io.read(path, index=":")
    assert isinstance(found, list)
    return found


def crystal(index: int) -> Atoms:
    atoms = bulk("Ar", "fcc", a=5.2, cubic=True)
    atoms.positions += np.random.default_rng(index).normal(scale=0.1, size=(4, 3))
    return atoms


def labeled(index: int) -> Atoms:
    random = np.random.default_rng(index)
    return Labels(-1.0 - index / 100, random.normal(size=(4, 3)), np.eye(3) / 100).attach(crystal(index))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With structures, and with labels that somebody has."""
    export_frames(tmp_path / "structures.extxyz", [crystal(index) for index in range(6)])
    export_frames(tmp_path / "old.extxyz", [labeled(index) for index in range(6)])
    return tmp_path


def bought(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """A file that gets a line for each label that the toy labeler computes."""
    path = folder / "bought.txt"
    path.touch()
    monkeypatch.setenv("WHET_TOY_BOUGHT", str(path))
    return path


PBE = ("--theory", "PBE", "--units", "eV,Å")


@pytest.mark.usefixtures("toy")
def test_frames_are_labeled_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = bought(monkeypatch, folder)
    said = whet("label", "structures.extxyz", "-l", "toy", "--first", "4", "--out", "out.extxyz", folder=folder)
    lines = said.stdout.splitlines()
    assert re.fullmatch(r"toy-hard \(toy\), fingerprint [0-9a-f]{8}", lines[0])
    assert lines[1] == "4 of 4 labeled: 4 computed now, 0 found"
    assert lines[-1] == "out.extxyz: 4 frames"
    assert said.stderr.splitlines()[-1] == "[4/4] labels"
    said = whet("label", "structures.extxyz", "-l", "toy", folder=folder)
    assert "6 of 6 labeled: 2 computed now, 4 found" in said.stdout
    assert said.stdout.splitlines()[-1].startswith("In .whet: whet labels export ")
    assert len(computed.read_text().split()) == 6
    frames = read_labeled(folder / "out.extxyz")
    assert [Labels.of(frame).stress is not None for frame in frames] == [True] * 4
    assert (folder / ".whet" / "store.json").is_file()


@pytest.mark.usefixtures("toy")
def test_isolated_atoms_are_labeled_and_marked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHET_TOY_BOUGHT", "")
    from whet_toy.potential import ToyPotential

    predict = ToyPotential.predict

    def open_too(self: Any, frames: Any, properties: Any) -> Iterator[Labels]:
        for frame in frames:
            yield from predict(self, [frame], properties) if len(frame) > 1 else [Labels(0.0, np.zeros((1, 3)))]

    monkeypatch.setattr(ToyPotential, "predict", open_too)
    arguments = ("label", "structures.extxyz", "-l", "toy", "--isolated-atoms", "--first", "2")
    said = whet(*arguments, "--out", "mace.xyz", folder=folder)
    assert re.search(r"(?m)^isolated atom +eV\s*$", said.stdout)
    assert re.search(r"(?m)^Ar +-431\.700000\s*$", said.stdout)
    *_, atom = read_labeled(folder / "mace.xyz")
    assert (len(atom), atom.info["config_type"], atom.info["spin"]) == (1, "IsolatedAtom", 1)
    whet("labels", "export", "toy-hard", "kept.xyz", "--prefix", "REF_", folder=folder)
    (atom,) = [frame for frame in read_all(folder / "kept.xyz") if len(frame) == 1]
    assert atom.info["config_type"] == "IsolatedAtom"
    assert atom.info["REF_energy"] == -431.7
    told = json.loads(whet("labels", "show", "toy-hard", "--json", folder=folder).stdout)
    assert told["isolated_atoms"] == {"Ar": [-431.7]}
    told = json.loads(whet(*arguments, "--json", folder=folder).stdout)
    assert (told["bought"], told["found"], told["isolated_atoms"]) == (0, 3, {"Ar": -431.7})


class Picky(Labeler):
    """Fails where the first atom is right of 0, and leaves a log."""

    name = "picky"

    @property
    def theory(self) -> LevelOfTheory:
        return LevelOfTheory("picky", settings={"mind": 1})

    def label(self, frames, folder) -> Iterator[Labels | Failure]:  # pyright: ignore[reportIncompatibleMethodOverride]
        for frame in frames:
            if frame.positions[0, 0] > 0:
                yield Failure("it does not like this one", f"{folder}/log.txt")
            else:
                yield Labels(-1.0, np.zeros((len(frame), 3)))


@pytest.mark.usefixtures("toy")
def test_frames_that_fail_are_listed_and_the_others_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Registry([*registry().plugins, FoundPlugin("picky", "whet-picky", "1", {"labelers": [Picky]})])
    monkeypatch.setattr("whet.running.frame_labeling.registry", lambda: here)
    failing = [index for index in range(6) if crystal(index).positions[0, 0] > 0]
    assert 0 < len(failing) < 6
    said = whet("label", "structures.extxyz", "-l", "picky", "--out", "a.frames", code=2, folder=folder)
    lines = [line for line in said.stdout.splitlines() if line.startswith("failed: ")]
    scratch = folder / ".whet" / "labeler" / "picky"
    expected = [f"failed: frame {index} (Ar4): it does not like this one; log: {scratch}/log.txt" for index in failing]
    assert lines == expected
    assert len(FrameLog(folder / "a.frames")) == 6 - len(failing)
    told = json.loads(whet("label", "structures.extxyz", "-l", "picky", "--json", code=2, folder=folder).stdout)
    assert [failed["index"] for failed in told["failed"]] == failing
    assert (told["bought"], told["found"], told["out"]) == (0, 6 - len(failing), None)


SLOWLY = """
import sys, time
from whet.cli.main import main
from whet_toy.labeler import ToyLabeler
whole = ToyLabeler.label
def label(self, frames, folder):
    for answer in whole(self, frames, folder):
        time.sleep(0.3)
        yield answer
ToyLabeler.label = label
sys.argv = ["whet", "label", "many.extxyz", "-l", "toy"]
main()
"""


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_labeling_that_is_stopped_goes_on_where_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    computed = bought(monkeypatch, folder)
    export_frames(folder / "many.extxyz", [crystal(index) for index in range(60)])
    process = subprocess.Popen([sys.executable, "-c", SLOWLY], cwd=folder, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(computed.read_text().split()) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    blocked = whet("label", "many.extxyz", "-l", "toy", code=2, folder=folder).stderr
    assert "another process labels with this theory here. Wait for it" in blocked
    process.send_signal(how)
    error = process.communicate()[1]
    if how == signal.SIGINT:
        assert (process.returncode, error.splitlines()[-1]) == (
            130,
            "whet: interrupted; the same command goes on from here",
        )
    landed = sum(count for _, count in LabelStore(folder / ".whet" / "labels.sqlite").counts())
    paid = len(computed.read_text().split())
    assert landed in (paid, paid - 1) and landed < 60  # the one that it was computing
    said = whet("label", "many.extxyz", "-l", "toy", folder=folder).stdout
    assert f"60 of 60 labeled: {60 - landed} computed now, {landed} found" in said


def test_what_is_imported_is_listed_shown_and_exported(folder: Path) -> None:
    said = whet("labels", "import", "old.extxyz", *PBE, "--code", "VASP", "--u", "Ar=4", folder=folder).stdout
    assert max(map(len, said.splitlines()[:-1])) <= 80
    assert re.search(r"(?m)^imported +6 +6 with stress", said)
    assert "labels under energy, forces, stress: 6 frames" in said
    text = whet("labels", "list", folder=folder).stdout
    assert max(map(len, text.splitlines())) <= 80
    name = r"PBE\+U\(Ar 4\) \(VASP\)"
    assert re.search(rf"(?m)^([0-9a-f]{{8}})  {name} +6 +6 +0  Ar\s*$", text)
    text = whet("labels", "show", text.splitlines()[1].split()[0], folder=folder).stdout
    assert max(map(len, text.splitlines())) <= 80
    for line in (r'hubbard_u +\{"Ar": 4.0\}', "number +6, 6 with stress", "energy +-0.2625 to -0.2500 eV per atom"):
        assert re.search(rf"(?m)^{line}\s*$", text), line
    (told,) = json.loads(whet("labels", "list", "--json", folder=folder).stdout)
    forces = [np.linalg.norm(Labels.of(labeled(index)).forces, axis=1).max() for index in range(6)]
    assert told["largest_force"] == pytest.approx(max(forces))
    said = whet("labels", "export", "PBE", "a.extxyz", folder=folder).stdout
    assert re.fullmatch(rf"a\.extxyz: 6 frames of {name}, fingerprint [0-9a-f]{{8}}\n", said)
    again = whet("labels", "import", "a.extxyz", *PBE, "--code", "VASP", "--u", "Ar=4", folder=folder).stdout
    assert re.search(r"(?m)^duplicates +6 +skipped", again)


def test_exports_are_what_other_programs_read(folder: Path) -> None:
    whet("labels", "import", "old.extxyz", *PBE, folder=folder)
    known = {round(Labels.of(labeled(index)).energy, 9): Labels.of(labeled(index)) for index in range(6)}
    whet("labels", "export", "PBE", "mace.xyz", "--prefix", "REF_", folder=folder)
    for atoms in read_all(folder / "mace.xyz"):
        assert atoms.calc is None
        labels = known[round(atoms.info["REF_energy"], 9)]
        np.testing.assert_array_equal(atoms.arrays["REF_forces"], labels.forces)
        np.testing.assert_array_equal(np.reshape(atoms.info["REF_stress"], (3, 3)), labels.stress)
    for name in ("a.extxyz", "a.db", "a.traj", "a.frames"):
        whet("labels", "export", "PBE", name, folder=folder)
        for atoms in read_all(folder / name):
            labels = known[round(atoms.get_potential_energy(), 9)]
            np.testing.assert_array_equal(atoms.get_forces(), labels.forces)
            np.testing.assert_array_equal(atoms.get_stress(voigt=False), labels.stress)
    whet("labels", "export", "PBE", "a.deepmd", "--first", "3", folder=folder)
    assert np.load(folder / "a.deepmd" / "Ar4" / "set.000" / "virial.npy").shape == (3, 9)
    whet("frames", "convert", "old.extxyz", "b.deepmd", folder=folder)
    assert np.load(folder / "b.deepmd" / "Ar4" / "set.000" / "coord.npy").shape == (6, 12)
    for name in ("a.db", "a.traj", "a.frames", "a.deepmd", "a.deepmd/Ar4"):
        told = json.loads(whet("labels", "import", name, "--theory", "PBE", "--json", folder=folder).stdout)
        assert (told["imported"], told["conflicts"], told["refused"]) == (0, [], []), name
        assert len(told["duplicates"]) == (3 if "deepmd" in name else 6)


def test_elements_are_chosen(folder: Path) -> None:
    frames = [Labels(-1.0, np.zeros((3, 3))).attach(molecule("H2O")), Labels(0.0, np.zeros((1, 3))).attach(Atoms("O"))]
    export_frames(folder / "water.traj", frames)
    whet("labels", "import", "water.traj", "old.extxyz", *PBE, folder=folder)
    for symbols, count in (("O", 1), ("O,H", 2), ("Ar", 6)):
        said = whet("labels", "export", "PBE", "a.frames", "--elements", symbols, "--overwrite", folder=folder).stdout
        assert f": {count} frames of" in said
    assert {len(atoms) for atoms in FrameLog(folder / "a.frames")} == {4}


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


def test_a_format_that_drops_the_spin_says_so(folder: Path) -> None:
    ion = molecule("OH")
    ion.info["charge"] = -1
    labeled_frames = [Labels(-1.0, np.zeros((len(frame), 3))).attach(frame) for frame in (ion, isolated_atom("O"))]
    export_frames(folder / "some.frames", labeled_frames)
    whet("labels", "import", "some.frames", "--theory", "PBE", folder=folder)
    said = whet("labels", "export", "PBE", "a.deepmd", folder=folder).stdout
    assert "1 frames of PBE" in said and "1 of them have a charge, spin" in said
    assert "1 isolated atoms are left out: this format has no room for their multiplicity." in said
    assert "no room for all of a label" in whet("labels", "export", "PBE", "a.lammpstrj", folder=folder).stdout
    said = whet("labels", "export", "PBE", "a.extxyz", folder=folder).stdout
    assert "2 frames of PBE" in said and "room" not in said and "spin" not in said


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


def test_a_damaged_label_is_named(folder: Path) -> None:
    whet("labels", "import", "old.extxyz", *PBE, folder=folder)
    with sqlite3.connect(folder / ".whet" / "labels.sqlite") as database:
        (key,) = database.execute("select min(frame) from labels").fetchone()
        database.execute("update labels set content = x'00' where frame = ?", (key,))
    said = whet("labels", "show", "PBE", code=2, folder=folder).stdout
    assert f"label {key}: the label is damaged" in said
    assert "(1 damaged)" in whet("labels", "list", folder=folder).stdout
    told = whet("labels", "export", "PBE", "a.xyz", code=2, folder=folder).stderr
    assert key in told and len(told.splitlines()) == 1
    assert not (folder / "a.xyz").exists()


def imports(*arguments: str) -> tuple[str, ...]:
    return ("labels", "import", *arguments)


REFUSED = [
    (imports("old.extxyz", "--units", "eV,Å"), "old.extxyz: the theory of these labels is not stated. Add --theory"),
    (imports("old.extxyz", "--theory", "PBE"), "old.extxyz: the file does not state its units. Add --units eV,Å"),
    (imports("old.extxyz", "--units", "eV,Å", "--code", "VASP"), "the method of these labels is not stated"),
    (imports("none.xyz", *PBE), "none.xyz: there is no such file"),
    (imports(".", *PBE), "nothing in this folder is known"),
    (imports("old.extxyz", *PBE, "--stress-unit", "GPa"), "says nothing about its sign. Add --stress-sign"),
    (imports("a.traj", "--theory", "PBE", "--stress-unit", "GPa"), "--stress-unit: the units of energy and length are"),
    (
        imports("a.traj", "--theory", "PBE", "--units", "hartree,bohr"),
        "the format (what ASE reads) fixes its units",
    ),
    (imports("old.extxyz", *PBE, "--u", "Xx=4"), "--u: 'Xx=4' is no U of an element. For example --u Fe=4.0"),
    (imports("old.extxyz", *PBE, "--u", "Fe"), "--u: 'Fe' is no U of an element"),
    (imports("old.extxyz", *PBE, "--setting", "x"), "'x' is no KEY=VALUE"),
    (imports("old.extxyz", *PBE, "--set", "x=1"), "--set is an option of a labeler, and none is named"),
    (imports("old.extxyz", *PBE, "--labeler", "toy"), "--labeler: a labeler has its whole theory"),
    (imports("old.extxyz", "--units", "eV,Å", "-l", "toj"), "there is no labeler 'toj'. Did you mean 'toy'?"),
    (imports("old.extxyz", "--units", "eV,Å", "-l", "toy", "--set", "fail=1"), "unknown key"),
    (("labels", "list", "--store", "nowhere"), "nowhere: there is no such store"),
    (("labels", "show", "PBF"), "there are no labels of a theory 'PBF'. Did you mean 'PBE'?"),
    (("labels", "export", "PBE", "a.foo"), "a.foo: the suffix names no format that can be written"),
    (("labels", "export", "PBE", "POSCAR"), "POSCAR: a file of the format vasp holds one frame, and 6 are chosen"),
    (("labels", "export", "PBE", "a.db", "--prefix", "REF_"), "only extended XYZ has names of labels"),
    (("labels", "export", "PBE", "a.xyz", "--elements", "Xx"), "--elements: 'Xx' is no chemical symbol"),
    (("labels", "export", "PBE", "a.xyz", "--first", "7"), "7 frames were asked for, there are 6 of PBE"),
    (("labels", "export", "PBE", "a.xyz", "--elements", "Li"), "PBE has no frames of Li only"),
    (("labels", "export", "PBE", "there.deepmd"), "there.deepmd: the folder exists. Remove it, or give another name"),
    (("label", "none.xyz", "-l", "toy"), "none.xyz: there is no such file"),
    (("label", "structures.extxyz", "-l", "toj"), "there is no labeler 'toj'"),
    (("label", "structures.extxyz", "-l", "toy", "--set", "x=1"), "unknown key"),
    (("label", "structures.extxyz", "-l", "toy", "--first", "7"), "7 frames were asked for, the file has 6"),
    (("label", "structures.extxyz", "-l", "toy", "--out", "structures.extxyz"), "would be written over itself"),
    (("label", "structures.extxyz", "-l", "toy", "--out", "a.foo"), "a.foo: the suffix names no format"),
    (("label", "structures.extxyz", "-l", "toy", "--store", "old.extxyz"), "cannot be written"),
]


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize(("arguments", "what"), REFUSED, ids=[what[:40] for _, what in REFUSED])
def test_faults_are_one_line_and_exit_code_2(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], what: str
) -> None:
    computed = bought(monkeypatch, folder)
    export_frames(folder / "a.traj", [labeled(0)])
    (folder / "there.deepmd").mkdir()
    whet("labels", "import", "old.extxyz", *PBE, folder=folder)
    before = {path: path.stat().st_size for path in sorted(folder.rglob("*"))}
    ended = whet(*arguments, code=2, folder=folder)
    assert what in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert {path: path.stat().st_size for path in sorted(folder.rglob("*"))} == before
    assert computed.read_text() == ""


def test_a_store_without_labels_is_no_error(folder: Path) -> None:
    (folder / ".whet").mkdir()
    assert whet("labels", "list", folder=folder).stdout == "There are no labels in .whet.\n"
    assert json.loads(whet("labels", "list", "--json", folder=folder).stdout) == []


def test_real_labels_go_through_every_format_and_come_back(reference_data: Path, tmp_path: Path) -> None:
    """1001 frames of DP-GEN data, of which some have no stress; and MPtrj, whose frames state their units."""
    source = reference_data / "lgps" / "train-50.extxyz"
    told = json.loads(whet("labels", "import", source, *PBE, "--json", folder=tmp_path).stdout)
    assert (told["read"], told["imported"], told["with_stress"]) == (1001, 1001, 808)
    assert [finding["kind"] for finding in told["suspicious"]] == ["missing-stress"]
    assert not any(told[kind] for kind in ("duplicates", "conflicts", "refused"))
    for name, units in (("a.extxyz", ("--units", "eV,Å")), ("a.deepmd", ())):
        whet("labels", "export", "PBE", name, folder=tmp_path)
        told = json.loads(whet("labels", "import", name, "--theory", "PBE", *units, "--json", folder=tmp_path).stdout)
        assert (told["imported"], len(told["duplicates"]), told["conflicts"]) == (0, 1001, [])
    systems = sorted((tmp_path / "a.deepmd").iterdir())
    assert [(system / "set.000" / "virial.npy").is_file() for system in systems].count(True) == 1
    energies = sorted(Labels.of(frame).energy for frame in read_labeled(source))
    exported = [np.load(system / "set.000" / "energy.npy") for system in systems]
    np.testing.assert_array_equal(np.sort(np.concatenate(exported)), energies)
    source = reference_data / "mptrj" / "mptrj-random-1k.extxyz"
    told = json.loads(whet("labels", "import", source, "--theory", "PBE+U", "--json", folder=tmp_path).stdout)
    assert (told["imported"], [finding["kind"] for finding in told["suspicious"]]) == (1000, ["large-forces"])
    said = whet("labels", "import", source, "--theory", "PBE+U", "--units", "hartree,bohr", code=2, folder=tmp_path)
    assert "the file states the units eV, Å, not hartree, bohr" in said.stderr


@pytest.mark.skipif("vasp" not in registry().names("labelers"), reason="whet-vasp is not installed")
def test_folders_of_calculations_state_their_theory(reference_data: Path, tmp_path: Path) -> None:
    said = whet("labels", "import", reference_data / "vasp", "--json", code=2, folder=tmp_path)
    told = json.loads(said.stdout)
    methods = {one["theory"]["method"]: one["imported"] for one in told["theories"].values()}
    assert methods["r2SCAN"] >= 1 and methods["PBE"] >= 1
    assert told["refused"] and all("vasprun.xml" in refused["place"] for refused in told["refused"])
    wrong = whet("labels", "import", reference_data / "vasp", "--theory", "HSE", "--json", code=2, folder=tmp_path)
    assert json.loads(wrong.stdout)["imported"] == 0


@pytest.mark.skipif("tblite" not in registry().names("labelers"), reason="whet-tblite is not installed")
def test_the_page_says_what_works(tmp_path: Path) -> None:
    """Its commands run one after the other, in a folder with structures of water and with labels of argon."""
    water = []
    for index in range(6):
        atoms = molecule("H2O")
        atoms.positions += np.random.default_rng(index).normal(scale=0.03, size=(3, 3))
        water.append(atoms)
    export_frames(tmp_path / "water.extxyz", water)
    export_frames(tmp_path / "old.extxyz", [labeled(index) for index in range(6)])
    text = PAGE.read_text()
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 10
    said = {}
    for command in commands:
        name, *arguments = shlex.split(command)
        assert name == "whet"
        said[command] = whet(*arguments, folder=tmp_path).stdout
    first = said[commands[0]]
    assert "8 of 8 labeled: 8 computed now, 0 found" in first
    assert re.search(r"(?m)^O +-\d+\.\d{6}\s*$", first)
    for command in commands[:3]:
        assert max(map(len, said[command].splitlines())) <= 80
    assert re.search(r"(?m)^duplicates +6 +skipped", said[commands[-1]])
    (script,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("0 6 []\n") and "GFN2-xTB (tblite) 8" in ran.stdout
    frames = read_all(tmp_path / "mace.extxyz")
    assert sum(frame.info.get("config_type") == "IsolatedAtom" for frame in frames) == 2
    assert (tmp_path / "water.deepmd" / "H2O" / "set.000").is_dir()
