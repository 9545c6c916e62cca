"""Reading a study file: every complaint names the file, the line, the key, and the nearest word that is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from whet.contracts.options import problems
from whet.data.errors import InputError, KeyProblem, shortened
from whet.data.input_files import regular_file
from whet.data.refusals import unreadable
from whet.study.schema import StudyFile
from whet.study.yaml_tree import DEEPEST, MOST_LETTERS, YamlTree

NAMED = 8
"""Wrong keys that are named beside the first."""


@dataclass(frozen=True)
class Source:
    """Where the words of a study came from: to say in which line something is wrong."""

    path: Path
    lines: Mapping[tuple[str | int, ...], int]
    overrides: Mapping[tuple[str | int, ...], str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the study's relative paths start."""
        return self.path.parent

    def place(self, keys: Iterable[str | int]) -> str:
        """`file, line N, key a.b`: of the key, or of the nearest one above it that stands in the file."""
        path = tuple(keys)
        key = f", key {'.'.join(map(str, path))}" if path else ""
        for changed, override in self.overrides.items():
            if path[: len(changed)] == changed:
                return f"--set {shortened(override)}{key}"
        above = path
        while above and above not in self.lines:
            above = above[:-1]
        line = f", line {self.lines[above]}" if above in self.lines else ""
        return f"{self.path}{line}{key}"

    def fault(self, keys: Iterable[str | int], what: str, hint: str = "") -> InputError:
        """The error for one key."""
        return InputError(what, where=self.place(keys), hint=hint)

    def all_faults(self, found: Iterable[KeyProblem], below: tuple[str | int, ...] = ()) -> InputError:
        """The error for several keys: the first with its place, then the others."""
        first, *others = found
        error = self.fault((*below, *first.path), first.what)
        if others:
            places = ", ".join(".".join(map(str, (*below, *problem.path))) for problem in others[:NAMED])
            more = f" and {len(others) - NAMED:,} more" if len(others) > NAMED else ""
            error.hint = f"Also wrong: {places}{more}"
        return error


def read_study(path: Path, overrides: Iterable[str] = ()) -> tuple[StudyFile, Source]:
    """The study in a YAML file, with `KEY.KEY=VALUE` overrides. InputError, with its line, for anything wrong.

    path: the file, or a folder with a `study.yaml`.
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
        raise source.all_faults(_in_users_words(problems(StudyFile, error))) from None


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
