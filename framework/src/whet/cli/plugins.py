"""whet plugins: the list; check, new"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from whet.cli.parameters import Json

plugins = typer.Typer(help="List the plugins that are installed, check one, or begin a new one.")

Tiers = Annotated[
    list[str] | None,
    typer.Option("--tier", "-t", help="Only checks of this tier: contract, physics, training, device (repeatable)."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--fine-tune", help="A setting of every training, such as learning_rate=0.01.", metavar="KEY=VALUE"),
]


@plugins.callback(invoke_without_command=True)
def list_all(context: typer.Context, json: Json = False) -> None:
    """List the plugins that are installed, and what is wrong with those that cannot be used."""
    from whet.cli.listing import list_plugins

    if context.invoked_subcommand is None:
        list_plugins(json)


@plugins.command()
def check(
    name: Annotated[str, typer.Argument(help="NAME, or NAME:MODEL of a potential.", metavar="NAME")],
    option: Annotated[
        list[str] | None, typer.Option("--set", help="An option of the backend (repeatable).", metavar="KEY=VALUE")
    ] = None,
    tier: Tiers = None,
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this check (repeatable).")] = None,
    fine_tune: Settings = None,
    environment: Annotated[
        str, typer.Option(help="Check it in another interpreter, which has the plugin.", metavar="PYTHON")
    ] = "",
    json: Json = False,
) -> None:
    """Run the conformance kit on a backend: contract, physics, training. Exit code 2 if a check fails."""
    if environment:
        raise typer.Exit(_check_elsewhere(environment))
    from whet.cli.terminal import print_json, say
    from whet.study.study_file import read_settings
    from whet.testing.backends import check_backends
    from whet.testing.check import TIERS

    marks = {"passed": "ok", "failed": "FAILED", "expected": "expected", "not applicable": "-"}

    def seen(outcome) -> None:
        if json:
            return
        time = f"{outcome.seconds:6.1f} s" if outcome.seconds >= 0.05 else ""
        say(f"  {marks[outcome.status]:<9} {outcome.check:<44} {time}".rstrip())
        if outcome.status == "failed":
            for line in (outcome.said, *outcome.meaning.splitlines(), f"See {outcome.page}"):
                say(f"            {line}".rstrip())
        elif outcome.said:
            say(f"            {outcome.said}")

    done = check_backends(
        {"use": name, **read_settings(option or ())},
        tiers=tier or TIERS,  # pyright: ignore[reportArgumentType] -- checked there
        only=only or (),
        fine_tune=read_settings(fine_tune or ()),
        began=lambda subject: None if json else say(subject),
        seen=seen,
    )
    if json:
        print_json([found.as_json() for found in done])
    else:
        counts = Counter(outcome.status for found in done for outcome in found.outcomes)
        failed = counts.pop("failed", 0)
        words = {"passed": "passed", "expected": "failed as expected", "not applicable": "do not apply"}
        rest = ", ".join(f"{counts[status]} {word}" for status, word in words.items() if counts[status])
        say(f"{failed} failed, {rest}." if failed else f"No fault found: {rest}.")
    if not all(found.ok for found in done):
        raise typer.Exit(2)


@plugins.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of what it offers: my-potential.", metavar="NAME")],
    kind: Annotated[
        str,
        typer.Option(
            help="What it offers: potential (with a fine-tuner), md-engine, labeler, descriptor, structure-source, "
            "analysis, selector, monitor, format or executor."
        ),
    ] = "potential",
    ase_calculator: Annotated[
        str, typer.Option(help="A potential that is this calculator of ASE.", metavar="MODULE:CLASS")
    ] = "",
    folder: Annotated[Path, typer.Option("--in", help="Where its folder is made.", metavar="FOLDER")] = Path(),
) -> None:
    """Begin a plugin: a package that works, with tests, to be changed into yours."""
    from whet.cli.terminal import say
    from whet.plugins.kinds_to_begin import kinds_to_begin
    from whet.plugins.template import new_plugin

    made = new_plugin(name, folder, kind=kind, ase_calculator=ase_calculator)
    short = made.name.removeprefix("whet-")
    example = kinds_to_begin().get(kind)
    what = f"the calculator {ase_calculator}" if ase_calculator else "a pair potential"
    what = what if example is None else f"a plugin with one {kind.replace('md-', 'MD ').replace('-', ' ')}"
    say(f"{made} is {what} that works. Next:")
    say()
    say(f"  pip install -e '{made}[test]'")
    if example is None or example.has_kit:
        say(f"  whet plugins check {short}")
    say(f"  python -m pytest {made}")


def _check_elsewhere(environment: str) -> int:
    """The same command, run by the other interpreter; its exit code. InputError where that has no Whet."""
    import sys

    from whet.cli.streams import flush_output
    from whet.study.other_interpreter import interpreter
    from whet.testing.fresh_interpreter import run_elsewhere

    words = list(sys.argv[1:])
    place = next(place for place, word in enumerate(words) if word.partition("=")[0] == "--environment")
    del words[place : place + (1 if "=" in words[place] else 2)]
    flush_output()
    return run_elsewhere(interpreter(environment), words)
