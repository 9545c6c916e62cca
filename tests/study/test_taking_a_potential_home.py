"""A fine-tuned potential leaves its study with its energy shift; the page on that is true, its commands run here."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write
from typer.testing import CliRunner

import whet
from conftest import STUDY
from whet import InputError, Labels, PluginError, Spec, StoredStudy, StoreError, Study, UnknownName, UpstreamModel
from whet.cli.app import app
from whet.data.errors import WhetError
from whet.plugins.registry import registry
from whet.study.invocation import Invocation
from whet.study.potential_export import export_potential
from whet.study.take_home import take_home
from whet.study.tuned_states import short_names, tuned_states

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "taking-a-potential-home.md"
_done: dict[str, Path] = {}


@pytest.fixture
def here(
    toy: None, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A folder with a toy study that ran, a file of labeled frames, and nothing else; the working directory."""
    if "study" not in _done:
        folder = tmp_path_factory.mktemp("study")
        (folder / "study.yaml").write_text(STUDY)
        Study.load(folder / "study.yaml").run(workers=0)
        _done["study"] = folder
    shutil.copytree(_done["study"], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    yield tmp_path


def stored() -> StoredStudy:
    return Study.open(".whet")


def said(*arguments: str) -> str:
    ended = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert not ended.exit_code, ended.output
    return ended.output


def fault(*arguments: str) -> tuple[str, str]:
    """What a command says that fails, and its fault."""
    ended = CliRunner().invoke(app, list(arguments))
    assert isinstance(ended.exception, WhetError), ended.output
    return ended.output, str(ended.exception)


def argon(side: float = 5.3):
    atoms = bulk("Ar", cubic=True, a=side)
    atoms.rattle(0.1, seed=3)
    return atoms


def energy(potential: whet.Potential) -> float:
    (labels,) = potential.evaluate([argon()])
    return labels.energy


def test_the_page_is_true(here: Path) -> None:
    frames = []
    for seed in range(4):
        atoms = argon(5.3 + 0.05 * seed)
        atoms.calc = whet.load("toy:hard").calculator()
        atoms.get_stress()
        frames.append(atoms)
    write("test.extxyz", frames)
    text = PAGE.read_text()
    ran = []
    for kind, block in re.findall(r"```(sh|python)\n(.*?)```", text, re.DOTALL):
        if kind == "python" and "mace" not in block:
            space: dict = {}
            exec(block, space)
            if "calculator" in space:
                atoms = argon()
                atoms.calc = space["calculator"]
                ran.append(atoms.get_potential_energy())
        for line in block.splitlines() if kind == "sh" else ():
            program, *words = shlex.split(line)
            assert program == "whet"
            if words == ["export", "study.yaml"]:
                assert "2 fine-tuned states" in fault(*words)[1]
            else:
                said(*words)
    assert len(ran) == 2 and ran[0] == ran[1] == energy(stored().potential("naive"))
    shown = [line.split()[0] for line in re.findall(r"my-potential/\n(.*?)```", text, re.DOTALL)[0].splitlines()]
    there = {path.name for path in Path("my-potential").iterdir()}
    assert there == {"README.md", "potential.json", "weights"} <= {name.strip("/") for name in shown}


def test_the_lines_of_the_page_are_those_of_the_card() -> None:
    export = pytest.importorskip("whet_mace.upstream_export")
    lines = export.PYTHON.replace("=model,", '="my-potential/mace.model",')
    assert f"```python\n{lines}```" in PAGE.read_text()


def test_without_a_name_the_states_are_listed_with_their_commands(here: Path) -> None:
    shown, error = fault("export", "study.yaml")
    assert [line.rstrip() for line in shown.splitlines()] == [
        "state            trained on  command",
        "main periodic 2           4  whet export study.yaml periodic",
        "main naive 2              4  whet export study.yaml naive",
        "",
    ]
    assert error == "toy: 2 fine-tuned states are there. Say which"


def test_the_only_state_needs_no_name(toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(STUDY.replace("naive: 2, periodic: 2", "naive: 1"))
    assert take_home(Study.load("study.yaml").stored, Invocation()) == ""
    _, error = fault("export", "study.yaml")
    assert error == "toy: main naive 1 has no result yet. Run the study with `whet run`"
    output = said("run", "study.yaml", "--workers", "1").splitlines()
    assert output[-1] == "Take the fine-tuned potential with you: whet export study.yaml naive"
    assert said("export", "study.yaml").splitlines()[0] == (
        "main naive 1 (toy): toy-main-naive-1/ (see README.md there)"
    )


def test_every_name_of_a_state_means_it(here: Path) -> None:
    study = stored()
    meant = {"naive": 2, "naive 2": 2, "main naive": 2, "Main  Naive 2": 2, "naive 1": 1, "naive 2 seed 1": 2}
    for name, number in meant.items():
        found = export_potential(study, name, f"{name} here")
        assert found.state == f"main naive {number}"
    key = next(one.key for one in tuned_states(study) if one.name == "main periodic 2")
    assert energy(study.potential(key)) == energy(study.potential("periodic"))
    assert energy(study.potential("periodic")) != energy(study.potential("naive"))
    names = short_names(tuned_states(study))
    assert names == {
        "main periodic 1": "periodic 1",
        "main periodic 2": "periodic",
        "main naive 1": "naive 1",
        "main naive 2": "naive",
    }


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("naiv", "toy: there is no fine-tuned state 'naiv'. Did you mean 'naive'?"),
        ("xyz", "toy: there is no fine-tuned state 'xyz'. There are: periodic 1, periodic, naive 1, naive"),
        (
            "main",
            "toy: 'main' is the untouched potential (toy), which needs no export. "
            "Its fine-tuned states: periodic 1, periodic, naive 1, naive",
        ),
    ],
)
def test_a_state_that_there_is_not_is_told(here: Path, words: str, line: str) -> None:
    assert fault("export", ".whet", words)[1] == line
    with pytest.raises((InputError, UnknownName)) as told:
        stored().potential(words)
    assert str(told.value) == line


def test_the_folder_needs_neither_the_study_nor_its_place(here: Path) -> None:
    wanted = energy(stored().potential("naive"))
    assert wanted < -1700  # the toy labeler's scale; the bare potential says some -0.1 eV
    said("export", "study.yaml", "naive", "--out", "one/mine")
    shutil.rmtree(".whet")
    shutil.move("one/mine", "moved")
    assert energy(whet.load("./moved")) == energy(whet.load(Path("moved"))) == wanted
    bare = whet.load({"use": "toy", "model": "./moved/weights/coefficients.json"})
    assert abs(energy(bare)) < 5
    told = json.loads(Path("moved/potential.json").read_text())
    assert told["component"]["energy_shift"]["Ar"] == pytest.approx(-431.7, abs=0.1)
    assert sorted(told["from"]["files"]) == ["README.md", "potential.json", "weights/coefficients.json"]


def test_it_is_what_it_was_in_its_study(here: Path) -> None:
    """Its identity is the same wherever it lies: what was computed with it is not computed again."""
    study, here_ = stored(), registry()
    said("export", "study.yaml", "naive", "--out", "a")
    shutil.copytree("a", "b")
    state = next(one for one in tuned_states(study) if one.name == "main naive 2")
    made = study.done[state.key].component
    assert made is not None
    folder = Path.cwd()
    found = [here_.resolve("potentials", Spec("./" + name, folder=folder)) for name in "ab"]
    assert made.key == found[0].key == found[1].key
    teachers = [here_.resolve("labelers", Spec("teacher", {"potential": f"./{name}"}, folder)) for name in "ab"]
    assert teachers[0].key == teachers[1].key
    # And a study begins with it, and trains it further.
    Path("again.yaml").write_text(STUDY.replace("main: toy", "main: ./a").replace("naive: 2, periodic: 2", "naive: 1"))
    again = Study.load("again.yaml")
    assert not again.run(workers=0).failed
    assert again.potential("naive").energy_shift["Ar"] == pytest.approx(-431.7, abs=0.1)
    assert again.stored.scores[0]["energy"]["mae"] < 5  # meV/atom: the untouched one has its shift


def test_nothing_is_written_over(here: Path) -> None:
    said("export", "study.yaml", "naive", "--out", "mine")
    line = "mine: a potential was exported here already. Choose another folder, or say --overwrite"
    assert fault("export", "study.yaml", "naive", "--out", "mine")[1] == line
    said("export", "study.yaml", "periodic", "--out", "mine", "--overwrite")
    assert energy(whet.load("./mine")) == energy(stored().potential("periodic"))
    Path("mine/notes.txt").write_text("mine")
    line = "mine: notes.txt is not of the export. Move it away"
    assert fault("export", "study.yaml", "naive", "--out", "mine", "--overwrite")[1] == line
    Path("other").mkdir()
    said("export", "study.yaml", "naive", "--out", "other")  # which is empty
    Path("full").mkdir()
    Path("full/a").write_text("")
    line = "full: this is there already, and is no export. Choose another folder"
    assert fault("export", "study.yaml", "naive", "--out", "full", "--overwrite")[1] == line
    assert not [path for path in Path().iterdir() if path.name.startswith(".") and path.name != ".whet"]


@pytest.mark.parametrize(
    ("named", "line"),
    [
        ("mine", "there is no potential 'mine'. If the folder is meant, write ./mine"),
        ("./nothing", "nothing: there is no such folder of a potential"),
        ("./a/..", "a/..: no potential was exported into this folder (no potential.json). `whet export` writes one"),
        (
            "./study.yaml",
            "study.yaml: there is no such folder of a potential. A file of weights is named with its plugin: "
            "NAME:./study.yaml",
        ),
        ({"use": "./mine", "model": "soft"}, "mine: the model is what was exported. Leave `model` out"),
        (
            {"use": "./mine", "scal": 2},
            "options of potential 'toy' of mine: scal: unknown key; did you mean 'scale'?",
        ),
    ],
)
def test_what_is_no_exported_potential_is_told(here: Path, named, line: str) -> None:
    said("export", "study.yaml", "naive", "--out", "mine")
    Path("a").mkdir()
    with pytest.raises(WhetError) as told:
        whet.load(named)
    assert str(told.value) == line


def test_options_stand_beside_it(here: Path) -> None:
    said("export", "study.yaml", "naive", "--out", "mine")
    atoms = argon()
    soft, hard = (whet.load({"use": "./mine", "scale": scale}).evaluate([atoms]) for scale in (1, 2))
    assert next(hard).forces == pytest.approx(2 * next(soft).forces)


def test_damage_is_told(here: Path) -> None:
    said("export", "study.yaml", "naive", "--out", "mine")
    weights = Path("mine/weights/coefficients.json")
    weights.write_text("[0, 0, 0, 0, 0]")
    with pytest.raises(InputError, match=r"coefficients.json: the file's content has changed. SHA-256 should be"):
        whet.load("./mine")
    Path("mine/potential.json").write_text('{"format": 1}')
    with pytest.raises(StoreError, match=r"potential.json: the description is damaged .* Export the potential again"):
        whet.load("./mine")
    Path("mine/potential.json").write_text('{"format": 2}')
    with pytest.raises(StoreError, match=r"mine/potential.json: it has format 2. Update Whet"):
        whet.load("./mine")
    shutil.rmtree(next(Path(".whet/steps").glob(f"{tuned_states(stored())[-1].key}*")) / "fine-tuning")
    with pytest.raises(InputError, match="the file is gone"):
        export_potential(stored(), "naive", "other")
    assert not Path("other").exists()


def test_without_the_plugin_all_else_is_written(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = energy(stored().potential("naive"))
    with monkeypatch.context() as without:
        without.setattr("whet.plugins.registry.Registry.find", _no_toy)
        made = export_potential(stored(), "naive", "mine")
    assert made.upstream is None and made.without.startswith("there is no potential 'toy'")
    card = Path("mine/README.md").read_text()
    assert "There is no file for the potential's own package: there is no potential 'toy'" in card
    assert energy(whet.load("./mine")) == wanted


def _no_toy(self: object, hook: str, name: str) -> None:
    raise UnknownName.among("potential", name, ["mace"])


def test_the_card_says_what_somebody_must_know(here: Path) -> None:
    said("export", "study.yaml", "naive", "--out", "mine")
    card = Path("mine/README.md").read_text()
    score = next(one for one in stored().scores if one["potential"] == "main naive 2" and one["set"] == "independent")
    row = f"| independent | main naive 2 | 3 | {score['forces']['mae']:.4f} | {score['energy']['mae']:.1f} |"
    for part in (
        "main naive 2 of the study",
        'atoms.calc = whet.load("./mine").calculator()',
        "whet evaluate test.extxyz --potential ./mine",
        "main: ./mine",
        "potential 'toy' has no file of another package that could hold its energy shift",
        "- Trained on: 4 frames, 1 more to validate: 4 × Ar32",
        "- Labels: toy-hard (toy)",
        "- Training: `full`, 5 epochs, learning rate 0.5",
        "| Ar | -431.7",
        "It stands in `potential.json` alone",
        row,
        "Not covered by these numbers:",
        "- Temperatures other than 100 K",
        "## Licence and citations",
    ):
        assert part in card, part


def test_an_upstream_file_that_answers_something_else_is_no_export(here: Path, monkeypatch) -> None:
    """As it would be where the shift was left out."""

    def export(self: whet.Potential, folder: Path) -> UpstreamModel:
        return UpstreamModel(self.save(folder)["coefficients"], "calculator = None")

    monkeypatch.setattr(type(whet.load("toy")), "export", export)
    with pytest.raises(PluginError, match=r"Ar32: the exported file of 'toy' answers -1\.36.* eV instead of -13816"):
        export_potential(stored(), "naive", "mine")
    assert not Path("mine").exists()


def test_a_committee_is_loaded_whole_and_has_no_file_of_another_package(
    toy: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = "naive: {rounds: 1, committee: 2, seeds: [1, 2]}"
    Path("study.yaml").write_text(STUDY.replace("naive: 2, periodic: 2", entry).replace("repeat: 2", "repeat: 1"))
    study = Study.load("study.yaml")
    assert not study.run(workers=0).failed
    with pytest.raises(
        InputError, match=r"2 states are called 'naive'. Say which: main naive 1 seed 1, main naive 1 seed 2"
    ):
        study.potential("naive")
    made = export_potential(study.stored, "naive seed 2", "mine")
    assert made.state == "main naive 1 seed 2"
    assert made.without.startswith("a committee is Whet's own: no other package has a file of several potentials")
    assert (
        energy(whet.load("./mine"))
        == energy(study.potential("naive seed 2"))
        != energy(study.potential("naive seed 1"))
    )
    card = Path("mine/README.md").read_text()
    assert "| element | eV of member 1 | eV of member 2 |" in card and "a committee of 2" in card


def test_json_has_it_all(here: Path) -> None:
    told = json.loads(said("export", "study.yaml", "naive", "--out", "mine", "--json"))
    assert (told["folder"], told["state"], told["potential"], told["upstream"]) == ("mine", "main naive 2", "toy", None)
    assert Labels.of(argon_with(whet.load(f"./{told['folder']}"))).energy < -1700


def argon_with(potential: whet.Potential):
    atoms = argon()
    atoms.calc = potential.calculator()
    atoms.get_forces()
    return atoms
