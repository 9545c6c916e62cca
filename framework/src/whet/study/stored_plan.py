"""StoredPlan: a study's plan as `whet run` writes it into the store, for all that only read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from whet.contracts.component import Component
from whet.data.durable import read_json, write_json
from whet.data.errors import InputError, StoreError, suggestion
from whet.data.identity import key_of
from whet.study.invocation import Invocation
from whet.study.not_asked_for import not_asked_for
from whet.study.plan import Plan
from whet.study.resolved import Placed, Resolved
from whet.study.schema import StudyFile

ANEW = "Run the study again: it is written anew"

FORMAT = 1
"""Version of the file."""


@dataclass(frozen=True)
class StoredPlan:
    """name: of the study. words: identity of what its file says. roles: its components by role in the study.

    theories: of labels in files, as the study file says. lacks: sentences on what the study does not ask for. asked:
    how it was called on the command line. cited: BibTeX entries of the components.
    """

    name: str
    words: str
    roles: Mapping[str, Placed]
    theories: Mapping[str, str]
    lacks: Sequence[str]
    plan: Plan
    asked: Invocation = field(default_factory=Invocation)
    cited: Sequence[str] = ()

    @classmethod
    def of(cls, study: StudyFile, resolved: Resolved, plan: Plan, asked: Invocation) -> Self:
        """The plan with what readers need to know of the study."""
        entries = {**study.data, **study.tests}
        theories = {name: entry.theory for name, entry in entries.items() if entry.theory}
        return cls(
            study.name, words_of(study), resolved.roles, theories, not_asked_for(study), plan, asked, resolved.cited
        )

    def write(self, store: Path) -> None:
        """Writes it into a store, in the place of the one before. StoreError where that is not possible."""
        write_json(_path(store, self.words), self.as_json())

    def is_in(self, store: Path) -> bool:
        """Whether it stands in a store just as it is."""
        path = _path(store, self.words)
        try:
            return path.is_file() and read_json(path) == json.loads(json.dumps(self.as_json()))
        except StoreError:
            return False

    def as_json(self) -> dict[str, Any]:
        """Plain data, as `read` reads it."""
        roles = {role: [one.component.as_json(), one.environment] for role, one in self.roles.items()}
        said = {"format": FORMAT, "name": self.name, "words": self.words, "roles": roles}
        rest = {
            "theories": dict(self.theories),
            "lacks": list(self.lacks),
            "asked": self.asked.as_json(),
            "cited": list(self.cited),
        }
        return {**said, **rest, **self.plan.as_json()}

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `write` wrote. StoreError where it is damaged, or of another version of Whet."""
        try:
            data: Any = read_json(path, hint=ANEW)
            if data["format"] != FORMAT:
                raise StoreError(f"the plan has format {data['format']!r:.20}", where=str(path), hint=ANEW)
            roles = {role: Placed(Component.from_json(one), where) for role, (one, where) in data["roles"].items()}
            plan = Plan.from_json(data)
            asked = Invocation.from_json(data["asked"]) if "asked" in data else Invocation()
            return cls(
                data["name"], data["words"], roles, data["theories"], data["lacks"], plan, asked, data.get("cited", ())
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise StoreError(f"the plan is damaged ({error})", where=str(path), hint=ANEW) from error

    @classmethod
    def of_words(cls, store: Path, study: StudyFile) -> Self | None:
        """The plan of a study that was run with these very words; None where there is none."""
        path = _path(store, words_of(study))
        return cls.read(path) if path.is_file() else None

    @classmethod
    def all_in(cls, store: Path) -> tuple[dict[Path, Self], dict[Path, StoreError]]:
        """Every plan in a store by its file, the one written last first; and the fault of each that is damaged."""
        plans: dict[Path, Self] = {}
        faults: dict[Path, StoreError] = {}
        for path in sorted((store / "plans").glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True):
            try:
                one = cls.read(path)
                if path.stem != str(one.words)[:24] or any(step.key != key for key, step in one.plan.steps.items()):
                    raise StoreError("the plan is damaged (it is not what was written)", where=str(path), hint=ANEW)
                plans[path] = one
            except StoreError as error:
                faults[path] = error
        return plans, faults

    @classmethod
    def named(cls, store: Path, name: str = "") -> Self:
        """The plan that was written last, of the study of that name. InputError where there is none."""
        paths = sorted((store / "plans").glob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        if not paths:
            hint = "Run the study with `whet run`, which writes its plan there"
            raise InputError("no study was run in this store", where=str(store), hint=hint)
        found = [cls.read(path) for path in paths]
        for one in found:
            if name in ("", one.name):
                return one
        known = sorted({one.name for one in found})
        hint = suggestion(name, known) or f"Known: {', '.join(known)}"
        raise InputError(f"there is no study {name!r} in this store", where=str(store), hint=hint)


def words_of(study: StudyFile) -> str:
    """Identity of what a study file says, but for where and how it runs."""
    return key_of(study.model_dump(mode="json", exclude={"running", "store"}))


def _path(store: Path, words: str) -> Path:
    return store / "plans" / f"{words[:24]}.json"
