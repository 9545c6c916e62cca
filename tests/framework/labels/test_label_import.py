"""Labels that somebody has, put in the label store: every good one, once, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from whet import Failure, InputError, Labeler, Labels, LevelOfTheory, Recorded, export_frames, frame_key
from whet.files.extended_xyz import extended_xyz
from whet.labels.label_export import Exported, export_labels
from whet.labels.label_import import ImportReport, import_labels
from whet.labels.label_store import LabelStore
from whet.labels.theory_statement import TheoryStatement
from whet.plugins.discovery import FoundPlugin
from whet.plugins.frame_files import find_sources
from whet.plugins.registry import Registry

PBE = LevelOfTheory("PBE", code="test")
SAID = TheoryStatement("PBE", code="test")


def frame(index: int, atoms: int = 4) -> Atoms:
    random = np.random.default_rng(index)
    made = bulk("Ar", "fcc", a=5.3, cubic=True).repeat((atoms // 4, 1, 1))
    made.positions += random.normal(scale=0.2, size=made.positions.shape)
    return made


def labels(index: int, atoms: int = 4) -> Labels:
    random = np.random.default_rng(index)
    return Labels(-0.1 * atoms + random.normal() / 1000, random.normal(size=(atoms, 3)), np.eye(3) * 1e-3)


def records(indices: Iterable[int], atoms: int = 4, theory: LevelOfTheory | None = None) -> Iterator[Recorded]:
    return (Recorded(f"frame {index}", frame(index, atoms), labels(index, atoms), theory) for index in indices)


def put(
    store: LabelStore, source: Iterable[Recorded], statement: TheoryStatement = SAID, dry_run: bool = False
) -> ImportReport:
    return import_labels(source, store, statement, large_force=50, dry_run=dry_run)


@pytest.fixture
def store(tmp_path: Path) -> LabelStore:
    return LabelStore(tmp_path / "labels.sqlite")


def test_each_label_lands_once(store: LabelStore) -> None:
    report = put(store, records([0, 1, 2, 1, 0]))
    assert (report.read, report.new, len(report.duplicates), report.is_clean) == (5, 3, 2, True)
    assert [remark.place for remark in report.duplicates] == ["frame 1", "frame 0"]
    report = put(store, records(range(4)))
    assert (report.read, report.new, len(report.duplicates), report.with_stress) == (4, 1, 3, 1)
    assert store.counts() == [(PBE, 4)]
    found = store.get(frame(3), PBE)
    assert found is not None and found.forces.tobytes() == labels(3).forces.tobytes()


@pytest.mark.parametrize("together", [True, False])
def test_another_label_of_the_same_frame_is_a_conflict_and_the_first_stays(store: LabelStore, together: bool) -> None:
    base = Labels(labels(0).energy, labels(0).forces, np.eye(3) * 2e-3)
    assert base.stress is not None
    slightly = Labels(base.energy + 3e-3, base.forces + 9e-3, base.stress)
    others = {
        "energy": base.shifted(5e-3),
        "forces": Labels(base.energy, base.forces + 0.011, base.stress),
        "stress": Labels(base.energy, base.forces, -base.stress),
    }
    batches = [[base], [slightly], *([other] for other in others.values())]
    if together:
        batches = [[one for batch in batches for one in batch]]
    reports = [put(store, [Recorded(str(i), frame(0), one) for i, one in enumerate(batch)]) for batch in batches]
    conflicts = [remark.what for report in reports for remark in report.conflicts]
    assert len(conflicts) == 3
    assert "1.25 meV/atom, 0 eV/Å" in conflicts[0]
    assert "0.011 eV/Å" in conflicts[1]
    assert "0.004 eV/Å³" in conflicts[2] and "the first stays" in conflicts[2]
    assert sum(len(report.duplicates) for report in reports) == 1
    kept = store.get(frame(0), PBE)
    assert kept is not None and kept.energy == base.energy
    assert not reports[-1].is_clean


def test_a_dry_run_tells_the_same_and_writes_nothing(store: LabelStore) -> None:
    near = frame(2)
    near.positions[0, 0] += 0.005
    source = [*records([0, 1, 0, 2]), Recorded("near", near, labels(9)), Recorded("bad", None, Failure("no"))]
    dry = put(store, source, dry_run=True)
    assert not store.path.exists()
    wet = put(store, source)
    assert dry == wet
    assert (wet.new, len(wet.duplicates), len(wet.refused)) == (4, 1, 1)
    content = store.path.read_bytes()
    again = put(store, source, dry_run=True)
    assert (again.new, len(again.duplicates)) == (0, 5)
    assert store.path.read_bytes() == content


def test_what_is_no_label_is_refused_and_costs_no_other(store: LabelStore) -> None:
    wrong = [
        Recorded("unread", None, Failure("the file is cut off")),
        Recorded("nan", frame(1), Labels(np.nan, np.zeros((4, 3)))),
        Recorded("shape", frame(2), Labels(0.0, np.zeros((3, 3)))),
        Recorded("failed", frame(3), Failure("it did not converge")),
    ]
    report = put(store, [*records([0]), *wrong, *records([9])])
    assert report.new == 2
    assert {remark.place: remark.what for remark in report.refused} == {
        "unread": "the file is cut off",
        "nan": "energy is not finite (NaN or infinite)",
        "shape": "forces have the shape (3, 3), a frame of 4 atoms needs (4, 3)",
        "failed": "it did not converge",
    }


def test_theories_never_mix(store: LabelStore, tmp_path: Path) -> None:
    """The same frames by two theories, and by a source that states a third: three sets, and each export is of one."""
    scan = LevelOfTheory("r2SCAN", code="VASP", settings={"encut": 680})
    put(store, records(range(5)))
    put(store, records(range(5)), TheoryStatement("PBE", code="test", dispersion="D3(BJ)"))
    mixed = [*records(range(3), theory=scan), *records(range(3, 6), theory=LevelOfTheory("PBE", code="VASP"))]
    report = put(store, mixed, TheoryStatement(code="VASP"))
    assert [(str(report.theories[key]), count) for key, count in report.imported.items()] == [
        ("r2SCAN (VASP)", 3),
        ("PBE (VASP)", 3),
    ]
    assert {str(theory): count for theory, count in store.counts()} == {
        "PBE (test)": 5,
        "PBE-D3(BJ) (test)": 5,
        "r2SCAN (VASP)": 3,
        "PBE (VASP)": 3,
    }
    for theory, count in store.counts():
        assert export_labels(store, theory, tmp_path / f"{theory.fingerprint}.frames") == Exported(count)
    refused = put(store, records(range(2), theory=scan), SAID).refused
    assert [remark.what for remark in refused] == [
        "the theory is said to have method PBE, the source states r2SCAN"
    ] * 2


def test_without_a_theory_nothing_is_imported(store: LabelStore) -> None:
    with pytest.raises(InputError, match="the theory of these labels is not stated"):
        put(store, records(range(3)), TheoryStatement())
    assert not store.path.exists()


class Notebook(Labeler):
    """A labeler whose calculations are text files: a number a line, the energy of an argon atom at that x."""

    name = "notebook"
    outputs = ("notebook.txt", "notebook.*.old")

    @property
    def theory(self) -> LevelOfTheory:
        return LevelOfTheory("handwriting")

    def label(self, frames, folder) -> Iterator[Labels | Failure]:  # pyright: ignore[reportIncompatibleMethodOverride]
        raise AssertionError("nothing is bought")

    @classmethod
    def recorded(cls, output: Path) -> Iterator[Recorded]:
        for number, line in enumerate(output.read_text().splitlines(), 1):
            place = f"{output}, line {number}"
            if line == "boom":
                raise RuntimeError("a plugin that breaks\nits promise")
            theory = LevelOfTheory("handwriting", settings={"ink": "blue"} if "blue" in str(output) else {})
            atoms = Atoms("Ar", positions=[[float(line), 0, 0]])
            yield Recorded(place, atoms, Labels(float(line), np.zeros((1, 3))), theory, note="by hand")


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = FoundPlugin("notebook", "whet-notebook", "1", {"labelers": [Notebook]})
    monkeypatch.setattr("whet.plugins.frame_files.registry", lambda: Registry([plugin]))


@pytest.mark.usefixtures("notebook")
def test_calculations_are_found_at_any_depth_and_state_their_theory(store: LabelStore, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for place, text in {
        "a/notebook.txt": "1\n2",
        "a/notebook.txt.old": "7",  # the same calculation, as it was before
        "a/b/c/notebook.txt": "3\nboom\n4",
        "blue/notebook.txt": "1",
        "z/notebook.txt.old": "5",
        "z/other.txt": "6",
    }.items():
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        (tree / place).write_text(text)
    export_frames(tree / "d.deepmd", [labels(0).attach(frame(0))])
    sources = find_sources(tree)
    assert [str(source.path.relative_to(tree)) for source in sources] == [
        "a/notebook.txt",
        "a/b/c/notebook.txt",
        "blue/notebook.txt",
        "d.deepmd/Ar4",
        "z/notebook.txt.old",
    ]
    own = [source for source in sources if source.format.states_theory]
    for source in own:
        source.check_units(None)
    report = put(store, (record for source in own for record in source.records({}, None)), TheoryStatement())
    assert [(str(theory), theory.settings, count) for theory, count in store.counts()] == [
        (("handwriting"), dict(settings), count)
        for settings, count in sorted(
            [({}, 4), ({"ink": "blue"}, 1)],
            key=lambda pair: LevelOfTheory("handwriting", settings=pair[0]).fingerprint,
        )
    ]
    assert report.notes == {"by hand": 5}
    (refused,) = report.refused
    assert refused.what == "notebook cannot read it (RuntimeError: a plugin that breaks its promise)"
    assert not sources[3].format.states_theory
    exactly = TheoryStatement(exact=Notebook(None).theory)
    report = put(store, (record for source in own for record in source.records({}, None)), exactly)
    assert [remark.what for remark in report.refused][-1:] == ["not what this labeler computes: ink is blue, not unset"]
    (tree / "none").mkdir()
    with pytest.raises(InputError, match=r"nothing in this folder is known\. Looked for .*type\.raw.*, notebook\.txt"):
        find_sources(tree / "none")


IMPORT = "import sys; from whet.cli.main import main; sys.argv = ['whet', *sys.argv[1:]]; main()"


@pytest.mark.parametrize("after", [1, 2])
def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path: Path, after: int) -> None:
    """SIGKILL once so many batches are in the label store; the same command then brings the rest, and nothing twice."""
    count, path = 2300, tmp_path / "a.extxyz"
    export_frames(path, [labels(index).attach(frame(index)) for index in range(count)])
    arguments = ["labels", "import", str(path), "--theory", "PBE", "--units", "eV,Å", "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORT, *arguments], cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL
    )
    store, theory = LabelStore(tmp_path / ".whet" / "labels.sqlite"), LevelOfTheory("PBE")
    deadline = time.monotonic() + 60
    while (not store.path.is_file() or len(store.keys(theory)) < 500 * after) and time.monotonic() < deadline:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    landed = len(store.keys(theory))
    assert 500 * after <= landed < count and landed % 500 == 0
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT, *arguments], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    told = json.loads(ended.stdout)
    assert (told["imported"], len(told["duplicates"])) == (count - landed, landed)
    assert store.keys(theory) == {frame_key(frame(index)) for index in range(count)}
    for index in (0, 700, 2299):
        found = store.get(frame(index), theory)
        assert found is not None and found.forces.tobytes() == labels(index).forces.tobytes()


def test_two_imports_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    count, path = 1200, tmp_path / "a.extxyz"
    export_frames(path, [labels(index).attach(frame(index)) for index in range(count)])
    arguments = ["labels", "import", str(path), "--theory", "PBE", "--units", "eV,Å", "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", IMPORT, *arguments]
    processes = [subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    told = [json.loads(process.communicate()[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sum(one["imported"] for one in told) == count
    assert LabelStore(tmp_path / ".whet" / "labels.sqlite").counts() == [(LevelOfTheory("PBE"), count)]


PEAK = """import atexit, pathlib
def tell():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    pathlib.Path("peak").write_text(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
atexit.register(tell)
"""
"""What the operating system tells of a finished process contains the memory of the one that started it."""


def most_memory(tmp_path: Path, *arguments: str) -> int:
    """Bytes that a command takes at most."""
    command = [sys.executable, "-c", PEAK + IMPORT, *arguments]
    subprocess.run(command, cwd=tmp_path, stdout=subprocess.DEVNULL, check=True)
    return int((tmp_path / "peak").read_text()) * 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_frames(tmp_path: Path) -> None:
    """10,000 small frames come in and go out again; what is kept of a frame is about a kilobyte."""
    peaks: dict[int, list[int]] = {}
    for count in (1000, 10_000):
        path, store = tmp_path / f"{count}.extxyz", f"--store={count}"
        with path.open("w") as file:
            for index in range(count):
                file.write(extended_xyz(labels(index).attach(frame(index))))
        into = ("labels", "import", str(path), "--theory=PBE", "--units=eV,Å", store)
        out = f"{count}.deepmd"
        peaks[count] = [most_memory(tmp_path, *into), most_memory(tmp_path, "labels", "export", "PBE", out, store)]
        assert LabelStore(tmp_path / str(count) / "labels.sqlite").counts() == [(LevelOfTheory("PBE"), count)]
    assert min(peaks[1000]) > 2e7
    for few, many in zip(peaks[1000], peaks[10_000], strict=True):
        assert many - few < 9000 * 2000
