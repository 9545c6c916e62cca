"""Seeds repeat everything random: structures, velocities, splits, draws, weights; strategies of one share theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase.build import bulk

from whet import InputError, Labels, Study
from whet.contracts.ports import Dataset, FineTuning, SampledTrajectory
from whet.data.frame_identity import frame_key
from whet.data.frame_log import write_frames
from whet.running.step import Step
from whet.running.stored_step import StoredSteps

QUIET = ["tests={}", "self_generated={of: none}"]
BOTH = "strategies={naive: {rounds: 2, seeds: SEEDS}, periodic: {rounds: 2, seeds: SEEDS}}"
EVERYTHING = (
    "strategies={all: {seeds: [1, 2], committee: 2, rounds: [{driver: foundation, trajectories: 3}, "
    "{selection: {use: random, frames: 2}}, {sampler: minimize, minimize: {steps: 3}}]}}"
)


def structures(plan: object, seed: int, strategy: str = "") -> set[str]:
    """Keys of the steps that make the structures that training with a seed starts from."""
    return {step.key for step in steps(plan, seed, strategy) if step.kind == "structure"}


def steps(plan, seed: int, strategy: str = "") -> Iterator[Step]:
    """Every step on which a fine-tuning with this seed hangs."""
    pieces = plan.all(FineTuning, seed=seed, **({"strategy": strategy} if strategy else {}))
    waiting, seen = [one.key for one in pieces], set()
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            yield plan.steps[key]
            waiting += plan.steps[key].feeds


def test_two_seeds_share_no_structure(toy: None, study_file: Path) -> None:
    plan = Study.load(study_file, [BOTH.replace("SEEDS", "[1, 2, 3]"), *QUIET]).plan
    each = [structures(plan, seed) for seed in (1, 2, 3)]
    assert [len(one) for one in each] == [2, 2, 2]
    assert len(set.union(*each)) == 6
    for seed, found in zip((1, 2, 3), each, strict=True):  # naive and periodic are paired
        assert structures(plan, seed, "periodic") < structures(plan, seed, "naive") == found


def test_the_first_seed_keeps_its_steps(toy: None, study_file: Path) -> None:
    alone, several = (Study.load(study_file, [BOTH.replace("SEEDS", s)]).plan for s in ("[1]", "[1, 2, 3]"))
    mine = {step.key for step in steps(alone, 1)}
    assert mine == {step.key for step in steps(several, 1)}
    tested = {one.key for one in alone.all(SampledTrajectory) if one.ref.set_kind == "independent"}
    assert tested and tested == {one.key for one in several.all(SampledTrajectory) if one.ref.set_kind == "independent"}


def test_every_random_number_hangs_on_the_seed(toy: None, study_file: Path) -> None:
    plan = Study.load(study_file, [EVERYTHING, *QUIET]).plan
    drawn: list[dict[str, set[int]]] = []
    for seed in (1, 2):
        found: dict[str, set[int]] = {}
        for step in steps(plan, seed):
            numbers = [step.task.options[name] for name in ("index", "seed") if name in step.task.options]
            if step.kind == "structure":  # the source has one seed, and its numbers differ
                numbers = numbers[:1]
            found.setdefault(step.kind, set()).update(numbers)
        drawn.append({kind: numbers for kind, numbers in found.items() if numbers})
    first, second = drawn
    assert first.keys() == second.keys() == {"structure", "md", "random", "dataset", "bootstrap", "fine-tune"}
    for kind, numbers in first.items():
        assert not numbers & second[kind], kind
    # Whatever step has a random number is looked at above.
    random = {step.kind for step in plan.steps.values() if "seed" in step.task.options}
    assert random == first.keys()


def test_what_came_out_differs_in_everything(toy: None, study_file: Path) -> None:
    words = ["strategies={naive: {rounds: 3, seeds: [1, 2]}}", *QUIET]
    study = Study.load(study_file, words)
    account = study.run(workers=0)
    assert not account.failed, list(map(str, account.failed.values()))
    stored = StoredSteps(study.store)
    found = []
    for seed in (1, 2):
        runs = [
            one for one in study.plan.all(SampledTrajectory) if one.ref.gathered_by and one.ref.gathered_by.seed == seed
        ]
        trajectories = [SampledTrajectory.read(stored[one.key], one.ref) for one in runs]
        data = study.plan.all(Dataset, seed=seed)[-1]
        read = Dataset.read(stored[data.key], data.ref)
        tuned = stored[study.plan.all(FineTuning, seed=seed)[-1].key].component
        assert tuned is not None
        held = {frame_key(frame) for frame in read.valid}
        found.append(
            {
                "structures": [frame_key(one.start) for one in trajectories],
                "velocities": [one.frames[0].get_velocities() for one in trajectories],
                "split": [any(frame_key(frame) in held for frame in one.labeled) for one in trajectories],
                "weights": [ref.sha256 for ref in tuned.files.values()],
            }
        )
    first, second = found
    assert not set(first["structures"]) & set(second["structures"])
    assert not any(np.allclose(one, other) for one in first["velocities"] for other in second["velocities"])
    assert sum(first["split"]) == sum(second["split"]) == 1
    assert first["weights"] != second["weights"]


def test_too_few_structures_are_refused_with_the_sum(toy: None, study_file: Path) -> None:
    made = []
    for number in range(8):
        atoms = bulk("Ar", "fcc", a=4.6, cubic=True)
        atoms.positions += np.random.default_rng(number).normal(scale=0.15, size=(4, 3))
        made.append(atoms)
    ase.io.write(path := study_file.parent / "structures.extxyz", made)
    words = [f"structures={{file: {path}}}", BOTH.replace("SEEDS", "[1, 2, 3]"), "tests={near: {trajectories: 2}}"]
    with pytest.raises(InputError) as caught:
        Study.load(study_file, words)
    wanted = "the study needs 9 different structures (3 × 2 for training with the seeds 1, 2, 3, 2 for near, "
    assert f"{wanted}1 for own trajectories), the file has 8" in str(caught.value)
    other = [words[0], "strategies={naive: {rounds: 3, seeds: [7, 8]}, long: {rounds: 2, seeds: [8, 9]}}", words[2]]
    with pytest.raises(
        InputError, match=r"needs 10 .*3 for training with seed 7, 3 for training with seed 8, 1 for tr"
    ):
        Study.load(study_file, other)
    enough = Study.load(study_file, [words[0], BOTH.replace("SEEDS", "[1, 2]"), words[2]]).plan
    places = [{step.task.options["index"] for step in steps(enough, seed) if step.kind == "import"} for seed in (1, 2)]
    assert places == [{0, 1}, {2, 3}]


def test_seeds_of_drawn_files_take_no_structure(toy: None, study_file: Path) -> None:
    """`subsets` has no starting structure, so its seeds move nobody's."""
    atoms = bulk("Ar", "fcc", a=4.6, cubic=True)
    frames = [Labels(-1.0, np.zeros((4, 3))).attach(atoms), Labels(-2.0, np.zeros((8, 3))).attach(atoms * (1, 1, 2))]
    write_frames(path := study_file.parent / "pool.frames", frames)
    few = "few: {preset: subsets, data: pool, sizes: [1], seeds: [9, 4]}"
    words = [f"strategies={{{few}, naive: {{rounds: 2, seeds: [4]}}}}", f"data={{pool: {path}}}", *QUIET]
    plan = Study.load(study_file, words).plan
    assert {plan.steps[key].task.options["index"] for key in structures(plan, 4)} == {0, 1}
