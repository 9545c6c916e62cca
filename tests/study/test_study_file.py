"""The seam: one study in this process, in workers, in an interpreter whose plugin the driver lacks; killed anywhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from in_process import whet
from whet.contracts.ports import FineTuning
from whet.data.errors import InputError, SeveralFaults, WhetError
from whet.study.study import Study

BAD = [
    ("fine_tune: {epochs: 5}", "fine_tune: {epoch: 5}", "line 7, key fine_tune.epoch", "did you mean 'epochs'?"),
    ("temperature: 100", "temperature: -5", "line 6, key dynamics.temperature", "greater than 0"),
    ("fine_tune: {epochs: 5}", "fine_tune: {epochs: many}", "key fine_tune.epochs", "'many'"),
    ("main: toy", "main: tow", "line 4, key potentials.main", "Did you mean 'toy'?"),
    ("main: toy", "main: toy:nofile/x.json", "key potentials.main", "there is no such file"),
    ("main: toy", "main: {use: toy, scal: 2}", "key potentials.main.scal", "did you mean 'scale'?"),
    ("labeler: toy", "labeller: toy", "line 5, key labeller", "did you mean 'labeler'?"),
    ("labeler: toy\n", "", "key labeler", "sampled frames need labels"),
    ("strategies: {naive: 2", "strategies: {nave: 2", "key strategies", "needs `preset:`"),
    ("production: 20,", "production: 25,", "key dynamics", "not a multiple"),
    ("name: toy", "name: [toy", "line 2", "not valid YAML"),
    ("main: toy", "main: {use: toy, environment: other}", "key potentials.main.environment", "no environment 'other'"),
    ("trajectories: 1", "driver: nobody", "key tests.independent.driver", "no driver 'nobody'"),
    ("{trajectories: 1}", "{file: none.xyz}", "key tests.independent.file", "there is no such file"),
    ("{trajectories: 1}", "{file: '${NOWHERE}/x.xyz'}", "key tests.independent.file", "NOWHERE is not set"),
    ("naive: 2", "naive: 0", "line 8, key strategies.naive.rounds", "greater than or equal to 1"),
    ("naive: 2", "naive: [{sampler: mdd}]", "key strategies.naive.rounds.0.sampler", "'mdd'"),
    ("naive: 2", "naive: {seeds: [1, 1]}", "key strategies.naive.seeds", "twice"),
    ("main: toy", "labeler: toy", "key potentials.labeler", "has a meaning as what drives or samples"),
    ("naive: 2", "naive: many", "line 8, key strategies.naive", "should be a mapping of keys, not 'many'"),
    ("epochs: 5", "weights: {energy: 0, forces: 0}", "key fine_tune.weights", "nothing to train on"),
    ("{naive: 2, periodic: 2}", "{subsets: {sizes: [1]}}", "key strategies.subsets.data", "missing"),
    ("name: toy", "name: toy\nname: again", "line 2", "duplicate key"),
    ("fine_tune: {epochs: 5}", "fine_tune: {upstream: {dekay: 1}}", "key fine_tune.upstream.dekay", "'decay'"),
]


@pytest.mark.parametrize(("right", "wrong", "place", "what"), BAD, ids=[bad[1][:40] for bad in BAD])
def test_says_what_where_and_the_way_out(
    toy: None, study_file: Path, right: str, wrong: str, place: str, what: str
) -> None:
    text = study_file.read_text()
    assert right in text
    study_file.write_text(text.replace(right, wrong))
    with pytest.raises(WhetError) as caught:
        Study.load(study_file)
    line = str(caught.value)
    assert str(study_file) in line
    assert place in line
    assert what in line
    assert "\n" not in line


def test_the_program_ends_with_2_and_writes_nothing(toy: None, study_file: Path) -> None:
    study_file.write_text(study_file.read_text().replace("temperature: 100", "temperature: -5"))
    ended = subprocess.run([sys.executable, "-m", "whet", "run", str(study_file)], capture_output=True, text=True)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "Traceback" not in ended.stderr
    assert list(study_file.parent.iterdir()) == [study_file]


def test_what_a_backend_lacks_is_refused_before_anything_runs(toy: None, study_file: Path) -> None:
    with pytest.raises(WhetError, match=r"key fine_tune: the fine-tuning of 'toy' does not know ema"):
        Study.load(study_file, ["fine_tune.ema=0.99"])
    with pytest.raises(WhetError, match=r"'toy' has no fine-tuning strategy 'lora'. It has full"):
        Study.load(study_file, ["fine_tune.strategy=lora"])


def test_a_strategy_may_be_of_some_potentials(toy: None, study_file: Path) -> None:
    two = ["potentials={main: toy, other: toy:hard}", "strategies={naive: {rounds: 2, of: [other]}}"]
    tuned = {one.ref.potential for one in Study.load(study_file, two).plan.all(FineTuning)}
    assert tuned == {"other"}
    with pytest.raises(WhetError, match=r"key strategies.naive.of: the study has no potential 'othr'. Did you mean"):
        Study.load(study_file, ["strategies={naive: {rounds: 2, of: [othr]}}", two[0]])


def test_a_fault_of_an_override_says_so(toy: None, study_file: Path) -> None:
    with pytest.raises(WhetError, match=r"--set fine_tune.epochs=-1, key fine_tune.epochs: should be greater"):
        Study.load(study_file, ["fine_tune.epochs=-1"])
    with pytest.raises(WhetError, match=r"--set potentials.main=tow, key potentials.main: .* Did you mean 'toy'"):
        Study.load(study_file, ["potentials.main=tow"])


def test_a_key_above_the_one_that_was_overridden_is_placed_at_the_override(toy: None, study_file: Path) -> None:
    with pytest.raises(InputError) as caught:
        Study.load(study_file, overrides=["testz.far=x.extxyz"])
    assert str(caught.value).startswith("--set testz.far=x.extxyz, key testz: unknown key")


def test_overrides_swap_a_word(toy: None, study_file: Path) -> None:
    plain, hard = Study.load(study_file), Study.load(study_file, ["potentials.main=toy:hard"])
    assert hard.resolved.potentials["main"].placed.component.options["model"] == "hard"
    assert set(plain.plan.steps) & set(hard.plan.steps)  # structures and reference dynamics are the same
    assert set(plain.plan.steps) != set(hard.plan.steps)


def test_a_folder_means_the_study_in_it(toy: None, study_file: Path) -> None:
    assert Study.load(study_file.parent).file.name == Study.load(study_file).file.name
    (study_file.parent / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty/study\.yaml: there is no such study file"):
        Study.load(study_file.parent / "empty")


FAULTS = """name: six
structures: {use: toi}
potentials:
  main: {use: toy, scael: 2}
labler: toy
labeler: toy
dynamics: {use: ase-md, ensemble: nvt, temperature: -350, timestep: 0.5, production: lots}
strategies:
  naiv: 3
tests:
  far: {file: nowhere.extxyz}
  driven: {driver: labelr}
fine_tune: {epochs: -1}
"""

NAMED = """line 2, key structures: there is no structure source 'toi'. Did you mean 'toy'?
line 4, key potentials.main.scael: unknown key; did you mean 'scale'?
line 5, key labler: unknown key; did you mean 'labeler'?
line 7, key dynamics.temperature: should be greater than 0, not -350
line 7, key dynamics.production: should be a valid integer, unable to parse string as an integer, not 'lots'
line 9, key strategies.naiv: the strategy needs `preset:` or a list of rounds. Did you mean 'naive'?
line 11, key tests.far.file: nowhere.extxyz: there is no such file
line 12, key tests.driven.driver: there is no driver 'labelr'. Did you mean 'labeler'?
line 13, key fine_tune.epochs: should be greater than or equal to 0, not -1
"""


def test_every_fault_is_named_at_once(toy: None, tmp_path: Path) -> None:
    """Unknown names, keys and strategies, wrong types, what is out of range, a missing file: in the file's order."""
    file = tmp_path / "study.yaml"
    file.write_text(FAULTS)
    with pytest.raises(SeveralFaults) as caught:
        Study.load(file)
    assert str(caught.value).replace(f"{file}, ", "").replace(f"{tmp_path}/", "") == NAMED.rstrip()
    assert len(caught.value.faults) == 9
    said = whet("check", file, code=2).stderr.splitlines()
    assert said == [f"whet: {fault}" for fault in caught.value.faults]


def test_of_very_many_faults_some_are_told(toy: None, study_file: Path) -> None:
    study_file.write_text(study_file.read_text() + "".join(f"no{number}: 1\n" for number in range(50)))
    with pytest.raises(SeveralFaults) as caught:
        Study.load(study_file)
    lines = str(caught.value).splitlines()
    assert len(caught.value.faults) == 50 and len(lines) == 21 and lines[-1] == "and 30 more faults"


def test_what_follows_from_a_fault_is_none(toy: None, study_file: Path) -> None:
    """A labeler, a potential and data that are wrong themselves are not missed where they are named."""
    study_file.write_text(
        "name: x\npotentials: {main: toy, other: 5}\nlabeler: [toy]\ndata: {some: {fil: x}}\n"
        "strategies:\n  few: {of: [other], rounds: [{sampler: data, data: some, frames: 1}]}\n"
        "tests: {far: {driver: other}}\nfine_tune: {reference_energies: atoms}\n"
    )
    with pytest.raises(SeveralFaults) as caught:
        Study.load(study_file)
    keys = {str(fault).partition("key ")[2].partition(":")[0] for fault in caught.value.faults}
    assert keys == {"potentials.other", "labeler", "data.some.file", "data.some.fil"}, str(caught.value)


def test_a_teacher_is_not_what_is_measured(toy: None, study_file: Path) -> None:
    taught = "labeler={use: teacher, potential: {use: toy, scale: 1.3}}"
    Study.load(study_file, [taught])
    with pytest.raises(InputError) as caught:
        Study.load(study_file, [taught, "potentials={main: toy, same: {use: toy, scale: 1.3}}"])
    assert str(caught.value) == (
        f"--set {taught}, key labeler: what labels is the potential 'same' itself: compared with its own labels it has "
        "no error. Label with density-functional theory or with another potential, or take it out of `potentials:`"
    )
