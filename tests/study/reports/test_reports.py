"""Reports of whole studies: every question answered, what failed and what is missing said, every figure drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pages import contents, outline
from whet.report.page import write_report
from whet.study.record import record_of

from .conftest import SAMPLED, made

EVERY = ("whole", "failing", "subsets", "evaluation")


@pytest.mark.parametrize("name", EVERY)
def test_a_report_is_whole_and_loads_nothing(reports: dict[str, Path], name: str) -> None:
    folder = reports[name]
    page = outline(folder / "index.html")
    assert not page.open
    assert len(page.ids) == len(set(page.ids))
    assert not {"link", "img", "iframe"} & set(page.tags)
    for link in page.links:
        assert link[1:] in page.ids if link.startswith("#") else (folder / link).is_file(), link
    assert list((folder / "figures").glob("*.svg"))
    assert "could not be drawn" not in page.text
    for path in (folder / "index.html", *(folder / "figures").glob("*.svg")):
        text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", path.read_text(encoding="utf-8"))
        assert not re.search(r"https?://|@import|url\((?!#)", text), path


def test_words_of_the_user_are_escaped(reports: dict[str, Path]) -> None:
    text = (reports["subsets"] / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "<b>bold" not in text
    assert "one & <i>" not in text
    page = outline(reports["subsets"] / "index.html")
    assert 'a <b>bold</b> & "quoted" study' in page.text
    assert "one & <i>" in page.text
    assert "../<script>alert(1)</script>" in page.text


def test_the_same_results_give_the_same_bytes(reports: dict[str, Path], whole, tmp_path: Path) -> None:
    write_report(record_of(whole.stored), tmp_path)
    assert contents(tmp_path) == contents(reports["whole"])


def test_first_screen_answers_the_readers_questions(reports: dict[str, Path]) -> None:
    text = outline(reports["whole"] / "index.html").text
    for question in ("How soft?", "After fine-tuning", "Naive or periodic?"):
        assert question in text
    # Two trajectories are too few to decide anything.
    assert "undecided: 2 trajectories" in text


def test_label_failures_are_listed(reports: dict[str, Path], failing) -> None:
    failures = failing.stored.failures
    text = outline(reports["failing"] / "index.html").text
    assert failures
    assert f"{len(failures)} frames could not be labeled" in text
    rows = (reports["failing"] / "tables" / "failures.csv").read_text().splitlines()[1:]
    assert len(rows) == len(failures)
    assert all("the toy did not converge" in row for row in rows)


def test_the_first_screen_says_what_the_report_is_about(reports: dict[str, Path]) -> None:
    """Planted by the studies: whom, against what, of which atoms, moved how."""
    text = outline(reports["whole"] / "index.html").text
    whole = "toy soft · reference: toy-hard (toy) · 32 atoms (Ar32) · dynamics: NVT, 100 K: 40 fs of prod"
    assert "In short" in text.partition(whole)[2]
    text = outline(reports["subsets"] / "index.html").text
    assert "one & <i> (toy soft) · $two$ (toy soft)" in text
    assert "reference: the study does not name it (theory: of a file)" in text
    assert "dynamics:" not in text


def test_what_the_evidence_does_not_cover_follows_from_the_study(reports: dict[str, Path]) -> None:
    text = outline(reports["whole"] / "index.html").text
    assert "Temperatures other than 100 K; volumes other than those of the structures." in text
    assert "Times beyond 40 fs." in text and "What was forgotten: no test set is of the kind “replay”." in text
    assert "Bonds that break" not in text, "argon has none to follow"
    assert "Temperatures other than" not in outline(reports["evaluation"] / "index.html").text


def test_steps_of_dynamics_have_times(reports: dict[str, Path]) -> None:
    text = (reports["whole"] / "tables" / "components.csv").read_text(encoding="utf-8")
    assert "production: 10 steps" not in text and "production: 20 steps (40 fs), every: 10 steps (20 fs)" in text
    assert "temperature: 100.0 K" in text


def test_what_is_missing_is_said(reports: dict[str, Path]) -> None:
    assert "the study names no “descriptor”" in outline(reports["failing"] / "index.html").text
    assert "the study names no “strategies”" in outline(reports["evaluation"] / "index.html").text
    assert "no test set is of the kind “replay”" in outline(reports["whole"] / "index.html").text


@pytest.mark.parametrize("steps", [0, 14, 28])
def test_incomplete_study_is_reported_as_far_as_it_goes(tmp_path: Path, steps: int) -> None:
    study = made(tmp_path, SAMPLED.format(labeler="toy", more="descriptor: toy"), steps)
    page = outline(write_report(record_of(study.stored), tmp_path / "report"))
    assert not page.open
    waiting = sum(not study.store.is_done(key) for key in study.plan.steps)
    assert f"{waiting} of {len(study.plan.steps)} steps have no result yet" in page.text


def test_a_set_without_forces_has_errors_and_no_scale(tmp_path: Path) -> None:
    from ase.build import bulk
    from ase.io import write

    still = bulk("Ar", "fcc", a=4.6, cubic=True)
    still.info["REF_energy"], still.arrays["REF_forces"] = -1.0, 0 * still.positions
    write(tmp_path / "still.xyz", [still], format="extxyz")
    study = made(tmp_path, "name: still\npotentials: {main: toy}\ntests: {still: still.xyz}\n")
    text = outline(write_report(record_of(study.stored), tmp_path / "report")).text
    assert "without a number" not in text
    assert "undecided: by symmetry the forces of this frame are zero" in text
    (score,) = study.stored.scores
    assert (score["softening"]["scale"], score["relative_force_rmse"]) == (None, None)
    assert score["energy"]["mae"] > 0 and score["forces"]["mae"] == pytest.approx(0, abs=1e-12)
