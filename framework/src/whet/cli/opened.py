"""opened: a study as its store has it, for commands that only read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from whet.study.invocation import Invocation
from whet.study.stored_plan import StoredPlan
from whet.study.stored_study import StoredStudy
from whet.study.study import Study, store_of
from whet.study.study_file import read_study


@dataclass(frozen=True)
class Opened:
    """folder: the study file's. asked: how the study is called. workers: as it says."""

    study: StoredStudy
    folder: Path
    asked: Invocation
    workers: int | None = None


def opened(path: Path, overrides: Iterable[str], *, checked: bool = True) -> Opened:
    """The study of a file, by the plan that `whet run` stored; where it never ran, by a plan that is made now.

    checked: see `StoredStudy`. Raises what reading a study file raises, and only where a plan is made, what resolving
    its components raises.
    """
    overrides = list(overrides)
    file, source = read_study(path, overrides)
    store, asked, workers = store_of(file, source), Invocation.of(source), file.running.workers
    if (stored := StoredPlan.of_words(store.root, file)) is not None:
        return Opened(StoredStudy(store, replace(stored, asked=asked), checked), source.folder, asked, workers)
    return Opened(Study.load(path, overrides).stored, source.folder, asked, workers)
