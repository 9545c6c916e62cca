"""Files of frames as one of ASE's own formats."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import FrameError, FrameLog, Labels, read_frames, read_labeled, write_frames
from whet.data.packed import pack


def frame(seed: int) -> Atoms:
    random = np.random.default_rng(seed)
    atoms = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
    atoms.set_momenta(random.normal(size=(8, 3)))
    return Labels(random.normal(), random.normal(size=(8, 3))).attach(atoms)


def test_ase_reads_appends_and_writes_files_of_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.frames"
    ase.io.write(path, [frame(seed) for seed in range(3)])
    ase.io.write(path, frame(3), append=True)
    with path.open("ab") as file:
        file.write(b"FRME and so on")
    assert len(read_frames_of_ase(path, ":")) == 4
    assert [pack(one) for one in read_frames_of_ase(path, "1::2")] == [pack(frame(1)), pack(frame(3))]
    last = ase.io.read(path)
    assert isinstance(last, Atoms) and pack(last) == pack(frame(3))
    renamed = path.rename(tmp_path / "renamed")
    assert len(read_frames_of_ase(renamed, "-2:")) == 2
    with pytest.raises(FrameError, match="renamed, frame 4: the file ends in the middle of the frame"):
        read_labeled(renamed)  # what it is shows its content, not its name
    ase.io.write(path, frame(5))
    assert [pack(one) for one in read_frames(path)] == [pack(frame(5))]


def read_frames_of_ase(path: Path, index: str) -> list[Atoms]:
    found = ase.io.read(path, index=index)
    assert isinstance(found, list)
    return found


def test_ase_reads_no_more_than_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_frames(tmp_path / "a.frames", [frame(seed) for seed in range(5)])
    read: list[int] = []
    real = FrameLog.__getitem__

    def spied(log: FrameLog, index: int) -> Atoms:
        read.append(index)
        return real(log, index)

    monkeypatch.setattr(FrameLog, "__getitem__", spied)
    images = ase.io.iread(tmp_path / "a.frames", index=":")
    next(images)
    assert read == [0]


def test_ase_imports_little_for_the_format() -> None:
    code = "import sys, ase.io.formats; print([name for name in sys.modules if name.partition('.')[0] == 'whet'])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "['whet', 'whet.data.units', 'whet.data', 'whet.data.ase_format']"
    assert not ended.stderr
