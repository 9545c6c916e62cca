"""Paths as options: only an option of a path type is one, and it starts where the user wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from whet import FilePath, FolderPath, ModelPath, NameOrPath, Options, Spec
from whet.contracts.paths import Written
from whet.data.errors import InputError, OptionsError, UnknownName
from whet.plugins.registry import registry


class Places(Options):
    """One option of each kind."""

    words = frozenset({"scratch"})

    model: ModelPath = "small"
    weights: FilePath = ""
    folder: FolderPath = ""
    files: dict[NameOrPath, int] = {}  # noqa: RUF012
    text: str = ""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study's folder, with files that have the names of other things; it is not the working directory."""
    here = tmp_path / "study"
    (here / "below").mkdir(parents=True)
    for name in ("small", "scratch", "mine", "H2O", "mol.xyz", "below/w.dat", "v1.2"):
        (here / name).write_text("[0.5, 0.1, -0.3, -0.1, 0.0]")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    return here


@pytest.mark.parametrize(
    ("option", "given", "becomes"),
    [
        ("model", "small", "small"),  # a published name, whatever files there are
        ("model", "scratch", "scratch"),
        ("model", "smal", "smal"),
        ("model", "mine", "{folder}/mine"),
        ("model", "./small", "{folder}/small"),
        ("model", "below/../mine", "{folder}/mine"),
        ("model", "~/study/mine", "{folder}/mine"),
        ("model", "file:checkpoint", "file:checkpoint"),
        ("weights", "below/w.dat", "{folder}/below/w.dat"),
        ("weights", "absent", "{folder}/absent"),
        ("folder", "below", "{folder}/below"),
        ("folder", "", ""),
        ("files", {"H2O": 1, "mol.xyz": 2}, {"H2O": 1, "{folder}/mol.xyz": 2}),
        ("text", "mol.xyz", "mol.xyz"),  # the name of a file, but no path
        ("text", "v1.2", "v1.2"),
        ("text", "./mine", "./mine"),
    ],
)
def test_only_a_path_becomes_one(folder: Path, option: str, given: Any, becomes: Any) -> None:
    options = Places.checked({option: given}, of="it", written=Written(folder, {"small", *Places.words}))

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {filled(key): count for key, count in value.items()}
        return value.format(folder=folder)

    assert getattr(options, option) == filled(becomes)
    assert getattr(Places.checked({option: given}, of="it"), option) == given  # of a component nothing is changed


def test_what_can_be_no_path_is_a_fault_of_the_option() -> None:
    with pytest.raises(OptionsError, match=r"weights: .*NUL"):
        Places.checked({"weights": "a\0b"}, of="it", written=Written(Path()))
    with pytest.raises(OptionsError, match=r"model: .*no such home folder"):
        Places.checked({"model": "~nobody-at-all/x"}, of="it", written=Written(Path()))


def test_a_variable_is_expanded(folder: Path, toy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIGHTS", str(folder))
    plain = registry().resolve("potentials", Spec.parse("toy:./mine", folder=folder))
    for given in ("toy:${WEIGHTS}/mine", {"use": "toy", "model": "$WEIGHTS/mine"}, "toy:~/study/mine", "toy:mine"):
        assert registry().resolve("potentials", Spec.parse(given, folder=folder)) == plain


def test_paths_inside_a_potential_in_a_potential_start_in_the_same_folder(folder: Path, toy: None) -> None:
    members = ["toy:./mine", {"use": "toy", "model": "mine"}]
    committee = registry().resolve("potentials", Spec.parse({"use": "committee", "members": members}, folder=folder))
    assert committee.options["members"][0].startswith("toy:file:")
    assert len({part.files["coefficients"].path for part in committee.parts.values()}) == 1


def test_a_missing_file_has_the_nearest_as_a_hint(folder: Path, toy: None) -> None:
    with pytest.raises(InputError, match=r"/study/mime.*Did you mean 'mine'\?"):
        registry().resolve("potentials", Spec.parse("pairwise:./mime", folder=folder))
    with pytest.raises(UnknownName, match=r"no pairwise model 'noble-gass'. Did you mean 'noble-gases'\?"):
        registry().resolve("potentials", Spec.parse("pairwise:noble-gass", folder=folder))
