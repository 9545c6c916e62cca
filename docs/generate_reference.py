"""Writes docs/reference/ from the code: the study file's keys, every plugin's options, the command line's help.

`python docs/generate_reference.py` writes; `--check` only compares, and ends with 1 where a page is stale.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command

from whet.cli.app import app
from whet.contracts.fine_tune_settings import FineTuneSettings, IsolatedAtoms, Weights
from whet.contracts.minimization import Minimization
from whet.contracts.options import Options
from whet.contracts.protocol import Protocol
from whet.contracts.resources import Resources
from whet.contracts.rounds import Round
from whet.contracts.task import Task
from whet.plugins.hookspecs import HOOKS, KINDS
from whet.plugins.registry import registry
from whet.study import schema
from whet.study.strategy import Strategy

FOLDER = Path(__file__).parent / "reference"
MEASURED = Path(__file__).parent / "conformance"
"""What `make conformance` found: one file a backend, as `whet plugins check NAME --json` printed it."""
FULL_STUDY = Path(__file__).parent / "full-study.yaml"
"""A study with every key of the top level; tests have it checked."""
BUNDLED = {"whet"} | {f"whet-{path.name}" for path in (Path(__file__).parents[1] / "plugins").iterdir()}


def main() -> int:
    """Writes or compares the pages."""
    pages = {
        "study-file.md": study_file(),
        "plugins.md": plugins(),
        "command-line.md": command_line(),
        "conformance.md": conformance(),
    }
    stale = [name for name, text in pages.items() if not _same(FOLDER / name, text)]
    if "--check" in sys.argv:
        sys.stderr.writelines(
            f"docs/reference/{name} is stale: run python docs/generate_reference.py\n" for name in stale
        )
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        (FOLDER / name).write_text(pages[name])
    return 0


def study_file() -> str:
    """Keys of the study file, one table a level."""
    parts = [
        "# Keys of a study file\n",
        "A study with every key of the top level once. Only `name` and `potentials` are required; leave out what you "
        "do not need. The tables below have each key with its default.\n",
        f"```yaml\n{FULL_STUDY.read_text(encoding='utf-8')}```\n",
    ]
    for title, model in (
        ("Top level", schema.StudyFile),
        ("`minimize`, of the study, a test or a round", Minimization),
        ("A potential, written as a mapping", schema.PotentialEntry),
        ("`fine_tune`", FineTuneSettings),
        ("`fine_tune.weights`", Weights),
        ("`fine_tune.reference_energies`, written as a mapping", IsolatedAtoms),
        ("An entry of `strategies`", Strategy),
        ("A round, where `rounds` is a list", Round),
        ("An entry of `analyses`, beside the options of the analysis", schema.AnalysisEntry),
        ("An entry of `tests`", schema.Test),
        ("An entry of `data`", schema.LabeledFile),
        ("`keys` of a file", schema.LabelKeySettings),
        ("`self_generated`", schema.SelfGenerated),
        ("An entry of `environments`", schema.EnvironmentEntry),
        ("`running`", schema.Running),
        ("An entry of `resources` of `running`", Resources),
    ):
        parts += [f"## {title}\n", _table(model)]
    return "\n".join([*parts, "Next: [the options of each plugin](plugins.md).\n"])


def plugins() -> str:
    """Options of every bundled plugin."""
    parts = ["# Options of the bundled plugins\n"]
    for hook, kind in HOOKS.items():
        for plugin in registry().plugins:
            for offered in plugin.offers.get(hook, ()) if plugin.distribution in BUNDLED else ():
                parts += [f"## {kind} `{offered.name}` ({plugin.distribution})\n", _first_line(offered) + "\n"]
                if not hasattr(offered, "Options"):
                    continue
                parts.append(_table(offered.Options) if offered.Options.model_fields else "No options.\n")
                if issubclass(offered, Task) and offered.inputs:
                    parts.append(_inputs(offered))
                if issubclass(offered.Options, Protocol):
                    parts.append(_ensembles(offered.Options))
    return "\n".join([*parts, "Next: [the commands](command-line.md).\n"])


def _inputs(task: type[Task]) -> str:
    """What a step of the task can be fed with."""
    rows = ["| input | data | |", "|---|---|---|"]
    rows += [f"| `{role}` | `{port.data.__name__}` | {port.what} |" for role, port in task.inputs.items()]
    return "\n".join(rows) + "\n"


def _ensembles(protocol: type[Protocol]) -> str:
    """The engine's own words for what it can simulate."""
    rows = ["| ensemble | thermostats | barostats |", "|---|---|---|"]
    for ensemble, thermostats in protocol.thermostats.items():
        listed = (
            ", ".join(f"`{one}`" for one in words) for words in (thermostats, protocol.barostats.get(ensemble, ()))
        )
        rows.append(f"| `{ensemble}` | {' | '.join(listed)} |")
    return "\n".join(rows) + "\n"


def command_line() -> str:
    """Help of every command."""
    parts = ["# Command line\n"]
    for command in _commands(get_command(app)):
        ended = subprocess.run(
            [sys.executable, "-m", "whet", *command.split(), "--help"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "COLUMNS": "80", "TERM": "dumb"},
        )
        parts += [f"## whet {command}\n", "```", ended.stdout.replace("python -m whet", "whet").strip(), "```\n"]
    return "\n".join([*parts, "Next: [the same from Python](python.md).\n"])


def _commands(group: Any) -> Iterator[str]:
    """Every command as it is typed; a group that does something by itself (`plugins`) before those below it."""
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        if not below or command.invoke_without_command:
            yield name
        yield from (f"{name} {one}" for one in (_commands(command) if below else ()))


def conformance() -> str:
    """What every check asks, and what came of it for the bundled backends."""
    from whet.testing.backends import kits

    parts = [
        "# Conformance checks\n",
        "What `whet plugins check NAME` asks of a backend, and what usually breaks it. Tolerances follow the "
        "arithmetic that the backend states. How to run them in your own tests: "
        "[writing a plugin](../writing-a-plugin.md).\n",
    ]
    found = [json.loads(path.read_text()) for path in sorted(MEASURED.glob("*.json"))]
    for hook, kit in kits().items():
        noun, title = KINDS[hook].noun, KINDS[hook].plural
        mine = [one for listed in found for one in listed if one["subject"].startswith(noun + " ")]
        parts += [f"## {title[0].upper()}{title[1:]}\n", _outcomes(kit.checks, mine, noun)]
        for check in kit.checks:
            parts += [f"### `{check.name}`\n", f"*{check.tier}.* {check.meaning}\n"]
    return "\n".join([*parts, "Next: [write a plugin](../writing-a-plugin.md).\n"])


def _plural(noun: str) -> str:
    return noun[0].upper() + (f"{noun[1:-2]}es" if noun.endswith("sis") else f"{noun[1:]}s")


def _outcomes(checks: Sequence[Any], found: list[dict[str, Any]], hook: str) -> str:
    """The table check × backend, with a line for each failure that is expected."""
    words = {"passed": "✓", "expected": "✗*", "failed": "✗", "not applicable": "–"}
    if not found:
        return "Nothing was measured yet: `make conformance`.\n"
    names = [one["subject"].removeprefix(hook + " ") for one in found]
    rows = [f"| check | {' | '.join(f'`{name}`' for name in names)} |", "|---" * (len(names) + 1) + "|"]
    notes = []
    for check in checks:
        cells = []
        for name, one in zip(names, found, strict=True):
            outcome = next((o for o in one["outcomes"] if o["check"] == check.name), None)
            cells.append(words[outcome["status"]] if outcome else "")
            if outcome and outcome["status"] in ("expected", "failed"):
                notes.append(f"- `{name}`, `{check.name}`: {outcome['said']}")
        rows.append(f"| [`{check.name}`](#{check.name}) | {' | '.join(cells)} |")
    legend = "✓ passed, – does not apply" + (", ✗* fails for a reason that is known:" if notes else "") + "\n"
    return "\n".join(rows) + "\n\n" + legend + ("\n" + "\n".join(notes) + "\n" if notes else "")


def _table(model: type[Options]) -> str:
    rows = ["| key | type | default | |", "|---|---|---|---|"]
    described = model.descriptions()
    for name, info in model.model_fields.items():
        text = " ".join(described[name].split())
        rows.append(f"| `{name}` | {_words(info.annotation)} | {_default(info)} | {text} |")
    return "\n".join(rows) + "\n"


def _words(annotation: Any) -> str:
    """A type in the words of a user."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _words(inner[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_words(part) for part in inner if part is not type(None))
    if origin is list:
        return f"list of {_words(inner[0])}"
    if origin is dict:
        return "mapping" if inner[1] is Any else f"mapping of {_words(inner[1])}"
    if annotation is IsolatedAtoms:
        return "mapping"
    known = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "anything"}
    return known.get(annotation) or getattr(annotation, "__name__", str(annotation))


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    return "" if value in (None, "", {}, []) else f"`{value}`"


def _first_line(offered: type) -> str:
    return (offered.__doc__ or "").strip().partition("\n")[0]


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
