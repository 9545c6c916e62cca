"""Toy studies, each run once, and their reports."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from whet.report.page import write_report
from whet.running.runner import Account
from whet.running.step import Step
from whet.study.record import record_of
from whet.study.study import Study

TOY = Path(__file__).parents[2] / "toy"

SAMPLED = """\
name: toy
structures: {{use: toy, repeat: 2}}
potentials: {{main: toy}}
labeler: {labeler}
dynamics: {{use: toy, timestep: 2, production: 20, every: 10, temperature: 100}}
fine_tune: {{epochs: 3}}
strategies: {{naive: 2, periodic: 2}}
tests: {{independent: {{trajectories: 4, driver: foundation}}}}
{more}
"""

SUBSETS = """\
name: 'a <b>bold</b> & "quoted" study'
potentials: {'one & <i>': toy, $two$: {use: toy, scale: 0.9}}
fine_tune: {epochs: 3}
data: {pool: pool.xyz}
strategies: {few: {preset: subsets, data: pool, sizes: [1, 6], seeds: [1, 2, 3]}}
tests:
  '../<script>alert(1)</script>': test.xyz
  second: test.xyz
  old: {file: replay.xyz, kind: replay}
"""

EVALUATION = """\
name: evaluation
potentials: {main: toy}
tests: {given: test.xyz}
"""


@contextmanager
def toy_plugin() -> Iterator[None]:
    """The toy plugin, installed for this process only."""
    from whet.plugins.registry import registry

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOY))
        registry.cache_clear()
        yield
    registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "whet_toy"]:
        del sys.modules[name]


class First:
    """A planner of these steps and no others."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps

    def plan(self, so_far: Account) -> Sequence[Step]:
        """All of them."""
        return self.steps

    def asks_after(self, key: str) -> bool:
        """Nothing brings more."""
        return False


def made(folder: Path, text: str, steps: int | None = None) -> Study:
    """The study of that text, run as far as so many steps (None: to the end)."""
    from whet.running.runner import Runner

    (folder / "study.yaml").write_text(text)
    with toy_plugin():
        study = Study.load(folder / "study.yaml")
        if steps is None:
            account = study.run(workers=0)
            assert not account.failed
        elif steps:
            Runner(study.store).run(First(list(study.plan.steps.values())[:steps]))
    return study


def labeled(path: Path, frames: int, seed: int) -> None:
    """Writes frames with the hard toy potential's labels and a little noise."""
    import numpy as np
    from ase.build import bulk
    from ase.io import write

    with toy_plugin():
        from whet_toy.potential import ToyOptions, ToyPotential  # pyright: ignore[reportMissingImports]

        hard, rng, out = ToyPotential(ToyOptions(model="hard")), np.random.default_rng(seed), []
        for _ in range(frames):
            atoms = bulk("Ar", "fcc", a=4.6, cubic=True).repeat((2, 1, 1))
            atoms.symbols[rng.random(len(atoms)) < 0.5] = "Kr"
            atoms.positions += rng.normal(scale=0.15, size=(len(atoms), 3))
            (labels,) = hard.evaluate([atoms], ("energy", "forces"))
            atoms.info["REF_energy"] = labels.energy
            atoms.arrays["REF_forces"] = labels.forces + rng.normal(scale=0.004, size=labels.forces.shape)
            out.append(atoms)
    write(path, out, format="extxyz")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A complete study with naive and periodic fine-tuning and a descriptor."""
    return made(tmp_path_factory.mktemp("whole"), SAMPLED.format(labeler="toy", more="descriptor: toy"))


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of which some labels failed, without a descriptor."""
    text = SAMPLED.format(labeler="{use: toy, fail_every: 3}", more="self_generated: {trajectories: 2}")
    return made(tmp_path_factory.mktemp("failing"), text)


@pytest.fixture(scope="session")
def subsets(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two potentials fine-tuned on subsets with three seeds; names that must be escaped."""
    folder = tmp_path_factory.mktemp("subsets")
    for name, frames, seed in (("pool", 24, 1), ("test", 8, 2), ("replay", 5, 3)):
        labeled(folder / f"{name}.xyz", frames, seed)
    return made(folder, SUBSETS)


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Nothing but an evaluation."""
    folder = tmp_path_factory.mktemp("evaluation")
    labeled(folder / "test.xyz", 6, 2)
    return made(folder, EVALUATION)


@pytest.fixture(scope="session")
def reports(
    whole: Study, failing: Study, subsets: Study, evaluation: Study, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The folder of each study's report."""
    root = tmp_path_factory.mktemp("reports")
    studies = {"whole": whole, "failing": failing, "subsets": subsets, "evaluation": evaluation}
    return {name: write_report(record_of(study.stored), root / name).parent for name, study in studies.items()}
