"""Study: the main job, from Python as from the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from whet.contracts.component import expanded
from whet.data.errors import InputError
from whet.data.input_files import located
from whet.running.runner import Account, Runner, Watcher
from whet.running.store import Store
from whet.study.cast import Cast, cast
from whet.study.estimate import check_size
from whet.study.plan import Plan
from whet.study.planner import plan
from whet.study.refused_files import refused_files
from whet.study.results import Results
from whet.study.schema import StudyFile
from whet.study.study_file import Source, read_study


@dataclass(frozen=True)
class Study:
    """A study that was read and checked, with its plan and its store. Nothing has run yet.

    >>> study = whet.Study.load("examples/quickstart/study.yaml")
    >>> study.run()
    >>> study.results.scores[0].as_json()["softening"]["scale"]
    >>> whet.write_report(study)
    """

    file: StudyFile
    source: Source
    cast: Cast
    plan: Plan
    store: Store

    @classmethod
    def load(cls, path: str | Path, overrides: Iterable[str] = ()) -> Self:
        """Reads and checks a study file; overrides are `KEY.KEY=VALUE`.

        Raises WhetError, naming file, line and key, where anything is wrong. Imports no potential's packages.
        """
        file, source = read_study(Path(path), overrides)
        check_size(file, source)
        players = cast(file, source)
        try:
            store = Store(located(expanded(file.store), source.folder))
        except InputError as error:
            raise error.at(source.place(("store",))) from None
        return cls(file, source, players, plan(file, players, source), store)

    def run(self, watcher: Watcher | None = None, *, workers: int | None = None) -> Account:
        """Runs what has not run yet; the same call resumes. workers: processes side by side, 0 for this process.

        Raises UntrustedFile before the first step where one would load a file that runs code and that nobody vouches
        for; StoreError where the store cannot be written.
        """
        todo = [step for key, step in self.plan.steps.items() if not self.store.is_done(key)]
        for error in refused_files(component for step in todo for component in step.components.values()):
            raise error
        running = self.file.running
        runner = Runner(
            self.store,
            running.workers if workers is None else workers,
            running.threads,
            running.device,
            self.cast.environments,
            running.device != "cpu" if running.together is None else running.together,
        )
        return runner.run(self.plan.steps.values(), watcher)

    @property
    def results(self) -> Results:
        """What is in the store of this study, read afresh."""
        return Results(self.plan, self.store)
