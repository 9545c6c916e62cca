"""Extended XYZ that is damaged: each damaged frame is named by its line, and no other frame is lost."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from whet import Failure, InputError, Labels, export_frames
from whet.files.extxyz_stream import ExtendedXyz
from whet.plugins.frame_files import find_sources

HEAD = 'Lattice="9 0 0 0 9 0 0 0 9" Properties=species:S:1:pos:R:3:forces:R:3 energy={index}.5 pbc="T T T"'


def block(index: int, atoms: int = 3) -> list[str]:
    """The lines of a frame whose energy and positions say which it is."""
    rows = [f"Ar {index}.25 {row}.5 0.0 0.1 0.2 {row}.0" for row in range(atoms)]
    return [str(atoms), HEAD.format(index=index), *rows]


def read(path: Path) -> tuple[list[float], list[str]]:
    """Energies of the good frames, and what is said about the others."""
    good, bad = [], []
    for record in find_sources(path)[0].records():
        if isinstance(record.answer, Labels):
            good.append(record.answer.energy)
            assert record.frame is not None
            np.testing.assert_array_equal(record.frame.positions[:, 0], record.answer.energy - 0.25)
        else:
            bad.append(f"{record.place}: {record.answer.reason}")
    return good, bad


def damaged(kind: str, lines: list[str]) -> list[str]:
    """The lines of a frame after an accident."""
    match kind:
        case "a lost line":
            return lines[:-1]
        case "a lost header":
            return lines[1:]
        case "a lost comment":
            return [lines[0], *lines[2:]]
        case "too small a number":
            return [str(len(lines) - 3), *lines[1:]]
        case "too large a number":
            return ["1000000000000", *lines[1:]]
        case "a number that is none":
            return ["x" + lines[0], *lines[1:]]
        case "half a line":
            return [*lines[:-1], lines[-1][:9]]
        case "a number torn in two":
            return [*lines[:-1], lines[-1].replace("0.2", "0 .2")]
        case "letters in a number":
            return [*lines[:-1], lines[-1].replace("0.2", "0x2")]
        case "not a number":
            return [*lines[:-1], lines[-1].replace("0.2", "nan")]
        case "an element that is none":
            return [*lines[:-1], lines[-1].replace("Ar", "Qq")]
        case "zero bytes":
            return [*lines[:2], "\0" * 40, *lines[3:]]
        case "a torn comment":
            return [lines[0], lines[1][:30], *lines[2:]]
        case "an empty line":
            return [*lines[:2], "", *lines[2:]]
    raise AssertionError(kind)


KINDS = (
    "a lost line",
    "a lost header",
    "a lost comment",
    "too small a number",
    "too large a number",
    "a number that is none",
    "half a line",
    "a number torn in two",
    "letters in a number",
    "not a number",
    "an element that is none",
    "zero bytes",
    "a torn comment",
    "an empty line",
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_frame_is_named_and_costs_no_other(tmp_path: Path, kind: str) -> None:
    blocks = [block(index) for index in range(5)]
    blocks[2] = damaged(kind, blocks[2])
    path = tmp_path / "a.extxyz"
    path.write_text("\n".join(line for lines in blocks for line in lines) + "\n")
    good, bad = read(path)
    if kind == "a lost header":  # it cannot be told from a frame that goes on, so the one before is not trusted
        assert good == [0.5, 3.5, 4.5] or good == [0.5, 1.5, 3.5, 4.5]
    else:
        assert good == [0.5, 1.5, 3.5, 4.5]
    assert bad and all(f"{path}, line " in line for line in bad)
    assert all("\n" not in line for line in bad)
    if kind not in ("a lost header", "an empty line"):
        assert bad[0].startswith(f"{path}, line 11 (frame 2): "), bad


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from((None, *KINDS))), min_size=1, max_size=8), st.booleans())
def test_good_frames_between_damaged_ones_are_all_found(
    tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[int, str | None]], ends: bool
) -> None:
    """A frame may be refused with its neighbor where the border between them is lost; none is ever made up."""
    lines: list[str] = []
    sure: set[float] = set()
    for index, (atoms, kind) in enumerate(frames):
        lines += damaged(kind, block(index, atoms)) if kind else block(index, atoms)
        follower = frames[index + 1][1] if index + 1 < len(frames) else None
        before = frames[index - 1][1] if index else None
        if kind is None and follower is None and before is None:
            sure.add(index + 0.5)
    path = tmp_path_factory.mktemp("x") / "a.xyz"
    path.write_text("\n".join(lines) + ("\n" if ends else ""))
    good, bad = read(path)
    assert sure <= set(good)
    assert len(set(good)) == len(good)
    whole = {index + 0.5 for index, (_, kind) in enumerate(frames) if kind is None}
    assert set(good) <= whole, "a damaged frame was taken for a good one"
    assert len(good) == len(frames) or bad


def test_bytes_at_random_raise_nothing_but_faults(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    text = bytearray("\n".join(line for index in range(8) for line in block(index)).encode())
    for trial in range(150):
        content = bytearray(text)
        for place in random.integers(len(content), size=1 + trial % 5):
            content[place] = random.integers(256)
        path = tmp_path / "a.xyz"
        path.write_bytes(content)
        good = [one for one in ExtendedXyz().read(path) if isinstance(one.atoms, Atoms)]
        assert len(good) >= 8 - 2 * (1 + trial % 5)


def test_a_compressed_file_is_read_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    frames = [Labels(float(index), np.zeros((1, 3))).attach(Atoms("Ar")) for index in range(300)]
    export_frames(tmp_path / "a.extxyz.gz", frames)
    assert sum(isinstance(one.atoms, Atoms) for one in ExtendedXyz().read(tmp_path / "a.extxyz.gz")) == 300
    content = (tmp_path / "a.extxyz.gz").read_bytes()
    (tmp_path / "b.extxyz.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"b\.extxyz\.gz"):
        list(ExtendedXyz().read(tmp_path / "b.extxyz.gz"))
    (tmp_path / "c.extxyz.gz").write_bytes(gzip.compress(b""))
    (record,) = find_sources(tmp_path / "c.extxyz.gz")[0].records()
    assert record.answer == Failure("there is no frame in it (extended XYZ)")


def test_no_more_than_a_frame_is_in_memory(tmp_path: Path) -> None:
    import tracemalloc

    peaks = []
    for count in (200, 2000):
        path = tmp_path / f"{count}.xyz"
        with path.open("w") as file:
            for index in range(count):
                file.write("\n".join(block(index, 20)) + "\n")
        next(ExtendedXyz().read(path))
        tracemalloc.start()
        for _ in ExtendedXyz().read(path):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]
