"""whet frames, as a user meets it; and what the page about it tells them to type."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from in_process import whet
from whet import FrameLog, Labels, read_structures, write_frames
from whet.data.packed import pack

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "trajectories.md"


def program(*arguments: str | Path) -> str:
    """What the program says in a process of its own."""
    command = [sys.executable, "-m", "whet", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def frame(index: int) -> Atoms:
    random = np.random.default_rng(index)
    atoms = bulk("Ar", "fcc", a=5.0 + index / 100, cubic=True)
    atoms.set_momenta(random.normal(size=(4, 3)))
    return Labels(-0.4 * index, np.full((4, 3), float(index)), np.eye(3)).attach(atoms)


@pytest.fixture
def trajectory(tmp_path: Path) -> Path:
    path = tmp_path / "trajectory.frames"
    write_frames(path, [frame(index) for index in range(120)])
    return path


def test_a_file_is_shown(trajectory: Path) -> None:
    text = whet("frames", "show", trajectory).stdout
    assert max(map(len, text.splitlines()[1:])) <= 80
    shown = {line[:20].strip(): line[20:].split() for line in text.splitlines()[1:]}
    assert shown["energy, eV per atom"] == ["-11.9000", "-5.9500", "0.0000"]
    volumes = (5 + np.arange(120) / 100) ** 3
    assert shown["volume, Å³"] == [f"{volume:.1f}" for volume in (125.0, volumes.mean(), volumes[-1])]
    for line in (
        r"frames +120",
        r"formula +Ar4",
        r"elements +Ar",
        r"periodic +x y z",
        r"labels +energy, forces, stress",
    ):
        assert re.search(rf"(?m)^{line}\s*$", text), line
    assert "The largest force is in frame 119; the first frame is 0." in text
    assert "middle of a frame" not in text


def test_numbers_shown_are_those_of_ase(trajectory: Path) -> None:
    found = json.loads(whet("frames", "show", trajectory, "--json").stdout)
    assert (found["frames"], found["torn"], found["labels"]["stress"]) == (120, False, 120)
    frames = [frame(index) for index in range(120)]
    degrees = 3 * 4 - 3  # the center of mass is at rest
    temperatures = [float(atoms.get_temperature()) * 12 / degrees for atoms in frames]
    ranges = found["ranges"]
    assert ranges["temperature"]["most"] == pytest.approx(max(temperatures))
    assert ranges["temperature"]["mean"] == pytest.approx(np.mean(temperatures))
    assert ranges["temperature"]["frame_of_most"] == np.argmax(temperatures)
    assert ranges["largest_force"]["most"] == pytest.approx(119 * 3**0.5)
    assert ranges["density"]["most"] == pytest.approx(4 * 39.948 * 1.66053907 / 125, rel=1e-6)
    assert ranges["volume"]["unit"] == "Å³"


def test_frames_of_every_kind_are_shown(tmp_path: Path) -> None:
    slab = Atoms("HO", positions=np.eye(2, 3), cell=[3, 4, 0], pbc=(True, True, False))
    broken = frame(0)
    broken.positions[0, 0] = np.nan
    single = Atoms("He", info={"made by": "hand"})
    single.set_momenta([[1.0, 0, 0]])
    flat = Atoms("He", cell=[[1, 0, 0], [0, 1, 0], [1, 1, 0]], pbc=True)
    empty = Labels(0.0, np.zeros((0, 3))).attach(Atoms(momenta=np.zeros((0, 3))))
    write_frames(tmp_path / "a.frames", [slab, broken, single, flat, empty])
    found = json.loads(whet("frames", "show", tmp_path / "a.frames", "--json").stdout)
    assert found["not_finite"] == [1]
    assert found["periodic"] == {"x y": 1, "x y z": 2, "in no direction": 2}
    assert found["besides"] == {"momenta": 3, "made by": 1}
    assert found["formulas"] == {"HO": 1, "Ar4": 1, "He": 2, "": 1}
    text = whet("frames", "show", tmp_path / "a.frames").stdout
    told = whet("frames", "convert", tmp_path / "a.frames", tmp_path / "a.xyz", code=2).stderr
    assert told == "whet: frame 4: the frame has no atoms\n"
    assert "Numbers that are not finite: in 1 of the frames, first in frame 1." in text
    write_frames(tmp_path / "none.frames", [])
    ended = whet("frames", "show", tmp_path / "none.frames", code=2)
    assert f"{tmp_path}/none.frames: the file is empty" in ended.stderr


def test_a_torn_end_is_told_and_is_no_error(trajectory: Path, tmp_path: Path) -> None:
    trajectory.write_bytes(trajectory.read_bytes()[:-5])
    text = whet("frames", "show", trajectory).stdout
    assert re.search(r"(?m)^frames +119\s*$", text)
    assert "ends in the middle of a frame, which does not count" in text
    whet("frames", "convert", trajectory, tmp_path / "a.extxyz")
    assert len(ase.io.read(tmp_path / "a.extxyz", index=":")) == 119


def test_a_file_that_grows_is_shown_and_converted(tmp_path: Path) -> None:
    log, done = FrameLog(tmp_path / "a.frames"), threading.Event()
    log.append(frame(0))

    def simulate() -> None:
        index = 1
        while not done.is_set():
            log.append(frame(index))
            index += 1
            done.wait(0.001)

    writer = threading.Thread(target=simulate)
    writer.start()
    try:
        found = json.loads(program("frames", "show", log.path, "--json"))
        program("frames", "convert", log.path, tmp_path / "b.frames")
    finally:
        done.set()
        writer.join()
    assert 1 < found["frames"] < len(FrameLog(tmp_path / "b.frames")) < len(log)
    assert [pack(one) for one in FrameLog(tmp_path / "b.frames")] == [
        pack(frame(index)) for index in range(len(FrameLog(tmp_path / "b.frames")))
    ]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), range(120)),
        (("--every", "50"), (0, 50, 100)),
        (("--first", "3"), (0, 1, 2)),
        (("--last", "2"), (118, 119)),
        (("--first", "7", "--last", "1"), (6,)),
        (("--first", "100", "--last", "9", "--every", "4"), (91, 95, 99)),
    ],
)
def test_frames_are_chosen(trajectory: Path, tmp_path: Path, options: tuple[str, ...], wanted: range) -> None:
    out = tmp_path / "out.frames"
    told = whet("frames", "convert", trajectory, out, *options).stdout
    assert told == f"{out}: {len(wanted)} of 120 frames of {trajectory}\n"
    assert [pack(one) for one in FrameLog(out)] == [pack(frame(index)) for index in wanted]


def test_what_ase_reads_is_shown_and_converted(trajectory: Path, tmp_path: Path) -> None:
    whet("frames", "convert", trajectory, tmp_path / "a.traj", "--first", "4")
    whet("frames", "convert", tmp_path / "a.traj", tmp_path / "b.extxyz")
    assert "eV per atom" in whet("frames", "show", tmp_path / "b.extxyz").stdout
    whet("frames", "convert", tmp_path / "b.extxyz", tmp_path / "c.frames")
    for index, atoms in enumerate(FrameLog(tmp_path / "c.frames")):
        assert atoms.positions.tobytes() == frame(index).positions.tobytes()
        assert Labels.of(atoms).energy == Labels.of(frame(index)).energy


def test_frames_of_a_store_can_be_measured_on(toy: None, trajectory: Path) -> None:
    (score,) = json.loads(program("evaluate", trajectory, "-p", "toy", "--first", "3", "--json"))
    assert score["frames"] == 3


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("show", "none.frames"), "none.frames: there is no such file"),
        (("show", "nothing"), "nothing: nothing in this folder is known. Looked for "),
        (("show", "foreign.frames"), "foreign.frames: this is not a file of frames that Whet wrote"),
        (("show", "damaged.frames"), "damaged.frames, frame 1: the frame is damaged. Restore the file from a copy"),
        (("show", "text.txt"), "text.txt: its format is not known. Known are extended XYZ, "),
        (("convert", "damaged.frames", "a.xyz"), "damaged.frames, frame 1: the frame is damaged"),
        (("convert", "none.frames", "a.xyz"), "none.frames: there is no such file"),
        (("convert", "trajectory.frames", "a.foo"), "a.foo: the suffix names no format that can be written. Known: "),
        (("convert", "trajectory.frames", "POSCAR"), "POSCAR: a file of the format vasp holds one frame, and 120"),
        (("convert", "trajectory.frames", "trajectory.frames"), "the file would be written over itself"),
        (("convert", "trajectory.frames", "a.xyz", "--first", "121"), "121 frames were asked for, the file has 120"),
        (("convert", "trajectory.frames", "a.xyz", "--last", "121"), "121 frames were asked for, the file has 120"),
        (("convert", "trajectory.frames", "text.txt/a.xyz"), "cannot be written"),
        (("convert", "empty.frames", "a.xyz"), "empty.frames: the file is empty"),
    ],
)
def test_faults_are_one_line_and_exit_code_2(trajectory: Path, arguments: tuple[str, ...], what: str) -> None:
    folder = trajectory.parent
    content = bytearray(trajectory.read_bytes())
    content[len(pack(frame(0))) + 200] ^= 1
    (folder / "damaged.frames").write_bytes(content)
    (folder / "foreign.frames").write_text("Lattice and more than sixteen bytes")
    (folder / "text.txt").write_text("nothing that anyone reads")
    (folder / "empty.frames").write_bytes(b"")
    (folder / "nothing").mkdir()
    before = sorted(folder.iterdir())
    ended = whet("frames", *arguments, code=2, folder=folder)
    assert what in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert sorted(folder.iterdir()) == before


def test_the_page_says_what_works(trajectory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands run, in a folder with a trajectory; so does its Python."""
    text = PAGE.read_text()
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 5
    for command in commands:
        name, *arguments = command.split()
        assert name == "whet"
        whet(*arguments, folder=trajectory.parent)
    assert {path.name for path in trajectory.parent.iterdir()} == {
        "trajectory.frames",
        "trajectory.extxyz",
        "trajectory.traj",
        "trajectory.lammpstrj",
        "end.data",
    }
    (python,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(trajectory.parent)
    found: dict[str, object] = {}
    exec(compile(python, str(PAGE), "exec"), found)
    assert isinstance(found["log"], FrameLog) and len(found["log"]) == 120


@pytest.fixture
def crystal(tmp_path: Path) -> Path:
    ase.io.write(tmp_path / "argon.extxyz", bulk("Ar", "fcc", a=5.3, cubic=True))
    return tmp_path


def test_frames_are_made_and_made_again_alike(crystal: Path) -> None:
    words = ("make", "rattled", "r.extxyz", "--count", "3", "--set", "file=argon.extxyz", "--set", "displacement=0.2")
    assert whet("frames", *words, folder=crystal).stdout == "r.extxyz: 3 frames of rattled\n"
    whet("frames", *words, folder=crystal)  # the same content may be written again
    assert [atoms.info["sampled_by"] for atoms in read_structures(crystal / "r.extxyz")] == ["rattle"] * 3
    refused = whet("frames", *words, "--seed", "2", code=2, folder=crystal).stderr
    assert "there is another file of this name" in refused
    scan = ("make", "volume-scan", "s.frames", "--set", "file=argon.extxyz", "--set", "volumes=[0.9, 1.1]")
    assert whet("frames", *scan, folder=crystal).stdout == "s.frames: 2 frames of volume-scan\n"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (
            ("rattled", "a.extxyz", "--set", "file=argon.extxyz"),
            "rattled makes as many structures as are wanted. Say how many: --count 12 (in Python count=12)",
        ),
        (
            ("dimers", "a.extxyz", "--set", "elements=[Ar]", "--count", "26"),
            "26 structures were asked for, dimers has 25",
        ),
        (("ratled", "a.extxyz"), "there is no structure source 'ratled'. Did you mean 'rattled'?"),
        (
            ("dimers", "a.foo", "--set", "elements=[Ar]"),
            "a.foo: the suffix names no format that can be written. Known: ",
        ),
        (
            ("rattled", "a.extxyz", "--set", "file=none.cif", "--count", "1"),
            "none.cif: there is no such file",
        ),
        (
            ("rattled", "a.extxyz", "--set", "file=argon.extxyz", "--set", "stain=0.1", "--count", "1"),
            "options of structure source 'rattled': stain: unknown key; did you mean 'strain'?",
        ),
    ],
)
def test_what_cannot_be_made_is_one_line(crystal: Path, arguments: tuple[str, ...], what: str) -> None:
    said = whet("frames", "make", *arguments, code=2, folder=crystal).stderr
    assert what in said and len(said.splitlines()) == 1
    assert [path.name for path in crystal.iterdir()] == ["argon.extxyz"]
