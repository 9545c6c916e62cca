"""The command line, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from in_process import whet


@pytest.fixture
def labeled(toy: None, tmp_path: Path) -> Path:
    """Six frames labeled by the hard toy, as a user's file."""
    import ase.io
    import numpy as np
    from ase.build import bulk

    from whet import Spec
    from whet.plugins.registry import registry

    hard = registry().load(registry().resolve("potentials", Spec("toy", {"model": "hard"})))
    frames = []
    for seed in range(6):
        atoms = bulk("Ar", "fcc", a=4.6, cubic=True).repeat(2)
        atoms.positions += np.random.default_rng(seed).normal(scale=0.2, size=(len(atoms), 3))
        (labels,) = hard.evaluate([atoms])
        frames.append(labels.attach(atoms))
    path = tmp_path / "frames.extxyz"
    ase.io.write(path, frames)
    return path


def test_run_status_report_and_run_again(toy: None, study_file: Path) -> None:
    first = json.loads(whet("run", study_file, "--json").stdout)
    assert first["complete"]
    assert first["ran"] > 0
    assert first["scores"][0]["softening"]["scale"] < 0.8
    assert Path(first["report"]).is_file()
    assert "How soft?" in {one["question"] for one in first["answers"]}
    again = whet("run", study_file)
    assert "Nothing to do" in again.stdout
    status = json.loads(whet("status", study_file, "--json").stdout)
    assert all(kind["done"] == kind["planned"] for kind in status["steps"].values())
    assert status["labels"][0]["labels"] > 0
    assert "index.html" in whet("report", study_file).stdout


def test_answers_about_several_potentials_say_which(capsys: pytest.CaptureFixture[str]) -> None:
    from whet.cli.findings import print_answers
    from whet.contracts.findings import Verdict

    same = Verdict("Naive or periodic?", "no difference resolved", decided=False)
    print_answers([("chgnet", same), ("mace", same), ("liquid", Verdict("How soft?", "chgnet: not soft"))])
    shown = capsys.readouterr().out
    assert "chgnet: no difference" in shown and "mace: no difference" in shown
    assert "liquid" not in shown  # the only one of its question


def test_a_run_ends_with_the_answers_of_its_report(toy: None, study_file: Path) -> None:
    answers = json.loads(whet("run", study_file, "--json").stdout)["answers"]
    shown = whet("run", study_file, "--out", study_file.parent / "other").stdout.splitlines()
    assert max(map(len, shown)) <= 80 + len(str(study_file))
    said = " ".join(" ".join(shown).split())
    for one in answers:
        assert f"{one['question']}" in shown
        assert " ".join(one["claim"].split()) in said


def test_evaluate_prints_documented_keys(labeled: Path) -> None:
    found = json.loads(whet("evaluate", labeled, "-p", "toy", "-p", "toy:hard", "--json").stdout)
    soft, hard = found
    assert (soft["potential"], hard["potential"]) == ("toy", "toy:hard")
    assert soft["frames"] == 6
    assert soft["softening"]["scale"] == pytest.approx(0.6, abs=0.05)
    assert hard["softening"]["scale"] == pytest.approx(1, abs=1e-6)
    assert hard["forces"]["mae"] == pytest.approx(0, abs=1e-6)
    documented = (Path(__file__).parents[3] / "docs" / "report.md").read_text()
    for key in ("potential", "set", "set_kind", "frames", "left_out", "softening", "forces", "energy", "energy_fitted"):
        assert key in soft
        assert key in documented


def test_tables_fit_a_narrow_terminal(labeled: Path) -> None:
    text = whet("evaluate", labeled, "-p", "toy", "-p", "toy:hard").stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "toy:hard" in text
    decided = whet("evaluate", labeled, "-p", "toy", "--sampled-by", "rattle", "--groups", "frames").stdout
    assert max(map(len, decided.splitlines())) <= 80


def test_evaluate_says_what_it_takes_for_granted_and_how_to_change_it(labeled: Path) -> None:
    text = whet("evaluate", labeled, "-p", "toy").stdout
    assert "toy: undecided: these frames do not decide" in " ".join(text.split())
    assert "Sampled by: unknown, as the frames do not say (change: --sampled-by)" in text
    assert "nobody says which frames belong together (change: --groups)" in text
    assert text.count("MAE E") >= 2 and "raw" in text and "fitted" in text
    text = whet("evaluate", labeled, "-p", "toy", "--sampled-by", "rattle", "--groups", "frames").stdout
    assert "toy: soft by 4" in text and "read from s, as these frames are rattled)" in " ".join(text.split())
    assert "Sampled by: random displacements" in text and "Independent: frames" in text


def test_the_blank_of_relaxed_structures_is_explained(labeled: Path) -> None:
    text = whet("evaluate", labeled, "-p", "toy", "--sampled-by", "minimum").stdout
    (row,) = [line for line in text.splitlines() if line.startswith("toy ")]
    assert row.split()[1] == "–"
    assert "curvature –: none is read from relaxed structures" in text
    assert "curvature –" not in whet("evaluate", labeled, "-p", "toy").stdout


@pytest.mark.parametrize(
    ("word", "samplers"),
    [("toy", ["self", "other"]), ("reference", ["reference"] * 2), ("unknown", ["unknown"] * 2)],
)
def test_the_sampler_of_each_potential(labeled: Path, word: str, samplers: list[str]) -> None:
    found = json.loads(
        whet(
            "evaluate", labeled, "-p", "toy", "-p", "toy:hard", "--sampled-by", word, "--groups", "frames", "--json"
        ).stdout
    )
    assert [score["softening"]["sampler"] for score in found] == samplers
    assert {(score["softening"]["units"], score["softening"]["units_of"]) for score in found} == {(6, "frames")}
    assert [score["softening"]["curvature"] is not None for score in found] == [
        sampler in ("self", "reference") for sampler in samplers
    ]


def test_frames_say_themselves_who_sampled_them(labeled: Path) -> None:
    import ase.io

    frames = list(ase.io.iread(labeled))
    for number, frame in enumerate(frames):
        frame.info |= {"sampled_by": "toy", "trajectory": number}
    ase.io.write(labeled, frames)
    (score,) = json.loads(whet("evaluate", labeled, "-p", "toy", "--json").stdout)
    assert (score["softening"]["sampler"], score["softening"]["units_of"]) == ("self", "groups")
    assert score["softening"]["curvature"] == pytest.approx(1 / score["softening"]["inverse_slope"])


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["evaluate", "none.extxyz", "-p", "toy"], "there is no such file"),
        (["run", "none.yaml"], "there is no such study file"),
        (["evaluate", "{labeled}", "-p", "toi"], "Did you mean 'toy'"),
        (["evaluate", "{labeled}", "-p", "toy", "-p", "toy"], "named twice"),
        (["evaluate", "{labeled}", "-p", "toy", "--sampled-by", "nobody"], "nobody called 'nobody' samples here"),
        (["evaluate", "{labeled}", "-p", "toy", "-p", "toy:hard", "--sampled-by", "self"], "`self` is one potential"),
        (["evaluate", "{labeled}", "-p", "toy", "--groups", "nothing"], "no `nothing` that names its group"),
        (["evaluate", "{labeled}", "-p", "toy:/none/x.json"], "there is no such file"),
        (["evaluate", "{labeled}", "-p", "toy", "--first", "99"], "99 frames were asked for, the file has 6"),
    ],
)
def test_faults_are_one_line_and_exit_code_2(labeled: Path, arguments: list[str], what: str) -> None:
    ended = whet(*(a.format(labeled=labeled) for a in arguments), code=2)
    lines = [line for line in ended.stderr.splitlines() if not line.startswith(("[", "failed"))]
    assert len(lines) == 1
    assert what in lines[0]
    assert "Traceback" not in ended.stderr


def test_check_reads_every_file(toy: None, labeled: Path, study_file: Path) -> None:
    text = study_file.read_text().replace("{trajectories: 1}", f"{{file: {labeled}}}")
    study_file.write_text(text)
    assert "No fault found" in whet("check", study_file).stdout
    labeled.write_text("\n".join(labeled.read_text().splitlines()[:-3]) + "\n")
    assert "the frame is cut off" in whet("check", study_file, code=2).stderr


def test_help_names_every_command() -> None:
    text = whet("--help").stdout
    for command in ("run", "check", "status", "report", "evaluate", "plugins"):
        assert command in text
