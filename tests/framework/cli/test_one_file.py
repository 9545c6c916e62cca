"""evaluate and fine-tune, for those who have only a file."""

from __future__ import annotations

import json
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import whet as public
from in_process import whet as program


def frames_of(count: int, rattle: float = 0.2) -> list[Atoms]:
    """Labeled by the hard toy, on an energy scale of its own; three frames a trajectory."""
    hard, frames = public.load("toy:hard"), []
    for seed in range(count):
        atoms = bulk("Ar", "fcc", a=4.6, cubic=True)
        atoms.positions += np.random.default_rng(seed).normal(scale=rattle, size=(len(atoms), 3))
        (labels,) = hard.evaluate([atoms])
        frames.append(labels.shifted(-400.0 * len(atoms)).attach(atoms))
        frames[-1].info["trajectory"] = seed // 3
    return frames


@pytest.fixture
def labeled(toy: None, tmp_path: Path) -> Path:
    public.export_frames(tmp_path / "frames.extxyz", frames_of(15))
    return tmp_path / "frames.extxyz"


def odd(path: Path) -> Path:
    """The same frames with labels under names that nobody guesses."""
    text = path.read_text().replace(" energy=", " E_tot=").replace(":forces:R", ":F_tot:R")
    (path.parent / "odd.extxyz").write_text(text)
    return path.parent / "odd.extxyz"


def test_predictions_are_saved_beside_the_labels(labeled: Path, tmp_path: Path) -> None:
    out = tmp_path / "predicted.extxyz"
    said = program("evaluate", labeled, "-p", "toy", "-p", "toy:hard", "--save", out).stdout
    assert "predictions of toy and toy_hard" in said
    for quantity, unit in (("energy", "eV, total"), ("forces", "eV/Å"), ("stress", "eV/Å³, 3×3, tension positive")):
        assert f"  NAME_{quantity}: {unit}\n" in said
    before, after = public.read_labeled(labeled), list(ase.io.iread(out))
    assert len(before) == len(after)
    for name, potential in (("toy", "toy"), ("toy_hard", "toy:hard")):
        answers = list(public.load(potential).evaluate(before))
        for mine, frame, answer in zip(before, after, answers, strict=True):
            assert frame.get_potential_energy() == mine.get_potential_energy()
            assert np.array_equal(frame.get_forces(), mine.get_forces())
            assert frame.info[f"{name}_energy"] == pytest.approx(answer.energy, abs=1e-12)
            assert frame.arrays[f"{name}_forces"] == pytest.approx(answer.forces, abs=1e-12)
            assert frame.info[f"{name}_stress"] == pytest.approx(answer.stress, abs=1e-12)
    # Who sampled them and what belongs together is still there, and the labels are found under their names.
    assert [frame.info["trajectory"] for frame in after] == [frame.info["trajectory"] for frame in before]
    assert len(public.read_labeled(out)) == len(before)
    assert (
        "there is another file of this name" in program("evaluate", labeled, "-p", "toy", "--save", out, code=2).stderr
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("p.traj", "a file of this format has no room for predictions beside labels. .extxyz and .frames keep them"),
        ("p.xsf", "a file of this format has no room for predictions beside labels. .extxyz and .frames keep them"),
        ("p.nothing", "the suffix names no format that can be written"),
        ("frames.extxyz", "the file would be written over itself. Give the other a new name"),
    ],
)
def test_where_predictions_cannot_be_kept_nothing_is_computed(labeled: Path, name: str, said: str) -> None:
    ended = program("evaluate", labeled, "-p", "toy", "--save", labeled.parent / name, code=2)
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout == ""


def test_the_verdict_who_sampled_and_intervals_of_energies(labeled: Path) -> None:
    text = program("evaluate", labeled, "-p", "toy", "--sampled-by", "rattle").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "toy: soft by 40 %" in " ".join(text.split())
    assert "Sampled by: random displacements, as --sampled-by says\n" in text
    (row,) = [line for line in text.splitlines() if line.startswith("toy ") and line.count("[") == 3]
    force, raw, fitted = (word.split()[0] for word in row.removeprefix("toy").split("]")[:3])
    (score,) = public.evaluate(labeled, "toy", sampled_by="rattle")
    assert float(raw) == pytest.approx(score["energy"]["mae"], abs=0.05)
    assert float(fitted) == pytest.approx(score["energy_fitted"]["mae"], abs=0.05)
    assert float(force) == pytest.approx(score["forces"]["mae"], abs=5e-4)
    frames = list(ase.io.iread(labeled))
    for frame in frames:
        frame.info["sampled_by"] = "reference"
    ase.io.write(labeled, frames)
    text = program("evaluate", labeled, "-p", "toy").stdout
    assert "Sampled by: the reference's dynamics, as the frames say (change: --sampled-by)\n" in text


def test_one_frame_of_a_perfect_crystal_has_no_scale(labeled: Path) -> None:
    (frame,) = frames_of(1, rattle=0.0)
    noise = np.random.default_rng(1).normal(scale=1e-3, size=(4, 3))  # as a code leaves it
    assert frame.calc is not None
    frame.calc.results["forces"] = frame.calc.results["forces"] + noise
    path = labeled.parent / "perfect.extxyz"
    public.export_frames(path, [frame])
    said = program("evaluate", path, "-p", "toy").stdout
    words = " ".join(said.split())
    assert "toy: undecided: by symmetry the forces of this frame are zero (a perfect crystal), so there is no" in words
    (row,) = [line for line in said.splitlines() if line.startswith("toy ")]
    assert row.split()[1] == "–"
    assert "1/b =" not in said


def test_potentials_of_another_interpreter(
    labeled: Path, foreign_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = program("evaluate", labeled, "-p", "toy", "--environment", foreign_python, "--json")
    (score,) = json.loads(both.stdout)
    assert score["potential"] == "toy"
    named = ("--environment", f"toy:hard={foreign_python}")
    scores = json.loads(program("evaluate", labeled, "-p", "toy", "-p", "toy:hard", *named, "--json").stdout)
    assert [one["potential"] for one in scores] == ["toy", "toy:hard"]
    for given, said in (
        ("tay=x", "--environment: there is no potential 'tay'. Did you mean 'toy'?"),
        ("/none/python", "--environment /none/python: there is no interpreter."),
    ):
        assert said in program("evaluate", labeled, "-p", "toy", "--environment", given, code=2).stderr


def test_a_plugin_is_checked_in_another_interpreter(
    toy: None, foreign_python: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    only = ("--only", "answers_are_deterministic")
    monkeypatch.delenv("PYTHONPATH")
    ended = program("plugins", "check", "toy", "--environment", foreign_python, *only, code=None)
    shown = capfd.readouterr()
    assert ended.code == 0, shown.err
    assert "answers_are_deterministic" in shown.out
    bare = program("plugins", "check", "toy", "--environment", "/none", code=2)
    assert "--environment /none: there is no interpreter" in bare.stderr


def test_fine_tuning_a_file(labeled: Path, tmp_path: Path) -> None:
    out = tmp_path / "tuned"
    said = program("fine-tune", labeled, "-p", "toy", "--epochs", "5", "--out", out, folder=tmp_path).stdout
    assert max(map(len, said.splitlines())) <= 80 + len(str(out))
    potential = public.load(str(out / "potential"))
    assert isinstance(potential, public.Potential) and potential.energy_shift
    assert f"Measure it: whet evaluate FRAMES --potential {out / 'potential'}\n" in said
    assert "Trained on 12 frames: full, 5 epochs, learning rate 0.5" in said
    assert "Scored on 3 frames of 1 group that training did not see." in " ".join(said.split())
    assert str(out) in said.splitlines()[-1]
    assert len([line for line in said.splitlines() if line.startswith("toy ") and "–" in line]) == 2
    # Whole trajectories are held back, and no frame is in both.
    train, valid = public.read_labeled(out / "train.extxyz"), public.read_labeled(out / "valid.extxyz")
    assert len(train) + len(valid) == 15
    assert not {one.info["trajectory"] for one in train} & {one.info["trajectory"] for one in valid}
    # The same command goes on, another request does not mix with it; the study is one like any other.
    again = program("fine-tune", labeled, "-p", "toy", "--epochs", "5", "--out", out, "--json", folder=tmp_path)
    assert not [line for line in again.stderr.splitlines() if line.startswith("[")]
    found = json.loads(again.stdout)
    assert found["after"]["forces"]["mae"] < 0.5 * found["before"]["forces"]["mae"]
    assert found["after"]["energy"]["mae"] < 100 < found["before"]["energy"]["mae"]  # aligned: 400 eV/atom away
    assert (found["applied"]["epochs"], found["train"]) == (5, 12)
    ended = program("fine-tune", labeled, "-p", "toy", "--epochs", "6", "--out", out, code=2)
    assert f"{out}: another fine-tuning was begun in this folder. Give another folder (--out)" in ended.stderr
    assert "Nothing to do" in program("run", out / "study.yaml").stdout or (out / "report" / "index.html").exists()


def test_copies_of_frames_are_left_out_and_told(labeled: Path, tmp_path: Path) -> None:
    frames = public.read_labeled(labeled)
    public.export_frames(tmp_path / "copied.extxyz", [*frames, frames[0], frames[3]])
    said = program("fine-tune", "copied.extxyz", "-p", "toy", "--epochs", "1", folder=tmp_path).stdout
    assert "Left out: 2 frames that the file has more than once." in said


def test_everything_of_a_fine_tuning_can_be_said(labeled: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.extxyz"
    public.export_frames(other, frames_of(18)[15:])
    words = ["--valid", other, "--method", "full", "--learning-rate", "0.25", "--seed", "7", "--set"]
    words += ["fine_tune.weights={energy: 1, forces: 2}", "--sampled-by", "rattle", "--groups", "frames", "--json"]
    found = json.loads(program("fine-tune", labeled, "-p", "toy:hard", *words, folder=tmp_path).stdout)
    assert found["folder"] == "toy-hard-frames"
    assert (found["train"], found["before"]["frames"]) == (15, 3)
    assert found["before"]["softening"]["sampler"] == "rattle"
    assert found["applied"]["learning_rate"] == 0.25
    study = public.Study.load(tmp_path / "toy-hard-frames" / "study.yaml")
    assert study.file.seed == 7
    assert study.file.fine_tune.weights.forces == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-p", "toi"], "there is no potential 'toi'. Did you mean 'toy'?"),
        (["-p", "toy", "--method", "ful"], "fine_tune.strategy"),
        (["-p", "toy", "--method", "lora"], "fine_tune: 'toy' has no fine-tuning strategy 'lora'. It has full"),
        (["-p", "toy", "--set", "fine_tune.epoch=3"], "fine_tune.epoch"),
        (["-p", "toy", "--set", "nonsense"], "'nonsense' is no KEY=VALUE"),
        (["-p", "toy", "--valid-fraction", "1.5"], "1.5 is no share of the frames"),
        (["-p", "toy", "--valid", "none.extxyz"], "there is no such file"),
        (["-p", "toy", "--energy-key", "none"], "name them: --energy-key KEY and --forces-key KEY"),
    ],
)
def test_faults_of_a_fine_tuning_are_one_line(labeled: Path, arguments: list[str], said: str) -> None:
    ended = program("fine-tune", labeled, *arguments, code=2, folder=labeled.parent)
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert [path.name for path in labeled.parent.iterdir()] == ["frames.extxyz"]  # and stand in nobody's way


def test_one_frame_cannot_be_split(labeled: Path) -> None:
    public.export_frames(labeled.parent / "one.extxyz", frames_of(1))
    ended = program("fine-tune", "one.extxyz", "-p", "toy", code=2, folder=labeled.parent)
    assert "1 frame cannot be split into some to train on and some to score on" in ended.stderr
    done = program("fine-tune", "one.extxyz", "-p", "toy", "--valid-fraction", "0", folder=labeled.parent)
    assert "Not scored: no frame was held back." in done.stdout


def test_each_command_advises_what_it_has_for_labels_under_unusual_keys(labeled: Path) -> None:
    path, folder = odd(labeled), labeled.parent
    options = "name them: --energy-key KEY and --forces-key KEY"
    keys = "name them: `keys: {energy: KEY, forces: KEY}` beside the file in the study file"
    named = ("--energy-key", "E_tot", "--forces-key", "F_tot")
    for command in (["evaluate", path, "-p", "toy"], ["fine-tune", path, "-p", "toy", "--out", folder / "out"]):
        said = program(*command, code=2, folder=folder).stderr
        assert options in said and "keys:" not in said
        program(*command, *named, folder=folder)
    theory = ("--theory", "PBE", "--units", "eV,Å")
    said = program("labels", "import", path, *theory, "--dry-run", code=2, folder=folder).stdout
    assert options in said
    program("labels", "import", path, *theory, *named, "--dry-run", folder=folder)
    study = folder / "s.yaml"
    for command in ("check", "run"):
        study.write_text(f"name: s\npotentials: {{toy: toy}}\ntests: {{t: {path}}}\n")
        said = program(command, study, code=2).stderr
        assert keys in said and "--energy-key" not in said
    keyed = f"{{file: {path}, keys: {{energy: E_tot, forces: F_tot}}}}"
    study.write_text(f"name: s\npotentials: {{toy: toy}}\ntests: {{t: {keyed}}}\n")
    program("check", study)


def test_where_there_is_no_key_to_name_the_file_is_to_be_changed(labeled: Path) -> None:
    path, study = odd(labeled), labeled.parent / "s.yaml"
    study.write_text(
        f"name: s\npotentials: {{toy: toy}}\ndata: {{d: {labeled}}}\n"
        f"fine_tune: {{reference_energies: {{atoms: {path}}}}}\n"
        "strategies: {few: {preset: subsets, data: d, sizes: [3]}}\n"
    )
    said = program("check", study, code=2).stderr
    assert "rename them in the file: REF_energy and REF_forces" in said
    assert "keys" not in said
