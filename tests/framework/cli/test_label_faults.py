"""Faults of whet label and whet labels: one line, exit code 2, and nothing written."""

from __future__ import annotations

from pathlib import Path

import pytest

from in_process import whet
from labeled_argon import PBE, bought, labeled
from whet import export_frames


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
