"""Formats: what a stranger's plugin offers is read and written by every command, and what is lacking is named."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from in_process import whet
from whet import (
    FrameError,
    InputError,
    Labels,
    MissingPackage,
    export_frames,
    read_labeled,
    read_structures,
    write_frames,
)
from whet.plugins.discovery import FoundPlugin
from whet.plugins.formats import SEPARATE, formats
from whet.plugins.registry import Registry, registry

ROOT = Path(__file__).parents[3]

PLUGIN = '''
from whet import FrameError, FrameFormat, Labels, ReadFrame, hookimpl

whet_api = 1


class Lines(FrameFormat):
    """A line a frame: energy, and of each atom symbol, position and force."""

    name = "lines"
    outputs = ("*.lines",)
    suffixes = (".lines",)
    fixes_keys = True
    compresses = True
    packages = {packages}

    def recognizes(self, path, head):
        return head.startswith(b"lines ")

    def read(self, path):
        from ase import Atoms

        for number, line in enumerate(path.read_text().splitlines()):
            try:
                _, energy, *words = line.split()
                rows = [list(map(float, words[place + 1 : place + 7])) for place in range(0, len(words), 7)]
                atoms = Atoms(words[::7], [row[:3] for row in rows])
                labels = Labels(float(energy), [row[3:] for row in rows])
                yield ReadFrame(f"{{path}}, line {{number + 1}}", labels.checked(len(atoms)).attach(atoms))
            except ValueError as error:
                yield ReadFrame(f"{{path}}, line {{number + 1}}", FrameError(str(error)))

    def keeps(self, path):
        return {{"labels"}}

    def write(self, path, frames, indices):
        self.write_texts(path, frames, indices, self.text)

    def text(self, frame, index):
        labels = Labels.of(frame)
        rows = zip(frame.symbols, frame.positions.tolist(), labels.forces.tolist())
        words = [f"{{symbol}} {{' '.join(map(repr, [*where, *force]))}}" for symbol, where, force in rows]
        return f"lines {{labels.energy!r}} {{' '.join(words)}}\\n"


@hookimpl
def formats():
    return [Lines]
'''


def install(folder: Path, name: str, source: str) -> None:
    """A distribution with an entry point, as pip would leave it."""
    (folder / f"stranger_{name}.py").write_text(source)
    info = folder / f"stranger_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: stranger-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[whet]\n{name} = stranger_{name}\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where plugins are installed by `install`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.cache_clear()
    yield tmp_path
    registry.cache_clear()
    for name in [name for name in sys.modules if name.startswith("stranger_")]:
        del sys.modules[name]


def labeled(index: int) -> Atoms:
    random = np.random.default_rng(index)
    atoms = Atoms("OH2", random.normal(size=(3, 3)) * 3)
    return Labels(random.normal(), random.normal(size=(3, 3))).attach(atoms)


def test_a_strangers_format_is_read_and_written_by_every_command(folder: Path) -> None:
    install(folder, "lines", PLUGIN.format(packages="{}"))
    write_frames(folder / "a.frames", [labeled(index) for index in range(3)])
    assert "lines" in whet("plugins", folder=folder).stdout
    assert "2 of 3 frames" in whet("frames", "convert", "a.frames", "b.lines", "--last", "2", folder=folder).stdout
    back = read_labeled(folder / "b.lines")
    for index, frame in enumerate(back, 1):
        wanted, found = Labels.of(labeled(index)), Labels.of(frame)
        assert found.energy == wanted.energy and found.forces.tobytes() == wanted.forces.tobytes()
        assert frame.positions.tobytes() == labeled(index).positions.tobytes()
    (folder / "b.lines").rename(folder / "renamed.txt")
    whet("frames", "convert", "renamed.txt", "c.extxyz", folder=folder)
    assert len(read_structures(folder / "c.extxyz")) == 2
    whet("labels", "import", "renamed.txt", "--theory", "PBE", "--store", "s", folder=folder)
    assert "no room" not in whet("labels", "export", "PBE", "out.lines", "--store", "s", folder=folder).stdout
    (folder / "tree" / "deep").mkdir(parents=True)
    (folder / "out.lines").rename(folder / "tree" / "deep" / "x.lines")
    assert len(read_labeled(folder / "tree")) == 2
    with (folder / "tree" / "deep" / "x.lines").open("a") as file:
        file.write("lines 1.0 O 1 2\n")
    with pytest.raises(FrameError, match=r"x\.lines, line 3: "):
        read_labeled(folder / "tree")


def test_a_fault_in_a_strangers_writer_leaves_what_was_there(folder: Path) -> None:
    install(folder, "lines", PLUGIN.format(packages="{}"))
    (folder / "b.lines").write_text("precious")
    with pytest.raises(FrameError, match="frame 1: the frame carries no energy"):
        export_frames(folder / "b.lines", [labeled(0), Atoms("O")], overwrite=True)
    assert (folder / "b.lines").read_text() == "precious"
    with pytest.raises(InputError, match="there is another file of this name"):
        export_frames(folder / "b.lines", [labeled(0)])


def test_a_format_that_lacks_its_package_says_what_to_install(folder: Path) -> None:
    install(folder, "lines", PLUGIN.format(packages="{'no_such_module': 'nosuch>=2'}"))
    (folder / "a.lines").write_text("lines 1.0 O 0 0 0 0 0 0\n")
    for work in (lambda: read_labeled(folder / "a.lines"), lambda: export_frames(folder / "b.lines", [labeled(0)])):
        with pytest.raises(MissingPackage, match=r"format 'lines' needs 'nosuch>=2'. pip install 'nosuch>=2'"):
            work()


def test_two_formats_for_one_file_are_an_error(folder: Path) -> None:
    install(folder, "lines", PLUGIN.format(packages="{}"))
    install(folder, "rows", PLUGIN.format(packages="{}").replace('name = "lines"', 'name = "rows"'))
    (folder / "a.lines").write_text("lines 1.0 O 0 0 0 0 0 0\n")
    with pytest.raises(InputError, match="two formats take the file for theirs: lines and rows"):
        read_labeled(folder / "a.lines")
    with pytest.raises(InputError, match="two formats take the file for theirs: lines and rows"):
        export_frames(folder / "b.lines", [labeled(0)])


def without(monkeypatch: pytest.MonkeyPatch, *distributions: str) -> None:
    """As if these were not installed."""
    here: list[FoundPlugin] = [plugin for plugin in registry().plugins if plugin.distribution not in distributions]
    monkeypatch.setattr("whet.plugins.formats.registry", lambda: Registry(here))


def test_without_their_plugin_files_are_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "a.npz", R=np.zeros((1, 1, 3)), z=[1], E=[0.0], F=np.zeros((1, 1, 3)))
    for name in ("a.dump", "a.data"):
        export_frames(tmp_path / name, [labeled(0)])
    shutil.copy(tmp_path / "a.data", tmp_path / "b.txt")
    without(monkeypatch, "whet-exchange", "whet-dpdata")
    for name in ("a.npz", "a.dump", "a.data", "b.txt"):
        with pytest.raises(FrameError, match=r"it is read by the plugin whet-exchange\. pip install whet-exchange"):
            read_structures(tmp_path / name)
    (tmp_path / "a.out").write_text("   *  WELCOME TO SIESTA  *\n")
    with pytest.raises(FrameError, match=r"pip install whet-dpdata"):
        read_structures(tmp_path / "a.out")


def test_a_dump_by_any_name_is_not_taken_for_what_ase_makes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_frames(tmp_path / "a.dump", [labeled(0)])
    (tmp_path / "a.dump").rename(tmp_path / "other")
    assert len(read_structures(tmp_path / "other")) == 1
    without(monkeypatch, "whet-exchange")
    with pytest.raises(FrameError, match="pip install whet-exchange"):
        read_structures(tmp_path / "other")


def test_folders_and_exports_without_their_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_frames(tmp_path / "a.deepmd", [labeled(0)])
    without(monkeypatch, "whet-exchange")
    with pytest.raises(InputError, match=r"a\.deepmd: what is in it is read by the plugin whet-exchange\. pip install"):
        read_labeled(tmp_path / "a.deepmd")
    for name in ("b.deepmd", "b.lammpstrj", "b.dump.gz", "b.data"):
        with pytest.raises(InputError, match=r"written by the plugin whet-exchange\. pip install whet-exchange"):
            export_frames(tmp_path / name, [labeled(0)])


def test_the_plugins_that_are_named_are_there() -> None:
    for one in SEPARATE:
        assert (ROOT / "plugins" / one.plugin.removeprefix("whet-") / "pyproject.toml").is_file()


def test_the_core_has_its_own_formats_by_the_hook() -> None:
    assert [one.name for one in formats() if type(one).__module__.startswith("whet.")] == [
        "frames of Whet",
        "extended XYZ",
        "what ASE reads",
    ]
