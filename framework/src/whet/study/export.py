"""export_study: what a store has of one study, as a store of its own, packed into one file for somebody else."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from whet.data.errors import InputError, StoreError, UnknownName
from whet.data.identity import file_digest
from whet.data.theory import LevelOfTheory
from whet.labels.label_store import LabelStore
from whet.running.archive import Archive, archive
from whet.running.label_use import frames_labeled
from whet.running.left_out import NAME as LEFT_OUT
from whet.running.left_out import left_out
from whet.running.leftovers import size_of
from whet.running.step import Step
from whet.running.store import FORMAT
from whet.study.export_readme import readme
from whet.study.stored_study import StoredStudy

STORE = ".whet"
"""The store's name in an archive: the one that a study file without `store:` means."""


@dataclass
class Exported:
    """path: the archive. folder: what all of it lies in. size: bytes before they were packed.

    left_out: kind of step -> bytes of its files that are not in it. unfinished: steps without a result.
    """

    path: Path
    folder: str
    study: str
    steps: int = 0
    unfinished: int = 0
    labels: int = 0
    theories: list[str] = field(default_factory=list)
    size: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    has_study_file: bool = False


def export_study(
    study: StoredStudy,
    path: str | Path,
    *,
    without: Collection[str] = (),
    study_file: str = "",
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Packs the finished steps of a study, its plan, and the labels that its steps used into `.tar.gz` or `.zip`.

    without: kinds of steps whose files stay out; what they found stays in. study_file: text of one that says
    `store: .whet` or nothing, for `whet report`. Raises InputError where the archive is there already or its name says
    no kind; UnknownName where there is no step of a kind; StoreError where something is damaged: there is no archive
    then.

    >>> whet.export_study(whet.Study.open(".whet"), "toy.tar.gz")
    >>> whet.Study.open("toy/.whet")  # where it was unpacked
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise InputError("this is there already", where=str(path), hint="Choose another name, or say --overwrite")
    if not study.done:
        raise InputError("the study has no result yet", where=study.name, hint="Run it with `whet run`")
    kinds = {step.kind: step.task.hook for step in study.stored.plan.steps.values()}
    for kind in without:
        if kind not in kinds:
            raise UnknownName.among("kind of step", kind, kinds, where="--without")
        if kinds[kind] == "analyses":
            hint = "Only other kinds can be left out"
            raise InputError(f"{kind!r} is an analysis, of which a report consists", where="--without", hint=hint)
    folder = re.sub(r"[^\w.-]+", "-", study.name).strip("-.") or "study"
    said = Exported(path, folder, study.name, has_study_file=bool(study_file))
    with archive(path, folder) as packed, tempfile.TemporaryDirectory(prefix="whet-") as scratch:
        _Export(study, said, packed, frozenset(without), progress).pack(Path(scratch), study_file)
    return said


@dataclass
class _Export:
    study: StoredStudy
    said: Exported
    packed: Archive
    without: frozenset[str]
    progress: Callable[[int, int], None]
    gone: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def pack(self, scratch: Path, study_file: str) -> None:
        done = {key: step.recipe for key, step in self.study.done.items()}
        self.said.unfinished = len(self.study.waiting)
        for index, (key, step) in enumerate(done.items()):
            self._step(key, step)
            self.progress(index + 1, len(done))
        self._labels(scratch / "labels.sqlite", done.values())
        stored = self.study.stored
        self.packed.add_text(_json(stored.as_json()), f"{STORE}/plans/{stored.words[:24]}.json")
        self.packed.add_text(_json({"format": FORMAT}), f"{STORE}/store.json")
        if self.gone:
            self.packed.add_text(_json(sorted(self.gone)), f"{STORE}/{LEFT_OUT}")
        if study_file:
            self.packed.add_text(study_file, "study.yaml")
        self.packed.add_text(readme(self.said), "README.md")

    def _step(self, key: str, step: Step) -> None:
        store = self.study.store
        result = store.result(key)
        missing = left_out(store.root)
        store.step(key)  # StoreError where the recipe is damaged
        for name in ("step.json", "log.txt"):
            if (path := store.folder(key) / name).is_file():
                self._add(path, f"steps/{key}/{name}")
        for _, ref in store.files_of(key, result):
            path = store.root / ref.path
            if step.kind in self.without or (ref.path in missing and not path.exists()):
                self.gone.append(ref.path)
                self.said.left_out[step.kind] = self.said.left_out.get(step.kind, 0) + size_of(path)
                continue
            if path.is_dir() and file_digest(path) != ref.sha256:
                raise StoreError("the folder's content has changed", where=str(path), hint="See `whet store verify`")
            inside = sorted(inner for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else []
            for inner in inside if path.is_dir() else [path]:
                self._add(inner, str(inner.relative_to(store.root)), "" if path.is_dir() else ref.sha256)
        # Last: the files are not newer than it, also where the archive is unpacked.
        self._add(store.folder(key) / "result.json", f"steps/{key}/result.json")
        self.said.steps += 1

    def _add(self, path: Path, name: str, sha256: str = "") -> None:
        if name in self.names:  # a file may be two things that a step left
            return
        self.names.add(name)
        try:
            self.packed.add(path, f"{STORE}/{name}", sha256)
            self.said.size += path.stat().st_size
        except FileNotFoundError:
            hint = "`whet store verify` says more"
            raise StoreError("the file is gone", where=str(path), hint=hint) from None

    def _labels(self, path: Path, steps: Iterable[Step]) -> None:
        """Into a label store of its own. StoreError where one that was used is damaged."""
        source, target = self.study.store.labels, LabelStore(path)
        if not source.path.exists():
            return
        described = dict(source.rows.theories())
        theories = {key: LevelOfTheory.from_json(json.loads(said)) for key, said in described.items()}
        for whole, frames in self._used(steps):
            for key, part in theories.items():
                if whole is not None and not whole.covers(part):
                    continue
                rows = list(source.rows.of(key, frames))
                if whole is not None or rows:
                    target.rows.add([(key, described[key])], rows)
        self.said.labels = len(target.rows)
        self.said.theories = [f"{theory} ({number})" for theory, number in target.counts()]
        if path.exists():
            self._add(path, "labels.sqlite")

    def _used(self, steps: Iterable[Step]) -> Iterator[tuple[LevelOfTheory | None, set[str]]]:
        """Theory, where it is known, and keys of the frames that each step with a labeler left."""
        steps = [step for step in steps if "labeler" in step.components]
        known: dict[str, LevelOfTheory] = {}
        for step in steps:
            values = self.study.store.result(step.key).values
            with suppress(KeyError, TypeError):
                known[step.components["labeler"].key] = LevelOfTheory.from_json(values["theory"])
        for step in steps:
            yield known.get(step.components["labeler"].key), {key for key, _ in frames_labeled(self.study.store, step)}


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
