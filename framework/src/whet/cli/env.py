"""whet env: create, check"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from whet.cli.parameters import Json

env = typer.Typer(help="Environments of their own for plugins whose packages clash with the others.")

Folder = Annotated[Path, typer.Option("--in", help="Folder of the environments.", metavar="FOLDER")]


@env.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the environment, for the study file.", metavar="NAME")],
    plugin: Annotated[
        list[str], typer.Option("--plugin", help="NAME (whet-NAME from the index), requirement or folder.")
    ],
    folder: Folder = Path(".envs"),
    constraint: Annotated[
        list[Path] | None, typer.Option("--constraint", "-c", help="Constraints for pip.", metavar="FILE")
    ] = None,
    python: Annotated[
        Path | None, typer.Option(help="The Python to make it from (default: this one).", metavar="PATH")
    ] = None,
) -> None:
    """Make an environment with this version of Whet and some plugins; the same command mends a broken one."""
    from whet.cli.terminal import say
    from whet.data.errors import InputError
    from whet.running.new_environment import create_environment

    if not name or name != Path(name).name or " " in name or name.startswith("."):
        raise InputError(f"{name!r} cannot be the name of an environment", hint="It becomes a folder: sevennet")

    say(f"Installing into {folder / name} (a few minutes) ...")
    made = create_environment(folder / name, plugin, constraints=constraint or (), python=python)
    say(f"{name} has {', '.join(made) or 'no plugin'}. In the study file:")
    say()
    say(f"environments:\n  {name}: {folder / name / 'bin' / 'python'}")


@env.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Environments (default: all).", metavar="[NAME]...")] = None,
    folder: Folder = Path(".envs"),
    json: Json = False,
) -> None:
    """Ask each environment for its plugins, and say what is wrong with it. Exit code 2 if something is."""
    from whet.cli.terminal import print_json, say
    from whet.data.errors import InputError
    from whet.running.new_environment import environment_faults

    there = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not names and not there:
        hint = "Make one: whet env create NAME --plugin PLUGIN"
        raise InputError("there is no environment", where=str(folder), hint=hint)
    found = {name: environment_faults(folder / name) for name in names or there}
    if json:
        print_json(
            [{"environment": name, "plugins": list(o), "faults": list(map(str, f))} for name, (o, f) in found.items()]
        )
    for name, (offers, faults) in found.items() if not json else ():
        say(f"{name}: {', '.join(offers) or 'no plugin'}")
        for fault in faults:
            say(f"  {fault}")
    if any(faults for _, faults in found.values()):
        raise typer.Exit(2)
