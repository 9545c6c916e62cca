"""whet label: each frame is computed once, failures are told, and what was stopped goes on."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from in_process import whet
from labeled_argon import bought, crystal, read_all
from whet import Failure, FrameLog, Labeler, Labels, LevelOfTheory, export_frames, read_labeled
from whet.labels.label_store import LabelStore
from whet.plugins.discovery import FoundPlugin
from whet.plugins.registry import Registry, registry


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
