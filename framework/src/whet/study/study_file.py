"""Reading a study file: every complaint names the file, the line, the key, and the nearest word that is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from whet.contracts.options import problems
from whet.data.errors import InputError, KeyProblem, OptionsError, SeveralFaults, WhetError, shortened
from whet.data.input_files import regular_file
from whet.data.refusals import unreadable
from whet.study.faults import FaultList
from whet.study.schema import StudyFile
from whet.study.yaml_tree import DEEPEST, MOST_LETTERS, Keys, YamlTree

PASSES = 5
"""Attempts to make something of a file of which keys were taken out."""


@dataclass(frozen=True)
class Source:
    """Where the words of a study came from: to say in which line something is wrong.

    dropped: keys that were taken out as they are wrong, while the others are looked at.
    """

    path: Path
    lines: Mapping[Keys, int]
    overrides: Mapping[Keys, str] = field(default_factory=dict)
    dropped: frozenset[Keys] = frozenset()

    @property
    def folder(self) -> Path:
        """Where the study's relative paths start."""
        return self.path.parent

    def place(self, keys: Iterable[str | int]) -> str:
        """`file, line N, key a.b`: of the key, or of the nearest one above it that stands in the file."""
        path = tuple(keys)
        key = f", key {'.'.join(map(str, path))}" if path else ""
        if override := self._override(path):
            return f"--set {shortened(override)}{key}"
        number = self.line(path)
        line = f", line {number}" if number else ""
        return f"{self.path}{line}{key}"

    def line(self, keys: Iterable[str | int]) -> int:
        """The line of the key, or of the nearest one above it; 0 where it was given by an override."""
        above = tuple(keys)
        if self._override(above):
            return 0
        while above and above not in self.lines:
            above = above[:-1]
        return self.lines.get(above, 0)

    def _override(self, path: Keys) -> str:
        """The override that gave the key, one above it, or, where it is not in the file, one below it."""
        for changed, word in self.overrides.items():
            is_below = path and path not in self.lines and changed[: len(path)] == path
            if path[: len(changed)] == changed or is_below:
                return word
        return ""

    def lacks(self, *keys: str | int) -> bool:
        """Whether the key, or one above it, was taken out: that it is not there is no fault of its own then."""
        return any(keys[: len(one)] == one for one in self.dropped)

    def fault(self, keys: Iterable[str | int], what: str, hint: str = "") -> InputError:
        """The error for one key."""
        keys = tuple(keys)
        error = InputError(what, where=self.place(keys), hint=hint)
        error.line = self.line(keys)
        return error

    def placed(self, error: WhetError, keys: Iterable[str | int]) -> WhetError:
        """A fault in what stands under a key, with its place; several where several options are wrong."""
        keys = tuple(keys)
        if isinstance(error, OptionsError) and error.problems:
            return self.all_faults(error.problems, keys)
        error.line = self.line(keys)
        return error.at(self.place(keys))

    def all_faults(self, found: Iterable[KeyProblem], below: tuple[str | int, ...] = ()) -> InputError:
        """The error for wrong keys: SeveralFaults where there are several."""
        errors = [self.fault((*below, *problem.path), problem.what) for problem in found]
        return errors[0] if len(errors) == 1 else SeveralFaults(errors)


def read_study(path: Path, overrides: Iterable[str] = (), faults: FaultList | None = None) -> tuple[StudyFile, Source]:
    """The study in a YAML file, with `KEY.KEY=VALUE` overrides. InputError, with its line, for anything wrong.

    path: the file, or a folder with a `study.yaml`. faults: where it is given, wrong keys are added to it, and the
    study is read without them as far as it is one then.
    """
    if path.is_dir():
        path = path / "study.yaml"
    tree = YamlTree.of(_text_of(path), str(path))
    if not isinstance(tree.value, dict):
        raise InputError("a study file is a mapping of keys", where=str(path), hint="It begins with `name: …`")
    plain, lines = tree.value, tree.lines
    changed = {_override(plain, override): override for override in overrides}
    source = Source(path.absolute(), lines, changed)
    try:
        return StudyFile.model_validate(plain), source
    except ValidationError as error:
        wrong = _in_users_words(problems(StudyFile, error))
        if faults is None:
            raise source.all_faults(wrong) from None
        faults.add(source.all_faults(wrong))
        if (rest := _without(plain, wrong)) is None:
            faults.stop()
            raise
        study, dropped = rest
        return study, replace(source, dropped=dropped)


def is_study(path: str | Path) -> bool:
    """Whether it is a study file, or a folder with one, by its name."""
    path = Path(path)
    return path.suffix in (".yaml", ".yml") or (path / "study.yaml").is_file()


def _without(plain: dict[str, Any], wrong: Iterable[KeyProblem]) -> tuple[StudyFile, frozenset[Keys]] | None:
    """The study without these keys, and which were taken out; None where no study is left.

    What else is found wrong on the way may be so only because of what was taken out: it goes, too, and is not told.
    """
    left, dropped = deepcopy(plain), set[Keys]()
    left.setdefault("name", "–")
    for _ in range(PASSES):
        for problem in wrong:
            path = problem.path
            while path and (isinstance(path[-1], int) or not _take_out(left, path)):
                path = path[:-1]
            if not path:
                return None
            dropped.add(path)
        try:
            return StudyFile.model_validate(left), frozenset(dropped)
        except ValidationError as error:
            wrong = _in_users_words(problems(StudyFile, error))
    return None


def _take_out(tree: Any, path: Keys) -> bool:
    """Takes a key out; False where it is not there."""
    for part in path[:-1]:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return False
    if not isinstance(tree, dict) or path[-1] not in tree:
        return False
    del tree[path[-1]]
    return True


def rewritten(path: Path, overrides: Iterable[str]) -> str:
    """A study file's text with these keys changed, its comments kept. InputError where one is no KEY=VALUE."""
    import io

    from ruamel.yaml import YAML

    path = path / "study.yaml" if path.is_dir() else path
    text = _text_of(path)
    if not (changes := list(overrides)):
        return text
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 1 << 16
    tree = yaml.load(text)
    for change in changes:
        _override(tree, change)
    written = io.StringIO()
    yaml.dump(tree, written)
    return written.getvalue()


def _in_users_words(found: Iterable[KeyProblem]) -> list[KeyProblem]:
    """Problems with the model's inner names (of union members) taken out of their paths, one for each key."""

    def is_inner(part: str | int) -> bool:
        named = isinstance(part, str)
        return named and (part in ("str", "int") or part.startswith(("dict[", "list[", "constrained-", "function-")))

    seen: dict[tuple[str | int, ...], KeyProblem] = {}
    for problem in found:
        path = tuple(part for part in problem.path if not is_inner(part))
        seen.setdefault(path, KeyProblem(path, problem.what))
    # Where one form of a union fits so far that something inside it is wrong, the other form was not meant.
    deeper = [path for path in seen if not any(other != path and other[: len(path)] == path for other in seen)]
    return [seen[path] for path in deeper]


def _text_of(path: Path) -> str:
    regular_file(path, "study file")
    try:
        if path.stat().st_size > 4 * MOST_LETTERS:
            raise InputError("a file of this size is no study file", where=str(path))
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        hint = "Save it as UTF-8"
        raise InputError(f"this is no text in UTF-8 (byte {error.start})", where=str(path), hint=hint) from None
    except OSError as error:
        raise unreadable(path, error) from error


def read_settings(settings: Iterable[str], option: str = "--set") -> dict[str, Any]:
    """The mapping that `KEY.KEY=VALUE` words make, values in YAML. option: what an InputError names."""
    found: dict[str, Any] = {}
    for setting in settings:
        if "=" not in setting:
            hint = f"For example {option} cutoff=500"
            raise InputError(f"{shortened(setting)!r} is no KEY=VALUE", where=option, hint=hint)
        _override(found, setting, option)
    return found


def _override(plain: dict[str, Any], override: str, option: str = "--set") -> tuple[str | int, ...]:
    """Changes one key; gives its place."""
    keys, found, value = override.partition("=")
    if not found or not keys:
        hint = "For example --set potentials.main=mace:small"
        raise InputError(f"{shortened(override)!r} is no KEY=VALUE", where=option, hint=hint)
    place = f"{option} {shortened(override)}"
    *parents, last = keys.split(".")
    if len(parents) > DEEPEST:
        raise InputError(f"the key is more than {DEEPEST} levels deep", where=place)
    node: Any = plain
    for key in parents:
        node = node.setdefault(key, {}) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            raise InputError(f"{key!r} is no mapping", where=place, hint="Set the whole of it instead")
    node[last] = YamlTree.of(value, place).value if value.strip() else None
    return (*parents, last)
