"""What a report says of a study beside its findings: names, folders, failures, cost, what to do next, methods."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from in_process import whet
from whet import Study
from whet.cli.own_folder import own_folder
from whet.contracts.component import Component
from whet.report.page import _words, write_report
from whet.study.best_state import best_of
from whet.study.failed_steps import failed_steps, held_up
from whet.study.invocation import Invocation
from whet.study.next_steps import NextStep, next_steps
from whet.study.record import record_of
from whet.study.resolved import Placed
from whet.study.stored_study import StoredStudy

SMALL = """\
name: a toy
structures: {use: toy, repeat: 2}
potentials: {main: toy}
labeler: toy
dynamics: {use: toy, timestep: 2, production: 20, every: 10, temperature: 100}
fine_tune: {epochs: 2}
strategies: {naive: 1}
tests: {independent: {trajectories: 1}}
self_generated: {of: none}
"""

ENTRY = "@misc{toy2026,\n  title = {Toys},\n}"


@pytest.fixture
def study(toy: None, tmp_path: Path) -> Study:
    """A small study that has run."""
    path = tmp_path / "study.yaml"
    path.write_text(SMALL)
    loaded = Study.load(path)
    loaded.run(workers=0)
    return loaded


def named(found: StoredStudy, title: str = "Toy 1.0") -> StoredStudy:
    """The same study, whose plugin says what people call the potential and what they cite."""
    own = found.stored.roles["potential main"]
    component = replace(own.component, title=title, references=(ENTRY,))
    roles = {**found.stored.roles, "potential main": Placed(component)}
    return StoredStudy(found.store, replace(found.stored, roles=roles, cited=(ENTRY,)))


def text_of(page: Path) -> str:
    """What a reader sees."""
    whole = re.sub(r"<(script|style).*?</\1>", "", page.read_text(), flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", whole)))


def broken(found: StoredStudy, kind: str, reason: str, number: int = 1) -> StoredStudy:
    """The same study, so many steps of which failed for a reason, so that they have no result."""
    for key in [key for key, step in found.stored.plan.steps.items() if step.kind == kind][:number]:
        (found.store.folder(key) / "result.json").unlink(missing_ok=True)
        found.store.note_fault(key, reason)
    return StoredStudy(found.store, found.stored)


def test_a_page_of_a_study_names_the_architecture_everywhere(study: Study, tmp_path: Path) -> None:
    found = named(study.stored)
    page = write_report(record_of(found), tmp_path / "out")
    said = text_of(page)
    assert "Toy 1.0: " in said
    assert not re.search(r"(?<!')\bmain\b(?! naive)", said.replace("potential main", ""))
    figures = "".join(path.read_text() for path in (tmp_path / "out" / "figures").iterdir())
    assert "main" not in re.findall(r'"(?:state|series|potential)": "([^"]*)"', figures)
    scores = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert all(one["potential"].startswith("main") for one in scores)


def test_a_page_says_what_to_cite_and_how_it_was_done(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = text_of(write_report(record_of(named(study.stored)), out))
    methods = (out / "methods.txt").read_text()
    for words in (
        "Toy 1.0 [toy2026]",
        "300 K" if "300 K" in methods else "100 K",
        "2 epochs",
        "1 trajectory",
        "seed 1",
    ):
        assert words in methods
    assert methods.split("\n\n")[0] in said.replace("  ", " ")
    entries = (out / "references.bib").read_text()
    for key in ("software{whet,", "wong2026bias", "deng2025softening", "toy2026"):
        assert key in entries
    assert entries.count("{") == entries.count("}")


def test_one_table_says_what_it_cost(study: Study, tmp_path: Path) -> None:
    page = write_report(record_of(study.stored), tmp_path / "out")
    said = text_of(page)
    assert said.count("Labels and steps") == 1
    rows = (tmp_path / "out" / "tables" / "cost.csv").read_text().splitlines()
    assert rows[0] == "what,of what,computed,reused,planned,core hours"
    steps = len(study.plan.steps)
    assert rows[-1].startswith(f"steps,all,{steps},,{steps},")
    analyses = sum(step.task.hook == "analyses" for step in study.plan.steps.values())
    assert any(row.startswith(f"steps,analyses,{analyses},,{analyses},") for row in rows)
    assert any(row.startswith("labels,for training,") for row in rows)
    assert not (tmp_path / "out" / "tables" / "steps.csv").exists()


def test_every_heading_leads_to_its_meaning(study: Study, tmp_path: Path) -> None:
    page = write_report(record_of(study.stored), tmp_path / "out").read_text()
    wanted = re.findall(r'<a class="meaning" href="#([^"]+)"', page)
    assert len(wanted) > 10
    assert set(wanted) <= set(re.findall(r'<dt id="([^"]+)"', page))
    first = page[page.index('id="table-summary"') :]
    row = first[first.index("<thead>") : first.index("</thead>")]
    assert row.count("<th ") == row.count('class="meaning"')


def test_the_first_screen_shows_the_system(study: Study, tmp_path: Path) -> None:
    said = text_of(write_report(record_of(study.stored), tmp_path / "out"))
    assert "periodic in all directions. The first frame of “independent”." in said[: said.index("Not covered")]
    drawn = (tmp_path / "out" / "figures" / "system.svg").read_text()
    atoms = study.stored.of_task("structure")[0].values["atoms"]
    assert drawn.count("<circle") > atoms


def test_failed_steps_stand_on_top_with_their_reasons(study: Study, tmp_path: Path) -> None:
    found = broken(study.stored, "fine-tune", "the loss is not a number")
    (one,) = failed_steps(found)
    assert one.command == "whet log study.yaml 'main naive 1: fine-tune'"
    page = write_report(record_of(found), tmp_path / "out")
    said = text_of(page)
    _, top, *_ = said.split("In short")  # after the contents, before the answers
    assert "1 step failed" in top
    assert "What is drawn here is without them." in top
    assert f"{one.title} the loss is not a number {one.command}" in top
    assert held_up(found) > 0
    assert f"and {held_up(found)} more cannot run because of it" in top


def test_steps_that_failed_for_one_reason_are_told_once(study: Study, tmp_path: Path) -> None:
    found = broken(study.stored, "evaluate", "the potential answers NaN", number=3)
    (one,) = failed_steps(found)
    titles = [step.title for step in found.waiting if found.fault(step.key)]
    assert [one.title, *one.alike] == titles and len(titles) == 3
    said = text_of(write_report(record_of(found), tmp_path / "out"))
    assert f"{len(titles)} steps failed" in said and f"{len(titles) - 1} more for the same reason" in said
    assert next_steps(found)[0].what == f"Look why {titles[0]} and {len(titles) - 1} other steps failed."


def test_keys_in_a_sentence_stand_as_code() -> None:
    assert str(_words("say it (`groups:`) & `<b>`")) == "say it (<code>groups:</code>) &amp; <code>&lt;b&gt;</code>"


def test_a_failed_step_that_shares_its_title_is_named_by_its_key(study: Study) -> None:
    found = study.stored
    steps = {key: replace(step, title="alike") for key, step in found.stored.plan.steps.items()}
    found = StoredStudy(found.store, replace(found.stored, plan=replace(found.stored.plan, steps=steps)))
    (one,) = failed_steps(broken(found, "fine-tune", "why"))
    assert re.fullmatch(r"whet log study\.yaml fine-tune-[0-9a-f]{4,}", one.command)


def test_each_study_and_each_swap_has_its_own_folder(study: Study, tmp_path: Path) -> None:
    folder = study.source.folder
    first = whet("run", folder).stdout
    assert f"Report: {folder / 'report' / 'index.html'}" in first
    before = (folder / "report" / "index.html").read_bytes()
    swap = whet("run", folder, "--set", "potentials.main=toy:soft").stdout
    assert f"Report: {folder / 'report-toy-soft' / 'index.html'}" in swap.replace("\n", "")
    assert (folder / "report" / "index.html").read_bytes() == before
    assert "--set potentials.main=toy:soft" in text_of(folder / "report-toy-soft" / "index.html")
    shutil.copy(folder / "study.yaml", folder / "other.yaml")
    (folder / "other.yaml").write_text(SMALL.replace("a toy", "another"))
    other = whet("report", folder / "other.yaml").stdout
    assert "report-other" in other
    assert (folder / "report" / "index.html").read_bytes() == before


@pytest.mark.parametrize(
    ("overrides", "wanted"),
    [
        ((), "report"),
        (("running.workers=4", "store=/tmp/x"), "report"),
        (("potentials.main=mace:small",), "report-mace-small"),
        (("potentials.main=mace:/data/tuned.model",), "report-mace-tuned"),
        (("dynamics.temperature=400",), "report-temperature-400"),
        (("potentials.main=mace", "dynamics.temperature=400"), "report-temperature-400-mace"),
        (("dynamics.temperature=400", "potentials.main=mace"), "report-temperature-400-mace"),
        (("name=…",), "report-name"),
    ],
)
def test_the_name_of_a_folder(overrides: tuple[str, ...], wanted: str, tmp_path: Path) -> None:
    assert own_folder(tmp_path, Invocation("study.yaml", overrides), "any") == tmp_path / wanted


def seen(study: Study, **changes: Any) -> list[NextStep]:
    """What is said to do next, where the scores have these values: key -> value, of every score."""
    found = StoredStudy(study.stored.store, study.stored.stored)
    scores = [json.loads(json.dumps(score)) for score in found.scores]
    for score in scores:
        for key, value in changes.items():
            *above, last = key.split("__")
            part = score
            for name in above:
                part = part[name]
            part[last] = value(score) if callable(value) else value
    found.__dict__["scores"] = scores
    return next_steps(found)


def better(score: dict[str, Any]) -> float:
    return 0.1 if score["strategy"] else 1.0


def test_next_is_the_log_of_what_failed_and_then_to_run_again(study: Study) -> None:
    first, second = next_steps(broken(study.stored, "fine-tune", "why"))
    assert first.command == "whet log study.yaml 'main naive 1: fine-tune'"
    assert second.command == "whet run study.yaml"


def test_next_is_to_run_what_has_not_run(toy: None, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(SMALL)
    (one,) = next_steps(Study.load(tmp_path / "study.yaml").stored)
    assert one.command == "whet run study.yaml"


def test_next_is_a_test_set_where_there_is_none(study: Study) -> None:
    (one,) = seen(study, set_kind="self")
    assert one.command == "whet check study.yaml --set tests.reference.trajectories=4"


def test_next_are_more_trajectories_where_they_are_too_few(study: Study) -> None:
    said = seen(study, softening__reading="undecided")
    assert said[0].command == "whet check study.yaml --set tests.independent.trajectories=4"
    assert "Traceback" not in whet("check", study.source.path, "--set", "tests.independent.trajectories=4").stdout


def test_next_is_to_take_the_best_state_along(study: Study) -> None:
    said = seen(study, softening__reading="soft", softening__units=6, forces__mae=better, forces__mae_interval=None)
    assert [one.command for one in said] == ["whet export study.yaml naive"]
    assert "90\N{NO-BREAK SPACE}% lower" in said[0].what


def score_of(strategy: str, mae: float, reading: str, off: float = 0.02) -> dict[str, Any]:
    """Of a fine-tuned state, with an interval of its force error."""
    forces = {"mae": mae, "mae_interval": [mae - off, mae + off]}
    return {"strategy": strategy, "round": 1, "forces": forces, "softening": {"reading": reading}}


def test_of_states_that_err_alike_the_one_that_is_not_stiff_is_best() -> None:
    stiff, right = score_of("naive", 0.120, "stiff"), score_of("periodic", 0.125, "not soft")
    assert best_of([stiff, right]) is right
    far = score_of("periodic", 0.2, "not soft")
    assert best_of([stiff, far]) is stiff, "its force error is told apart"
    assert best_of([]) is None


def test_a_word_of_a_command_replaces_that_of_the_study() -> None:
    asked = Invocation("study.yaml", ("tests.near.trajectories=8", "seed=2"))
    said = asked.command("check", "--set", "tests.near.trajectories=16")
    assert said == "whet check study.yaml --set tests.near.trajectories=16 --set seed=2"


def test_dynamics_that_begins_too_early_is_made_longer_not_more(study: Study) -> None:
    """More trajectories of the same dynamics cost labels and decide nothing."""
    pieces = [one for one in study.stored.stored.plan.pieces if one.ref.set == "independent"]
    more = [replace(one, ref=replace(one.ref, trajectory=number)) for one in pieces for number in range(4)]
    found = StoredStudy(study.stored.store, study.stored.stored)
    plan = replace(found.stored.plan, pieces=[*found.stored.plan.pieces, *more])
    found = StoredStudy(found.store, replace(found.stored, plan=plan))
    scores = [dict(score) for score in study.stored.scores]
    for score in scores:
        why = "undecided: not equilibrated: frames begin 20 fs after the start"
        score["softening"] = {**score["softening"], "reading": "undecided", "verdict": why}
    found.__dict__["scores"] = scores
    said = next_steps(found)
    assert said[0].command == "whet check study.yaml --set dynamics.equilibration=1000"
    assert "not equilibrated" in said[0].what


def test_nothing_is_exported_that_is_not_better(study: Study) -> None:
    said = seen(study, softening__reading="soft", softening__units=6, forces__mae=1.0, forces__mae_interval=None)
    assert "No fine-tuned state" in said[0].what
    few = seen(study, softening__reading="soft", softening__units=2, forces__mae=better, forces__mae_interval=None)
    assert "export" not in "".join(one.command for one in few)


def test_next_is_to_fine_tune_where_nothing_was(study: Study) -> None:
    found = StoredStudy(study.stored.store, study.stored.stored)
    steps = {key: step for key, step in found.stored.plan.steps.items() if step.kind != "fine-tune"}
    found = StoredStudy(found.store, replace(found.stored, plan=replace(found.stored.plan, steps=steps)))
    found.__dict__["scores"] = [score for score in study.stored.scores if not score["strategy"]]
    for score in found.scores:
        score["softening"]["reading"] = "soft"  # pyright: ignore[reportIndexIssue, reportArgumentType]
    found.__dict__["done"] = {key: one for key, one in study.stored.done.items() if key in steps}
    commands = [one.command for one in next_steps(found)]
    assert commands == ["whet check study.yaml --set strategies.naive=3"]


def test_a_component_is_called_as_its_plugin_says() -> None:
    plain = Component("potentials", "mace", options={"model": "small"})
    assert plain.called == "mace small"
    titled = replace(plain, title="MACE-MP-0 small", references=(ENTRY,))
    assert titled.key == plain.key
    assert Component("potentials", "d3", parts={"potential": titled}).called == "d3 of MACE-MP-0 small"
    assert Component("potentials", "d3", parts={"potential": titled}).cited == (ENTRY,)
    assert Component.from_json(titled.as_json()) == titled
    assert titled.nameless == plain
