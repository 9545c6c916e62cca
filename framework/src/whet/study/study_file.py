"""Reading a study file: every complaint names the file, the line, the key, and the nearest word that is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from whet.contracts.options import problems
from whet.data.errors import InputError, KeyProblem
from whet.study.schema import StudyFile


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
                return f"--set {override}{key}"
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
            places = ", ".join(".".join(map(str, (*below, *problem.path))) for problem in others)
            error.hint = f"Also wrong: {places}"
        return error


def read_study(path: Path, overrides: Iterable[str] = ()) -> tuple[StudyFile, Source]:
    """The study in a YAML file, with `KEY.KEY=VALUE` overrides. InputError, with its line, for anything wrong."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if path.is_dir():
        path = path / "study.yaml"
    if not path.is_file():
        raise InputError("there is no such study file", where=str(path))
    try:
        tree = YAML().load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"not valid YAML: {what}", where=f"{path}{line}") from None
    if not isinstance(tree, dict):
        raise InputError("a study file is a mapping of keys", where=str(path), hint="It begins with `name: …`")
    try:
        plain, lines = _plain(tree), dict(_lines(tree))
    except RecursionError:
        raise InputError("it is nested too deeply, or contains itself", where=str(path)) from None
    changed = {_override(plain, override): override for override in overrides}
    source = Source(path.absolute(), lines, changed)
    try:
        return StudyFile.model_validate(plain), source
    except ValidationError as error:
        raise source.all_faults(_in_users_words(problems(StudyFile, error))) from None


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


def _lines(tree: Any, above: tuple[str | int, ...] = ()) -> Iterable[tuple[tuple[str | int, ...], int]]:
    """The line, from 1, of every key and list item below a node of ruamel.yaml."""
    marks: Any = getattr(tree, "lc", None)  # ruamel.yaml's own mappings and lists know their lines
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        place = (*above, key)
        try:
            line, _ = marks.key(key) if isinstance(tree, dict) else marks.item(key)
        except (KeyError, AttributeError, TypeError):
            pass  # a merged key stands elsewhere
        else:
            yield place, line + 1
        yield from _lines(value, place)


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def read_settings(settings: Iterable[str], option: str = "--set") -> dict[str, Any]:
    """The mapping that `KEY.KEY=VALUE` words make, values in YAML. option: what an InputError names."""
    found: dict[str, Any] = {}
    for setting in settings:
        if "=" not in setting:
            raise InputError(f"{setting!r} is no KEY=VALUE", where=option, hint=f"For example {option} cutoff=500")
        _override(found, setting)
    return found


def _override(plain: dict[str, Any], override: str) -> tuple[str | int, ...]:
    """Changes one key; gives its place."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    keys, found, value = override.partition("=")
    if not found or not keys:
        raise InputError(
            f"{override!r} is no KEY=VALUE", where="--set", hint="For example --set potentials.main=mace:small"
        )
    *parents, last = keys.split(".")
    node: Any = plain
    for key in parents:
        node = node.setdefault(key, {}) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            raise InputError(f"{key!r} is no mapping", where=f"--set {override}", hint="Set the whole of it instead")
    try:
        node[last] = _plain(YAML(typ="safe").load(value)) if value.strip() else None
    except (YAMLError, ValueError, RecursionError) as error:
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise InputError(f"the value is not valid YAML ({what})", where=f"--set {override}") from None
    return (*parents, last)
