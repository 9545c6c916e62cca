"""The help of every command: one meaning for a short option, whole sentences, nothing wider than the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from whet.cli.app import app


def every(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command and group below one, with the words that name it."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from every(below, (*path, name))


ALL = dict(every(typer.main.get_command(app)))


def options() -> Iterator[tuple[str, Any]]:
    for path, command in ALL.items():
        for one in command.params:
            if one.name != "help":
                yield " ".join(path), one


def test_a_short_option_means_one_thing() -> None:
    meant: dict[str, set[str]] = {}
    for _, one in options():
        for short in (word for word in one.opts if word.startswith("-") and not word.startswith("--")):
            meant.setdefault(short, set()).add(next(word for word in one.opts if word.startswith("--")))
    assert meant and {short: names for short, names in meant.items() if len(names) > 1} == {}


def test_every_parameter_has_a_sentence() -> None:
    """It begins with a capital, or with a word that is written so (NAME, a path); and ends with a full stop."""
    wrong = [
        f"{path}: {one.opts}: {one.help!r}"
        for path, one in options()
        if not (one.help and one.help[0].isupper() and one.help.endswith("."))
    ]
    assert wrong == []


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_fits_and_is_not_cut(path: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERMINAL_WIDTH", str(width))
    said = CliRunner().invoke(app, [*path, "--help"]).stdout
    assert said.splitlines() and max(map(len, said.splitlines())) <= width, said
    listed = said.partition("Commands:")[2]
    assert "..." not in listed and "…" not in said
    whole = " ".join(listed.split())
    for name, below in getattr(ALL[path], "commands", {}).items():
        first = " ".join(below.help.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")
        assert f"{name} {first}." in whole


TABLES = "run, check, status, analyze, evaluate, label, plugins, plugins check, labels list, labels show, labels import"
TABLES += ", frames show, models list, models verify, models trust, env check, store verify, store prune"


@pytest.mark.parametrize("command", TABLES.split(", "))
def test_what_prints_a_table_prints_json(command: str) -> None:
    assert "--json" in {word for one in ALL[tuple(command.split())].params for word in one.opts}
