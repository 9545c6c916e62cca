"""Nothing that Whet did not write is removed or written over: by a report, an exported file, a new folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from whet.data.download import download
from whet.data.errors import InputError, StoreError, WhetError
from whet.report.page import is_current, write_report
from whet.running.runner import Account, Runner
from whet.running.step import Step
from whet.study.record import record_of
from whet.study.study import Study

from .conftest import answered, tree, whet

STUDY = """\
name: toy
structures: {use: toy, repeat: 1}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 1, valid_fraction: 0}
strategies: {naive: 1}
tests: {independent: {trajectories: 1}}
self_generated: {of: none}
"""


@dataclass
class FirstFive:
    """Of the steps of a study."""

    study: Study

    def plan(self, so_far: Account) -> Iterable[Step]:
        return list(self.study.plan.steps.values())[:5]

    def asks_after(self, key: str) -> bool:
        return False


def write(study: Study, folder: Path | None = None) -> Path:
    return write_report(record_of(study.stored), folder or study.source.folder / "report")


@pytest.fixture
def study(toys: None, tmp_path: Path) -> Study:
    """A study of which half has run."""
    (tmp_path / "study.yaml").write_text(STUDY)
    loaded = Study.load(tmp_path / "study.yaml")
    Runner(loaded.store).run(FirstFive(loaded))
    return loaded


@pytest.mark.parametrize(
    "name",
    ["index.html", "scores.json", "whet-report.json", "tables", "figures", "tables/steps.csv", "tables/plan.csv"],
)
def test_a_report_refuses_a_folder_in_which_a_file_of_the_users_is_in_the_way(study: Study, name: str) -> None:
    assert not study.run(workers=0).failed  # there are figures to write
    folder = study.source.folder / "mine"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    before = tree(folder)
    if name.startswith("tables/") and name not in _names(study):
        write(study, folder)
        assert path.read_text() == "mine"
        return
    with pytest.raises(InputError, match=r"not of a report that Whet wrote\. Nothing was written\. .*--out"):
        write(study, folder)
    assert tree(folder) == before


def _names(study: Study) -> set[str]:
    other = study.source.folder / "other"
    write(study, other)
    return set(tree(other))


def test_what_else_is_in_the_folder_stays_when_the_report_is_written_again(study: Study) -> None:
    folder = study.source.folder / "mine"
    (folder / "tables").mkdir(parents=True)
    (folder / "figures").mkdir()
    for name in ("tables/my.csv", "figures/my.svg", "notes.txt"):
        (folder / name).write_text("mine")
    write(study, folder)
    (folder / "tables" / "later.csv").write_text("mine")
    assert not study.run(workers=0).failed
    write(study, folder)
    for name in ("tables/my.csv", "figures/my.svg", "notes.txt", "tables/later.csv"):
        assert (folder / name).read_text() == "mine"


def test_a_page_that_the_user_changed_is_not_written_over(study: Study) -> None:
    page = write(study)
    page.write_text(page.read_text() + "<!-- my remark -->")
    assert not study.run(workers=0).failed
    before = tree(page.parent)
    with pytest.raises(InputError, match=r"index\.html was changed since Whet wrote it"):
        write(study)
    assert tree(page.parent) == before


def test_own_files_that_are_not_in_the_new_report_go_unless_they_were_changed(study: Study) -> None:
    assert not study.run(workers=0).failed
    folder = write(study).parent
    (study.source.folder / "study.yaml").write_text("name: less\npotentials: {main: toy}\nstore: other\n")
    less = Study.load(study.source.folder / "study.yaml")
    whole, kept = set(tree(folder)), set(tree(write(less, study.source.folder / "less").parent))
    gone = sorted(name for name in whole - kept if name.endswith(".csv"))
    (folder / gone[0]).write_text("mine now")
    write(less, folder)
    assert (folder / gone[0]).read_text() == "mine now"
    assert len(gone) > 2 and set(tree(folder)) == {*kept, "tables", gone[0]}


def test_a_write_that_was_cut_off_is_gone_on_with(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    page = write(study)
    assert not study.run(workers=0).failed
    from whet.report import report_folder

    written = []

    def full(path: Path, text: str) -> None:
        if len(written) == 3:
            raise StoreError("the disk is full", where=str(path))
        written.append(path)
        original(path, text)

    from whet.data.durable import write_text as original

    monkeypatch.setattr(report_folder, "write_text", full)
    with pytest.raises(StoreError, match="full"):
        write(study)
    monkeypatch.undo()
    assert not is_current(record_of(study.stored), page.parent)
    write(study)
    assert is_current(record_of(study.stored), page.parent)


def test_a_report_from_before_there_was_a_manifest_is_renewed(study: Study) -> None:
    folder = write(study).parent
    (folder / "whet-report.json").unlink()
    (folder / "plan.txt").write_text("0123456789abcdef" * 2 + "\n")
    (folder / "tables" / "my.csv").write_text("mine")
    assert not study.run(workers=0).failed
    write(study)
    assert is_current(record_of(study.stored), folder)
    assert not (folder / "plan.txt").exists()
    assert (folder / "tables" / "my.csv").read_text() == "mine"


def test_a_report_of_an_unfinished_study_is_not_taken_for_that_of_the_finished_one(study: Study) -> None:
    folder = study.source.folder
    page = write(study)
    assert is_current(record_of(study.stored), page.parent)
    assert not study.run(workers=0).failed
    assert not is_current(record_of(study.stored), page.parent)
    said = whet("run", "study.yaml", folder=folder)
    assert said.code == 0 and "Nothing to do" not in said.stdout
    assert "have no result yet" not in page.read_text()
    assert "Nothing to do" in whet("run", "study.yaml", folder=folder).stdout
    (page.parent / "scores.json").unlink()
    assert "Nothing to do" not in whet("run", "study.yaml", folder=folder).stdout
    assert (page.parent / "scores.json").is_file()


@pytest.fixture
def labels(toys: None, tmp_path: Path) -> Path:
    """A folder with frames, and a store with labels of them."""
    import ase.io
    from ase.build import bulk

    ase.io.write(tmp_path / "frames.xyz", [bulk("Ar", "fcc", a=a, cubic=True) for a in (5.0, 5.2)], format="extxyz")
    assert answered(whet("label", "frames.xyz", "-l", "toy", folder=tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["out.extxyz", "out.frames", "out.traj", "out.lammpstrj", "out.xyz.gz"])
@pytest.mark.parametrize(
    "command",
    [
        ("frames", "convert", "frames.xyz", "OUT"),
        ("labels", "export", "toy-hard", "OUT"),
        ("label", "frames.xyz", "-l", "toy", "--out", "OUT"),
    ],
    ids=["convert", "export", "label"],
)
def test_another_file_of_the_name_is_refused_and_one_of_the_same_content_is_fine(
    labels: Path, command: tuple[str, ...], name: str
) -> None:
    words = [name if word == "OUT" else word for word in command]
    path = labels / name
    path.write_text("mine")
    said = whet(*words, folder=labels)
    assert not answered(said) and "there is another file of this name" in said.stderr and "--overwrite" in said.stderr
    assert ("The labels are kept in .whet" in said.stderr) == (command[0] == "label")
    assert path.read_text() == "mine"
    assert answered(whet(*words, "--overwrite", folder=labels))
    assert path.read_bytes() != b"mine"
    assert answered(whet(*words, folder=labels))  # the same again
    assert not [one for one in tree(labels) if "partial" in one]


def test_a_link_stays_a_link_and_a_device_a_device(labels: Path) -> None:
    (labels / "real.extxyz").write_text("mine")
    (labels / "link.extxyz").symlink_to("real.extxyz")
    assert not answered(whet("frames", "convert", "frames.xyz", "link.extxyz", folder=labels))
    assert answered(whet("frames", "convert", "frames.xyz", "link.extxyz", "--overwrite", folder=labels))
    assert (labels / "link.extxyz").is_symlink() and "Lattice" in (labels / "real.extxyz").read_text()
    (labels / "null.extxyz").symlink_to("/dev/null")
    said = whet("frames", "convert", "frames.xyz", "null.extxyz", "--overwrite", folder=labels)
    assert not answered(said) and "no regular file" in said.stderr
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("there", ["a file", "a link", "a folder with a file"])
def test_a_new_plugin_goes_where_nothing_is(toys: None, tmp_path: Path, there: str) -> None:
    place = tmp_path / "whet-mine"
    if there == "a folder with a file":
        place.mkdir()
        (place / "README.md").write_text("mine")
    elif there == "a file":
        place.write_text("mine")
    else:
        place.symlink_to("elsewhere")
    before = tree(tmp_path)
    assert not answered(whet("plugins", "new", "mine", folder=tmp_path))
    assert tree(tmp_path) == before


def test_an_environment_is_not_made_over_something_else(toys: None, tmp_path: Path) -> None:
    (tmp_path / ".envs" / "mine" / "bin").mkdir(parents=True)
    (tmp_path / ".envs" / "mine" / "bin" / "python").write_text("mine")
    before = tree(tmp_path)
    said = whet("env", "create", "mine", "--plugin", "toy", folder=tmp_path)
    assert said.code == 2 and "it is no environment" in said.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize("there", ["steps", "labels.sqlite", "store.json"])
def test_a_store_is_not_made_among_things_of_the_same_names(labels: Path, there: str) -> None:
    mine = labels / "mine"
    mine.mkdir()
    if there == "steps":
        (mine / "steps" / "first").mkdir(parents=True)
    elif there == "store.json":
        (mine / "store.json").write_text('["my shops"]')
    else:
        with sqlite3.connect(mine / "labels.sqlite") as database:
            database.execute("create table parcels (address text)")
    before = tree(mine)
    said = whet("label", "frames.xyz", "-l", "toy", "--store", "mine", folder=labels)
    assert not answered(said)
    assert tree(mine) == before


def test_a_download_does_not_replace_another_file(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_text("my own weights")
    with pytest.raises(WhetError, match=r"another file has the place of the model.*Move it away"):
        download("http://127.0.0.1:9/none", path, size=3, sha256="0" * 64)
    assert tree(tmp_path).keys() == {"model.bin"} and path.read_text() == "my own weights"
