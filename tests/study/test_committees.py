"""Committees: each member is trained on frames of its own draw; where no spread ends a run, its worst is labeled."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ase import Atoms

from whet import InputError, Labels, Study
from whet.contracts.ports import Dataset, FineTuning
from whet.data.frame_identity import frame_key
from whet.data.frame_log import write_frames
from whet.data.frames import FrameSet
from whet.running.stored_step import StoredSteps
from whet.selectors.most_uncertain import MostUncertain, MostUncertainOptions
from whet.testing.given_work import GivenWork

QUIET = ["tests={}", "self_generated={of: none}"]


def test_members_see_other_frames(toy: None, study_file: Path) -> None:
    words = "strategies={active: {preset: naive, rounds: 6, committee: 3}}"
    study = Study.load(study_file, [words, *QUIET])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    stored, plan = StoredSteps(study.store), study.plan
    last, whole = plan.all(FineTuning)[-1], plan.all(Dataset)[-1]
    data = Dataset.read(stored[whole.key], whole.ref)
    everything = [frame_key(frame) for frame in data.train]
    samples = []
    for member in plan.steps[last.key].inputs["members"]:
        (drawn,) = plan.steps[member].inputs["data"]
        assert plan.steps[drawn].kind == "bootstrap" and stored[drawn].values["by"] == "trajectories"
        seen = Dataset.read(stored[drawn], whole.ref)
        samples.append(sorted(frame_key(frame) for frame in seen.train))
        assert set(samples[-1]) < set(everything)
        assert [frame_key(frame) for frame in seen.valid] == [frame_key(frame) for frame in data.valid]
        assert stored[member].values["train"] == len(seen.train)
    assert len({tuple(sample) for sample in samples}) == 3
    fitted = {stored[member].component.key for member in plan.steps[last.key].inputs["members"]}  # pyright: ignore
    assert len(fitted) == 3


def test_members_of_a_file_s_subsets_do_too(toy: None, study_file: Path, tmp_path: Path) -> None:
    source = Study.load(study_file, ["strategies={naive: 3}", *QUIET])
    source.run(workers=0)
    labeled = source.plan.of_kind("label")
    stored = StoredSteps(source.store)
    path = tmp_path / "pool.frames"
    write_frames(path, [frame for step in labeled for frame in stored[step.key].frames()])
    words = ["strategies={few: {preset: subsets, data: pool, sizes: [6], committee: 3}}", f"data={{pool: {path}}}"]
    study = Study.load(study_file, [*words, *QUIET])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    stored = StoredSteps(study.store)
    drawn = [stored[step.key] for step in study.plan.of_kind("bootstrap")]
    assert [one.values["by"] for one in drawn] == ["frames"] * 3
    assert len({tuple(frame_key(frame) for frame in one.frames("train")) for one in drawn}) == 3


@pytest.mark.parametrize("committee", [1, 2])
def test_only_committees_draw(toy: None, study_file: Path, committee: int) -> None:
    study = Study.load(study_file, [f"strategies={{naive: {{rounds: 2, committee: {committee}}}}}", *QUIET])
    assert len(study.plan.of_kind("bootstrap")) == (0 if committee == 1 else 4)


UNCERTAIN = "selection: {use: most-uncertain, frames: 1}"
COMMITTEE = f"strategies={{active: {{preset: periodic, rounds: 2, committee: 3, {UNCERTAIN}}}}}"
LONGER = "dynamics={use: toy, timestep: 2, production: 60, every: 10, temperature: 100}"


def second_round(study: Study) -> tuple[list[float], list[int], list[str], bool]:
    """Of the round that a committee drives: each frame's worst spread, the places chosen, why, and whether it ended."""
    stored = StoredSteps(study.store)
    selected = study.plan.of_kind("most-uncertain")[1]
    (run,) = stored[selected.key].fed_by("pool")
    spreads = [float(Labels.of(frame).extra["force_spread"].max()) for frame in run.frames()]
    chosen = stored[selected.key].values["chosen"]
    return spreads, [place for place, _ in chosen], [why for _, why in chosen], run.values["end"] is not None


def test_without_a_stop_the_worst_frame_is_labeled(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, [COMMITTEE, LONGER, "dynamics.monitors={max_force_spread: 1000}", *QUIET])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    spreads, chosen, why, ended = second_round(study)
    assert not ended and len(spreads) == 7 and max(spreads) > 1e-6
    assert chosen == [max(range(7), key=lambda place: spreads[place])]
    assert why == [f"spread {max(spreads):.3g} eV/Å on its worst atom"]
    # The first round has no committee: all its frames, and that is said.
    first = StoredSteps(study.store)[study.plan.of_kind("most-uncertain")[0].key].values["chosen"]
    assert first == [[place, "no committee drove the run, so its spread is not known"] for place in range(7)]
    labels = [StoredSteps(study.store)[step.key].values["labeled"] for step in study.plan.of_kind("label")]
    assert labels == [7, 1]


def test_a_run_that_the_spread_ended_gives_its_last_frame(toy: None, study_file: Path) -> None:
    study = Study.load(study_file, [COMMITTEE, LONGER, "dynamics.monitors={max_force_spread: 1.0e-9}", *QUIET])
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    spreads, chosen, why, ended = second_round(study)
    assert ended and chosen == [len(spreads) - 1] and spreads[-1] > 1e-9
    assert why[0].startswith("the run ended there: the committee's forces differ by")


class Pool(GivenWork):
    """Work with finished runs as the pool."""

    def __init__(self, folder: Path, *runs: tuple[list[float | None], dict[str, object] | None]) -> None:
        super().__init__(folder)
        self.runs = [SimpleNamespace(frames=lambda of=of: spread_frames(of), values={"end": end}) for of, end in runs]

    def steps(self, role: str) -> Any:
        return self.runs


def spread_frames(spreads: list[float | None]) -> FrameSet:
    made = []
    for spread in spreads:
        extra = {} if spread is None else {"force_spread": np.array([0.0, spread])}
        made.append(Labels(-1.0, np.zeros((2, 3)), extra=extra).attach(Atoms("Ar2", [[0, 0, 0], [0, 0, 3]])))
    return FrameSet(made)


def test_known_spreads_are_ranked_run_by_run(tmp_path: Path) -> None:
    stop = {"monitor": "spread", "what": "too far", "time": 4.0, "keeps": True}
    other = {"monitor": "force", "what": "absurd", "time": 4.0, "keeps": False}
    runs = [([0.1, 0.7, 0.3], None), ([0.9, 0.2, 0.6], stop), ([0.2, 0.1], other), ([None, None], None)]
    work: Any = Pool(tmp_path, *runs)
    pool = sum((run.frames() for run in work.runs), FrameSet(()))

    def chosen(frames: int) -> list[int]:
        return [one.index for one in MostUncertain(MostUncertainOptions(frames=frames)).choose(pool, pool, work)]

    assert chosen(1) == [1, 5, 6, 8, 9]
    assert chosen(2) == [1, 2, 5, 3, 6, 7, 8, 9]
    assert sorted(chosen(9)) == list(range(10))


@pytest.mark.parametrize(
    ("strategies", "key"),
    [
        (f"{{periodic: {{rounds: 2, {UNCERTAIN}}}}}", "strategies.periodic.selection"),
        (f"{{naive: {{rounds: 2, committee: 3, {UNCERTAIN}}}}}", "strategies.naive.selection"),
        (f"{{own: [{{{UNCERTAIN}}}]}}", "strategies.own.rounds.0.selection"),
    ],
)
def test_a_selector_with_nothing_to_rank_by_is_refused(toy: None, study_file: Path, strategies: str, key: str) -> None:
    with pytest.raises(InputError) as caught:
        Study.load(study_file, [f"strategies={strategies}"])
    said = str(caught.value)
    assert f"key {key}: no driver of this strategy gives what the selector 'most-uncertain' ranks by" in said
    assert "\n" not in said


@pytest.mark.parametrize("engine", ["ase-md", "toy"])
def test_recorded_frames_keep_the_spread(toy: None, study_file: Path, engine: str) -> None:
    two = "potentials={main: toy, two: {use: committee, members: [toy, {use: toy, model: hard}]}}"
    rounds = f"strategies={{own: {{of: [main], rounds: [{{driver: two, {UNCERTAIN}}}]}}}}"
    dynamics = f"dynamics={{use: {engine}, timestep: 2, production: 8, every: 2, temperature: 100}}"
    study = Study.load(study_file, [two, rounds, dynamics, *QUIET])
    assert not study.run(workers=0).failed
    stored = StoredSteps(study.store)
    (run,) = study.plan.of_kind("md")
    spreads = [float(Labels.of(frame).extra["force_spread"].max()) for frame in stored[run.key].frames()]
    (selected,) = study.plan.of_kind("most-uncertain")
    assert len(spreads) == 5
    assert [place for place, _ in stored[selected.key].values["chosen"]] == [int(np.argmax(spreads))]
